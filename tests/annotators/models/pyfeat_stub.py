"""An environment with a stub of py-feat: what `pyfeat_side.py` calls, acting on what it sees.

The stub keeps to the calls of py-feat 2.1.5 (read off its source): `Detectorv2.detect_faces` gives
per picture a dict with `scores`, `forward` a table with a row per face, and a row of NaN for a
picture without one. A picture all of 0 shows nobody, all of 1 or of many values one face, all of
2 two; at 200 it hangs, at 201 it breaks.
"""

import sys
from pathlib import Path

FEAT = """
import time
import numpy as np

NAMES = ("AU01 AU02 AU04 AU05 AU06 AU07 AU09 AU10 AU11 AU12 AU14 AU15 AU17 AU20 AU23 AU24 AU25 "
         "AU26 AU28 AU43").split()


class Table:
    def __init__(self, rows):
        self.rows = rows

    def to_dict(self, kind):
        assert kind == "records"
        return self.rows


class Detectorv2:
    def __init__(self, device, identity_model, multitask_weights):
        assert identity_model is None
        open(multitask_weights, "rb").close()

    def detect_faces(self, pictures, face_detection_threshold):
        found = []
        for picture in pictures.array:
            what = int(picture[0, 0, 0]) if picture.min() == picture.max() else 1
            while what == 200:
                time.sleep(1)
            if what == 201:
                raise RuntimeError("the network broke")
            found.append({"what": what, "scores": [0.9] * max(1, what)})
        return found

    def forward(self, found, batch):
        assert set(batch) == {"Image", "Scale", "Padding"}
        return Table([row(f["what"], i) for f in found for i in range(len(f["scores"]))])


def row(what, index):
    nothing = what == 0
    left = 100.0 + 200 * index
    values = {"FaceRectX": left, "FaceRectY": 50.0, "FaceRectWidth": 60.0 / (index + 1),
              "FaceRectHeight": 80.0 / (index + 1)}
    values |= {f"x_{i}": left + i for i in range(68)} | {f"y_{i}": 50.0 + i for i in range(68)}
    values |= {name: 0.25 for name in NAMES} | {"AU12": 0.8, "AU28": 0.6}
    if nothing:
        values = dict.fromkeys(values, float("nan"))
    return values | {"FaceScore": 0.0 if nothing else 0.9}
"""
INFERENCE = """
from pathlib import Path


class MultitaskModel:
    @staticmethod
    def _resolve_weights(given):
        weights = Path(__file__).with_name("weights.safetensors")
        if not weights.exists():
            raise OSError("cannot reach the hub")
        return str(weights)
"""
TORCH = """
import contextlib
import numpy as np


class Tensor:
    def __init__(self, array):
        self.array = array

    def __len__(self):
        return len(self.array)


def from_numpy(array):
    assert array.dtype == np.uint8 and array.shape[1] == 3
    return Tensor(array)


def zeros(count):
    return Tensor(np.zeros(count))


def ones(count):
    return Tensor(np.ones(count))


def set_num_threads(count):
    pass


def manual_seed(seed):
    pass


inference_mode = contextlib.nullcontext
"""
METADATA = "Metadata-Version: 2.1\nName: py-feat\nVersion: {}\n"


def stub_environment(
    folder: Path, *, version: str = "2.1.5", weights: bool = True, breaks: bool = False
) -> Path:
    """Its Python. PyAV and numpy are those of the tests; torch and feat are the stubs."""
    import venv

    venv.create(folder, with_pip=False, symlinks=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "torch.py").write_text(TORCH, "utf-8")
    (packages / "feat" / "multitask").mkdir(parents=True)
    (packages / "feat" / "__init__.py").write_text(
        FEAT.replace("what == 201", "True") if breaks else FEAT, "utf-8"
    )
    (packages / "feat" / "multitask" / "__init__.py").touch()
    (packages / "feat" / "multitask" / "inference.py").write_text(INFERENCE, "utf-8")
    if weights:
        (packages / "feat" / "multitask" / "weights.safetensors").write_bytes(b"weights")
    info = packages / f"py_feat-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(METADATA.format(version), "utf-8")
    ours = [path for path in sys.path if path.endswith("site-packages")]
    (packages / "tests.pth").write_text("\n".join(ours) + "\n", "utf-8")
    return folder / "bin" / "python"
