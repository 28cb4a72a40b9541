"""`merr engines install whisperx`: what it fetches beside the environment itself."""

import pytest

from annotators.whisper_settings import WhisperXRun, WhisperXSettings
from flows.building import Request, build
from flows.whisperx_env import install_whisperx, whisperx_found
from pipeline.layout import WorkFolder
from pipeline.settings import Settings
from schemas.errors import SetupError, TransientError
from tests.annotators.models.whisperx_stub import make_environment, make_model
from tests.conftest import DEMO


def test_sentence_data_are_fetched_once_and_the_models_are_loaded(tmp_path):
    python = make_environment(tmp_path / "env", punkt=False)
    settings = WhisperXSettings(model=str(make_model(tmp_path / "small")))
    run = WhisperXRun(python=python)
    for _ in range(2):
        assert "whisperx: 3.8.6 with model" in install_whisperx(settings, run)
        (tmp_path / "env" / "no_network").touch()
    assert (tmp_path / "env/nltk_data/tokenizers/punkt_tab/english").is_dir()


def test_without_a_network_it_says_what_could_not_be_fetched_and_where_to_put_it(tmp_path):
    python = make_environment(tmp_path / "env", punkt=False)
    (tmp_path / "env" / "no_network").touch()
    with pytest.raises(TransientError, match=r"punkt_tab .* put it into .*nltk_data"):
        install_whisperx(WhisperXSettings(), WhisperXRun(python=python))


def test_a_model_that_does_not_load_is_no_installation(tmp_path):
    python = make_environment(tmp_path / "env")
    broken = make_model(tmp_path / "small", weights=b"broken")
    with pytest.raises(SetupError, match="does not load"):
        install_whisperx(WhisperXSettings(model=str(broken)), WhisperXRun(python=python))


def test_an_environment_that_was_named_is_found_where_it_is(tmp_path):
    python = make_environment(tmp_path / "env")
    assert whisperx_found(WhisperXRun(python=python)) == python
    assert whisperx_found(WhisperXRun(python=tmp_path / "none")) is None


def test_a_build_without_it_stops_before_anything_starts(tmp_path):
    settings = Settings.model_validate(
        {
            "run": {"whisperx": {"python": tmp_path / "none"}},
            "speech": {"engine": "whisperx"},
        }
    )
    request = Request((str(DEMO / "calm.mp4"),), WorkFolder(tmp_path / "work"), settings)
    with pytest.raises(SetupError, match="run `merr engines install whisperx`"):
        build(request)
    assert not (tmp_path / "work" / "prefect").exists()
