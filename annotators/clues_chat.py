"""Clues by a chat model: evidence in, claims that cite it out, and the writer's own label apart.

Where words of the clip look like an instruction, the writer is asked a second time without them.
Label, confidence and all claims but those that quote the words are then taken from that answer, so
that nothing that was said in a clip decides what is written about its face, voice and scene.
"""

import asyncio
from collections.abc import Awaitable
from typing import Any, Final

from pydantic import field_validator, model_validator

from annotators.clues import PROXY_FLAG, CluesSettings
from annotators.fence import fenced
from annotators.injection import suspicious
from annotators.prompt import load_prompt
from annotators.prose import unfit_prose
from annotators.question import Answered, Channel, Question, ask_for, maker
from schemas.clues import Clue, ClueInjection, Clues
from schemas.evidence import Evidence, EvidenceItem, Modality
from schemas.label import Vocabulary
from schemas.units import Probability, Row

VERSION: Final = "1"
MOST_WORDS: Final = 60
SAME_CONFIDENCE: Final = 0.25  # answers that differ by more do not say the same. Ours.
_LINES: Final = "clue: modality | keys of evidence, with commas | claim (one line for every clue)"
_LINES_BLIND: Final = f"{_LINES}\nlabel: one of the words above\nconfidence: 0 to 1"
_UNCITED: Final = "words.cue."  # the same words as words.text, in pieces


class ClueAnswer(Row):
    modality: Modality
    evidence: tuple[str, ...]
    claim: str

    @model_validator(mode="before")
    @classmethod
    def _from_line(cls, value: Any) -> Any:
        """`face | face.AU12, face.AU06 | claim`, as text mode asks for it."""
        if not isinstance(value, str):
            return value
        modality, keys, claim = ([*map(str.strip, value.split("|", 2)), "", ""])[:3]
        names = [key.strip().strip("`\"'") for key in keys.split(",") if key.strip()]
        return {"modality": modality.lower(), "evidence": names, "claim": claim}


class ToldAnswer(Row):
    clues: tuple[ClueAnswer, ...]


class BlindAnswer(ToldAnswer):
    label: str
    confidence: Probability

    @field_validator("label", mode="after")
    @classmethod
    def _lower(cls, label: str) -> str:
        return label.strip().strip(".").lower()


async def ask_for_clues(
    evidence: Evidence,
    settings: CluesSettings,
    channel: Channel,
    *,
    vocabulary: Vocabulary,
    label: str | None,
) -> Clues:
    """`label`: only where the writer is told (mode "told"). Raises as `ask_for`."""
    if label is not None:
        return await _told(evidence, settings, channel, vocabulary, label)
    clean = without_suspicious(evidence)
    if clean is evidence:
        answered = await ask_for(blind(evidence, settings, vocabulary), channel)
        return _clues(evidence, answered, channel, vocabulary)
    both = (
        ask_for(blind(evidence, settings, vocabulary), channel),
        ask_for(blind(clean, settings, vocabulary), channel),
    )
    tainted, control = await _both(*both)
    return _clues(evidence, control, channel, vocabulary, tainted=tainted)


async def _both(*asked: Awaitable[Answered[BlindAnswer]]) -> list[Answered[BlindAnswer]]:
    """At the same time, and to the end where one fails: what the other was answered is paid."""
    told = await asyncio.gather(*asked, return_exceptions=True)
    for outcome in told:
        if isinstance(outcome, BaseException):
            raise outcome
    return [outcome for outcome in told if not isinstance(outcome, BaseException)]


async def _told(
    evidence: Evidence,
    settings: CluesSettings,
    channel: Channel,
    vocabulary: Vocabulary,
    label: str,
) -> Clues:
    """Suspicious words are left out: with the label in view there is nothing to compare."""
    clean = without_suspicious(evidence)
    answered = await ask_for(told(clean, settings, vocabulary, label), channel)
    left_out: ClueInjection | None = None if clean is evidence else "left_out"
    return Clues(
        clip_id=evidence.clip_id,
        made_by=maker(VERSION, load_prompt("clues_told"), channel.speaking),
        mode="told",
        clues=_written(answered.answer),
        raw=answered.raw,
        asked=answered.asked,
        injection=left_out,
    )


def without_suspicious(evidence: Evidence) -> Evidence:
    """The same evidence where nothing in it looks like an instruction."""
    kept = tuple(item for item in evidence.items if not suspicious(item.text))
    return evidence if len(kept) == len(evidence.items) else _with(evidence, kept)


