"""An endpoint hears words: asked over real sockets, through the answer store."""

import json
import shutil
import sqlite3

import numpy as np
import pytest

from annotators.base import AUDIO_HZ
from annotators.whisper_settings import EndpointRun, EndpointSettings
from flows.building import key_of_speech
from pipeline.build import Build
from pipeline.layout import WorkFolder
from pipeline.pool import WorkerPool
from pipeline.settings import Settings
from pipeline.tally import Tally
from pipeline.transcribing import Services, open_endpoint_ear
from schemas.errors import MissingAnswerError, SetupError, TransientError
from tests.chat.stand_in import Answer, StandIn, Status
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
SOUND = np.sin(np.arange(AUDIO_HZ) / 20).astype(np.float32)
NO_VERBOSE = Status(400, "response_format 'verbose_json' is not compatible with model 'm'")


@pytest.fixture
def server():
    with StandIn(transcript=VERBOSE, key=KEY) as server:
        yield server


@pytest.fixture
def ear(server, tmp_path):
    def load(*, key=KEY, replay=False, retries=1, **settings):
        chosen = EndpointSettings(url=server.url, model="m", **settings)
        services = Services(default=str(tmp_path / "answers.sqlite"), key=key, replay=replay)
        open_endpoint_ear.cache_clear()  # another process
        return open_endpoint_ear(chosen, EndpointRun(timeout_s=5, retries=retries), services)

    return load


def form_of(call):
    for form in (b"verbose_json", b"json", b"text"):
        if b'name="response_format"\r\n\r\n' + form + b"\r\n" in call.raw:
            return form.decode()
    raise AssertionError(call.raw[-600:])


def notes(tmp_path):
    with sqlite3.connect(tmp_path / "answers.sqlite") as db:
        return db.execute("select state, lost from notes").fetchall()


def test_words_come_with_times_language_and_model(ear, server):
    engine = ear(language="de", prompt="Herr Meier")
    heard = engine.listen(SOUND, ())
    (segment,) = heard.segments
    assert (segment.text, segment.times, heard.language) == (" Guten Tag.", (0.1, 0.9), "de")
    assert [word.text for word in segment.words] == ["Guten", "Tag"]
    assert engine.model == f"m {server.url}"
    (call,) = server.calls
    assert form_of(call) == "verbose_json"
    for said in (b"Herr Meier", b"RIFF", b'filename="speech.wav"', b"timestamp_granularities"):
        assert said in call.raw


def test_an_answer_is_paid_once_by_all_processes(ear, server):
    first = ear().listen(SOUND, ())
    assert ear().listen(SOUND, ()) == first
    assert len(server.calls) == 1
    ear().listen(SOUND * 0.5, ())
    ear(language="fr").listen(SOUND, ())
    assert len(server.calls) == 3


def test_a_replay_asks_nobody(ear, server):
    first = ear().listen(SOUND, ())
    assert ear(replay=True).listen(SOUND, ()) == first
    with pytest.raises(MissingAnswerError, match="no transcription of this sound"):
        ear(replay=True).listen(SOUND * 0.5, ())
    assert len(server.calls) == 1


def test_a_model_without_times_is_asked_for_less_and_not_again_for_more(ear, server):
    server.transcript = {"text": "Guten Tag."}
    server.script = lambda call: NO_VERBOSE if form_of(call) == "verbose_json" else Answer()
    engine = ear()
    (segment,) = engine.listen(SOUND, ()).segments
    assert (segment.text, segment.times, segment.words) == ("Guten Tag.", None, None)
    engine.listen(SOUND * 0.5, ())
    assert [form_of(call) for call in server.calls] == ["verbose_json", "json", "json"]
    ear(replay=True).listen(SOUND, ())


def test_a_model_that_writes_no_format_stops_the_run(ear, server):
    server.script = lambda call: NO_VERBOSE
    with pytest.raises(SetupError, match="writes none of verbose_json, json, text"):
        ear().listen(SOUND, ())


def test_a_failure_that_passes_is_tried_again_and_then_left_for_the_next_build(
    ear, server, tmp_path
):
    server.script = lambda call: Status(500) if call.number == 0 else Answer()
    assert ear().listen(SOUND, ()).segments
    server.script = lambda call: Status(503, headers={"retry-after": "0"})
    with pytest.raises(TransientError, match="HTTP 503"):
        ear().listen(SOUND * 0.5, ())
    assert {state for state, _ in notes(tmp_path)} == {"closed"}
    server.script = lambda call: Answer()
    assert ear().listen(SOUND * 0.5, ()).segments


