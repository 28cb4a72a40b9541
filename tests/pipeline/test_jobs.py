"""What a worker does with media, called as it calls it: JSON in, JSON out."""

import json
import shutil
from importlib.util import find_spec

import pytest

from annotators.models.egemaps import egemaps_installed
from annotators.models.weights import MESH, weights_installed
from pipeline.container import MediaLimits
from pipeline.jobs import JOBS
from pipeline.settings import Settings
from pipeline.stages import BY_NAME, MEASURED
from schemas.clip import Clip
from schemas.errors import DecodeError
from schemas.peak import Peak, Stills
from schemas.speech import Speech
from schemas.video import Video
from tests.annotators.models.tiny_whisper import make_tiny_whisper
from tests.annotators.models.whisperx_stub import make_environment, make_model
from tests.conftest import DEMO
from tests.pipeline.media_files import Film, make_film

LIMITS = MediaLimits().model_dump(mode="json")
SECTIONS = ("face", "voice", "speech", "tone", "stills", "run")


@pytest.fixture(autouse=True)
def models():
    if not weights_installed(MESH):
        pytest.skip(f"the models of the mesh engine are not here: {MESH.command}")


def run(job, payload):
    """Through JSON on both ways, as between processes."""
    return json.loads(json.dumps(JOBS[job](json.loads(json.dumps(payload)))))


def probe(path):
    payload = {"path": str(path), "video_id": "v", "size_bytes": 1, "limits": LIMITS}
    return run("probe", payload)


def clip_of(path, *, sound=True):
    video = Video.model_validate(probe(path))
    end_us = round(video.duration_s * 1e6)
    return Clip.of("v", 0, end_us, rule="whole", has_audio=sound and video.audio_codec is not None)


def payload(path, wants, **more):
    return {
        "path": str(path),
        "clip": clip_of(path).model_dump(mode="json"),
        "limits": LIMITS,
        "settings": {n: getattr(Settings(), n).model_dump(mode="json") for n in SECTIONS},
        "wants": wants,
        "words": None,
        "have_speech": None,
        "foresee": None,
        "spread": 0,
        "norms": None,
    } | more


@pytest.fixture(scope="module")
def measured():
    if not weights_installed(MESH):
        pytest.skip(f"the models of the mesh engine are not here: {MESH.command}")
    return run("measure", payload(DEMO / "silent.mp4", list(MEASURED)))


def test_one_decode_serves_every_stage_that_is_wanted(measured):
    assert set(measured["rows"]) == set(MEASURED)
    assert measured["errors"] == {}
    rows = {
        name: BY_NAME[name].row.model_validate_json(row) for name, row in measured["rows"].items()
    }
    frames = len(rows["face"].t_s)
    assert rows["look"].frames == frames == 60
    assert rows["recording"].opus is None
    assert rows["tone"].missing == "no_audio"


@pytest.mark.model
def test_a_worker_measures_the_voice_by_the_engine_chosen():
    if egemaps_installed() is None:
        pytest.skip("opensmile is not installed: merr engines install egemaps")
    asked = payload(DEMO / "smile.mp4", ["speech", "tone"])
    asked["settings"]["tone"]["engine"] = "egemaps"
    answer = run("measure", asked)
    tone = BY_NAME["tone"].row.model_validate_json(answer["rows"]["tone"])
    assert (answer["errors"], tone.made_by.engine) == ({}, "egemaps")
    assert tone.egemaps.jitterLocal_sma3nz_amean > 0
    assert "(median 26" in tone.description


@pytest.mark.parametrize("wants", [["look"], ["recording"], ["speech"], ["look", "speech"]])
def test_only_what_is_wanted_is_made(wants, measured):
    answer = run("measure", payload(DEMO / "silent.mp4", wants))
    assert answer["rows"] == {name: measured["rows"][name] for name in wants}


def test_tone_takes_the_speech_that_an_earlier_run_found():
    film = DEMO / "goodbye.mp4"
    both = run("measure", payload(film, ["speech", "tone"]))["rows"]
    assert json.loads(both["speech"])["voiced"]
    later = run("measure", payload(film, ["tone"], have_speech=json.loads(both["speech"])))
    assert later["rows"] == {"tone": both["tone"]}
    assert run("measure", payload(film, ["tone"])) == {"rows": {}, "errors": {}}


def test_words_that_were_given_are_part_of_the_speech():
    words = {"text": "Thank you.", "language": "en", "source": "subtitles", "cues": []}
    film = DEMO / "goodbye.mp4"
    answer = run("measure", payload(film, ["speech"], words=words))
    assert json.loads(answer["rows"]["speech"])["transcript"]["text"] == "Thank you."


