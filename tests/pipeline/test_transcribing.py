"""A service hears words: asked over real sockets, through the answer store, within the limits."""

import asyncio
import shutil
import sqlite3
import time
from contextlib import contextmanager

import numpy as np
import pytest
from pydantic import SecretStr

from annotators.base import Sound
from annotators.whisper_settings import EndpointSettings
from pipeline.build import Build
from pipeline.chat_books import keep_chat_books
from pipeline.chat_opening import open_asking
from pipeline.chat_settings import ChatSettings
from pipeline.layout import WorkFolder
from pipeline.pool import WorkerPool
from pipeline.prices import load_prices
from pipeline.recording import wav_bytes
from pipeline.settings import Settings
from pipeline.spending import spent
from pipeline.stages import BY_NAME
from pipeline.talk import Talk
from pipeline.tally import Tally
from pipeline.transcribing import words_of
from schemas.errors import (
    BudgetError,
    EndpointDownError,
    MissingAnswerError,
    SetupError,
    TransientError,
)
from tests.chat.stand_in import Answer, StandIn, Status
from tests.chat.talk import FAST, asker, store_in
from tests.conftest import DEMO
from tests.pipeline.workshop import Workshop

KEY = "sk-very-secret-0123456789"
VERBOSE = {
    "task": "transcribe",
    "language": "german",
    "text": "Guten Tag.",
    "segments": [{"start": 0.1, "end": 0.9, "text": " Guten Tag.", "avg_logprob": -0.2}],
    "words": [
        {"word": "Guten", "start": 0.1, "end": 0.5},
        {"word": "Tag", "start": 0.5, "end": 0.9},
    ],
    "usage": {"type": "tokens", "input_tokens": 14, "output_tokens": 5},
}
NO_VERBOSE = Status(400, "response_format 'verbose_json' is not compatible with model 'm'")


def sound(number=0, seconds=1.0):
    samples = np.sin(np.arange(int(seconds * 16000)) / (20 + number)).astype(np.float32)
    return wav_bytes(Sound(samples), start_s=0.0, end_s=seconds)


@pytest.fixture
def server():
    with StandIn(transcript=VERBOSE, key=KEY) as server:
        yield server


@pytest.fixture
def heard(server, tmp_path):
    """What one build hears in some sounds, or the error of each."""

    def ask(*sounds, key=KEY, model="m", connected=True, asked=None, **settings):
        chosen = EndpointSettings(url=server.url, model=model, **(asked or {}))

        async def all_of_them():
            async with asker(tmp_path, key=key, connected=connected, **settings) as made:
                works = [words_of(wav, chosen, made.of_ear("speech")) for wav in sounds]
                return await asyncio.gather(*works, return_exceptions=True)

        return asyncio.run(all_of_them())

    return ask


def form_of(call):
    for form in (b"verbose_json", b"json", b"text"):
        if b'name="response_format"\r\n\r\n' + form + b"\r\n" in call.raw:
            return form.decode()
    raise AssertionError(call.raw[-600:])


def notes(tmp_path):
    with sqlite3.connect(tmp_path / "answers.sqlite") as db:
        return db.execute("select state, lost from notes").fetchall()


def test_words_come_with_times_and_language(heard, server):
    [words] = heard(sound(), asked={"language": "de", "prompt": "Herr Meier"})
    (segment,) = words.segments
    assert (segment.text, segment.times, words.language) == (" Guten Tag.", (0.1, 0.9), "de")
    assert [word.text for word in segment.words] == ["Guten", "Tag"]
    (call,) = server.calls
    assert form_of(call) == "verbose_json"
    for said in (b"Herr Meier", b"RIFF", b'filename="speech.wav"', b"timestamp_granularities"):
        assert said in call.raw
    assert sound() in call.raw


def test_an_answer_is_paid_once(heard, server):
    first = heard(sound())
    assert heard(sound(), sound()) == [*first, *first]
    assert len(server.calls) == 1
    heard(sound(1))
    heard(sound(), asked={"language": "fr"})
    assert len(server.calls) == 3


def test_a_replay_asks_nobody(heard, server):
    first = heard(sound())
    again, missing = heard(sound(), sound(1), replay=True)
    assert [again] == first
    assert type(missing) is MissingAnswerError
    assert len(server.calls) == 1