def blind(
    evidence: Evidence, settings: CluesSettings, vocabulary: Vocabulary
) -> Question[BlindAnswer]:
    prompt = load_prompt("clues")

    def unfit(answer: BlindAnswer) -> str | None:
        if vocabulary.canonical(answer.label) is None:
            return "label: it is none of the words allowed"
        return _unfit(answer, evidence, settings)

    return Question(
        prompt=prompt,
        texts=_texts(evidence, settings, vocabulary),
        answer=BlindAnswer,
        lines=_LINES_BLIND,
        unfit=unfit,
        choices={"label": vocabulary.labels},
    )


def told(
    evidence: Evidence, settings: CluesSettings, vocabulary: Vocabulary, label: str
) -> Question[ToldAnswer]:
    return Question(
        prompt=load_prompt("clues_told"),
        texts={**_texts(evidence, settings, vocabulary), "label": label},
        answer=ToldAnswer,
        lines=_LINES,
        unfit=lambda answer: _unfit(answer, evidence, settings),
    )


def _texts(evidence: Evidence, settings: CluesSettings, vocabulary: Vocabulary) -> dict[str, str]:
    items = [_item(item, evidence) for item in _shown(evidence)]
    return {
        "evidence": fenced(items),
        "labels": ", ".join(vocabulary.labels),
        "most": str(settings.most_clues),
    }


def _shown(evidence: Evidence) -> list[EvidenceItem]:
    return [item for item in evidence.items if not item.key.startswith(_UNCITED)]


def _item(item: EvidenceItem, evidence: Evidence) -> dict[str, Any]:
    told: dict[str, Any] = {"key": item.key}
    if item.value is not None:
        told["value"] = round(item.value, 3)
        proxy = item.unit == "FACS 0-5" and PROXY_FLAG in evidence.flags
        told["unit"] = "0-5, estimated from geometry" if proxy else item.unit
    if item.text is not None:
        told["text"] = item.text
    if item.start_s is not None and item.end_s is not None:
        told["from_s"], told["to_s"] = round(item.start_s, 2), round(item.end_s, 2)
    return told


def _unfit(answer: ToldAnswer, evidence: Evidence, settings: CluesSettings) -> str | None:
    if not answer.clues:
        return "clues: there is none"
    if len(answer.clues) > settings.most_clues:
        return f"clues: more than {settings.most_clues}"
    reasons = (_unfit_clue(clue, evidence) for clue in answer.clues)
    return next((reason for reason in reasons if reason is not None), None)


def _unfit_clue(clue: ClueAnswer, evidence: Evidence) -> str | None:
    known = {item.key: item.modality for item in _shown(evidence)}
    if strangers := [key for key in clue.evidence if key not in known]:
        return f"clues: there is no item {strangers[0][:60]!r}"
    if clue.modality not in {known[key] for key in clue.evidence}:
        return f"clues: a clue on the {clue.modality} cites no item of it"
    why = unfit_prose(clue.claim, prompt=load_prompt("clues"), most_words=MOST_WORDS)
    return f"clues: a claim: {why}" if why else None


def _clues(
    evidence: Evidence,
    answered: Answered[BlindAnswer],
    channel: Channel,
    vocabulary: Vocabulary,
    tainted: Answered[BlindAnswer] | None = None,
) -> Clues:
    answer = answered.answer
    clues = _written(answer)
    injection: ClueInjection | None = None
    if tainted is not None:
        injection = "ignored" if _alike(answer, tainted.answer, vocabulary) else "obeyed"
        clues += _quotes(tainted.answer) if injection == "ignored" else ()
    return Clues(
        clip_id=evidence.clip_id,
        made_by=maker(VERSION, load_prompt("clues"), channel.speaking),
        mode="blind",
        clues=clues,
        raw=answered.raw if tainted is None else f"{answered.raw}\n{tainted.raw}",
        own_label=vocabulary.canonical(answer.label),
        own_confidence=answer.confidence,
        asked=answered.asked,
        injection=injection,
    )


def _alike(one: BlindAnswer, other: BlindAnswer, vocabulary: Vocabulary) -> bool:
    same = vocabulary.canonical(one.label) == vocabulary.canonical(other.label)
    return same and abs(one.confidence - other.confidence) <= SAME_CONFIDENCE


def _quotes(answer: BlindAnswer) -> tuple[Clue, ...]:
    """Claims on the words that quote them: the quote is compared with the transcript later."""
    return tuple(
        clue for clue in _written(answer) if clue.modality == "words" and clue.claim.count('"') >= 2
    )


def _written(answer: ToldAnswer) -> tuple[Clue, ...]:
    return tuple(
        Clue(modality=c.modality, claim=" ".join(c.claim.split()), evidence=c.evidence)
        for c in answer.clues
    )


def _with(evidence: Evidence, items: tuple[EvidenceItem, ...]) -> Evidence:
    return evidence.model_copy(update={"items": items})
