"""What is imported into a work folder: its records, the samples made of them, and the ledger."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from pipeline.digests import sha256_of
from pipeline.keys import Key
from pipeline.layout import WorkFolder
from pipeline.merr_import import VERSION, MerrFiles, MerrRead, read_merr
from pipeline.merr_samples import DirtFinder, ImportSettings, MerrSamples, make_samples
from pipeline.parts import read_fallen, write_part
from pipeline.settings import Settings
from schemas.arrow import SCHEMA_VERSION
from schemas.errors import SetupError
from schemas.failure import Rejection
from schemas.label import Vocabulary
from schemas.merr import DirtCount, ImportedFile, ImportLedger, MerrRecord
from schemas.parquet import atomic_path, read_metadata, read_rows
from schemas.record import ReleasedCoarse, ReleasedFine

_EMPTY: Final = ImportLedger(files=(), samples_key="")


@dataclass(frozen=True)
class Imports:
    """Reads, never writes. Empty where nothing was imported."""

    work: WorkFolder

    @cached_property
    def ledger(self) -> ImportLedger:
        path = self.work.imports / "imports.json"
        if not path.exists():
            return _EMPTY
        try:
            return ImportLedger.model_validate_json(path.read_bytes())
        except ValueError as e:
            why = str(e).splitlines()[0]
            raise SetupError(
                f"{path}: is damaged or of another merr ({why}); remove it, and import again"
            ) from e

    @property
    def files(self) -> tuple[ImportedFile, ...]:
        return self.ledger.files

    @cached_property
    def coarse(self) -> list[ReleasedCoarse]:
        return read_rows(self._samples("coarse"), ReleasedCoarse) if self.files else []

    @cached_property
    def fine(self) -> list[ReleasedFine]:
        return read_rows(self._samples("fine"), ReleasedFine) if self.files else []

    @cached_property
    def rejected(self) -> list[Rejection]:
        """Clips that have no sample."""
        return self._fallen("coarse")

    @cached_property
    def without_fine(self) -> list[Rejection]:
        """Clips with an entry of the fine tier that gave no fine sample."""
        return self._fallen("fine")

    @property
    def unused(self) -> list[Rejection]:
        """Lines of tables that came to nothing."""
        return [line for file in self.files for line in file.unused]

    def names(self, file: ImportedFile) -> list[str]:
        return [r.name for r in read_rows(self._records(file.records_key), MerrRecord)]

    def part_names(self) -> list[str]:
        """As in a manifest: everything that rows came from."""
        if not self.files:
            return []
        paths = [self._records(file.records_key) for file in self.files]
        paths += [self._samples("coarse"), self._samples("fine")]
        return [f"imports/{path.stem}" for path in sorted(set(paths))]

    def _records(self, key: str) -> Path:
        return self.work.imports / f"records-{key}.parquet"

    def _samples(self, tier: str, key: str | None = None) -> Path:
        return self.work.imports / f"{tier}-{key or self.ledger.samples_key}.parquet"

    def _fallen(self, tier: str) -> list[Rejection]:
        fallen = read_fallen(self._samples(tier)) if self.files else []
        return [o for o in fallen if isinstance(o, Rejection)]

    def add(
        self,
        files: Sequence[MerrFiles],
        settings: Settings,
        vocabulary: Vocabulary,
        dirt: DirtFinder,
    ) -> tuple["Imports", bool]:
        """The imports with these files among them, and whether anything was made anew. A file of
        the same place takes the place of the one imported before."""
        places = {_place(file) for file in files}
        kept = [f for f in self.files if f.json_file not in places]
        made = False
        for file in files:
            entry, new = self._add_one(file, kept, settings, vocabulary)
            kept.append(entry)
            made = made or new
        entries = tuple(sorted(kept, key=lambda f: f.name))
        key = _samples_key(entries, settings.imports, dirt)
        made = self._make_samples(entries, key, settings.imports, dirt) or made
        self._save(ImportLedger(files=entries, samples_key=key.name))
        return Imports(self.work), made

    def _add_one(
        self,
        files: MerrFiles,
        others: Sequence[ImportedFile],
        settings: Settings,
        vocabulary: Vocabulary,
    ) -> tuple[ImportedFile, bool]:
        key = _records_key(files, settings, vocabulary)
        path = self._records(key.name)
        before = next((f for f in self.files if f.json_file == _place(files)), None)
        if before is not None and before.records_key == key.name and _is_made(path, key):
            return before, False
        read = read_merr(files, vocabulary, encoding=settings.given.encoding)
        write_part(path, read.part, MerrRecord, key)
        return _entry(files, key, read, {f.name for f in others}), True

    def _make_samples(
        self, entries: Sequence[ImportedFile], key: Key, settings: ImportSettings, dirt: DirtFinder
    ) -> bool:
        coarse, fine = (self._samples(tier, key.name) for tier in ("coarse", "fine"))
        if _is_made(coarse, key) and _is_made(fine, key):
            return False
        made = self._samples_of(entries, settings, dirt)
        write_part(coarse, made.coarse, ReleasedCoarse, key)
        write_part(fine, made.fine, ReleasedFine, key)
        return True

    def _samples_of(
        self, entries: Sequence[ImportedFile], settings: ImportSettings, dirt: DirtFinder
    ) -> MerrSamples:
        paths = [self._records(entry.records_key) for entry in entries]
        records = [record for path in paths for record in read_rows(path, MerrRecord)]
        fallen = [o for path in paths for o in read_fallen(path) if isinstance(o, Rejection)]
        return make_samples(records, fallen, settings, dirt.dirt_in)

    def _save(self, ledger: ImportLedger) -> None:
        if ledger != self.ledger:
            with atomic_path(self.work.imports / "imports.json") as path:
                path.write_text(ledger.model_dump_json(indent=1), "utf-8")


def _is_made(path: Path, key: Key) -> bool:
    return path.exists() and read_metadata(path).get("key") == key.fields


def _place(files: MerrFiles) -> str:
    return str(files.json_file.absolute())


def _samples_key(
    entries: Sequence[ImportedFile], settings: ImportSettings, dirt: DirtFinder
) -> Key:
    fields = {
        "version": VERSION,
        "schema": SCHEMA_VERSION,
        "inputs": [entry.records_key for entry in entries],
        "settings": settings.model_dump(mode="json"),
        "dirt": dirt.version,
    }
    return Key.of("import-samples", fields)


def _records_key(files: MerrFiles, settings: Settings, vocabulary: Vocabulary) -> Key:
    def sha(path: Path) -> str:
        if not path.is_file():
            raise SetupError(f"there is no file {path}")
        return sha256_of(path)

    fields = {
        "version": VERSION,
        "schema": SCHEMA_VERSION,
        "json": sha(files.json_file),
        "lists": [sha(path) for path in files.lists],
        "transcripts": None if files.transcripts is None else sha(files.transcripts),
        "encoding": settings.given.encoding,
        "vocabulary": vars(vocabulary),
    }
    return Key.of("import", fields)


def _entry(files: MerrFiles, key: Key, read: MerrRead, taken: set[str]) -> ImportedFile:
    path = files.json_file
    callings = (path.name, f"{path.parent.name}/{path.name}")
    name = next((calling for calling in callings if calling not in taken), None)
    if name is None:
        raise SetupError(f"{path}: another file called {callings[1]} is imported; rename it")
    return ImportedFile(
        name=name,
        json_file=_place(files),
        lists=tuple(map(str, files.lists)),
        transcripts=None if files.transcripts is None else str(files.transcripts),
        records_key=key.name,
        records=len(read.part),
        dirt=tuple(DirtCount(kind=k, count=n) for k, n in sorted(read.dirt.items())),
        unused=read.unused,
    )