def test_a_model_without_times_is_asked_for_less_and_never_again_for_more(heard, server):
    server.transcript = {"text": "Guten Tag."}
    server.script = lambda call: NO_VERBOSE if form_of(call) == "verbose_json" else Answer()
    [words] = heard(sound())
    (segment,) = words.segments
    assert (segment.text, segment.times, segment.words) == ("Guten Tag.", None, None)
    heard(sound(1))
    assert [form_of(call) for call in server.calls] == ["verbose_json", "json", "json"]
    assert heard(sound(), replay=True) == [words]


def test_a_model_that_writes_no_format_stops_the_run(heard, server):
    server.script = lambda call: NO_VERBOSE
    [told] = heard(sound())
    assert type(told) is SetupError
    assert "writes none of verbose_json, json, text" in str(told)


@pytest.mark.parametrize("body", [{"detail": "starting"}, {"text": None}])
def test_what_is_no_transcription_is_not_stored(body, heard, server, tmp_path):
    server.transcript = body
    [told] = heard(sound(), retries=0)
    assert type(told) is TransientError
    assert notes(tmp_path) == [("closed", 1)]
    server.transcript = VERBOSE
    [words] = heard(sound())
    assert words.segments


def test_no_words_are_an_answer_and_are_paid_once(heard, server):
    server.transcript = {"text": "", "segments": []}
    assert [words.segments for words in heard(sound()) + heard(sound())] == [(), ()]
    assert len(server.calls) == 1


def test_a_rejected_key_stops_the_run_and_is_never_told(heard, server, tmp_path):
    wrong = "sk-wrong-9876543210"
    [told] = heard(sound(), key=wrong)
    assert type(told) is SetupError
    assert "rejects the key" in str(told)
    assert wrong not in str(told)
    heard(sound())
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert wrong.encode() not in stored
    assert KEY.encode() not in stored


# ---- limits, budget, cost


def test_no_more_calls_are_in_flight_than_allowed(heard, server):
    server.latency_s = 0.05
    assert all(words.segments for words in heard(*map(sound, range(8)), concurrency=2))
    assert server.most_at_once == 2


def test_calls_start_evenly_spread(heard):
    start = time.monotonic()
    heard(*map(sound, range(4)), requests_per_minute=600)
    assert time.monotonic() - start >= 3 * 0.1


def test_a_service_that_asks_to_wait_is_waited_for(heard, server):
    slow = Status(429, headers={"retry-after": "0.3"})
    server.script = lambda call: slow if call.number == 0 else Answer()
    start = time.monotonic()
    [words] = heard(sound(), retries=1)
    assert words.segments
    assert time.monotonic() - start >= 0.3


def test_a_service_that_stays_down_stops_the_run(heard, server):
    server.script = lambda call: Status(503)
    told = heard(*map(sound, range(6)), outage_s=0.2, retries=50)
    assert {type(t) for t in told} == {EndpointDownError}
    server.script = lambda call: Answer()
    assert all(words.segments for words in heard(*map(sound, range(6))))


def test_a_budget_in_money_holds_by_the_minute_of_sound(heard, server, tmp_path):
    sounds = [sound(number, seconds=2.5) for number in range(6)]
    told = heard(*sounds, model="whisper-1", concurrency=1, budget_usd=3 * 3 / 60 * 0.006)
    assert [type(t) for t in told].count(BudgetError) == 3
    assert len(server.calls) == 3
    [row] = spent(store_in(tmp_path), load_prices(None))
    assert (row.stage, row.calls, row.untold) == ("speech", 3, 0)
    assert row.usage.sound_s == pytest.approx(7.5)
    assert row.cost_usd == pytest.approx(7.5 / 60 * 0.006)


def test_a_budget_in_money_refuses_a_service_of_unknown_price(heard, server):
    [told] = heard(sound(), model="of-our-own", budget_usd=5.0)
    assert type(told) is SetupError
    assert "what of-our-own costs is not known" in str(told)
    assert not server.calls


def test_seconds_that_the_service_billed_count_before_those_sent(heard, server, tmp_path):
    server.transcript = {**VERBOSE, "usage": {"type": "duration", "seconds": 3}}
    heard(sound(seconds=2.5), model="whisper-1")
    [row] = spent(store_in(tmp_path), load_prices(None))
    assert row.usage.sound_s == 3


