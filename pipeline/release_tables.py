"""The tables of a release, row by row."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from pipeline.chain import Chain
from pipeline.contents import ReleasedClip
from pipeline.feature_tables import TABLE as FEATURES
from pipeline.folding import FoldedClip
from pipeline.imported import ImportedClip
from pipeline.instructions import instruct
from pipeline.split import split_of
from pipeline.tables import TableWriter
from schemas.features import FeatureSet
from schemas.instruction import InstructionSample
from schemas.record import ClipRecord, ReleasedCoarse, ReleasedFine
from schemas.release import Outcome
from schemas.review import SampleReview
from schemas.sample import CoarseSample, FineSample
from schemas.units import Row

TABLES: Final[dict[str, type[Row]]] = {
    "coarse": ReleasedCoarse,
    "fine": ReleasedFine,
    "instructions": InstructionSample,
    "evidence": ClipRecord,
    "features": FeatureSet,
    "books": Outcome,
}
PEOPLE_TABLES: Final[dict[str, type[Row]]] = {"reviews": SampleReview}  # only where there are any


class ReleaseTables:
    """Rows of clips go to the split of their video. Features are written apart, once the splits
    of all clips are known."""

    def __init__(self, chain: Chain, folder: Path, folded: Mapping[str, FoldedClip]) -> None:
        self._chain = chain
        self._folded = folded
        pictures = chain.settings.publish.media != "reference"
        self._writers = {
            name: TableWriter(folder / name, row, pictures=pictures)
            for name, row in (TABLES | PEOPLE_TABLES).items()
            if name != FEATURES
        }
        self.splits: dict[str, str] = {}  # by clip_id

    @property
    def samples(self) -> int:
        return self._writers["coarse"].rows + self._writers["fine"].rows

    def add(self, clip: ReleasedClip) -> str:
        """Its split."""
        split = self._enter(clip.clip.clip_id, clip.clip.video_id)
        self._add("coarse", split, clip.coarse_row())
        self._add("evidence", split, clip.record(self._chain.settings.publish.media))
        self._add("fine", split, clip.fine_row())
        self._add_instructions((clip.coarse, clip.fine), clip.coarse.text, split)
        return split

    def add_imported(self, clip: ImportedClip) -> str:
        """Its split."""
        split = self._enter(clip.coarse.clip_id, clip.coarse.video_id)
        self._add("coarse", split, clip.coarse)
        self._add("evidence", split, clip.record())
        self._add("fine", split, clip.fine)
        self._add_instructions((clip.coarse, clip.fine), clip.coarse.text, split)
        return split

    def finish(self, outcomes: Iterable[Outcome]) -> None:
        for outcome in outcomes:
            self._add("books", "outcomes", outcome)  # "all" is a word of the hub's own
        for writer in self._writers.values():
            writer.finish()

    def _enter(self, clip_id: str, video_id: str) -> str:
        settings = self._chain.settings.publish
        split = split_of(settings.seed, video_id, settings.shares)
        self.splits[clip_id] = split
        for review in self._folded[clip_id].reviews if clip_id in self._folded else ():
            self._add("reviews", split, review)
        return split

    def _add(self, table: str, split: str, row: Row | None) -> None:
        if row is not None:
            self._writers[table].add(split, row)

    def _add_instructions(
        self, samples: Iterable[CoarseSample | FineSample | None], text: str | None, split: str
    ) -> None:
        seed = self._chain.settings.publish.seed
        for sample in samples:
            if sample is not None:
                for row in instruct(sample, text, self._chain.vocabulary, seed):
                    self._add("instructions", split, row)
