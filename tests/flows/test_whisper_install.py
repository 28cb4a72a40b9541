"""`merr engines install faster-whisper`."""

import tomllib
from pathlib import Path

import pytest

from flows.doctor import install
from flows.whisper_install import REQUIREMENTS, install_whisper, installed
from pipeline.settings import Settings
from tests.annotators.models.whisperx_stub import make_model

needs_asr = pytest.mark.skipif(
    installed("faster-whisper") is None, reason="the extra asr is not installed"
)


def test_what_is_installed_is_what_the_extra_holds():
    table = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))
    assert tuple(table["project"]["optional-dependencies"]["asr"]) == REQUIREMENTS


@needs_asr
@pytest.mark.model
def test_a_model_in_a_folder_needs_no_network(tmp_path):
    model = make_model(tmp_path / "small")
    settings = Settings.model_validate({"speech": {"faster_whisper": {"model": str(model)}}})
    assert f"model small is in {model}" in install("faster-whisper", settings)
    assert install_whisper(str(model)) == install("faster-whisper", settings)
