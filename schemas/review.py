"""Reviews: what is shown to people, what they answer, and what a release says of it."""

from typing import Annotated, Final, Literal

from pydantic import Field

from schemas.clues import ClaimCheck, Clue, Verdict
from schemas.evidence import EvidenceItem
from schemas.label import LabelSource
from schemas.maker import Maker
from schemas.sample import Tier
from schemas.units import Microseconds, Probability, Row, Seconds

Role = Literal["annotator", "lead"]
ReviewMode = Literal["judge", "label_first", "ab"]
ReviewVerdict = Literal[
    "accept", "edit", "reject", "not_visible", "not_audible", "cannot_tell", "distressing"
]
ReasonCode = Literal[
    "wrong_face",
    "wrong_voice",
    "wrong_words",
    "wrong_scene",
    "wrong_label",
    "invented",
    "unclear",
    "other",
]
Preference = Literal["a1", "a2", "same"]
# label: the blind one, given before the machine's text was shown
EventKind = Literal["decide", "label", "skip", "flag", "undo"]
TextState = Literal["unseen", "accepted", "edited", "rejected", "disputed", "unclear"]
Intensity = Annotated[int, Field(ge=1, le=5)]

MOST_LABELS: Final = 8
MOST_NOTE: Final = 4_000  # characters
MOST_TEXT: Final = 20_000
MOST_MARKS: Final = 400


class ShownClip(Row):
    """What was measured of a clip: nothing here tells the label."""

    clip_id: str
    video_id: str
    name: str
    start_us: Microseconds | None  # None: an imported clip, whose video nobody saw
    end_us: Microseconds | None
    peak_index: int | None
    peak_t_s: Seconds | None
    spoken: str | None
    spoken_en: str | None
    tone: str | None
    scene: str | None
    items: tuple[EvidenceItem, ...]


class ShownText(Row):
    """One machine's text on a clip with its label, marks and flags."""

    sample_id: str
    tier: Tier
    text_hash: str
    text: str
    made_by: Maker
    label: str
    label_source: LabelSource
    confidence: Probability | None  # of the label, else of the clue writer's own
    own_label: str | None
    clues: tuple[Clue, ...]
    conclusion: str | None  # tells the label
    claims: tuple[ClaimCheck, ...] | None
    flags: tuple[str, ...]
    disputed: bool  # opinions on the label, or the clue writer's own label, differ

    @property
    def contradicted(self) -> bool:
        return any(claim.verdict == "contradicted" for claim in self.claims or ())


class ShownSample(Row):
    clip: ShownClip
    told: ShownText


class ClaimMark(Row):
    """What a person says of one claim of the text, beside what the machine said of it."""

    claim: Annotated[str, Field(max_length=MOST_TEXT)]  # the clause of the text
    verdict: Verdict
    machine: Verdict | None = None  # None: it checked nothing there. The server fills it in


class Answer(Row):
    """What a person answers on one sample."""

    labels: Annotated[tuple[str, ...], Field(max_length=MOST_LABELS)] = ()  # the first leads
    intensity: Intensity | None = None
    verdict: ReviewVerdict | None = None  # None: A/B
    reason: ReasonCode | None = None
    note: Annotated[str, Field(max_length=MOST_NOTE)] | None = None
    edited_text: Annotated[str, Field(max_length=MOST_TEXT)] | None = None
    preference: Preference | None = None  # as shown: a1 is the one on the left
    marks: Annotated[tuple[ClaimMark, ...], Field(max_length=MOST_MARKS)] = ()  # of one's own
    seconds: Annotated[float, Field(ge=0, le=86_400)] | None = None  # spent at it
    saw_marks: bool = True  # supported, contradicted, unverifiable
    saw_label: bool = True  # the machine's


class Decision(Row):
    """One event of one person, as it stands in the books for ever."""

    event_id: int
    kind: EventKind
    queue: str
    mode: ReviewMode
    item_id: int
    sample_id: str
    clip_id: str
    tier: Tier
    text_hash: str
    other_hash: str | None  # A/B: of the second text
    person: str  # pseudonym
    at: str  # UTC, ISO 8601 to the millisecond
    labels: tuple[str, ...]
    intensity: int | None
    verdict: ReviewVerdict | None
    reason: ReasonCode | None
    note: str | None
    edited_text: str | None
    edited_hash: str | None
    preference: Preference | None  # a1 is the first text, whatever side it was shown on
    flipped: bool | None  # A/B: the first text stood on the right
    marks: tuple[ClaimMark, ...] = ()  # of claims of the text; empty: none were marked
    seconds: float | None
    saw_marks: bool
    saw_label: bool
    undoes: int | None  # event_id
    stands: bool  # a decision that nobody took back


class PersonSaid(Row):
    """What one person said of one version of one sample, as it stands."""

    sample_id: str
    clip_id: str
    tier: Tier
    text_hash: str
    person: str  # pseudonym
    labels: tuple[str, ...]
    blind_labels: tuple[str, ...]  # given before the machine's text was shown; empty: none
    intensity: int | None
    verdict: ReviewVerdict | None
    reason: ReasonCode | None
    edited_text: str | None
    adjudicated: bool  # the last word of a lead
    counted: bool  # the sample has all the reviews it was to have, or a lead's last word


class SingleReview(Row):
    """What one reviewer said of one sample of a release."""

    person: str  # pseudonym
    labels: tuple[str, ...]  # the first leads
    blind_labels: tuple[str, ...]
    intensity: int | None
    verdict: ReviewVerdict | None
    reason: ReasonCode | None
    same_text: bool  # said of the text that the build has now
    adjudicated: bool
    counted: bool


class SampleReview(Row):
    """What people said of one sample of a release."""

    sample_id: str
    clip_id: str
    tier: Tier
    reviewers: int
    text_state: TextState
    machine_text: str | None
    machine_text_hash: str | None
    machine_label: str
    label: str | None  # of the people; None: none, or they do not agree
    label_share: Probability | None  # of those who named a label: who led with this one
    singles: tuple[SingleReview, ...]
