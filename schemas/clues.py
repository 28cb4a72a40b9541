"""Claims about one clip, each resting on evidence it names. A clue never holds the label."""

from typing import Literal

from schemas.evidence import Modality
from schemas.maker import Maker
from schemas.units import Row

ClueMode = Literal["template", "blind", "told"]


class Clue(Row):
    modality: Modality
    claim: str  # one sentence
    evidence: tuple[str, ...]  # keys of EvidenceItem; never empty


class Clues(Row):
    clip_id: str
    made_by: Maker
    mode: ClueMode
    clues: tuple[Clue, ...]
    raw: str | None  # the model's whole answer; None where a template wrote
