"""Where things lie in a work folder."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class WorkFolder:
    """Only paths: nothing here opens, makes or removes anything."""

    root: Path

    @property
    def lock(self) -> Path:
        return self.root / "merr.lock"

    @property
    def log(self) -> Path:
        return self.root / "merr.log"

    @property
    def hashes(self) -> Path:
        return self.root / "hashes.sqlite"

    @property
    def index(self) -> Path:
        return self.root / "books.sqlite"

    @property
    def answers(self) -> Path:
        """What chat models answered. The one file here that cost money: never remove it."""
        return self.root / "answers.sqlite"

    @property
    def reviews(self) -> Path:
        """What people decided. Never remove it: they will not say it again."""
        return self.root / "review.sqlite"

    @property
    def accepted(self) -> Path:
        return self.root / "accepted.json"

    @property
    def run(self) -> Path:
        """Sources and effective configuration of the last build."""
        return self.root / "run.json"

    @property
    def catalog(self) -> Path:
        """Source files found by the last build, with what was given beside them."""
        return self.root / "catalog.parquet"

    @property
    def scratch(self) -> Path:
        """Frames of clips on their way to an engine outside; nothing in it outlives its run."""
        return self.root / "scratch"

    @property
    def batches(self) -> Path:
        return self.root / "batches"

    @property
    def shards(self) -> Path:
        return self.root / "shards"

    @property
    def imports(self) -> Path:
        """What was imported: records, the samples made of them, and the list of both."""
        return self.root / "imports"

    def part(self, stage: str, number: int, key: str) -> Path:
        return Path(self.root, "parts", part_name(stage, number, key))


def part_name(stage: str, number: int, key: str) -> str:
    """Of a part, below the folder of parts. Text, for those who ask of 20,000 parts: a Path costs
    more than the question."""
    return f"{stage}/{number:05d}-{key}.parquet"
