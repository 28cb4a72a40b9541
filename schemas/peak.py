"""The frame in which a face says most, and the pictures taken at it."""

from typing import Literal

from schemas.maker import Maker
from schemas.units import AuIntensity, Pixels, Row, Seconds, Share

PeakRule = Literal["frequent_au", "au_sum", "label_au"]


class PeakAu(Row):
    au: str
    intensity: AuIntensity | None  # None: the engine gives presence only
    present: bool


class PeakMoment(Row):
    frame_index: int  # 0-based, in presentation order of the clip
    t_s: Seconds  # from the start of the clip
    confidence: Share | None
    score: float  # what the rule maximised
    scored_aus: tuple[str, ...]  # the units it summed
    aus: tuple[PeakAu, ...]  # every unit the engine can tell, AU45 left out
    peak_au_list: tuple[str, ...]  # the units present, AU45 left out


class Peak(Row):
    clip_id: str
    made_by: Maker
    rule: PeakRule
    label_seen: bool  # True: the label was in view when the frame was chosen (label_au)
    moment: PeakMoment | None  # None: no frame with a trusted face and a readable action unit


class Picture(Row):
    jpeg: bytes
    width_px: Pixels
    height_px: Pixels
    frame_index: int
    t_s: Seconds


class Stills(Row):
    """Pictures of one clip. `peak` and `face` are None where the clip has no peak."""

    clip_id: str
    first: Picture
    middle: Picture
    peak: Picture | None
    face: Picture | None  # aligned crop of the followed face at the peak
    # What a model that sees is shown beside the first frame and the peak; in no release. Since 1.2.
    more: tuple[Picture, ...] | None = None
