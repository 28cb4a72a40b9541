"""A release: what its manifest says, and what became of every file, video and clip."""

from typing import Literal

from schemas.failure import Subject
from schemas.units import Row

State = Literal["released", "rejected", "failed", "pending", "other_kind"]


class Outcome(Row):
    """What became of one subject; one row each, and the sums are equal to what was found."""

    subject: Subject
    id: str  # path inside the source, video_id or clip_id
    state: State
    tier: Literal["coarse", "fine"] | None  # highest tier a released subject is in
    stage: str | None  # where it fell out; of a released coarse clip: where it missed the fine tier
    reason: str | None  # rule of the rejection or error of the failure
    detail: str | None  # the sentence that says what was found


class ReleaseFile(Row):
    path: str  # inside the release
    sha256: str
    size_bytes: int
    rows: int | None  # None where the file is no table


class EngineUse(Row):
    """An engine that made rows of this release, and under which terms its output stands."""

    stage: str
    engine: str
    version: str
    licence: str
    non_commercial: bool


class Manifest(Row):
    name: str
    version: str  # X.Y.Z
    schema_version: str
    recipe: str  # digest of parts and settings: equal recipe, equal release
    digest: str  # over all else that stands here, the sha256 of every file among it
    parent: str | None  # digest of the release this one follows
    vocabulary: str  # name of the label set
    files: tuple[ReleaseFile, ...]
    rows: dict[str, int]  # by table
    found: dict[str, int]  # files, videos and clips counted at the source
    states: dict[str, dict[str, int]]  # subject -> state -> how many; sums equal `found`
    rejected: dict[str, int]  # "stage/rule" -> how many clips, videos and files
    failed: dict[str, int]  # "stage/error" -> how many
    parts: tuple[str, ...]  # "stage/number-key" of every part rows came from
    media: Literal["embed", "embed-frames", "reference"]
    engines: tuple[EngineUse, ...]
    source_licence: str | None  # as stated by the publisher; None: nobody said
    licence: str  # what may be done with the whole, from sources and engines