@pytest.mark.parametrize("body", [{"detail": "starting"}, {"text": None}])
def test_what_is_no_transcription_is_not_stored(body, ear, server, tmp_path):
    server.transcript = body
    with pytest.raises(TransientError, match="no transcription"):
        ear().listen(SOUND, ())
    assert notes(tmp_path) == [("closed", 1)]
    server.transcript = VERBOSE
    assert ear().listen(SOUND, ()).segments


def test_a_rejected_key_stops_the_run_and_is_never_told(ear, server, tmp_path):
    wrong = "sk-wrong-9876543210"
    with pytest.raises(SetupError, match="rejects the key") as told:
        ear(key=wrong).listen(SOUND, ())
    assert wrong not in str(told.value)
    ear().listen(SOUND, ())
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert wrong.encode() not in stored
    assert KEY.encode() not in stored


# ---- in a build


@pytest.fixture
def house(server, tmp_path):
    """One clip with a voice and no words, which the endpoint is asked about, and one with words."""
    sources = tmp_path / "sources"
    sources.mkdir()
    for name in ("goodbye.mp4", "smile.mp4", "smile.srt"):
        shutil.copy(DEMO / name, sources)
    speech = {"engine": "endpoint", "endpoint": {"url": server.url, "model": "m"}}
    run = {"endpoint": {"retries": 0, "timeout_s": 5}}
    settings = Settings.model_validate({"speech": speech, "run": run})
    return Workshop(sources, WorkFolder(tmp_path / "work"), settings)


def measure(house, pool):
    from pydantic import SecretStr

    chain = house.open()
    build = Build(chain, pool, Tally(lambda *_: None), lambda line: None, key=SecretStr(KEY))
    for batch in chain.batches():
        for shard in build.take_in(batch):
            build.measure(shard)
    (shard,) = chain.shards()
    return chain, shard


def test_a_build_asks_for_clips_without_words_and_no_key_is_left_anywhere(house, server, tmp_path):
    log = tmp_path / "work" / "log"
    with WorkerPool(2, log=log, memory_gb=3) as pool:
        chain, shard = measure(house, pool)
    sources = {r.transcript.source for r in chain.rows("speech", shard).values() if r.transcript}
    assert sources == {"endpoint", "subtitles"}
    assert len(server.calls) == 1
    for path in (tmp_path / "work").rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes(), path


@pytest.mark.slow
def test_an_outage_costs_the_words_alone_and_the_next_build_mends_it(house, server, tmp_path):
    server.script = lambda call: Status(503)
    with WorkerPool(2, log=tmp_path / "log", memory_gb=3) as pool:
        chain, shard = measure(house, pool)
        (failure,) = chain.part(_speech(), shard).failures
        assert (failure.error, failure.retryable) == ("TransientError", True)
        assert len(chain.rows("look", shard)) == 2
        server.script = lambda call: Answer()
        chain, shard = measure(house, pool)
    assert len(chain.rows("speech", shard)) == 2


def _speech():
    from pipeline.stages import BY_NAME

    return BY_NAME["speech"]


def test_the_key_comes_from_the_variable_that_the_settings_name(monkeypatch):
    speech = {"engine": "endpoint", "endpoint": {"url": "http://localhost:1/v1", "model": "m"}}
    run = {"endpoint": {"key_env": "SPEECH_KEY"}}
    settings = Settings.model_validate({"speech": speech, "run": run})
    monkeypatch.setenv("SPEECH_KEY", KEY)
    key = key_of_speech(settings)
    assert key.get_secret_value() == KEY
    assert KEY not in f"{key!r} {settings!r} {json.dumps(settings.model_dump(mode='json'))}"
    monkeypatch.delenv("SPEECH_KEY")
    with pytest.raises(SetupError, match="SPEECH_KEY"):
        key_of_speech(settings)
    assert key_of_speech(Settings()) is None


def test_an_endpoint_needs_a_url_and_a_model():
    with pytest.raises(ValueError, match=r"speech\.endpoint\.url"):
        Settings.model_validate({"speech": {"engine": "endpoint"}})