def test_stills_are_taken_at_the_start_the_middle_and_the_peak(measured):
    track = json.loads(measured["rows"]["face"])
    maker = {"engine": "hand", "version": "1"}
    peak = Peak(
        clip_id=track["clip_id"], made_by=maker, rule="au_sum", label_seen=False, moment=None
    )
    film = DEMO / "silent.mp4"
    answer = run("stills", payload(film, [], track=track, peak=peak.model_dump(mode="json")))
    stills = Stills.model_validate(answer)
    assert (stills.first.frame_index, stills.middle.frame_index) == (0, 30)
    assert (stills.peak, stills.face) == (None, None)


def test_a_film_is_searched_for_shots_and_voices(tmp_path):
    film = shutil.copy(DEMO / "goodbye.mp4", tmp_path)
    settings = Settings().voice.model_dump(mode="json")
    told = run("film", {"path": film, "video": probe(film), "voice": settings, "limits": LIMITS})
    assert [shot["start_s"] for shot in told["shots"]] == [0.0]
    assert told["voiced"]
    silent = make_film(tmp_path / "silent.mp4", Film(sound=False))
    payload = {"path": str(silent), "video": probe(silent), "voice": settings, "limits": LIMITS}
    assert run("film", payload)["voiced"] is None


@pytest.mark.parametrize("job", ["measure", "stills"])
def test_a_file_that_is_gone_is_a_decode_error(job, measured, tmp_path):
    film = make_film(tmp_path / "film.mp4", Film(frames=5))
    request = payload(film, ["look"], track=json.loads(measured["rows"]["face"]), peak=None)
    request["peak"] = Peak(
        clip_id="c", made_by={"engine": "h", "version": "1"}, rule="au_sum", label_seen=False,
        moment=None,
    ).model_dump(mode="json")  # fmt: skip
    film.unlink()
    with pytest.raises(DecodeError, match="cannot be read"):
        run(job, request)


def hearing(engine, folder, listen="missing", **run):
    """Settings of a payload with an engine that hears words."""
    section = engine.replace("-", "_")
    speech = {"engine": engine, "listen": listen, section: {"model": str(folder)}}
    settings = Settings.model_validate({"speech": speech, "run": {section: run} if run else {}})
    return {n: getattr(settings, n).model_dump(mode="json") for n in SECTIONS}


@pytest.fixture(scope="module")
def side_python(tmp_path_factory):
    return make_environment(tmp_path_factory.mktemp("side") / "whisperx")


GIVEN = {"text": "Thank you.", "language": "en", "source": "subtitles", "cues": []}


@pytest.mark.parametrize("listen", ["missing", "always"])
@pytest.mark.parametrize("words", [None, GIVEN])
def test_an_engine_listens_where_no_words_were_given_or_always(
    listen, words, side_python, pool, tmp_path
):
    model = make_model(tmp_path / "small")
    settings = hearing("whisperx", model, listen, python=str(side_python))
    request = payload(DEMO / "goodbye.mp4", ["speech", "tone"], words=words, settings=settings)
    row = Speech.model_validate_json(pool.call("measure", request, deadline_s=60)["rows"]["speech"])
    listened = words is None or listen == "always"
    assert (row.made_by.engine == "whisperx", row.left_out) == (listened, () if listened else None)
    if words is not None:
        assert row.transcript.text == "Thank you."
        assert (row.heard is not None) is listened
    else:
        assert row.transcript.text.startswith("Number 2 Hello there.")
        assert row.heard is None


def test_the_voiced_spans_are_those_of_silero_whatever_engine_listens(side_python, tmp_path):
    film = DEMO / "goodbye.mp4"
    silero = run("measure", payload(film, ["speech"]))["rows"]["speech"]
    settings = hearing("whisperx", make_model(tmp_path / "m"), python=str(side_python))
    other = run("measure", payload(film, ["speech"], settings=settings))["rows"]["speech"]
    other, silero = Speech.model_validate_json(other), Speech.model_validate_json(silero)
    assert other.voiced == silero.voiced
    assert silero.transcript is None


def test_an_engine_that_fails_takes_no_other_stage_with_it(side_python, pool, tmp_path):
    settings = hearing("whisperx", make_model(tmp_path / "dies"), python=str(side_python))
    request = payload(DEMO / "goodbye.mp4", ["look", "speech", "tone"], settings=settings)
    answer = pool.call("measure", request, deadline_s=60)
    assert set(answer["rows"]) == {"look"}
    kind, message, _ = answer["errors"]["speech"]
    assert kind == "CrashError"
    assert "whisperx" in message


@pytest.mark.model
@pytest.mark.skipif(find_spec("faster_whisper") is None, reason="the extra asr is not installed")
def test_whisper_hears_the_words_of_a_clip_in_a_worker(pool, tmp_path):
    settings = hearing("faster-whisper", make_tiny_whisper(tmp_path / "tiny"))
    request = payload(DEMO / "goodbye.mp4", ["speech"], settings=settings)
    row = Speech.model_validate_json(pool.call("measure", request, deadline_s=60)["rows"]["speech"])
    assert row.transcript.source == "faster-whisper"
    assert len(row.transcript.words) == len(row.transcript.text.split())
