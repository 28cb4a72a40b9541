"""A small software rasteriser: which triangle each pixel sees, and where in it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Seen:
    """What a camera sees of a mesh; only pixels that see a triangle, N of them."""

    hit: NDArray[np.bool_]  # [H, W]
    corners: NDArray[np.int64]  # [N, 3] vertices of the triangle
    weights: Array  # [N, 3] barycentric, sum 1
    triangle: NDArray[np.int64]  # [N]

    def at(self, values: Array) -> Array:
        """A value per vertex, [V] or [V, C], at each pixel, [N] or [N, C]."""
        here = values[self.corners]
        weights = self.weights if values.ndim == 1 else self.weights[..., None]
        return (here * weights).sum(axis=1)


def rasterise(
    xy: Array, depth: Array, triangles: NDArray[np.int64], *, height: int, width: int
) -> Seen:
    """Orthographic z-buffer: `xy` in pixels, y down; greater `depth` is nearer; no backs."""
    nearest = np.full((height, width), -np.inf)
    seen = np.full((height, width), -1, np.int64)
    weights = np.zeros((height, width, 3))
    corners = xy[triangles]
    area = _cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    low = np.maximum(np.floor(corners.min(axis=1)), 0).astype(int)
    high = np.minimum(np.ceil(corners.max(axis=1)) + 1, [width, height]).astype(int)
    for i in np.flatnonzero((area < -1e-9) & (high > low).all(axis=1)):
        window = slice(low[i, 1], high[i, 1]), slice(low[i, 0], high[i, 0])
        parts = _barycentric(corners[i], area[i], window)
        z = parts @ depth[triangles[i]]
        front = (parts >= -1e-6).all(axis=-1) & (z > nearest[window])
        nearest[window][front] = z[front]
        seen[window][front] = i
        weights[window][front] = parts[front]
    hit = seen >= 0
    return Seen(hit, triangles[seen[hit]], weights[hit], seen[hit])


def vertex_normals(vertices: Array, triangles: NDArray[np.int64]) -> Array:
    """Unit normals, [V, 3]: of the triangles around each vertex, by their area."""
    a, b, c = (vertices[triangles[:, k]] for k in range(3))
    faces = np.cross(b - a, c - a)
    normals = np.zeros_like(vertices)
    for k in range(3):
        np.add.at(normals, triangles[:, k], faces)
    return unit(normals)


def unit(vectors: Array) -> Array:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)


def _barycentric(triangle: Array, area: float, window: tuple[slice, slice]) -> Array:
    """[h, w, 3] for the pixel centres of a window."""
    x = np.arange(window[1].start, window[1].stop) + 0.5
    y = (np.arange(window[0].start, window[0].stop) + 0.5)[:, None]
    p, q, r = triangle
    first = ((q[0] - x) * (r[1] - y) - (q[1] - y) * (r[0] - x)) / area
    second = ((r[0] - x) * (p[1] - y) - (r[1] - y) * (p[0] - x)) / area
    return np.stack([first, second, 1 - first - second], axis=-1)


def _cross(a: Array, b: Array) -> Array:
    return a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
