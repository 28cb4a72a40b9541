"""WhisperX: our script in another environment, over real pipes, against a package with its API."""

import os
import time

import numpy as np
import pytest

from annotators.base import AUDIO_HZ, Sound
from annotators.hearing import HearingRules, hear
from annotators.models.whisper_files import find_whisper
from annotators.models.whisperx import ENGINE, load_whisperx, read_heard
from annotators.whisper_settings import WhisperXRun, WhisperXSettings
from pipeline.engines import MADE_BY, patience_s, told
from pipeline.settings import Settings
from schemas.errors import AnnotationError, CrashError, DeadlineError, SetupError
from schemas.maker import Maker
from schemas.speech import Span, Speech
from tests.annotators.models.whisperx_stub import make_environment, make_model

SPANS = (Span(start_s=0.5, end_s=2.5),)


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    return make_environment(tmp_path_factory.mktemp("engines") / "whisperx")


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    for name in ("small", "hangs", "dies"):
        make_model(folder / name)
    make_model(folder / "broken", weights=b"broken")
    return folder


@pytest.fixture
def ear(python, models):
    def load(model="small", *, deadline_s=20.0, at=python, **settings):
        run = WhisperXRun(python=at, start_s=30, deadline_s=deadline_s)
        return load_whisperx(WhisperXSettings(model=str(models / model), **settings), run)

    return load


def sound(seconds=4.0):
    return np.zeros(round(seconds * AUDIO_HZ), np.float32)


def test_words_are_aligned_and_those_without_a_measured_time_have_none(ear):
    heard = ear().listen(sound(), SPANS)
    (segment,) = heard.segments
    assert (heard.language, heard.language_probability) == ("en", None)
    assert (segment.text, segment.times) == ("Number 2 Hello there.", (0.5, 2.5))
    assert segment.logprob == -0.25
    told = {word.text: (word.times, word.probability) for word in segment.words}
    assert told == {
        "Number": ((0.5, 0.75), 0.75),
        "2": (None, None),
        "Hello": ((1.5, 1.75), 0.75),
        "there.": ((2.0, 2.25), 0.75),
    }


def test_a_row_is_made_of_it_with_versions_and_weights(ear, models):
    engine = ear()
    made_by = Maker(engine="silero", version="1", model="ggml")
    silero = Speech(
        clip_id="c", made_by=made_by, voiced=SPANS, voice_probability=0.9, transcript=None
    )
    row = hear(silero, Sound(sound()), engine, HearingRules())
    assert row.transcript.text == "Number 2 Hello there."
    assert row.transcript.source == row.made_by.engine == ENGINE
    digest = find_whisper(str(models / "small")).text
    assert row.made_by.model == f"ggml; {digest}; whisperx 3.8.6"
    assert [word.start_s for word in row.transcript.words] == [0.5, None, 1.5, 2.0]


def test_a_language_that_is_not_aligned_has_no_words(ear):
    (segment,) = ear(language="fr").listen(sound(), SPANS).segments
    assert (segment.text, segment.words) == (" Number 2 Hello there.", None)


def test_speakers_are_labelled_when_asked_and_only_where_a_time_is_known(ear):
    (segment,) = ear(speakers=True).listen(sound(4.0), SPANS).segments
    assert [w.speaker for w in segment.words] == ["SPEAKER_00", None, "SPEAKER_00", "SPEAKER_01"]
    (segment,) = ear().listen(sound(), SPANS).segments
    assert {w.speaker for w in segment.words} == {None}


def test_it_translates_what_is_not_english_when_asked(ear):
    heard = ear(translate=True, language="de", align=("de",)).listen(sound(), SPANS)
    assert [s.text for s in heard.english] == [" In English."]
    assert heard.segments[0].words is not None
    assert ear(translate=True).listen(sound(), SPANS).english is None


def test_a_voice_longer_than_a_window_is_parted(ear):
    heard = ear().listen(sound(70), (Span(start_s=1, end_s=69),))
    assert len(heard.segments) == 3
    assert heard.segments[-1].times[1] == pytest.approx(69, abs=0.01)


def test_without_a_voice_there_are_no_words(ear):
    assert ear().listen(sound(), ()).segments == ()


