"""The books of features: by slot what entered and what became of it. Sums are equal."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipeline.chain import Chain
from pipeline.feature_lots import FeatureChain, Lot, concerns, fallen_part
from pipeline.feature_sources import FeatureLedger, FeatureSource
from pipeline.parts import read_ids
from schemas.failure import Failure
from schemas.features import Slot


@dataclass
class SlotBooks:
    """entered == done + rejected + failed + pending, always."""

    slot: Slot
    encoder: str
    entered: int = 0
    done: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    without_media: int = 0  # imported clips, which no encoder can see; they do not enter

    @property
    def pending(self) -> int:
        return self.entered - self.done - self.rejected.total() - self.failed.total()

    def as_json(self) -> dict[str, Any]:
        counts = {name: dict(sorted(getattr(self, name).items())) for name in _COUNTED}
        return vars(self) | counts | {"pending": self.pending}


_COUNTED = ("rejected", "failed")


def keep_feature_books(features: FeatureChain, sources: Sequence[FeatureSource]) -> list[SlotBooks]:
    books = [SlotBooks(source.slot, source.encoder) for source in sources]
    for lot in features.lots() if sources else ():
        for source, slot in zip(sources, books, strict=True):
            _add(slot, features, lot, source)
    return books


def _add(books: SlotBooks, features: FeatureChain, lot: Lot, source: FeatureSource) -> None:
    if not concerns(lot, source):
        books.without_media += len(lot.clip_ids)
        return
    books.entered += len(lot.clip_ids)
    if features.lacks_grid(lot, source):
        return
    path = features.path(lot, source)
    if not path.exists():
        return
    entering = set(lot.clip_ids)  # a part may still tell of clips that left since
    books.done += len(read_ids(path) & entering)
    fallen = fallen_part(path)
    books.rejected.update(r.rule for r in fallen.rejections if r.id in entering)
    books.failed.update(f.error for f in fallen.failures if f.id in entering)


def pending_features(chain: Chain) -> str:
    """In words, by slot; empty where no clip waits."""
    sources = FeatureLedger.load(chain.work).sources
    books = keep_feature_books(FeatureChain(chain), sources)
    return ", ".join(f"{slot.pending} clips ({slot.slot})" for slot in books if slot.pending > 0)


def feature_failures(features: FeatureChain, sources: Sequence[FeatureSource]) -> Iterator[Failure]:
    """Every failure that stands."""
    for lot in features.lots() if sources else ():
        for source in sources:
            path = features.path(lot, source)
            if path.exists():
                yield from (f for f in fallen_part(path).failures if f.id in lot.clip_ids)
