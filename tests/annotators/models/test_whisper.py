"""Whisper by faster-whisper: the real library on tiny models with made-up words."""

from importlib.util import find_spec

import numpy as np
import pytest

from annotators.base import AUDIO_HZ, Sound
from annotators.hearing import HearingRules, hear
from annotators.models.whisper import load_whisper
from annotators.models.whisper_files import HUB_IDS, NEEDED, fetch_whisper, find_whisper
from annotators.whisper_settings import FasterWhisperSettings
from pipeline.engines import MADE_BY, made_with, told
from pipeline.settings import Settings
from pipeline.stages import BY_NAME
from schemas.errors import SetupError
from schemas.maker import Maker
from schemas.speech import Span, Speech
from tests.annotators.models.tiny_whisper import WORDS, make_tiny_whisper

needs_asr = pytest.mark.skipif(
    find_spec("faster_whisper") is None, reason="the extra asr is not installed"
)
real = [pytest.mark.model, needs_asr]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return make_tiny_whisper(tmp_path_factory.mktemp("whisper") / "tiny")


def settings(folder, **more):
    return FasterWhisperSettings(model=str(folder), beam_size=2, **more)


def hear_all(ear, samples, rules=None):
    duration_s = len(samples) / AUDIO_HZ
    speech = Speech(
        clip_id="c",
        made_by=Maker(engine="silero", version="1"),
        voiced=(Span(start_s=0, end_s=duration_s),),
        voice_probability=1.0,
        transcript=None,
    )
    return hear(speech, Sound(samples), ear, rules or HearingRules())


class TestRealLibrary:
    pytestmark = real

    @pytest.mark.parametrize("more", [{}, {"vad_filter": False}, {"batch_size": 4}])
    def test_words_have_times_and_probabilities_and_the_language_is_told(self, tiny, more):
        samples = recorded_voice()
        heard = load_whisper(settings(tiny, **more)).listen(samples, ())
        assert heard.language == "de"
        assert heard.language_probability > 0.9
        words = [word for segment in heard.segments for word in segment.words]
        assert len(words) >= WORDS
        assert all(0 <= w.times[0] <= w.times[1] <= len(samples) / AUDIO_HZ + 0.1 for w in words)
        assert all(0 < w.probability <= 1 for w in words)
        assert heard.english is None

    def test_what_it_hears_becomes_the_row_of_the_clip(self, tiny):
        found = hear_all(load_whisper(settings(tiny)), recorded_voice())
        told = found.transcript
        assert told.source == found.made_by.engine == "faster-whisper"
        assert told.text.split() == [word.text for word in told.words]
        assert told.words[0].start_s == told.cues[0].start_s
        assert found.made_by.model == f"tiny sha256:{find_whisper(str(tiny)).sha256[:16]}"
        assert Speech.model_validate_json(found.model_dump_json()) == found

    def test_a_language_that_was_set_is_not_told(self, tiny):
        heard = load_whisper(settings(tiny, language="zh")).listen(recorded_voice(), ())
        assert (heard.language, heard.language_probability) == ("zh", None)

    def test_silence_gives_no_segment(self, tiny):
        ear = load_whisper(settings(tiny))
        assert ear.listen(np.zeros(3 * AUDIO_HZ, np.float32), ()).segments == ()

    def test_it_translates_what_is_not_english_when_asked(self, tiny):
        ear = load_whisper(settings(tiny, translate=True))
        assert ear.listen(recorded_voice(), ()).english
        english = load_whisper(settings(tiny, translate=True, language="en"))
        assert english.listen(recorded_voice(), ()).english is None

    def test_the_same_sound_gives_the_same_words_whatever_came_before(self, tiny):
        ear = load_whisper(settings(tiny))
        first = ear.listen(recorded_voice(), ())
        ear.listen(recorded_voice()[:AUDIO_HZ], ())
        assert ear.listen(recorded_voice(), ()) == first

    def test_a_model_that_hears_no_speech_and_is_unsure_gives_no_words(self, tmp_path):
        silent = load_whisper(settings(make_tiny_whisper(tmp_path / "silent", silent=True)))
        found = hear_all(silent, recorded_voice(), HearingRules(least_logprob=-0.5))
        assert found.transcript is None
        assert {item.rule for item in found.left_out} == {"no_speech"}

    def test_a_model_that_repeats_itself_gives_no_words(self, tmp_path):
        lost = load_whisper(settings(make_tiny_whisper(tmp_path / "loops", loops=True)))
        found = hear_all(lost, recorded_voice())
        assert found.transcript is None
        assert {item.rule for item in found.left_out} == {"loop"}

    def test_a_damaged_model_stops_the_run_in_one_line(self, tiny, tmp_path):
        for name in NEEDED:
            (tmp_path / name).write_bytes((tiny / name).read_bytes())
        (tmp_path / "model.bin").write_bytes(b"no model at all")
        with pytest.raises(SetupError, match="does not load"):
            load_whisper(settings(tmp_path))

    def test_a_device_that_is_not_there_stops_the_run_in_one_line(self, tiny):
        import ctranslate2

        if ctranslate2.get_cuda_device_count():
            pytest.skip("there is a GPU")
        with pytest.raises(SetupError, match="does not load"):
            load_whisper(settings(tiny, device="cuda"))

    def test_a_language_that_whisper_does_not_know_stops_the_run(self, tiny):
        with pytest.raises(SetupError, match="not a valid language code"):
            load_whisper(settings(tiny, language="xx")).listen(recorded_voice(), ())

    def test_our_names_of_models_are_those_of_the_library(self):
        from faster_whisper.utils import _MODELS

        assert HUB_IDS.items() <= _MODELS.items()


