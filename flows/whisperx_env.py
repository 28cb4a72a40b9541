"""What WhisperX needs: an environment of its own, sentence data, and the models of the settings."""

import subprocess
from pathlib import Path
from typing import Final

from annotators.models.side_process import SideProcess
from annotators.models.whisperx import ENGINE, WHISPERX, side_command
from annotators.whisper_settings import WhisperXRun, WhisperXSettings
from flows.side_env import SideEnv, build_side_env, side_python
from schemas.errors import SetupError, TransientError

# Pins torch 2.8, so it does not resolve beside merr's own packages; 7.2 GB installed.
ENVIRONMENT: Final = SideEnv(ENGINE, (f"whisperx=={WHISPERX}",), "whisperx")
PUNKT: Final = "punkt_tab"
_FETCH_S: Final = 900.0


def install_whisperx(settings: WhisperXSettings, run: WhisperXRun) -> str:
    """Builds the environment unless `run` names one, then fetches what the settings ask for.

    Raises TransientError where something cannot be fetched, SetupError where it does not work.
    """
    python = run.python or build_side_env(ENVIRONMENT)
    if settings.align:
        _fetch_sentences(python)
    command = side_command(settings, run.model_copy(update={"python": python}), offline=False)
    with SideProcess(command) as side:  # loading fetches what is not in the caches yet
        versions = side.versions()
    return f"whisperx: {versions['whisperx']} with model {settings.model} is in {python.parents[1]}"


def whisperx_found(run: WhisperXRun) -> Path | None:
    """Its Python, where it is installed."""
    if run.python is not None:
        return run.python if run.python.exists() else None
    return side_python(ENVIRONMENT)


def _fetch_sentences(python: Path) -> None:
    """Where nltk looks by itself: inside its environment. Does nothing if they are there."""
    folder = python.parents[1] / "nltk_data"
    command = [str(python), "-I", "-m", "nltk.downloader", "-d", str(folder), PUNKT]
    if (folder / "tokenizers" / PUNKT).is_dir():
        return
    try:
        done = subprocess.run(  # noqa: S603  fixed arguments, no shell
            command, capture_output=True, text=True, timeout=_FETCH_S, check=False
        )
    except subprocess.TimeoutExpired as e:
        raise TransientError(f"whisperx: {PUNKT} of nltk was not fetched in {_FETCH_S} s") from e
    except OSError as e:
        raise SetupError(f"whisperx: {python} does not run: {e.strerror}") from e
    if done.returncode or not (folder / "tokenizers" / PUNKT).is_dir():
        raise TransientError(
            f"whisperx: {PUNKT} of nltk, which alignment needs, could not be fetched; check the "
            f"network, then run `merr engines install whisperx` again, or put it into {folder}; "
            f"nltk said: {' '.join((done.stdout + done.stderr).split())[-300:]}"
        )
