"""How chat models are asked: limits, budget, where answers are kept. Changes no row."""

from pydantic import Field

from schemas.units import Row


class ChatSettings(Row):
    requests_per_minute: int | None = Field(
        default=None, ge=1, description="Most requests a minute, per endpoint. Not set: no limit."
    )
    tokens_per_minute: int | None = Field(
        default=None,
        ge=1,
        description="Most tokens a minute, per endpoint: what a request asks and may answer.",
    )
    concurrency: int = Field(
        default=8, ge=1, le=1000, description="Calls in flight at once, per endpoint."
    )
    timeout_s: float = Field(
        default=120.0, gt=0, description="Longest wait for one answer, in seconds."
    )
    retries: int = Field(
        default=6, ge=0, description="How often a call that failed in passing is made again."
    )
    first_wait_s: float = Field(
        default=1.0, gt=0, description="Wait before the first of these; doubles, up to 60 s."
    )
    outage_s: float = Field(
        default=600.0,
        ge=0,
        description="How long an endpoint may be down before the build stops, in seconds.",
    )
    budget_usd: float | None = Field(
        default=None,
        ge=0,
        description="Most US dollars that all calls in the answer store may cost together.",
    )
    budget_tokens: int | None = Field(
        default=None,
        ge=0,
        description="Most tokens that all calls in the answer store may take together.",
    )
    store: str | None = Field(
        default=None,
        description="The answer store: a file, or postgresql://HOST/NAME for many machines. Not "
        "set: answers.sqlite in the work folder.",
    )
    replay: bool = Field(
        default=False, description="Ask nobody: every answer must be in the store already."
    )
    batch: bool = Field(
        default=False,
        description="Send requests as OpenAI Batch files: half the price, answers within a day; a "
        "later build collects them.",
    )
    prices: str | None = Field(
        default=None, description="A table of prices of your own (TOML). Not set: merr's own."
    )
    served_as: tuple[str, ...] = Field(
        default=(),
        description="Other names under which endpoints may serve the models asked for.",
    )
