"""One clip of a release: where it comes from, what was measured, and its pictures and sound."""

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
    video_id: str  # sha256 of the video's bytes
    name: str  # first name the video was found under
    other_names: tuple[str, ...]
    start_us: Microseconds
    end_us: Microseconds
    duration_s: Seconds
    label: str
    items: tuple[EvidenceItem, ...]
    speaker: SpeakerVisibility
    face_share: Probability
    others_share: Probability
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


class ReleasedFine(FineSample):
    video_id: str
    name: str
