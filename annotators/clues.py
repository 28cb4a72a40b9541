"""Template clues: sentences over the evidence, each citing the items it rests on.

The writer never sees a label. It repeats measurements in words and concludes nothing.
"""

import re
from typing import Final, Literal

from pydantic import Field

from annotators.norm_words import compared_in
from annotators.role_settings import RoleSettings
from annotators.wording import Wording, as_sentence, face_wording, said, sentence_of, sounding
from schemas.clues import Clue, Clues
from schemas.evidence import Evidence, EvidenceItem
from schemas.maker import Maker

ENGINE: Final = "template"
VERSION: Final = "1"
PROXY_FLAG: Final = "proxy_action_units"

LEAD: Final = "At the peak,"
_VOICED: Final = ("f0_median_hz", "f0_sd_semitones", "syllables_per_s", "words_per_s")
_NEXT_SENTENCE: Final = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")


class CluesSettings(RoleSettings):
    engine: Literal["template", "chat"] = Field(
        default="template",
        description="Who writes clues. template: sentences over the measurements.",
    )
    mode: Literal["blind", "told"] = Field(
        default="blind",
        description="What a chat model sees: blind (evidence alone; it gives a label of its own) "
        "or told (the label, too, as MERR did; marked in every row).",
    )
    most_clues: int = Field(default=6, ge=1, le=20, description="Clues asked of a chat model.")
    seed: int = Field(default=0, description="Chooses among phrases that say the same.")
    most_movements: int = Field(
        default=8, ge=1, description="Facial movements in a clue; of more, the strongest."
    )
    most_words: int = Field(default=80, ge=1, description="Words quoted; of more, the first.")


def write_clues(evidence: Evidence, settings: CluesSettings) -> Clues:
    """At most one clue for scene, face, voice and words, in this order; none without evidence."""
    found = (
        _scene(evidence),
        _face(evidence, settings, face_wording()),
        _voice(evidence),
        _words(evidence, settings),
    )
    wording = face_wording()
    return Clues(
        clip_id=evidence.clip_id,
        made_by=template_maker(VERSION, wording),
        mode="template",
        clues=tuple(clue for clue in found if clue is not None),
        raw=None,
    )


def template_maker(version: str, wording: Wording) -> Maker:
    """Who made a text of ours: the version of the code, and the phrases it drew from."""
    return Maker(engine=ENGINE, version=f"{version} {wording.version}", prompt=wording.digest)


def _scene(evidence: Evidence) -> Clue | None:
    text = _text(evidence, "scene.description")
    if text is None:
        return None
    first = _NEXT_SENTENCE.split(" ".join(text.split()))[0]
    return Clue(modality="scene", claim=as_sentence(first), evidence=("scene.description",))


def _face(evidence: Evidence, settings: CluesSettings, wording: Wording) -> Clue | None:
    shown = _strongest(_movements(evidence, wording), settings.most_movements)
    if not shown:
        return None
    graded = PROXY_FLAG not in evidence.flags  # proxies are no FACS scale to take a word from
    phrases = []
    for item in shown:
        name = item.key.removeprefix("face.")
        strength = item.value if graded and name in wording.units else None
        phrase = wording.phrase(settings.seed, evidence.clip_id, name)
        phrases.append((phrase, wording.adverb(name, strength)))
    return Clue(
        modality="face",
        claim=sentence_of(phrases, LEAD),
        evidence=tuple(item.key for item in shown),
    )


def _movements(evidence: Evidence, wording: Wording) -> list[EvidenceItem]:
    """Units and signs that we have words for, from the brows down."""
    names = (*wording.units, *wording.signs)
    items = (evidence.item(f"face.{name}") for name in names)
    return [item for item in items if item is not None]


def _strongest(items: list[EvidenceItem], most: int) -> list[EvidenceItem]:
    """The items of highest value in their own order; one without a value counts as the weakest."""
    ranked = sorted(items, key=lambda item: -1.0 if item.value is None else item.value)
    kept = ranked[-most:]
    return [item for item in items if item in kept]


def _voice(evidence: Evidence) -> Clue | None:
    text = _text(evidence, "voice.description")
    if text is None:
        return None
    measured = (item for item in evidence.items if item.key.startswith("voice."))
    values = {item.key.removeprefix("voice."): item.value for item in measured}
    names = dict.fromkeys((*_VOICED, *compared_in(text, values)))
    return Clue(
        modality="voice",
        claim=sounding(text, evidence.speaker.verdict),
        evidence=("voice.description", *(f"voice.{n}" for n in names if values.get(n) is not None)),
    )


def _words(evidence: Evidence, settings: CluesSettings) -> Clue | None:
    text = _text(evidence, "words.text")
    if text is None:
        return None
    claim = said(text, evidence.speaker.verdict, settings.most_words)
    return Clue(modality="words", claim=claim, evidence=("words.text",))


def _text(evidence: Evidence, key: str) -> str | None:
    item = evidence.item(key)
    return item.text if item is not None and item.text and item.text.strip() else None
