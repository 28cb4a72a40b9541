"""Cut the man's head out of MPFB2's base mesh: `python build_head.py MPFB2_FOLDER` (see README)."""

import argparse
import gzip
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from skin import BODY, EYE, TEETH

Array = NDArray[np.float64]

SOURCE: Final = Path(__file__).parent / "source"
PARTS: Final = {
    "body": BODY,
    "helper-r-eye": EYE,
    "helper-l-eye": EYE,
    "helper-upper-teeth": TEETH,
    "helper-lower-teeth": TEETH,
}
SHAPE: Final = {  # a young man of mixed descent, so that he is nobody
    "macrodetails/caucasian-male-young": 0.55,
    "macrodetails/asian-male-young": 0.3,
    "macrodetails/african-male-young": 0.15,
    "macrodetails/universal-male-young-averagemuscle-averageweight": 1.0,
}
UNITS: Final = {
    "smile": ("mouth-corner-puller",),
    "brows": ("eyebrows-left-up", "eyebrows-right-up"),
    "inner": ("eyebrows-left-inner-up", "eyebrows-right-inner-up"),
    "frown": ("eyebrows-left-down", "eyebrows-right-down"),
    "mouth_open": ("mouth-open",),
    "depress": ("mouth-depression",),
    "wide": ("eye-left-opened-up", "eye-right-opened-up"),
    "slit": ("eye-left-slit", "eye-right-slit"),
}
MASKS: Final = ("lips", "inside-mouth", "ears")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("mpfb2", type=Path, help="folder with 3dobjs/, targets/ and textures/")
    mpfb = parser.parse_args().mpfb2
    vertices, uv, triangles, parts = _read_mesh(mpfb / "3dobjs" / "base.obj")
    for name, share in SHAPE.items():
        vertices = vertices + share * _read_target(mpfb, name, len(vertices))
    corners = vertices[triangles] - vertices[np.unique(triangles[parts == EYE])].mean(axis=0)
    kept = (corners[:, :, 1] > -2.6).all(axis=1) & (np.abs(corners[:, :, 0]) < 2.2).all(axis=1)
    parts = parts[kept]
    used, flat = np.unique(triangles[kept], return_inverse=True)
    middle = vertices[np.unique(triangles[kept][parts == EYE])].mean(axis=0)
    arrays = {
        "vertices": (vertices[used] - middle).astype(np.float32),
        "triangles": flat.reshape(-1, 3).astype(np.uint16),
        "parts": parts.astype(np.uint8),
    }
    for name, targets in UNITS.items():
        moved = [_read_target(mpfb, f"expression/units/caucasian/{t}", len(uv)) for t in targets]
        arrays[f"unit_{name}"] = np.sum(moved, axis=0)[used].astype(np.float16)
    for name in MASKS:
        arrays[f"mask_{name.replace('-', '_')}"] = _read_mask(mpfb, name, uv[used])
    np.savez_compressed(SOURCE / "head.npz", **arrays)


def _read_mesh(path: Path) -> tuple[Array, Array, NDArray[np.int64], NDArray[np.int64]]:
    """Vertices [V, 3], their place in the texture [V, 2], triangles [T, 3] and parts [T]."""
    lines = [line.split() for line in path.read_text().splitlines()]
    vertices = np.array([w[1:4] for w in lines if w[:1] == ["v"]], np.float64)
    textures = np.array([w[1:3] for w in lines if w[:1] == ["vt"]], np.float64)
    uv = np.zeros((len(vertices), 2))
    triangles, parts, part = [], [], None
    for words in lines:
        if words[:1] == ["g"]:
            part = PARTS.get(words[1])
        elif words[:1] == ["f"] and part is not None:
            pairs = np.array([w.split("/")[:2] for w in words[1:]], np.int64) - 1
            uv[pairs[:, 0]] = textures[pairs[:, 1]]
            for k in range(1, len(pairs) - 1):
                triangles.append(pairs[[0, k, k + 1], 0])
                parts.append(part)
    return vertices, uv, np.array(triangles), np.array(parts)


def _read_target(mpfb: Path, name: str, count: int) -> Array:
    """The displacement [V, 3] of one morph."""
    moved = np.zeros((count, 3))
    with gzip.open(mpfb / "targets" / f"{name}.target.gz", "rt") as file:
        for words in (line.split() for line in file if line[0] not in "#\n"):
            moved[int(words[0])] = [float(w) for w in words[1:4]]
    return moved


def _read_mask(mpfb: Path, name: str, uv: Array) -> NDArray[np.uint8]:
    image = cv2.imread(str(mpfb / "textures" / f"mpfb_{name}.jpg"), cv2.IMREAD_GRAYSCALE)
    if image is None:
        raise SystemExit(f"{mpfb} has no mask mpfb_{name}.jpg")
    height, width = image.shape
    rows = np.clip((1 - uv[:, 1]) * height, 0, height - 1).astype(int)
    columns = np.clip(uv[:, 0] * width, 0, width - 1).astype(int)
    return image[rows, columns]


if __name__ == "__main__":
    main()
