"""Claims about one clip, each resting on evidence it names. A clue never holds the label."""

from typing import Literal

from schemas.evidence import Modality
from schemas.exchange import Exchange
from schemas.maker import Maker
from schemas.units import Probability, Row, Seconds

ClueMode = Literal["template", "blind", "told"]
Verdict = Literal["supported", "contradicted", "unverifiable"]


# What became of words that look like an instruction. ignored: the writer answered alike without
# them; obeyed: it did not, and the clues are those it wrote without them; left_out: it saw none of
# them (mode "told").
ClueInjection = Literal["ignored", "obeyed", "left_out"]


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
    own_label: str | None = None  # the writer's own, from the evidence alone; only where blind
    own_confidence: Probability | None = None
    asked: Exchange | None = None
    injection: ClueInjection | None = None  # None: nothing in the words looks like one


class ClaimCheck(Row):
    """One atomic claim of a text and what the evidence says of it.

    contradicted: the opposite was measured; unverifiable: nobody measured it, what was measured
    leaves it open, or it is no claim about anything that is measured.
    """

    clue: int | None  # place in `clues`, from 0; None where the clue was dropped or there is none
    claim: str  # the clause of the text
    modality: Modality | None  # None: it speaks of nothing that is measured
    words: str | None  # of the claim, that were compared; None where nothing could be
    verdict: Verdict
    evidence: tuple[str, ...]  # keys of the items that speak for or against it
    frame_index: int | None  # of a face: the frame at whose surroundings was looked
    start_s: Seconds | None  # where in the clip was looked
    end_s: Seconds | None
    proxy: bool  # the action units compared are computed from geometry
    reason: str | None  # why it is contradicted
