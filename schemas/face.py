"""What the face engine says of every frame of a clip: one row per clip, one list per column."""

from typing import Literal, Self

from pydantic import model_validator

from schemas.maker import Maker
from schemas.units import (
    Angles,
    AuIntensities,
    FrameSeconds,
    PixelPositions,
    Ratios,
    Row,
    Shares,
)

Presences = tuple[bool | None, ...]


class FaceTrack(Row):
    """All lists have one entry per decoded frame (T); `landmarks_px` has ten.

    An entry is None where no face was found or where the engine cannot tell this action unit;
    None means unknown, never absent. Intensities of `mesh` are proxies; `baseline` says relative
    to what.
    """

    clip_id: str
    made_by: Maker
    proxy: bool  # True: computed from geometry, not measured by a trained action unit model
    baseline: Literal["rest", "population"] | None  # what an intensity of 0 stands for
    t_s: tuple[FrameSeconds, ...]  # presentation time from the start of the clip
    shot: tuple[int, ...]  # number of the shot, from 0; the track and its rest break between shots
    success: tuple[bool, ...]
    confidence: Shares
    box_x_px: PixelPositions  # left edge, in the frame as shown
    box_y_px: PixelPositions
    box_width_px: PixelPositions
    box_height_px: PixelPositions
    landmarks_px: PixelPositions  # x, y of right eye, left eye, nose, mouth corners
    pitch_deg: Angles  # down is positive
    yaw_deg: Angles  # towards the person's left is positive
    roll_deg: Angles  # clockwise in the picture is positive
    eye_closure: Shares  # 0 open, 1 shut
    mouth_open: Ratios  # inner lip gap / distance of the outer eye corners
    smile: Shares
    faces: tuple[int, ...]  # faces seen at the last full detection, the followed one included
    other_face_size: Shares  # area of the largest other face / the followed one's, at most 1
    au01_r: AuIntensities
    au02_r: AuIntensities
    au04_r: AuIntensities
    au05_r: AuIntensities
    au06_r: AuIntensities
    au07_r: AuIntensities
    au09_r: AuIntensities
    au10_r: AuIntensities
    au12_r: AuIntensities
    au14_r: AuIntensities
    au15_r: AuIntensities
    au17_r: AuIntensities
    au20_r: AuIntensities
    au23_r: AuIntensities
    au25_r: AuIntensities
    au26_r: AuIntensities
    au45_r: AuIntensities
    au01_c: Presences
    au02_c: Presences
    au04_c: Presences
    au05_c: Presences
    au06_c: Presences
    au07_c: Presences
    au09_c: Presences
    au10_c: Presences
    au12_c: Presences
    au14_c: Presences
    au15_c: Presences
    au17_c: Presences
    au20_c: Presences
    au23_c: Presences
    au25_c: Presences
    au26_c: Presences
    au28_c: Presences
    au45_c: Presences

    @model_validator(mode="after")
    def _one_entry_per_frame(self) -> Self:
        frames = len(self.t_s)
        for name in type(self).model_fields:
            column = getattr(self, name)
            wanted = 10 * frames if name == "landmarks_px" else frames
            if isinstance(column, tuple) and len(column) != wanted:
                raise ValueError(f"{name} has {len(column)} entries for {frames} frames")
        return self

    def intensity(self, au: str) -> AuIntensities:
        """Column of an action unit, e.g. "AU12", one of schemas.au.INTENSITY_AUS."""
        column: AuIntensities = getattr(self, f"{au.lower()}_r")
        return column

    def presence(self, au: str) -> Presences:
        """Column of an action unit, one of schemas.au.PRESENCE_AUS."""
        column: Presences = getattr(self, f"{au.lower()}_c")
        return column