def recorded_voice():
    """Five seconds of the demo's spoken words, in which every detector hears a voice."""
    from pipeline.container import MediaLimits
    from pipeline.jobs import probe_video
    from pipeline.media import stream
    from schemas.clip import Clip
    from schemas.video import Video
    from tests.conftest import DEMO

    path = DEMO / "goodbye.mp4"
    limits = MediaLimits()
    told = probe_video(
        {"path": str(path), "video_id": "v", "size_bytes": 1, "limits": limits.model_dump()}
    )
    end_us = round(Video.model_validate(told).duration_s * 1e6)
    clip = Clip.of("v", 0, end_us, rule="whole", has_audio=True)
    return stream(path, clip, [], want_audio=True, keep=None, limits=limits).sound.samples


# ---- files and keys: no library needed


def fake_model(folder, weights=b"weights"):
    folder.mkdir(parents=True)
    for name in NEEDED:
        (folder / name).write_bytes(weights if name == "model.bin" else b"{}")
    return folder


def test_a_folder_is_known_by_what_it_holds_not_by_where_it_lies(tmp_path):
    one, moved = fake_model(tmp_path / "a" / "m"), fake_model(tmp_path / "b" / "m")
    other = fake_model(tmp_path / "c" / "m", b"others")
    assert find_whisper(str(one)).text == find_whisper(str(moved)).text
    assert find_whisper(str(one)).text != find_whisper(str(other)).text
    assert str(tmp_path) not in find_whisper(str(one)).text


def test_a_name_is_sought_in_the_cache_of_the_hub(tmp_path):
    pytest.importorskip("huggingface_hub")
    commit = "0123456789abcdef0123456789abcdef01234567"
    home = tmp_path / "models--Systran--faster-whisper-tiny"
    fake_model(home / "snapshots" / commit)
    (home / "refs").mkdir()
    (home / "refs" / "main").write_text(commit)
    found = find_whisper("tiny", cache=tmp_path)
    assert found.name == "Systran/faster-whisper-tiny"
    assert found.folder == home / "snapshots" / commit


@pytest.mark.parametrize("model", ["tiny", "somebody/whisper"])
def test_a_model_that_is_not_in_the_cache_says_how_to_get_it(model, tmp_path):
    pytest.importorskip("huggingface_hub")
    with pytest.raises(SetupError, match=r"not in the cache .* run `merr engines install") as told:
        find_whisper(model, cache=tmp_path)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("model", ["huge", "/no/such/folder", "a/b/c", "./x"])
def test_a_model_that_can_be_nothing_is_refused_with_what_is_taken(model):
    with pytest.raises(SetupError, match="is no folder, no id"):
        find_whisper(model)


@pytest.mark.parametrize("name", NEEDED)
def test_a_folder_that_lacks_a_file_is_refused(name, tmp_path):
    folder = fake_model(tmp_path / "m")
    (folder / name).unlink()
    with pytest.raises(SetupError, match=f"has no {name}"):
        find_whisper(str(folder))


def test_a_folder_needs_no_fetching(tmp_path):
    assert fetch_whisper(str(fake_model(tmp_path / "m"))).name == "m"


def whisper(folder, **more):
    speech = {"engine": "faster-whisper", "faster_whisper": {"model": str(folder), **more}}
    return Settings.model_validate({"speech": speech})


def test_the_key_holds_the_digest_of_the_model_not_its_place(tmp_path):
    one, moved = (whisper(fake_model(tmp_path / n / "m")) for n in ("a", "b"))
    models = MADE_BY["speech", "faster-whisper"].models
    assert told(one.speech) == told(moved.speech)
    assert models(one) == models(moved)
    assert "sha256:" in models(one)["whisper"]
    assert "model" not in told(one.speech)["faster_whisper"]
    assert told(one.speech) != told(whisper(tmp_path / "a" / "m", beam_size=1).speech)


def test_settings_of_whisper_are_in_no_key_while_silero_is_chosen():
    assert "faster_whisper" not in told(Settings().speech)


@pytest.mark.skipif(find_spec("faster_whisper") is not None, reason="the extra is here")
def test_without_the_extra_the_command_that_brings_it_is_named(tmp_path):
    with pytest.raises(
        SetupError, match=r"not installed; run `merr engines install faster-whisper`"
    ):
        made_with(BY_NAME["speech"], whisper(fake_model(tmp_path / "m")))


@pytest.mark.parametrize(
    "wrong",
    [{"batch_size": 2, "vad_filter": False}, {"compute_type": "float16"}],
)
def test_settings_that_cannot_work_together_are_refused(wrong):
    with pytest.raises(ValueError, match="needs"):
        FasterWhisperSettings(**wrong)
