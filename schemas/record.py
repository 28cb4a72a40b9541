"""One clip of a release: where it comes from, what was measured, and its pictures and sound."""

from typing import Literal

from schemas.evidence import EvidenceItem, SpeakerVisibility
from schemas.sample import CoarseSample, FineSample
from schemas.units import Microseconds, Probability, Row, Seconds


class Media(Row):
    """What the Hugging Face hub calls an image or audio cell. `bytes` is None in releases that
    only point at media."""

    bytes: bytes | None
    path: str


class ClipRecord(Row):
    clip_id: str
    video_id: str  # sha256 of the video's bytes, or of the name an imported set declares
    name: str  # first name the video was found under
    other_names: tuple[str, ...]
    start_us: Microseconds | None  # None: an imported clip, whose video nobody saw
    end_us: Microseconds | None
    duration_s: Seconds | None
    label: str
    items: tuple[EvidenceItem, ...]
    speaker: SpeakerVisibility | None
    face_share: Probability | None
    others_share: Probability | None
    makers: tuple[str, ...]
    flags: tuple[str, ...]
    peak_frame: Media | None
    first_frame: Media | None
    middle_frame: Media | None
    face: Media | None  # aligned crop at the peak
    audio: Media | None  # Ogg Opus, mono


class Recording(Row):
    """The sound of a clip, small enough to travel with it: Ogg Opus, mono, 16 kHz source."""

    clip_id: str
    opus: bytes | None  # None: the clip has no sound
    duration_s: Seconds


class ReleasedCoarse(CoarseSample):
    video_id: str
    name: str  # first name the video was found under
    identity: Literal["bytes", "declared"] | None = None  # what video_id is made of
    frames: int | None = None  # of the clip; MERR's lists hold it
    valence: float | None = None  # as given beside the label
    unread_json: str | None = None  # what an imported file says and no column holds


class ReleasedFine(FineSample):
    video_id: str
    name: str