def test_text_that_alignment_changed_is_kept_as_it_was_heard(ear):
    short = (Span(start_s=0.5, end_s=0.7),)
    (segment,) = ear().listen(sound(), short).segments
    assert (segment.text, segment.words) == (" Number 2 Hello there.", None)


def test_a_worker_that_hangs_is_ended_and_started_anew(ear, models):
    engine = ear("hangs", deadline_s=0.5)
    for _ in range(2):
        started = time.monotonic()
        with pytest.raises(DeadlineError, match="whisperx: gave no answer"):
            engine.listen(sound(0.1), (Span(start_s=0, end_s=0.1),))
        assert time.monotonic() - started < 15


def test_a_worker_that_dies_costs_one_clip(ear):
    engine = ear("dies")
    for _ in range(2):
        with pytest.raises(CrashError, match="with exit code 9"):
            engine.listen(sound(), SPANS)


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"model": "broken"}, "broken does not load: Unsupported model binary"),
        ({"device": "cuda", "compute_type": "float16"}, "does not load: CUDA driver"),
        ({"align": ("xx",)}, r"language xx is there \(No default align-model"),
        ({"speakers": True, "speaker_model": "gated"}, "terms must be accepted"),
        ({"model": "../nowhere"}, "is not in the cache of the hub; run `merr engines install"),
    ],
)
def test_what_cannot_work_stops_the_run_in_one_line(ear, settings, why):
    with pytest.raises(SetupError, match=why) as told:
        ear(**settings)
    assert "\n" not in str(told.value)


def test_sentences_cannot_be_parted_without_their_data(ear, tmp_path):
    bare = make_environment(tmp_path / "bare", punkt=False)
    with pytest.raises(SetupError, match="punkt_tab"):
        ear(at=bare)
    assert ear(at=bare, align=()).listen(sound(), SPANS).segments[0].words is None


def test_another_version_is_refused(ear, tmp_path):
    other = make_environment(tmp_path / "other", whisperx="3.1.1")
    with pytest.raises(SetupError, match=r"3\.1\.1 is installed there, expected 3\.8\.6"):
        ear(at=other)


def test_an_environment_that_is_not_there_names_the_command_that_builds_it(ear, tmp_path):
    with pytest.raises(SetupError, match="run `merr engines install whisperx`"):
        ear(at=tmp_path / "bin" / "python")


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"language": "en", "segments": "none", "english": None},
        {"language": "en", "segments": [{"text": "x"}], "english": None},
        {
            "language": "en",
            "segments": [
                {"text": "x", "start": float("nan"), "end": 1, "logprob": 0, "words": None}
            ],
            "english": None,
        },
    ],
)
def test_an_answer_of_another_form_is_no_transcript(answer):
    with pytest.raises(AnnotationError, match="no transcript"):
        read_heard(answer)


def test_keys_hold_the_digest_of_a_folder_and_the_name_of_a_model(models):
    def settings(model):
        speech = {"engine": "whisperx", "whisperx": {"model": str(model)}}
        return Settings.model_validate({"speech": speech})

    made = MADE_BY["speech", "whisperx"].models
    folder = settings(models / "small")
    assert made(folder)["whisper"] == find_whisper(str(models / "small")).text
    assert str(models) not in str(told(folder.speech)) + str(made(folder))
    assert made(settings("large-v3"))["whisper"] == "large-v3"
    assert patience_s(folder) > patience_s(Settings()) == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"align": ("en", "de"), "align_model": "m"},
        {"align": (), "speakers": True},
        {"compute_type": "float16"},
    ],
)
def test_settings_that_cannot_work_together_are_refused(wrong):
    with pytest.raises(ValueError, match="Value error"):
        WhisperXSettings(**wrong)


def test_nothing_is_fetched_while_a_build_runs(python):
    from annotators.models.whisperx import side_command

    run = WhisperXRun(python=python)
    assert side_command(WhisperXSettings(), run).environment["HF_HUB_OFFLINE"] == "1"
    fetching = side_command(WhisperXSettings(), run, offline=False)
    assert "HF_HUB_OFFLINE" not in fetching.environment
    assert os.environ.get("HF_HUB_OFFLINE") in (None, "1")
