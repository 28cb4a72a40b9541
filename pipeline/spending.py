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
    """Calls of one stage to one model. Tokens are sums over the calls that told their number."""

    stage: str
    endpoint: str
    model: str
    tariff: str  # online or batch
    calls: int
    untold: int = 0  # calls whose endpoint did not tell their tokens
    usage: Usage
    cost_usd: float | None  # None: the price or some number of tokens is not known


class Doubtful(Row):
    """Calls that were sent and may have been billed, though no answer came in (yet)."""

    stage: str
    endpoint: str
    model: str
    tariff: str
    calls: int
    most: Usage  # the most tokens they can have taken, together
    most_usd: float | None


def spent(store: AnswerStore, prices: Prices) -> list[Spent]:
    """Every answer in the store, summed up."""
    columns = (answers.c.stage, answers.c.endpoint, answers.c.model, answers.c.tariff)
    untold = (answers.c.prompt_tokens.is_(None)) | (answers.c.output_tokens.is_(None))
    tokens = [func.sum(answers.c[name]).label(name) for name in Usage.model_fields]
    query = select(
        *columns, func.count().label("calls"), func.sum(case((untold, 1), else_=0)), *tokens
    )
    with named_errors(store.engine), store.engine.connect() as db:
        rows = db.execute(query.group_by(*columns).order_by(*columns)).all()
    return [
        _spent(row[:4], calls=row[4], untold=int(row[5]), tokens=row[6:], prices=prices)
        for row in rows
    ]


def _spent(
    names: tuple[str, ...], *, calls: int, untold: int, tokens: tuple[int, ...], prices: Prices
) -> Spent:
    stage, endpoint, model, tariff = names
    sums = (None if n is None else int(n) for n in tokens)
    usage = Usage(**dict(zip(Usage.model_fields, sums, strict=True)))
    cost = cost_usd(usage, prices.of(model), batch=tariff == "batch")
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
    times = notes.c.lost + case((notes.c.state.in_(("sent", "batch")), 1), else_=0)
    most = [
        func.sum(times * notes.c[f"most_{kind}_tokens"]) for kind in ("prompt", "output", "audio")
    ]
    query = select(*columns, func.sum(times), *most).where(times > 0)
    with named_errors(store.engine), store.engine.connect() as db:
        rows = db.execute(query.group_by(*columns).order_by(*columns)).all()
    return list(_doubtful(rows, prices))


def _doubtful(rows: Iterable[Any], prices: Prices) -> Iterator[Doubtful]:
    for stage, endpoint, model, state, calls, prompt, output, audio in rows:
        most = Usage(prompt_tokens=prompt, output_tokens=output, audio_tokens=audio)
        tariff = "batch" if state == "batch" else "online"
        yield Doubtful(
            stage=stage,
            endpoint=endpoint,
            model=model,
            tariff=tariff,
            calls=calls,
            most=most,
            most_usd=cost_usd(most, prices.of(model), batch=tariff == "batch"),
        )
