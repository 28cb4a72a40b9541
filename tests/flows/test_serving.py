"""The page of `merr predict --serve`: what it does with what people upload."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from flows.predicting import Fallen, Predicted, Wish
from flows.serving import MAX_DURATION_S, answer_for, serve_page
from pipeline.layout import WorkFolder
from pipeline.settings import Settings
from schemas.errors import SetupError
from schemas.label import load_vocabulary
from tests.flows.said import CLIP, MODEL

ROOT = Path(__file__).parents[2]


@pytest.fixture
def wish(tmp_path):
    return Wish((), WorkFolder(tmp_path), Settings(), load_vocabulary("merr9"))


def upload(tmp_path, name="my film.mp4", content=b"film"):
    path = tmp_path / name
    path.write_bytes(content)
    return path


def asking(seen, *clips, fallen=()):
    def ask(wish, opened):
        seen.append((wish, Path(wish.sources[0]).read_bytes()))
        return Predicted(clips, fallen, MODEL)

    return ask


def test_a_video_is_asked_about_under_a_name_of_our_own_and_gone_afterwards(tmp_path, wish):
    seen = []
    told = answer_for(upload(tmp_path), "", wish, None, asking(seen, CLIP))
    assert told == ("happy", "She smiles.")
    [(asked, content)] = seen
    place = Path(asked.sources[0])
    assert (place.name, content) == ("clip.mp4", b"film")
    assert asked.work.root.parent == place.parent
    assert not place.parent.exists()


def test_the_limits_of_a_build_hold_and_that_on_length_is_shorter(tmp_path, wish):
    seen = []
    answer_for(upload(tmp_path), "", wish, None, asking(seen, CLIP))
    media = seen[0][0].settings.media
    assert media.max_duration_s == MAX_DURATION_S < wish.settings.media.max_duration_s
    assert media.max_pixels == wish.settings.media.max_pixels


def test_words_that_are_known_go_to_the_model_in_place_of_those_heard(tmp_path, wish):
    seen = []
    answer_for(upload(tmp_path), " Well,\n well. ", wish, None, asking(seen, CLIP))
    answer_for(upload(tmp_path), "  ", wish, None, asking(seen, CLIP))
    assert [asked.texts for asked, _ in seen] == [{"clip": "Well, well."}, {}]


@pytest.mark.parametrize("name", ["page.html", "list.m3u8", "noname", "clip.mp4.txt"])
def test_what_is_no_film_by_its_name_is_not_looked_at(tmp_path, wish, name):
    label, _ = answer_for(upload(tmp_path, name), "", wish, None, asking([]))
    assert label.startswith("no video: merr takes .avi")


def test_what_is_wrong_with_a_film_is_told_without_places_of_this_machine(tmp_path, wish):
    def ask(wish, opened):
        raise SetupError(f"{wish.sources[0]}: is no film")

    label, why = answer_for(upload(tmp_path), "", wish, None, ask)
    assert label == "no answer"
    assert why == "/clip.mp4: is no film"


def test_a_film_that_could_not_be_read_says_why(tmp_path, wish):
    broken = Fallen(name="clip.mp4", stage="ingest", reason="it holds no picture", failed=True)
    label, why = answer_for(upload(tmp_path), "", wish, None, asking([], fallen=(broken,)))
    assert (label, why) == ("no answer", "ingest: it holds no picture")


def test_a_label_that_cannot_be_read_is_told_as_such(tmp_path, wish):
    odd = CLIP.model_copy(update={"label": None, "why": "several", "answer": "happy or sad"})
    label, _ = answer_for(upload(tmp_path), "", wish, None, asking([], odd))
    assert label == "no label: the answer names several labels: 'happy or sad'"


def test_without_the_extra_the_command_says_what_to_install(wish):
    if find_spec("gradio") is not None:
        pytest.skip("the extra `serve` is installed")
    with pytest.raises(SetupError, match=r"merr\[train,serve\]"):
        serve_page(wish, None, port=7860)


@pytest.mark.slow
@pytest.mark.model
def test_the_page_answers_over_http_and_serves_no_other_file(tmp_path):
    if find_spec("gradio") is None:
        pytest.skip("the extra `serve` is not installed")
    video, other = upload(tmp_path), upload(tmp_path, "secret.txt")
    command = [sys.executable, "-m", "tests.flows.page_alone", str(video), str(other)]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(next(line for line in done.stdout.splitlines() if line[:1] == "{"))
    assert found["told"] == ["happy", "4 bytes"]
    assert set(found["statuses"]) <= {403, 404}
