"""Pictures of a release, laid into one file for random access: what EVA sees in training."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from schemas.errors import SetupError
from trainer.folder import atomic_folder, is_complete
from trainer.release import Release, read_shards

FRAMES_VERSION: Final = "1"
Frame = Literal["peak", "middle", "first"]


@dataclass(frozen=True)
class Frames:
    """JPEGs by clip: `data[offsets[i] : offsets[i + 1]]` is that of the clip at place i."""

    place: dict[str, int]
    offsets: NDArray[np.int64]
    data: NDArray[np.uint8]

    def __contains__(self, clip_id: object) -> bool:
        return clip_id in self.place

    def jpeg(self, clip_id: str) -> bytes:
        at = self.place[clip_id]
        return self.data[self.offsets[at] : self.offsets[at + 1]].tobytes()


def open_frames(release: Release, root: Path, frame: Frame) -> Frames:
    """One picture of every clip that has it, made ready once under the digest of the release.
    SetupError where the release embeds none."""
    told = f"{FRAMES_VERSION}\n{release.manifest.digest}\n{frame}"
    folder = root / f"frames-{hashlib.sha256(told.encode()).hexdigest()[:16]}"
    if not is_complete(folder):
        with atomic_folder(folder) as unfinished:
            _write(release, frame, unfinished)
    clips = json.loads((folder / "clips.json").read_text("utf-8"))
    return Frames(
        place={clip: place for place, clip in enumerate(clips)},
        offsets=np.fromfile(folder / "offsets.i64", np.int64),
        data=np.memmap(folder / "frames.bin", np.uint8, mode="r"),
    )


def _write(release: Release, frame: Frame, folder: Path) -> None:
    clips, offsets = [], [0]
    with (folder / "frames.bin").open("wb") as file:
        for clip, jpeg in _pictures(release, f"{frame}_frame"):
            file.write(jpeg)
            clips.append(clip)
            offsets.append(offsets[-1] + len(jpeg))
    if not clips:
        raise SetupError(
            f"{release.title}: embeds no pictures (its media is {release.manifest.media!r}), so "
            "EVA has nothing to see in training; take the patch grids of `merr features` instead: "
            "leave model.eyes out and give --grid"
        )
    np.asarray(offsets, np.int64).tofile(folder / "offsets.i64")
    (folder / "clips.json").write_text(json.dumps(clips), "utf-8")


def _pictures(release: Release, column: str) -> Iterator[tuple[str, bytes]]:
    for _, table in read_shards(release, "evidence", ("clip_id", column)):
        for row in table.to_pylist():
            if row[column] and row[column]["bytes"]:
                yield row["clip_id"], row[column]["bytes"]
