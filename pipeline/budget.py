"""A budget in money or tokens that is never exceeded: the worst case of a call is set aside before
it is sent, and what it took comes in its place when the answer is there."""

import asyncio
from typing import Final, Self

from pipeline.answer_rows import Most
from pipeline.prices import Price, cost_usd
from pipeline.spending import Doubtful, Spent
from schemas.chat import Usage
from schemas.errors import BudgetError, SetupError
from schemas.units import Row

_ROUNDING: Final = 1e-9  # of sums of floats, in dollars


class Amount(Row):
    """Tokens and dollars; dollars are None where the price is not known."""

    tokens: int
    usd: float | None

    @classmethod
    def of(cls, usage: Usage, price: Price | None, *, batch: bool = False) -> Self:
        tokens = (usage.prompt_tokens or 0) + (usage.output_tokens or 0)
        return cls(tokens=tokens, usd=cost_usd(usage, price, batch=batch))


class Budget:
    """What is spent and set aside. For one event loop."""

    def __init__(self, *, usd: float | None, tokens: int | None) -> None:
        self._limits = (usd, tokens)
        self._spent_usd = self._held_usd = 0.0
        self._spent_tokens = self._held_tokens = 0
        self._in_flight = 0
        self._changed = asyncio.Condition()

    def count(self, spent: list[Spent], in_doubt: list[Doubtful]) -> None:
        """What an earlier run spent. SetupError where a budget in money cannot be kept."""
        for row in spent:
            self._add_past(row.model, row.usage, row.cost_usd)
        for lost in in_doubt:
            self._add_past(lost.model, lost.most, lost.most_usd)

    async def hold(self, model: str, worst: Amount) -> None:
        """Set the worst case aside; wait for calls in flight where they may make room. BudgetError
        when there is no room and nothing to wait for."""
        if self._limits[0] is not None and worst.usd is None:
            raise unknown_price(model)
        async with self._changed:
            while not self._has_room(worst):
                if not self._in_flight:
                    raise BudgetError(self._told(worst))
                await self._changed.wait()
            self._in_flight += 1
            self._held_tokens += worst.tokens
            self._held_usd += worst.usd or 0.0

    async def settle(self, worst: Amount, took: Amount | None) -> None:
        """The call ended and took this much; None: nothing."""
        async with self._changed:
            self._in_flight -= 1
            self._held_tokens -= worst.tokens
            self._held_usd -= worst.usd or 0.0
            if took:
                self._spent_tokens += took.tokens
                self._spent_usd += took.usd or 0.0
            self._changed.notify_all()

    def _add_past(self, model: str, usage: Usage, usd: float | None) -> None:
        if self._limits[0] is not None and usd is None:
            raise unknown_price(model)
        self._spent_usd += usd or 0.0
        self._spent_tokens += (usage.prompt_tokens or 0) + (usage.output_tokens or 0)

    def _has_room(self, worst: Amount) -> bool:
        usd, tokens = self._limits
        would_usd = self._spent_usd + self._held_usd + (worst.usd or 0.0)
        would_tokens = self._spent_tokens + self._held_tokens + worst.tokens
        return (usd is None or would_usd <= usd + _ROUNDING) and (
            tokens is None or would_tokens <= tokens
        )

    def _told(self, worst: Amount) -> str:
        usd, tokens = self._limits
        if usd is not None and self._spent_usd + (worst.usd or 0.0) > usd:
            spent, next_one = f"{self._spent_usd:.4f} USD", f"{worst.usd or 0.0:.4f} USD"
            return _no_room("budget_usd", f"{usd:g} USD", spent, next_one)
        spent, next_one = f"{self._spent_tokens} tokens", f"{worst.tokens} tokens"
        return _no_room("budget_tokens", f"{tokens} tokens", spent, next_one)


def _no_room(setting: str, limit: str, spent: str, next_one: str) -> str:
    return (
        f"run.chat.{setting} is {limit}: {spent} spent, the next call may take {next_one}; nothing "
        "more was sent, all answers are stored: raise the budget and run the same command again"
    )


def unknown_price(model: str) -> SetupError:
    return SetupError(
        f"run.chat.budget_usd cannot be kept: what {model} costs is not known; give it a price in "
        "a table named by run.chat.prices, or use run.chat.budget_tokens"
    )


def as_usage(most: Most) -> Usage:
    return Usage(
        prompt_tokens=most.prompt_tokens,
        output_tokens=most.output_tokens,
        audio_tokens=most.audio_tokens,
        sound_s=most.sound_s,
    )
