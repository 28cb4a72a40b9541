"""Of clips whose films are elsewhere: the peak frame and the sound that a release carries."""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq

from pipeline.face_window import PROXY_FLAG
from pipeline.keys import digest
from pipeline.release_folder import read_manifest
from review.media_folder import MediaFolder, MediaKind
from review.preparing import Preparation, PreparedTracks
from review.tracks import ShownPeak, Tracks
from schemas.au import FACS_NAMES
from schemas.parquet import atomic_path, read_rows
from schemas.peak import PeakAu
from schemas.record import ReleasedCoarse
from schemas.units import Seconds

VERSION: Final = "1"
_AT_ONCE: Final = 20  # rows with pictures and sound in memory
_COLUMNS: Final = (
    "clip_id",
    "duration_s",
    "items",
    "flags",
    "peak_frame",
    "middle_frame",
    "audio",
)
_BEGINS: Final[dict[MediaKind, bytes]] = {"peak": b"\xff\xd8\xff", "sound": b"OggS"}
_Peak = tuple[int | None, Seconds | None]


def prepare_from_release(
    release: Path, folder: MediaFolder, *, clip_ids: Collection[str] | None
) -> Preparation:
    """Of the named clips, or of all. What is not whole is made anew; a clip of which the release
    holds no media is told as failed. SetupError when it is no release."""
    manifest = read_manifest(release)
    folder.root.mkdir(parents=True, exist_ok=True)
    made, there, failed = 0, 0, list[tuple[str, str]]()
    for row, peak in _rows(release, clip_ids):
        clip_id = row["clip_id"]
        key = digest([VERSION, manifest.digest, clip_id])[:16]
        if _is_there(folder, clip_id, key):
            there += 1
        elif why := _make(folder, row, peak, key):
            failed.append((clip_id, why))
        else:
            made += 1
    return Preparation(made=made, there=there, failed=tuple(failed))


def _rows(
    release: Path, clip_ids: Collection[str] | None
) -> Iterator[tuple[dict[str, Any], _Peak]]:
    peaks: dict[str, _Peak] = {
        row.clip_id: (row.peak_index, row.peak_t_s)
        for path in sorted((release / "coarse").glob("*.parquet"))
        for row in read_rows(path, ReleasedCoarse)
    }
    for path in sorted((release / "evidence").glob("*.parquet")):
        for batch in pq.ParquetFile(path).iter_batches(_AT_ONCE, columns=list(_COLUMNS)):
            for row in batch.to_pylist():
                if clip_ids is None or row["clip_id"] in clip_ids:
                    yield row, peaks.get(row["clip_id"], (None, None))


def _is_there(folder: MediaFolder, clip_id: str, key: str) -> bool:
    path = folder.path(clip_id, "tracks")
    return path.is_file() and PreparedTracks.model_validate_json(path.read_bytes()).key == key


def _make(folder: MediaFolder, row: dict[str, Any], peak: _Peak, key: str) -> str | None:
    """Why it failed; None: it is there. The tracks come last: with them a clip is complete."""
    picture = _bytes(row["peak_frame"]) or _bytes(row["middle_frame"])
    found: dict[MediaKind, bytes | None] = {"peak": picture, "sound": _bytes(row["audio"])}
    media = {kind: content for kind, content in found.items() if content is not None}
    if not media or row["duration_s"] is None:
        return "the release holds no media of it; publish one with publish.media = embed"
    for kind, content in media.items():
        if not content.startswith(_BEGINS[kind]):
            return f"its {kind} in the release is damaged; get the release again"
    for kind, content in media.items():
        with atomic_path(folder.path(row["clip_id"], kind)) as path:
            path.write_bytes(content)
    tracks = _tracks(row, peak)
    with atomic_path(folder.path(row["clip_id"], "tracks")) as path:
        path.write_text(PreparedTracks(key=key, tracks=tracks).model_dump_json(), "utf-8")
    return None


def _bytes(cell: dict[str, Any] | None) -> bytes | None:
    content: bytes | None = None if cell is None else cell["bytes"]
    return content


def _tracks(row: dict[str, Any], peak: _Peak) -> Tracks:
    """Nothing that needs the film: no frames to step, no face over time, no times of words."""
    return Tracks(
        clip_id=row["clip_id"],
        still=row["duration_s"] == 0,
        clip_s=row["duration_s"],
        proxy=None,
        strip=None,
        peak=_peak(row, *peak),
        words=None,
        heard=None,
        voiced=None,
        engines={},
        from_release=True,
    )


def _peak(row: dict[str, Any], index: int | None, t_s: Seconds | None) -> ShownPeak | None:
    if index is None or t_s is None:
        return None
    measured = {item["key"].removeprefix("face."): item["value"] for item in row["items"]}
    units = {au: value for au, value in measured.items() if au in FACS_NAMES}
    return ShownPeak(
        index=index,
        t_s=t_s,
        aus=tuple(PeakAu(au=au, intensity=value, present=True) for au, value in units.items()),
        names={au: FACS_NAMES[au] for au in units},
        box=None,
        faces=None,
        proxy=PROXY_FLAG in row["flags"],
    )
