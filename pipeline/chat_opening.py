"""Puts an asker together: store, prices, endpoints."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr

from pipeline.answer_store import open_engine
from pipeline.answers import AnswerStore, this_process
from pipeline.asking import Asker, Endpoint
from pipeline.asking_thread import AskingThread
from pipeline.batch_calls import BatchCalls, Batches
from pipeline.chat_settings import ChatSettings
from pipeline.prices import load_prices

Keys = Mapping[str, SecretStr | None]


def open_store(settings: ChatSettings, *, default: Path) -> AnswerStore:
    engine = open_engine(settings.store, default=default)
    return AnswerStore(engine, holder=this_process())


def open_asking(settings: ChatSettings, *, default_store: Path, keys: Keys) -> AskingThread:
    """`keys` holds the endpoints that may be asked, with their keys; None: it wants none. Of other
    endpoints only stored answers are used. SetupError when the store cannot be used."""
    store = open_store(settings, default=default_store)
    prices = load_prices(Path(settings.prices) if settings.prices else None)

    def connect(url: str) -> Endpoint | None:
        from annotators.models.chat import open_endpoint

        if url not in keys:
            return None
        return open_endpoint(url, key=keys[url], timeout_s=settings.timeout_s)

    def connect_batches(url: str) -> Batches:
        from annotators.models.chat import open_endpoint
        from annotators.models.chat_batches import ChatBatches

        endpoint = open_endpoint(url, key=keys.get(url), timeout_s=settings.timeout_s)
        return ChatBatches(endpoint)

    def make() -> Asker:
        batches = BatchCalls(store, connect_batches)
        return Asker(store, connect, settings, prices, batches=batches)

    return AskingThread(make)
