"""A face track out of a few lists, for tests."""

from collections.abc import Sequence
from typing import Any

from schemas.au import INTENSITY_AUS, PRESENCE_AUS
from schemas.face import FaceTrack
from schemas.maker import Maker

# Right eye, left eye, nose, mouth corners of a face 120 px high in a frame of 320 x 240.
FACE_POINTS = (135.0, 100.0, 175.0, 100.0, 155.0, 122.0, 140.0, 145.0, 170.0, 145.0)

_CALM: dict[str, Any] = {
    "confidence": 0.95,
    "box_x_px": 105.0,
    "box_y_px": 60.0,
    "box_width_px": 100.0,
    "box_height_px": 120.0,
    "pitch_deg": 0.0,
    "yaw_deg": 0.0,
    "roll_deg": 0.0,
    "eye_closure": 0.0,
    "mouth_open": 0.0,
    "smile": 0.0,
    "other_face_size": None,
    **{f"{au.lower()}_r": 0.0 for au in INTENSITY_AUS},
    **{f"{au.lower()}_c": False for au in PRESENCE_AUS},
}


def make_track(
    clip_id: str = "c",
    n: int = 10,
    fps: float = 25,
    proxy: bool = True,
    success: bool | Sequence[bool] = True,
    *,
    baseline: str | None = "rest",
    **columns: Any,
) -> FaceTrack:
    """A calm face in `n` frames. A column is one value for all frames, or one per frame.

    Where `success` is False every measure is None. A unit given as `au12_r` alone is present
    from an intensity of 1 on; give `au12_c` to say otherwise.
    """
    found = _spread(success, n)
    for name in [name for name in columns if name.endswith("_r") and name != "au45_r"]:
        present = [None if v is None else v >= 1 for v in _spread(columns[name], n)]
        columns.setdefault(name.replace("_r", "_c"), present)
    measures = {name: _spread(columns.pop(name, calm), n) for name, calm in _CALM.items()}
    return FaceTrack(
        clip_id=clip_id,
        made_by=Maker(engine="hand", version="1"),
        proxy=proxy,
        baseline=baseline,  # type: ignore[arg-type]
        t_s=_spread(columns.pop("t_s", [i / fps for i in range(n)]), n),
        shot=_spread(columns.pop("shot", 0), n),
        success=found,
        faces=_spread(columns.pop("faces", [int(s) for s in found]), n),
        landmarks_px=columns.pop(
            "landmarks_px", tuple(p if s else None for s in found for p in FACE_POINTS)
        ),
        **{
            k: tuple(v if s else None for v, s in zip(c, found, strict=True))
            for k, c in measures.items()
        },
        **columns,  # a misspelt column is refused by the model
    )


def _spread(value: Any, n: int) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, (list, tuple, range)) else (value,) * n
