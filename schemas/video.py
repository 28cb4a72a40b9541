"""Files as found, and videos: equal bytes are one video, whatever they are called."""

from typing import Literal

from schemas.units import Hertz, Pixels, Row, Seconds

Kind = Literal["film", "still", "other"]


class SourceFile(Row):
    """A file found in a source. Counting starts here."""

    path: str  # relative to its source, "/" between parts
    source: str  # the source as the user wrote it
    location: str  # where it can be opened
    kind: Kind
    size_bytes: int
    video_id: str | None  # sha256 of the bytes; None: could not be read, or is of another kind


class Video(Row):
    """What a container says of itself, after its first frame was decoded."""

    video_id: str
    identity: Literal["bytes", "declared"]
    container: str  # demuxer, e.g. "mov"
    still: bool
    duration_s: Seconds | None  # None for a still
    fps: Hertz | None  # average over the stream
    variable_rate: bool | None
    width_px: Pixels  # as shown, after rotation
    height_px: Pixels
    rotation_deg: int  # 0, 90, 180 or 270, clockwise, already applied to width and height
    video_codec: str
    audio_codec: str | None  # None: no audio track
    audio_hz: int | None
    audio_channels: int | None
    size_bytes: int
