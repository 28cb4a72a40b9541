"""MERR files in the form of the release, written for tests, and work folders that take them in."""

import csv
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flows.importing import import_merr
from flows.session import open_chain
from pipeline.chain import Chain
from pipeline.export_folder import ReleaseRows, write_export
from pipeline.export_merr import write_merr
from pipeline.layout import WorkFolder
from pipeline.merr_import import MerrFiles
from pipeline.release import publish
from pipeline.release_folder import read_manifest
from pipeline.release_tables import TABLES
from pipeline.settings import Settings
from schemas.parquet import read_rows

DIRTY = Path(__file__).parents[1] / "merr_files"
TRANSCRIPTS = DIRTY / "transcription_en_all.csv"


def fine_entry(**changes: Any) -> dict[str, Any]:
    """An entry as all of the released fine file are."""
    entry = {
        "AU_list": ["AU12"],
        "visual_prior_list": ["the corners of the mouth go up"],
        "audio_prior_list": "joyful",
        "peak_index": "37",
        "peak_AU_list": ["AU06", "AU12"],
        "pseu_emotion": "happy",
        "text": "We did it!",
        "smp_reason_caption": "The corners of the mouth go up, so the person is happy.",
    }
    return without(entry | changes)


def coarse_entry(**changes: Any) -> dict[str, Any]:
    entry = fine_entry(caption="A woman by a window. The corners of the mouth go up.")
    return without(entry | {"text": ..., "smp_reason_caption": ...} | changes)


def without(entry: Mapping[str, Any]) -> dict[str, Any]:
    """`...` takes a key out."""
    return {key: value for key, value in entry.items() if value is not ...}


def write_json(path: Path, entries: Mapping[str, Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(entries), "utf-8")
    return path


@dataclass(frozen=True)
class MerrHouse:
    """A folder in which files are imported, published and exported."""

    root: Path
    settings: Settings = field(default_factory=Settings)

    @property
    def work(self) -> WorkFolder:
        return WorkFolder(self.root / "work")

    def write(self, name: str, entries: Mapping[str, Any]) -> MerrFiles:
        return MerrFiles(write_json(self.root / name, entries))

    def add(self, *files: MerrFiles) -> bool:
        """Whether anything was made."""
        return import_merr(self.work, files, self.settings).made

    def add_entries(self, **entries: Any) -> "MerrHouse":
        self.add(self.write("fine.json", entries))
        return self

    def add_dirty(self) -> "MerrHouse":
        """Both files of the fixture, each with its list."""
        for tier in ("coarse", "fine"):
            self.add(MerrFiles(DIRTY / f"{tier}.json", (DIRTY / f"{tier}.txt",), TRANSCRIPTS))
        return self

    @property
    def chain(self) -> Chain:
        return open_chain(self.work)

    def publish(self, version: str = "0.1.0") -> Path:
        return publish(self.chain, to=self.root / "to", name="m", version=version).folder

    def export(self, release: Path | None = None, *, to: str = "out") -> Path:
        return export_merr(release or self.publish(), self.root / to)

    def row(self, name: str) -> Any:
        """The coarse row of a clip."""
        return next(row for row in self.chain.imports.coarse if row.name == name)

    def fine(self, name: str) -> Any:
        return next((row for row in self.chain.imports.fine if row.name == name), None)


def export_merr(release: Path, to: Path) -> Path:
    rows = ReleaseRows.read(release)
    write_export(read_manifest(release), "merr", to, lambda folder: write_merr(rows, folder))
    return to


def exported(folder: Path) -> list[MerrFiles]:
    """The files of an export, as an import takes them."""
    found = []
    for tier in ("coarse", "fine"):
        lists = tuple(sorted(folder.glob(f"MERR_{tier}_grained_*.txt")))
        path = folder / f"MERR_{tier}_grained.json"
        if json.loads(path.read_text()):
            found.append(MerrFiles(path, lists, folder / "transcription_en_all.csv"))
    return found


def tables(release: Path) -> dict[str, list[Any]]:
    """Rows of every table but the books, which tell of the files and lines that were read."""
    return {
        table: [r for path in sorted((release / table).glob("*")) for r in read_rows(path, row)]
        for table, row in TABLES.items()
        if table != "books"
    }


def read_table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_list(path: Path, lines: Iterable[str]) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return path
