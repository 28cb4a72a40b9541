"""`merr evaluate --model` and `merr predict`, with a tiny model that was trained for two steps."""

import json
import shutil
from pathlib import Path

import pytest

from annotators.feature_settings import FeatureSettings
from flows.cli import app
from flows.guard import guarded
from schemas.features import SLOTS
from tests.trainer.small_release import synthetic

pytest.importorskip("accelerate", reason="the extra `train` is not installed")
pytestmark = [pytest.mark.slow, pytest.mark.model]

DEMO = Path(__file__).parents[2] / "datasets" / "demo"
SMALL = FeatureSettings.model_validate({slot: {"engine": "small"} for slot in SLOTS})
SHORT = ("run.visits=14", "run.tensorboard=false", "device.row_tokens=0")


@pytest.fixture
def merr(capsys, monkeypatch, tmp_path):
    """Run a command in this process: (exit code, standard output, standard error)."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        capsys.readouterr()
        words = [str(argument) for argument in arguments]
        code = guarded(lambda: app(words, prog_name="merr"), debug=False)
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


def trained(release, folder):
    from trainer.recipe_file import load_recipe
    from trainer.train import Request, train

    train(Request(release, load_recipe("demo", SHORT), folder, folder.parent / "cache"), print)
    return folder


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """(release, run) of made-up features."""
    root = tmp_path_factory.mktemp("small")
    release = synthetic(root / "small" / "0.1.0")
    return release, trained(release, root / "run")


@pytest.fixture(scope="module")
def of_demo(built, tmp_path_factory):
    """(sources, run): a run on clips of the demo, whose features are the small ones."""
    from flows.features import make_features
    from pipeline.release import publish

    root = tmp_path_factory.mktemp("of_demo")
    shop = built.copy_to(root)
    chain = shop.open()
    make_features(chain.work, SMALL, jobs=2)
    release = publish(chain, to=root / "to", name="demo", version="0.1.0").folder
    return shop.sources, trained(release, root / "run")


def result(folder):
    return json.loads((folder / "evaluation.json").read_text("utf-8"))


def answered(folder):
    text = (folder / "answers.jsonl").read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


def evaluate(merr, small, *options, benchmark="labels"):
    release, run = small
    command = ("evaluate", "--model", run, "--data", release, "--part", "val", "--out", "f")
    return merr(*command, "--benchmark", benchmark, *options)


def test_a_model_is_asked_about_a_split_of_a_release(merr, small, tmp_path):
    code, out, err = evaluate(merr, small)
    assert (code, err) == (0, "")
    assert "labels: 4 clips of val coarse/emotion" in out
    found = result(tmp_path / "f")
    assert found["model"]["folder"] == str(small[1])
    assert len(found["model"]["digest"]) == 64
    assert found["data"]["digest"] == json.loads((small[0] / "manifest.json").read_text())["digest"]
    assert found["prompts"] == ["Which label fits?"]
    rows = answered(tmp_path / "f")
    assert [row["name"] for row in rows] == ["clip0016", "clip0017", "clip0018", "clip0019"]
    assert {row["label"] for row in rows} == {"neutral", "angry", "happy", "sad"}


def test_batches_change_no_answer_and_the_same_command_gives_the_same_bytes(merr, small, tmp_path):
    told = []
    for options in ((), (), ("--batch-size", 1)):
        (tmp_path / "f" / "asked.jsonl").unlink(missing_ok=True)  # the model has to answer anew
        evaluate(merr, small, *options)
        told.append(
            [(tmp_path / "f" / name).read_bytes() for name in ("answers.jsonl", "evaluation.json")]
        )
    assert told[0] == told[1]
    assert told[0][0] == told[2][0]


def test_constrained_answers_are_labels_and_nothing_else(merr, small, tmp_path):
    assert evaluate(merr, small, "--constrained")[0] == 0
    found = result(tmp_path / "f")
    assert found["labels"]["scores"]["unreadable"] == 0
    assert found["model"]["constrained"] is True
    rows = answered(tmp_path / "f")
    assert {row["answer"] for row in rows} <= set(found["labels"]["labels"])


def test_what_does_not_fit_is_told_with_what_would(merr, small):
    code, _, err = evaluate(merr, small, "--tier", "fine")
    assert code == 2
    assert "has no sample fine/emotion in its split 'val'; such are in none" in err
    code, _, err = evaluate(merr, small, "--part", "test")
    assert "has no sample coarse/emotion in its split 'test'; such are in train, val;" in err
    code, _, err = evaluate(merr, small, "--task", "song")
    assert code == 2
    code, _, err = merr("evaluate", "--model", small[1], "--benchmark", "labels", "--out", "f")
    assert "--model needs --data" in err


def predict(merr, of_demo, *options, clip="smile.mp4"):
    _, run = of_demo
    return merr("predict", DEMO / clip, "--model", run, *options)


def test_a_video_gets_a_label_and_reasons(merr, of_demo, tmp_path):
    code, out, err = predict(merr, of_demo, "--constrained", "--json", "--work", "w")
    assert code == 0, err
    [clip] = json.loads(out)["clips"]
    assert clip["label"] is not None
    assert clip["modalities"] == ["audio", "face", "image", "motion"]
    assert clip["name"] == "smile.mp4"
    assert clip["text"]
    assert (tmp_path / "w" / "parts" / "face_features").is_dir()


def test_what_the_model_lacks_of_a_clip_has_no_place_and_it_answers_all_the_same(merr, of_demo):
    code, out, _ = predict(
        merr, of_demo, "--constrained", "--no-reasons", "--json", clip="rocket.mp4"
    )
    assert code == 0
    [clip] = json.loads(out)["clips"]
    assert clip["modalities"] == ["audio"]  # no face, so no peak and no picture
    assert clip["reasons"] is None


def test_hostile_files_cost_themselves_and_the_command_ends_with_1(merr, of_demo, tmp_path):
    (tmp_path / "in").mkdir()
    shutil.copy(DEMO / "smile.mp4", tmp_path / "in")
    (tmp_path / "in" / "broken.mp4").write_text("#EXTM3U\nfile:///etc/passwd\n" * 40)
    code, out, _ = merr("predict", "in", "--model", of_demo[1], "--constrained", "--no-reasons")
    assert code == 1
    assert "smile.mp4 (0.0 to" in out
    assert "broken.mp4: ingest:" in out
    assert "root:" not in out


def test_an_encoder_that_is_not_here_stops_the_command_by_name(merr, of_demo, tmp_path):
    run = shutil.copytree(of_demo[1], tmp_path / "run")
    path = run / "model" / "trained_on.json"
    told = json.loads(path.read_text())
    told["encoders"]["audio"] = "TencentGameMate/chinese-hubert-large"
    path.write_text(json.dumps(told))
    code, _, err = merr("predict", DEMO / "smile.mp4", "--model", run)
    assert code == 2
    assert "TencentGameMate/chinese-hubert-large" in err


def test_the_videos_of_a_data_set_are_measured_and_asked_about(merr, of_demo, tmp_path):
    (tmp_path / "set" / "test3").mkdir(parents=True)
    shutil.copy(DEMO / "smile.mp4", tmp_path / "set" / "test3")
    (tmp_path / "set" / "test3-label.csv").write_text("name,discrete\nsmile,happy\ngone,sad\n")
    (tmp_path / "set" / "transcription_en_all.csv").write_text("name,sentence\nsmile,Ha ha!\n")
    words = ("evaluate", "--model", of_demo[1], "--data", "set", "--benchmark", "mer2023")
    words = (*words, "--out", "f", "--constrained", "--work", "w")
    code, out, err = merr(*words)
    assert code == 0, err
    kept = (tmp_path / "f" / "asked.jsonl").read_bytes()
    assert kept.count(b"\n") == 1
    assert merr(*words)[:2] == (0, out)
    assert (tmp_path / "f" / "asked.jsonl").read_bytes() == kept  # it was not asked again
    assert "mer2023: 2 clips of test3, 1 without an answer" in out
    found = result(tmp_path / "f")
    assert found["labels"]["unread"] == {"empty": 1}
    assert "neutral, angry, happy, sad, worried, surprise" in found["prompts"][0]


def test_a_model_that_does_not_say_what_it_was_trained_on_is_asked_about_releases_alone(
    merr, small, tmp_path
):
    """As a checkpoint of the original is, once it is converted."""
    release, run = small
    converted = shutil.copytree(run / "model", tmp_path / "converted")
    (converted / "trained_on.json").unlink()
    assert evaluate(merr, (release, converted), "--constrained")[0] == 0
    told = [row["answer"] for row in answered(tmp_path / "f")]
    evaluate(merr, small, "--constrained")
    assert told == [row["answer"] for row in answered(tmp_path / "f")]
    code, _, err = merr("predict", DEMO / "smile.mp4", "--model", converted)
    assert code == 2
    assert "does not say which encoders" in err


def test_a_folder_without_a_model_says_so(merr, tmp_path):
    (tmp_path / "empty").mkdir()
    code, _, err = merr("predict", DEMO / "smile.mp4", "--model", "empty")
    assert code == 2
    assert "empty" in err
