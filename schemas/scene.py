"""What surrounds the face: measured from pictures and the track."""

from typing import Literal

from schemas.maker import Maker
from schemas.units import Change, Row, Share

ShotSize = Literal["extreme close-up", "close-up", "medium shot", "long shot"]


class Look(Row):
    """Light, colour and movement of the whole picture, measured while its frames stream by."""

    clip_id: str
    made_by: Maker
    frames: int  # that were measured; at least 1
    luma_mean: Share  # 0 black, 1 white
    luma_sd: Share  # over the picture and over time
    saturation_mean: Share  # 0 grey, 1 pure colours; bright places weigh more than dark ones
    motion: Change | None  # mean absolute luma change per frame, cuts left out; None for a still
    defects: tuple[str, ...] = ()  # what the decoder had to forgive, e.g. "2 damaged packets"


class Scene(Row):
    clip_id: str
    made_by: Maker
    shot_size: ShotSize | None  # from the height of the face; None without a face
    light: Literal["dark", "dim", "even", "bright"]
    luma_mean: Share  # 0 black, 1 white
    luma_sd: Share
    colour: Literal["black and white", "muted", "colourful"]
    motion: Change | None  # mean absolute luma change per frame, 0-1; None for a still
    faces: int  # most seen at once
    head: str | None  # where the head points at the peak; None without a face
    description: str  # one or two sentences
