"""What the tests of chat share: an asker over a store on disk, and requests."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from annotators.models.chat import open_endpoint
from pipeline.answer_store import open_engine
from pipeline.answers import AnswerStore, this_process
from pipeline.asking import Asker
from pipeline.chat_settings import ChatSettings
from pipeline.prices import Prices, load_prices
from schemas.chat import ChatRequest

KEY = "sk-very-secret-0123456789"
FAST = {"first_wait_s": 0.01, "timeout_s": 5.0, "outage_s": 2.0}


def store_in(folder: Path, *, holder: str | None = None) -> AnswerStore:
    engine = open_engine(None, default=folder / "answers.sqlite")
    return AnswerStore(engine, holder=holder or this_process())


@asynccontextmanager
async def asker(
    folder: Path,
    *,
    key: str | None = KEY,
    prices: Prices | None = None,
    connected: bool = True,
    **settings: Any,
) -> AsyncIterator[Asker]:
    given = ChatSettings(**FAST | settings)
    secret = SecretStr(key) if key else None
    connect = partial(open_endpoint, key=secret, timeout_s=given.timeout_s)
    store = store_in(folder)
    made = Asker(store, connect if connected else None, given, prices or load_prices(None))
    await made.start()
    try:
        yield made
    finally:
        await made.aclose()
        store.close()


def request(url: str, text: str = "hello", **fields: Any) -> ChatRequest:
    messages = [{"role": "user", "content": text}]
    made = {
        "endpoint": url,
        "model": "gpt-4o",
        "messages_json": json.dumps(messages),
        "answer_name": "answer",
    }
    return ChatRequest(**made | fields)
