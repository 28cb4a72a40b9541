"""One mention of a text held against the evidence: borne out, refuted, or not to be told."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from annotators.amounts import Amount
from annotators.meanings import Count, Range, Reading, Texts, Units
from annotators.mentions import Mention
from pipeline.face_window import FaceWindow
from schemas.clues import Verdict
from schemas.evidence import Evidence, EvidenceItem

FIRM: Final = 1.0  # FACS 0-5: a unit from here on refutes "no smile"; a trace does not (ours)


@dataclass(frozen=True)
class Finding:
    verdict: Verdict
    keys: tuple[str, ...] = ()  # items that speak for or against
    reason: str | None = None  # why it is contradicted


OPEN: Final = Finding("unverifiable")


def judge(mention: Mention, evidence: Evidence, window: FaceWindow) -> Finding:
    """What is only supposed is never judged. Of several readings one is enough to bear words out,
    and all are needed to contradict them."""
    if mention.supposed:
        return OPEN
    found = [_read(reading, mention, evidence, window) for reading in mention.readings]
    order: tuple[Verdict, ...] = ("supported", "unverifiable", "contradicted")
    if mention.negated:  # the denial of "low or quiet" is contradicted by either
        order = ("contradicted", "unverifiable", "supported")
    return min(found, key=lambda f: order.index(f.verdict), default=OPEN)


def _read(reading: Reading, mention: Mention, evidence: Evidence, window: FaceWindow) -> Finding:
    if isinstance(reading, Units):
        return _units(reading, mention, evidence, window)
    item = evidence.item("scene.faces" if isinstance(reading, Count) else reading.key)
    if item is None and isinstance(reading, Range) and reading.otherwise is not None:
        return _read(reading.otherwise, mention, evidence, window)
    if item is None:
        return OPEN
    return _finding(_measured(reading, item, evidence), mention, item)


def _measured(reading: Range | Texts | Count, item: EvidenceItem, evidence: Evidence) -> Verdict:
    if isinstance(reading, Range):
        return _in_range(reading, item.value)
    if isinstance(reading, Texts):
        return _in_texts(reading, item.text)
    return _counted(reading.people, item.value, several=evidence.others_share > 0)


def _in_range(reading: Range, value: float | None) -> Verdict:
    if value is None:
        return "unverifiable"
    if reading.low <= value < reading.high:
        return "supported"
    return "unverifiable" if reading.least <= value <= reading.most else "contradicted"


def _in_texts(reading: Texts, text: str | None) -> Verdict:
    if text is None:
        return "unverifiable"
    if any(_holds(text, word) for word in reading.yes):
        return "supported"
    return "contradicted" if any(_holds(text, word) for word in reading.no) else "unverifiable"


def _holds(text: str, word: str) -> bool:
    """`word` is the text or part of it, but a close-up is no extreme one."""
    return text == word or (word in text and word != "close-up")


def _counted(people: int, faces: float | None, *, several: bool) -> Verdict:
    """Every face seen is somebody, and who turns away is not seen: one more than the faces may be
    there, two more may not where no frame shows a second face."""
    if not faces:
        return "unverifiable"
    if people == faces:
        return "supported"
    if people == 1 or (faces == 1 and people > 2 and not several):
        return "contradicted"
    return "unverifiable"


def _finding(verdict: Verdict, mention: Mention, item: EvidenceItem) -> Finding:
    if verdict == "unverifiable":
        return OPEN
    if (verdict == "supported") != mention.negated:
        return Finding("supported", (item.key,))
    return Finding("contradicted", (item.key,), _against(mention, item))


def _against(mention: Mention, item: EvidenceItem) -> str:
    verb = "denies" if mention.negated else "says"
    measured = item.text if item.value is None else f"{item.value:g} {item.unit or ''}".strip()
    return f'{verb} "{mention.words}", but {item.key} is {measured}'


def _units(reading: Units, mention: Mention, evidence: Evidence, window: FaceWindow) -> Finding:
    if mention.negated != reading.inverse:
        return _absence(reading, mention, evidence, window)
    shown = window.among(reading.any_of, "shown")
    if shown:
        return Finding("supported", _keys(shown, evidence))
    if not _is_refuted(reading, window):
        return OPEN
    opposed = window.among(reading.against, "shown")
    why = f"{_named(sorted(reading.any_of))}, absent around the peak" if reading.any_of else "it"
    if opposed:
        why = f"{why}, and {_named(opposed)} is present"
    return Finding("contradicted", _keys(opposed, evidence), f'"{mention.words}" needs {why}')


def _is_refuted(reading: Units, window: FaceWindow) -> bool:
    """All of it absent, nothing that looks alike is there, and what must be shown is."""
    if reading.any_of and not _is_absent(reading, window):
        return False
    if window.among(reading.near, "shown", "glimpsed"):
        return False
    return not reading.against or bool(window.among(reading.against, "shown"))


def _is_absent(reading: Units, window: FaceWindow) -> bool:
    """Every unit was measured as absent; a sign beside units may be unknown."""
    units = [n for n in reading.any_of if n.startswith("AU")] or list(reading.any_of)
    seen = window.among(reading.any_of, "shown", "glimpsed")
    return bool(units) and not seen and all(window.states.get(n) == "absent" for n in units)


def _absence(reading: Units, mention: Mention, evidence: Evidence, window: FaceWindow) -> Finding:
    """A denied movement: refuted where it is shown firmly, borne out where all of it is absent."""
    shown = tuple(n for n in window.among(reading.any_of, "shown") if _is_firm(n, evidence))
    if shown:
        keys = _keys(shown, evidence)
        reason = f'denies "{mention.words}", but {_named(shown)} is present'
        return Finding("contradicted", keys, reason)
    return Finding("supported") if _is_absent(reading, window) else OPEN


def _is_firm(name: str, evidence: Evidence) -> bool:
    """Of a known strength below FIRM nobody would say that it is there."""
    item = evidence.item(f"face.{name}")
    if not name.startswith("AU") or item is None or item.value is None:
        return True
    return item.value >= FIRM


def _keys(names: Sequence[str], evidence: Evidence) -> tuple[str, ...]:
    return tuple(f"face.{n}" for n in names if evidence.item(f"face.{n}") is not None)


def judge_amount(amount: Amount, evidence: Evidence) -> Finding:
    """A number with a unit of the voice: near any measure of that unit, or contradicted."""
    items = [item for key in amount.keys if (item := evidence.item(key)) is not None]
    values = [item.value for item in items if item.value is not None]
    if not values:
        return OPEN
    near = [i.key for i in items if i.value is not None and amount.is_near(i.value)]
    if near:
        return Finding("supported", tuple(near))
    measured = ", ".join(f"{value:g}" for value in values)
    keys = tuple(item.key for item in items)
    return Finding("contradicted", keys, f'says "{amount.words}", where {measured} is measured')


def _named(names: Sequence[str]) -> str:
    return " or ".join(names)
