"""What chat models were asked, for `merr status`: tokens and money, calls and batches under way."""

from pathlib import Path

from pipeline.answer_batches import BatchNotes
from pipeline.answer_rows import Note, OpenBatch
from pipeline.answers import is_gone
from pipeline.chat_opening import open_store
from pipeline.chat_settings import ChatSettings
from pipeline.prices import load_prices
from pipeline.spending import Doubtful, Spent, doubtful, spent
from schemas.units import Row


class ChatBooks(Row):
    """Of one answer store."""

    prices_of: str  # date of the price table
    spent: tuple[Spent, ...]
    doubtful: tuple[Doubtful, ...]
    in_flight: tuple[Note, ...]  # of builds that run now
    cut_off: tuple[Note, ...]  # in flight when their process was killed
    batches: tuple[OpenBatch, ...]

    @property
    def cost_usd(self) -> float | None:
        """None where a part of it is not known."""
        costs = [row.cost_usd for row in self.spent]
        return None if None in costs else sum(cost for cost in costs if cost is not None)


def keep_chat_books(settings: ChatSettings, *, default_store: Path) -> ChatBooks:
    """Of the store that the settings name."""
    prices = load_prices(Path(settings.prices) if settings.prices else None)
    store = open_store(settings, default=default_store)
    try:
        notes = store.in_flight()
        return ChatBooks(
            prices_of=prices.date,
            spent=tuple(spent(store, prices)),
            doubtful=tuple(doubtful(store, prices)),
            in_flight=tuple(note for note in notes if not is_gone(note.holder)),
            cut_off=tuple(note for note in notes if is_gone(note.holder)),
            batches=tuple(BatchNotes(store).open_batches()),
        )
    finally:
        store.close()
