"""A text against the evidence: its claims, what became of each, and where to look."""

from collections.abc import Iterator, Sequence

from annotators.amounts import amounts_in
from annotators.claims import Claim, claims_in
from annotators.meanings import MEASURED, Texts
from annotators.mentions import Mention, mentions_in, speaks_of
from pipeline.face_window import FaceWindow, face_window
from pipeline.judging import OPEN, Finding, judge, judge_amount
from pipeline.quoting import judge_quote, quotes_of
from schemas.clues import ClaimCheck
from schemas.evidence import Evidence, Modality
from schemas.face import FaceTrack
from schemas.peak import Peak


def check_text(
    text: str,
    evidence: Evidence,
    *,
    peak: Peak | None = None,
    track: FaceTrack | None = None,
    about: Modality | None = None,
) -> tuple[ClaimCheck, ...]:
    """Every claim of a free text, in order: one row per thing compared, one for a clause in which
    nothing could be. `about`: what the text is said to speak of, where its words do not show it."""
    return tuple(claim_checks(text, evidence, face_window(evidence, peak, track), about))


def claim_checks(
    text: str,
    evidence: Evidence,
    window: FaceWindow,
    about: Modality | None,
    clue: int | None = None,
) -> Iterator[ClaimCheck]:
    amounts = clue is None  # a clue's numbers are held against what it cites
    found = sorted(
        _compared(text, evidence, window, about, amounts=amounts), key=lambda f: (f[1], f[2])
    )
    for claim in claims_in(text):
        inside = [f for f in found if claim.start <= f[1] < claim.end]
        for modality, start, end, finding in inside:
            yield claim_row(claim, clue, modality, text[start:end], finding, evidence, window)
        if not inside:
            kind = about or _kind(claim.text)
            yield claim_row(claim, clue, kind, None, OPEN, evidence, window)


_Compared = tuple[Modality, int, int, Finding]


def _compared(
    text: str, evidence: Evidence, window: FaceWindow, about: Modality | None, *, amounts: bool
) -> Iterator[_Compared]:
    for modality in MEASURED:
        judged = [(m, judge(m, evidence, window)) for m in mentions_in(text, modality)]
        for mention, finding in _of_mixed_moods(judged):
            yield modality, mention.start, mention.end, finding
    for quote in quotes_of(text):
        finding = judge_quote(quote, evidence, as_speech=about == "words")
        yield "words", quote.start, quote.end, finding
    for amount in amounts_in(text) if amounts else ():
        yield "voice", amount.start, amount.end, judge_amount(amount, evidence)


def _of_mixed_moods(
    judged: Sequence[tuple[Mention, Finding]],
) -> Iterator[tuple[Mention, Finding]]:
    """Who listened chose one tone, a voice may have two: where a text names the one that was
    chosen, the others are left open ("in a sad and angry tone")."""
    named = [(m, f) for m, f in judged if _is_mood(m) and not m.negated]
    chosen = any(finding.verdict == "supported" for _, finding in named)
    beside = [m for m, f in named if chosen and f.verdict == "contradicted"]
    for mention, finding in judged:
        yield mention, OPEN if mention in beside else finding


def _is_mood(mention: Mention) -> bool:
    return any(isinstance(r, Texts) and r.key == "voice.tone" for r in mention.readings)


def _kind(text: str) -> Modality | None:
    return next((modality for modality in MEASURED if speaks_of(text, modality)), None)


def claim_row(
    claim: Claim,
    clue: int | None,
    modality: Modality | None,
    words: str | None,
    finding: Finding,
    evidence: Evidence,
    window: FaceWindow,
) -> ClaimCheck:
    start_s, end_s = _where(modality, finding, evidence, window)
    told = modality == "face" and finding.verdict != "unverifiable"
    return ClaimCheck(
        clue=clue,
        claim=claim.text,
        modality=modality,
        words=words,
        verdict=finding.verdict,
        evidence=finding.keys,
        frame_index=window.frame_index if told else None,
        start_s=start_s,
        end_s=end_s,
        proxy=told and window.proxy,
        reason=finding.reason,
    )


def _where(
    modality: Modality | None, finding: Finding, evidence: Evidence, window: FaceWindow
) -> tuple[float | None, float | None]:
    """A face: the frames looked at; the rest: the first item that speaks for or against."""
    if finding.verdict == "unverifiable":
        return None, None
    if modality == "face" and window.start_s is not None:
        return window.start_s, window.end_s
    items = [item for key in finding.keys if (item := evidence.item(key)) is not None]
    return (items[0].start_s, items[0].end_s) if items else (None, None)
