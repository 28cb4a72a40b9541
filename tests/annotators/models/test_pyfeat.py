"""py-feat over pipes: our own script in an environment of its own, with a stub of the package."""

import numpy as np
import pytest

from annotators.models.frame_file import FrameFile
from annotators.models.pyfeat import PyFeatProcess, load_pyfeat, read_answer
from schemas.errors import AnnotationError, ClipError, DeadlineError, SetupError
from tests.annotators.models.pyfeat_stub import stub_environment

PATIENT_S = 60.0


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    return stub_environment(tmp_path_factory.mktemp("pyfeat"))


def load(python, batch=2):
    process = PyFeatProcess(
        python=python, threads=1, device="cpu", memory_bytes=None, start_s=PATIENT_S
    )
    return load_pyfeat(process, least_score=0.5, batch=batch)


def video(folder, *marks):
    with FrameFile(folder / "clip.avi", seconds=1) as file:
        for mark in marks:
            file.add(np.full((48, 64, 3), mark, np.uint8))
    return file.whole()


def test_every_face_of_every_frame_comes_back(python, tmp_path):
    pyfeat = load(python)
    seen = pyfeat.look(video(tmp_path, 1, 0, 2, 1, 0), 5, PATIENT_S)
    assert [len(faces) for faces in seen] == [1, 0, 2, 1, 0]
    face = seen[0][0]
    assert face.box == (100, 50, 60, 80)
    assert face.points[:4] == (100, 50, 101, 51)
    assert (face.aus["AU12"], len(face.aus)) == (0.8, 20)
    assert pyfeat.model.startswith("py-feat 2.1.5 weights.safetensors@")


def test_the_same_frames_give_the_same_faces_however_they_are_batched(python, tmp_path):
    path = video(tmp_path, 1, 0, 2, 1, 0)
    assert load(python, batch=1).look(path, 5, PATIENT_S) == load(python, 8).look(path, 5, 60)


def test_one_that_hangs_costs_one_clip(python, tmp_path):
    pyfeat = load(python)
    with pytest.raises(DeadlineError, match="pyfeat: gave no answer"):
        pyfeat.look(video(tmp_path, 200), 1, 1.0)
    assert len(pyfeat.look(video(tmp_path, 1), 1, PATIENT_S)) == 1


def test_what_breaks_in_it_costs_one_clip(python, tmp_path):
    with pytest.raises(ClipError, match="RuntimeError: the network broke"):
        load(python).look(video(tmp_path, 201), 1, PATIENT_S)
    assert len(load(python).look(video(tmp_path, 1), 1, PATIENT_S)) == 1


def test_weights_that_cannot_be_fetched_stop_the_run(tmp_path):
    with pytest.raises(SetupError, match="cannot be fetched from the Hugging Face hub: OSError"):
        load(stub_environment(tmp_path / "env", weights=False))


def test_another_version_stops_the_run(tmp_path):
    with pytest.raises(SetupError, match=r"version 3\.0 is installed"):
        load(stub_environment(tmp_path / "env", version="3.0"))


FACE = {"score": 0.9, "box": [0, 0, 10, 10], "points": [0] * 136, "aus": {"AU12": 0.5}}


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ({}, "frames of its answer"),
        ({"frames": [[]]}, "answered for 1 of 2 frames"),
        ({"frames": [[], [FACE | {"aus": {"AU12": 4.0}}]]}, "AU12"),  # another scale
        ({"frames": [[], [FACE | {"points": [0] * 10}]]}, "5 points, not 68"),
        ({"frames": [[], [FACE | {"score": None}]]}, "score"),
    ],
)
def test_an_answer_that_does_not_fit_is_none(answer, says):
    with pytest.raises(AnnotationError, match=says):
        read_answer(answer, frames=2)
