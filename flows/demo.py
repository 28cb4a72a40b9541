"""`make demo`: the main job on the clips of this repository, and what came of it in words."""

import argparse
import sys
from pathlib import Path
from typing import Final

from flows.building import Built, Request, build
from flows.config import load_config
from flows.features import Featured, featured_text, make_features
from flows.guard import run_guarded
from flows.session import locked
from flows.texts import books_text, built_text, published_text
from pipeline.layout import WorkFolder
from pipeline.release import Published, publish
from pipeline.verify import verify
from schemas.parquet import read_rows
from schemas.record import ReleasedCoarse, ReleasedFine
from schemas.release import Outcome

NAME: Final = "demo"
VERSION: Final = "0.1.0"
_TEXTS: Final = 3


def demo(source: str, work: WorkFolder, to: Path) -> int:
    """Build, make small features, publish (in the place of an older demo), verify, show. Exit code
    as `merr build`."""
    settings = load_config(Path(source) / "merr.toml").settings
    built = build(Request((source,), work, settings))
    featured = make_features(work)
    with locked(work):
        published = publish(built.chain, to=to, name=NAME, version=VERSION, replace=True)
    faults = verify(published.folder)
    _say(*_summary(built, featured, published), *(f"FAULT {fault}" for fault in faults))
    return 1 if faults or built.unseen or featured.failed else 0


def _summary(built: Built, featured: Featured, published: Published) -> list[str]:
    worked = built.worked or featured.worked
    return [
        built_text(built) if built.worked else f"{books_text(built.books)}\n",
        featured_text(featured),
        *_fallen(published),
        "",
        *_texts(published.folder),
        published_text(published),
        "verified: every file has the digest of the manifest, and the books add up",
        "" if worked or published.new else "nothing to do: all of it was done before",
    ]


def _fallen(published: Published) -> list[str]:
    """Every file that gave nothing, and why."""
    outcomes = [
        row
        for path in sorted((published.folder / "books").glob("*.parquet"))
        for row in read_rows(path, Outcome)
    ]
    return [
        f"{row.state}: {row.id}: {row.reason} at {row.stage}: {row.detail}"
        for row in outcomes
        if row.subject == "file" and row.state in ("rejected", "failed")
    ]


def _texts(folder: Path) -> list[str]:
    """A few samples, those with the most to say first."""
    coarse = {
        row.clip_id: row
        for path in sorted((folder / "coarse").glob("*.parquet"))
        for row in read_rows(path, ReleasedCoarse)
    }
    fine = [
        row
        for path in sorted((folder / "fine").glob("*.parquet"))
        for row in read_rows(path, ReleasedFine)
    ]
    fine.sort(key=lambda row: (-len(row.clues), row.name))
    lines = []
    for row in fine[:_TEXTS]:
        lines += [f"{row.name}, label {row.pseu_emotion}"]
        lines += [f"  coarse: {coarse[row.clip_id].caption}"]
        lines += [f"  fine:   {row.smp_reason_caption}", ""]
    return lines


def _say(*lines: str) -> None:
    sys.stdout.write("\n".join(lines).rstrip() + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--to", type=Path, required=True)
    wanted = parser.parse_args()
    sys.exit(run_guarded(lambda: demo(wanted.source, WorkFolder(wanted.work), wanted.to)))


if __name__ == "__main__":
    main()
