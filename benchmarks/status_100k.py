"""`merr status` over 100,000 clips of synthetic parts.

Usage: python benchmarks/status_100k.py CLIPS

A real build of CLIPS gives one row of every stage. From it a work folder of 100,000 clips is made
by merr's own code, catalog, batches, shards and keys; only the parts, about 23,000 files, are hard
links to one file of 64 rows per stage, because `status` reads of a part no more than its counts.
Timed is the command from start to end: first without an index of counts (books.sqlite), as after
a copy of the work folder, then with it, the best of five.
"""

import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from command import merr
from table import Figure, print_table

from pipeline.pool import _SINGLE_THREAD

CLIPS = 100_000
ROUNDS = 5


def main(clips: Path) -> None:
    from one_process import InProcess, build_in_process

    with tempfile.TemporaryDirectory(prefix="merr-bench-") as scratch:
        root = Path(scratch)
        real = build_in_process((str(clips),), root / "real", InProcess())
        parts = make_work_folder(real, root / "work")
        (root / "work" / "books.sqlite").unlink(missing_ok=True)
        cold = merr("status", str(root / "work"))
        warm = [merr("status", str(root / "work")) for _ in range(ROUNDS)]
        wanted = f"{CLIPS} files found"
        if not all(ran.said.startswith(wanted) and ran.code == 0 for ran in (cold, *warm)):
            raise SystemExit(f"status does not count {CLIPS} clips:\n{cold.said}")
        cpu_s, wall_s = min((ran.cpu_s, ran.wall_s) for ran in warm)
    print_table(
        [
            Figure(f"`merr status`, {CLIPS:,} clips, {parts:,} parts, index warm",
                   f"{wall_s:.2f} s ({cpu_s:.2f} CPU s)", "under 3 s"),
            Figure("the same, no index yet", f"{cold.wall_s:.2f} s ({cold.cpu_s:.2f} CPU s)"),
        ]
    )  # fmt: skip


def make_work_folder(real: Any, root: Path) -> int:
    """A finished build of 100,000 clips; how many parts it has."""
    from flows.session import LastRun, save_run
    from pipeline.batches import add_batches, add_shards
    from pipeline.catalog import Catalog
    from pipeline.chain import Chain
    from pipeline.found_files import FoundFiles
    from pipeline.given import Given
    from pipeline.layout import WorkFolder
    from pipeline.stages import STAGES
    from schemas.clip import Clip
    from schemas.video import Video

    work = WorkFolder(root)
    root.mkdir()
    catalog = Catalog(FoundFiles(_files()), Given(videos={}))
    catalog.save(work.catalog)
    save_run(work, LastRun(("clips",), real.settings))
    chain = Chain(work, real.settings, catalog)
    batches = add_batches(work, catalog.files)
    rows = {stage.name: _some_row(real, stage.name) for stage in STAGES}
    video = real.videos(real.batches()[0]).rows[0]
    made = _Links(root / "templates")
    for batch in batches:
        videos = [video.model_copy(update={"video_id": i}) for i in batch.video_ids]
        clips = [Clip.of(i, 0, 2_000_000, rule="whole", has_audio=True) for i in batch.video_ids]
        for stage, row, found in (("ingest", Video, videos), ("cut", Clip, clips)):
            key = chain.ingest_key(batch) if stage == "ingest" else chain.cut_key(batch)
            made.add(work.part(stage, batch.number, key.name), stage, row, found, key)
        for shard in add_shards(work, batch, chain.cut_key(batch).name, clips):
            for stage in STAGES:
                found = [rows[stage.name].model_copy(update={"clip_id": c.clip_id}) for c in clips]
                key = chain.key(stage, shard)
                made.add(work.part(stage.name, shard.number, key.name), stage.name, stage.row,
                         found, key)  # fmt: skip
    return made.count


def _files() -> Iterator[Any]:
    from schemas.video import SourceFile

    for number in range(CLIPS):
        path = f"{number // 1000:03d}/clip{number:06d}.mp4"
        yield SourceFile(
            path=path,
            source="clips",
            location=f"/data/clips/{path}",
            kind="film",
            size_bytes=500_000,
            video_id=sha256(path.encode()).hexdigest(),
        )


def _some_row(real: Any, stage: str) -> Any:
    (shard,) = real.shards()
    return next(iter(real.rows(stage, shard).values()))


class _Links:
    """Writes the first part of a stage and size, and links all others to it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.count = 0

    def add(self, path: Path, stage: str, row: Any, rows: Sequence[Any], key: Any) -> None:
        from pipeline.parts import Part, write_part

        template = self._folder / f"{stage}-{len(rows)}.parquet"
        if not template.exists():
            write_part(template, Part(list(rows)), row, key)
        path.parent.mkdir(parents=True, exist_ok=True)
        os.link(template, path)
        self.count += 1


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: python benchmarks/status_100k.py CLIPS")
    os.environ.update(_SINGLE_THREAD)
    main(Path(sys.argv[1]))
