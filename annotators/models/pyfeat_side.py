"""py-feat, as a side worker runs it in an environment of its own (see `side_worker.py`).

Asked {"video": path, "least_score": 0-1, "batch": n}, it answers {"frames": [[face, ...], ...]}:
per frame of the file every face found, each with `score`, `box` (left, top, width, height, px),
`points` (68 times x, y, px) and `aus` (by name, 0-1). Read off the source of py-feat 2.1.5:
`detect_faces` and `forward` of Detectorv2 take a batch as its TensorDataset makes one.
"""

import hashlib
import math
import warnings
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

Json = dict[str, Any]

_POINTS: Final = 68
_BOX: Final = ("FaceRectX", "FaceRectY", "FaceRectWidth", "FaceRectHeight")


class SetupFaultError(Exception):
    """py-feat cannot work for any clip."""

    kind = "setup"


def load(options: Json) -> tuple[dict[str, str], Callable[[Json], Json]]:
    """Loads the weights, which py-feat fetches from the Hugging Face hub when they are not here."""
    warnings.simplefilter("ignore")
    import torch
    from feat import Detectorv2
    from feat.multitask.inference import MultitaskModel

    torch.set_num_threads(int(options["threads"]))
    torch.manual_seed(0)
    try:
        weights = MultitaskModel._resolve_weights(options.get("weights"))
        detector = Detectorv2(
            device=options["device"], identity_model=None, multitask_weights=weights
        )
    except (OSError, ValueError) as e:  # the hub's errors are OSErrors
        raise SetupFaultError(
            "py-feat's weights are not here and cannot be fetched from the Hugging Face hub: "
            f"{type(e).__name__}: {e}"
        ) from e
    digest = hashlib.sha256(Path(weights).read_bytes()).hexdigest()[:12]
    versions = {"py-feat": version("py-feat"), "weights": f"{Path(weights).name}@{digest}"}
    return versions, lambda ask: {"frames": list(_read(detector, ask))}


def _read(detector: Any, ask: Json) -> Iterator[list[Json]]:
    import torch

    with torch.inference_mode():
        for pictures in _batches(ask["video"], int(ask["batch"])):
            yield from _faces(detector, pictures, float(ask["least_score"]))


def _batches(path: str, most: int) -> Iterator[Any]:
    """[N, 3, H, W] uint8 RGB."""
    import av
    import numpy as np
    import torch

    waiting = []
    with av.open(path) as container:
        for frame in container.decode(video=0):
            waiting.append(frame.to_ndarray(format="rgb24").transpose(2, 0, 1))
            if len(waiting) == most:
                yield torch.from_numpy(np.stack(waiting))
                waiting = []
    if waiting:
        yield torch.from_numpy(np.stack(waiting))


def _faces(detector: Any, pictures: Any, least_score: float) -> Iterator[list[Json]]:
    import torch

    count = len(pictures)
    nothing = torch.zeros(count)
    batch = {
        "Image": pictures,
        "Scale": torch.ones(count),
        "Padding": dict.fromkeys(("Left", "Top", "Right", "Bottom"), nothing),
    }
    found = detector.detect_faces(pictures, face_detection_threshold=least_score)
    rows = iter(detector.forward(found, batch).to_dict("records"))
    for frame in found:
        faces = [_face(next(rows)) for _ in range(len(frame["scores"]))]
        yield [face for face in faces if face is not None]


def _face(row: Json) -> Json | None:
    """None for the row that stands for a frame without a face."""
    box = [float(row[name]) for name in _BOX]
    points = [float(row[f"{axis}_{i}"]) for i in range(_POINTS) for axis in ("x", "y")]
    aus = {str(k): float(v) for k, v in row.items() if str(k).startswith("AU")}
    if not all(map(math.isfinite, [*box, *points, *aus.values()])):
        return None
    return {"score": float(row["FaceScore"]), "box": box, "points": points, "aus": aus}
