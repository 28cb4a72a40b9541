"""The calls to chat models in words, for a terminal."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pipeline.chat_settings import ChatSettings
from pipeline.layout import WorkFolder
from pipeline.sources import shown

if TYPE_CHECKING:  # they load a database library
    from pipeline.answer_rows import Note
    from pipeline.chat_books import ChatBooks
    from pipeline.spending import Doubtful, Spent

_MOST_SHOWN: Final = 12
_NOT_KNOWN: Final = "not known"


def calls_of(work: WorkFolder, settings: ChatSettings) -> "ChatBooks | None":
    """None: nobody was ever asked. Makes no answer store where there is none."""
    store = settings.store or str(work.answers)
    if "://" not in store and not Path(store).exists():
        return None
    from pipeline.chat_books import keep_chat_books

    return keep_chat_books(settings, default_store=work.answers)


def calls_text(books: "ChatBooks") -> str:
    """Tokens and cost per stage and model, then what is under way or in doubt."""
    lines = [*_spent(books), *_open(books), *map(_doubt, books.doubtful)]
    return "\n".join(map(shown, lines))  # names of models are foreign: none may steer a terminal


def _spent(books: "ChatBooks") -> Iterator[str]:
    if not books.spent:
        return
    yield f"{'stage':<10}{'calls':>8}{'tokens in':>12}{'out':>10}{'USD':>12}   model"
    for row in books.spent:
        yield (
            f"{row.stage:<10}{row.calls:>8}{_count(row.usage.prompt_tokens):>12}"
            f"{_count(row.usage.output_tokens):>10}{_usd(row.cost_usd):>12}   {_model(row)}"
        )
    known = sum(row.cost_usd for row in books.spent if row.cost_usd is not None)
    some = "" if books.cost_usd is not None else ", without what is not known"
    yield f"together {_usd(known)} USD by the prices of {books.prices_of}{some}"


def _model(row: "Spent") -> str:
    batch = ", in batches" if row.tariff == "batch" else ""
    sound = f", {row.usage.sound_s / 60:.1f} min of sound" if row.usage.sound_s else ""
    untold = f", {row.untold} calls of unknown size" if row.untold else ""
    return f"{row.model} at {row.endpoint}{batch}{sound}{untold}"


def _open(books: "ChatBooks") -> Iterator[str]:
    yield from _notes(books.in_flight, "in flight")
    yield from _notes(books.cut_off, "in flight when their build was killed, may have been paid")
    for batch in books.batches:
        yield (
            f"{batch.requests} requests wait in batch {batch.batch_id} at {batch.endpoint} since "
            f"{batch.submitted_at}: a later `merr build` collects them"
        )


def _notes(notes: "tuple[Note, ...]", what: str) -> Iterator[str]:
    if notes:
        yield f"{len(notes)} call{'' if len(notes) == 1 else 's'} {what}:"
    for note in notes[:_MOST_SHOWN]:
        yield f"  {note.request_id[:12]} {note.stage} {note.model} sent {note.noted_at}"
    if len(notes) > _MOST_SHOWN:
        yield f"  and {len(notes) - _MOST_SHOWN} more: `merr status --json` lists all"


def _doubt(row: "Doubtful") -> str:
    return (
        f"{row.stage}: {row.calls} call{'' if row.calls == 1 else 's'} to {row.model} without an "
        f"answer, at most {_usd(row.most_usd)} USD"
    )


def _usd(cost: float | None) -> str:
    return _NOT_KNOWN if cost is None else f"{cost:.4f}"


def _count(tokens: int | None) -> str:
    return _NOT_KNOWN if tokens is None else str(tokens)
