"""What the calls in an answer store took: tokens and money, per stage and model."""

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import case, func, select

from pipeline.answer_store import named_errors
from pipeline.answer_tables import answers, notes
from pipeline.answers import AnswerStore
from pipeline.prices import Prices, cost_usd
from schemas.chat import Usage
from schemas.units import Row


class Spent(Row):
    """Calls of one stage to one model. Tokens and sound are sums over the calls that told them."""

    stage: str
    endpoint: str
    model: str
    tariff: str  # online or batch
    calls: int
    untold: int = 0  # calls of which is not known how much they took of what is billed
    usage: Usage
    cost_usd: float | None  # None: the price, or how much some call took, is not known


class Doubtful(Row):
    """Calls that were sent and may have been billed, though no answer came in (yet)."""

    stage: str
    endpoint: str
    model: str
    tariff: str
    calls: int
    most: Usage  # the most they can have taken, together
    most_usd: float | None


def spent(store: AnswerStore, prices: Prices) -> list[Spent]:
    """Every answer in the store, summed up."""
    columns = (answers.c.stage, answers.c.endpoint, answers.c.model, answers.c.tariff)
    no_tokens = (answers.c.prompt_tokens.is_(None)) | (answers.c.output_tokens.is_(None))
    no_sound = answers.c.sound_s.is_(None)
    counts = [func.sum(case((which, 1), else_=0)) for which in (no_tokens, no_sound)]
    sums = [func.sum(answers.c[name]).label(name) for name in Usage.model_fields]
    query = select(*columns, func.count(), *counts, *sums)
    with named_errors(store.engine), store.engine.connect() as db:
        rows = db.execute(query.group_by(*columns).order_by(*columns)).all()
    return [_spent(tuple(row), prices) for row in rows]


def _spent(row: tuple[Any, ...], prices: Prices) -> Spent:
    stage, endpoint, model, tariff, calls, no_tokens, no_sound, *sums = row
    # PostgreSQL sums integers to decimals.
    told = zip(Usage.model_fields, sums, strict=True)
    usage = Usage(**{name: value if value is None else float(value) for name, value in told})
    price = prices.of(model)
    cost = cost_usd(usage, price, batch=tariff == "batch")
    by_sound = price is not None and price.per_minute is not None
    untold = int(no_sound if by_sound else no_tokens)
    return Spent(
        stage=stage,
        endpoint=endpoint,
        model=model,
        tariff=tariff,
        calls=calls,
        untold=untold,
        usage=usage,
        cost_usd=None if untold else cost,
    )


def doubtful(store: AnswerStore, prices: Prices) -> list[Doubtful]:
    """Calls in flight, in batches not collected, and lost ones."""
    columns = (notes.c.stage, notes.c.endpoint, notes.c.model, notes.c.state)
    times = notes.c.lost + case((notes.c.state.in_(("sent", "submitting", "batch")), 1), else_=0)
    kinds = ("prompt_tokens", "output_tokens", "audio_tokens", "sound_s")
    most = [func.sum(times * notes.c[f"most_{kind}"]) for kind in kinds]
    query = select(*columns, func.sum(times), *most).where(times > 0)
    with named_errors(store.engine), store.engine.connect() as db:
        rows = db.execute(query.group_by(*columns).order_by(*columns)).all()
    return list(_doubtful(rows, prices))


def _doubtful(rows: Iterable[Any], prices: Prices) -> Iterator[Doubtful]:
    for stage, endpoint, model, state, calls, prompt, output, audio, sound_s in rows:
        most = Usage(
            prompt_tokens=prompt, output_tokens=output, audio_tokens=audio, sound_s=sound_s
        )
        tariff = "batch" if state in ("submitting", "batch") else "online"
        yield Doubtful(
            stage=stage,
            endpoint=endpoint,
            model=model,
            tariff=tariff,
            calls=calls,
            most=most,
            most_usd=cost_usd(most, prices.of(model), batch=tariff == "batch"),
        )
