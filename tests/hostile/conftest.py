"""What the tests of bad input share: a good clip that must come through beside every bad one."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from annotators.models.weights import MESH, weights_installed
from tests.conftest import DEMO

GOOD = "good.mp4"


@pytest.fixture(scope="session", autouse=True)
def _engine() -> None:
    if not weights_installed(MESH):
        pytest.skip(f"the models of the mesh engine are not here: {MESH.command}")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sources with one good clip, its words and its label."""
    folder = tmp_path_factory.mktemp("hostile") / "sources"
    folder.mkdir()
    shutil.copy(DEMO / "smile.mp4", folder / GOOD)
    shutil.copy(DEMO / "smile.srt", folder / "good.srt")
    return folder


@pytest.fixture(scope="session")
def label() -> Callable[..., None]:
    """Writes labels.csv: these names are happy."""

    def write(folder: Path, *names: str) -> None:
        quoted = [name.replace('"', '""') for name in (GOOD, *names)]
        lines = "".join(f'"{name}",happy\n' for name in quoted)
        (folder / "labels.csv").write_text(f"name,label\n{lines}", "utf-8")

    return write