def test_a_model_billed_by_tokens_costs_what_it_counted(heard, server, tmp_path):
    heard(sound(), model="gpt-4o-transcribe")
    [row] = spent(store_in(tmp_path), load_prices(None))
    assert row.cost_usd == pytest.approx((14 * 2.5 + 5 * 10) / 1e6)


def test_sound_goes_in_no_batch(heard, server):
    [words] = heard(sound(), batch=True)
    assert words.segments
    assert not server.batches.batches


# ---- in a build


@pytest.fixture
def house(server, tmp_path):
    """One clip with a voice and no words, which the service is asked about, and one with words."""
    sources = tmp_path / "sources"
    sources.mkdir()
    for name in ("goodbye.mp4", "smile.mp4", "smile.srt"):
        shutil.copy(DEMO / name, sources)
    speech = {"engine": "endpoint", "endpoint": {"url": server.url, "model": "whisper-1"}}
    settings = Settings.model_validate({"speech": speech, "run": {"chat": FAST | {"retries": 0}}})
    return Workshop(sources, WorkFolder(tmp_path / "work"), settings)


@contextmanager
def building(house, pool, **chat):
    chain = house.open()
    settings = ChatSettings.model_validate({**chain.settings.run.chat.model_dump(), **chat})
    keys = {chain.settings.speech.endpoint.url: SecretStr(KEY)}
    with open_asking(settings, default_store=house.work.answers, keys=keys) as asking:
        talk = Talk(asking, chain.settings)
        yield chain, Build(chain, pool, Tally(lambda *_: None), lambda line: None, talk=talk)


def measure(house, pool, **chat):
    with building(house, pool, **chat) as (chain, build):
        for batch in chain.batches():
            for shard in build.take_in(batch):
                build.measure(shard)
    (shard,) = chain.shards()
    return chain, shard


def test_a_build_asks_for_clips_without_words_and_no_key_is_left_anywhere(house, server, tmp_path):
    log = tmp_path / "work" / "log"
    with WorkerPool(2, log=log, memory_gb=3) as pool:
        chain, shard = measure(house, pool)
        rows = chain.rows("speech", shard).values()
        sources = {row.transcript.source: row for row in rows if row.transcript}
        assert set(sources) == {"endpoint", "subtitles"}
        heard = sources["endpoint"]
        assert heard.made_by.engine == "endpoint"
        assert heard.made_by.model.endswith(f"whisper-1 {server.url}")
        tone = chain.rows("tone", shard)[heard.clip_id]
        assert tone.measures.words_per_s == round(2 / tone.measures.speech_s, 2)
        assert len(server.calls) == 1
        measure(house, pool)
        assert len(server.calls) == 1
    for path in (tmp_path / "work").rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes(), path
    books = keep_chat_books(ChatSettings(), default_store=house.work.answers)
    [row] = books.spent
    assert (row.stage, row.calls) == ("speech", 1)
    assert books.cost_usd > 0


def test_a_spent_budget_stops_the_run_and_what_was_measured_stays(house, server, tmp_path):
    with WorkerPool(2, log=tmp_path / "log", memory_gb=3) as pool:
        with pytest.raises(BudgetError):
            measure(house, pool, budget_usd=0.00001)
        chain = house.open()
        (shard,) = chain.shards()
        assert [len(chain.rows(name, shard)) for name in ("face", "look", "recording")] == [2] * 3
        assert not chain.path(BY_NAME["speech"], shard).exists()
        assert not server.calls
        chain, shard = measure(house, pool)
    assert [len(chain.rows(name, shard)) for name in ("speech", "tone")] == [2, 2]


@pytest.mark.slow
def test_a_failed_call_costs_the_words_alone_and_the_next_build_mends_it(house, server, tmp_path):
    server.script = lambda call: Status(503)
    with WorkerPool(2, log=tmp_path / "log", memory_gb=3) as pool:
        chain, shard = measure(house, pool)
        (failure,) = chain.part(BY_NAME["speech"], shard).failures
        assert (failure.error, failure.retryable) == ("TransientError", True)
        assert len(chain.rows("look", shard)) == 2
        assert len(chain.rows("tone", shard)) == 1
        server.script = lambda call: Answer()
        chain, shard = measure(house, pool)
    assert [len(chain.rows(name, shard)) for name in ("speech", "tone")] == [2, 2]


def test_an_endpoint_needs_a_url_and_a_model():
    with pytest.raises(ValueError, match=r"speech\.endpoint\.url"):
        Settings.model_validate({"speech": {"engine": "endpoint"}})
