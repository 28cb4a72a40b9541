"""Environments of their own: whole or not there."""

import json
import subprocess
import zipfile

import pytest

from flows.side_env import SideEnv, build_side_env, side_python
from schemas.errors import SetupError, TransientError


def wheel(folder, name, content):
    """A wheel with one module, as small as pip takes it."""
    info = f"{name}-1.0.dist-info"
    path = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}.py", content)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


@pytest.mark.slow
def test_an_environment_is_built_once_and_holds_what_was_asked(tmp_path):
    env = SideEnv("stand-in", (str(wheel(tmp_path, "standin", "x = 1")),), "standin")
    folder = tmp_path / "engines"
    assert side_python(env, folder) is None
    python = build_side_env(env, folder)
    assert side_python(env, folder) == python
    said = subprocess.run(
        [python, "-I", "-c", "import standin; print(standin.x)"], capture_output=True, check=True
    )
    assert said.stdout.strip() == b"1"
    built = python.lstat().st_mtime_ns
    assert build_side_env(env, folder).lstat().st_mtime_ns == built
    other = SideEnv("stand-in", ("standin==2.0",), "standin")
    assert side_python(other, folder) is None  # another pin is another environment


@pytest.mark.slow
def test_what_does_not_import_is_no_environment(tmp_path):
    env = SideEnv("stand-in", (str(wheel(tmp_path, "standin", "1 / 0")),), "standin")
    with pytest.raises(SetupError, match="ZeroDivisionError"):
        build_side_env(env, tmp_path / "engines")
    assert side_python(env, tmp_path / "engines") is None
    assert not (tmp_path / "engines" / "stand-in").exists()


@pytest.mark.slow
def test_what_pip_cannot_find_may_be_there_later(tmp_path):
    env = SideEnv("stand-in", (str(tmp_path / "no.whl"),), "standin")
    with pytest.raises(TransientError, match="merr engines install stand-in"):
        build_side_env(env, tmp_path / "engines")
    assert not (tmp_path / "engines" / "stand-in").exists()


def test_an_environment_without_its_mark_was_never_finished(tmp_path):
    env = SideEnv("stand-in", ("a==1",), "a")
    python = tmp_path / "stand-in" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    assert side_python(env, tmp_path) is None
    mark = tmp_path / "stand-in" / "merr-environment.json"
    mark.write_text(json.dumps({"requirements": ["a==1"]}))
    assert side_python(env, tmp_path) == python
    mark.write_text("{")
    assert side_python(env, tmp_path) is None
