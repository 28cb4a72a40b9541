"""What decides the rows of a stage beside its code: packages and models, by the engine chosen."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from typing import Any, Final, get_args

from annotators.models.pyfeat import PYFEAT
from annotators.models.weights import mesh_model_text, pitch_model_text
from annotators.models.whisper_files import find_whisper
from annotators.models.whisperx import WHISPERX, whisperx_model_text
from annotators.prompt import load_prompt
from annotators.role_settings import RoleSettings, speaking
from pipeline.settings import Settings
from pipeline.stages import Stage
from schemas.errors import SetupError
from schemas.units import Row


def _no_models(settings: Settings) -> dict[str, str]:
    return {}


def _whisper(settings: Settings) -> dict[str, str]:
    return {"whisper": find_whisper(settings.speech.faster_whisper.model).text}


def _whisperx(settings: Settings) -> dict[str, str]:
    return {"whisperx": WHISPERX, "whisper": whisperx_model_text(settings.speech.whisperx)}


@dataclass(frozen=True)
class Made:
    packages: tuple[str, ...] = ()  # whose version decides the rows
    models: Callable[[Settings], dict[str, str]] = _no_models  # name -> version or digest


MADE_BY: Final[dict[tuple[str, str], Made]] = {
    ("face", "mesh"): Made(("ai-edge-litert",), lambda _: {"mesh": mesh_model_text()}),
    # The mesh counts the faces beside the one that OpenFace follows; OpenFace's own identity is one
    # of its settings.
    ("face", "openface"): Made(("ai-edge-litert",), lambda _: {"mesh": mesh_model_text()}),
    ("face", "pyfeat"): Made((), lambda _: {"pyfeat": PYFEAT}),
    ("speech", "silero"): Made(),
    ("speech", "faster-whisper"): Made(("faster-whisper", "ctranslate2"), _whisper),
    ("speech", "whisperx"): Made(models=_whisperx),
    ("speech", "endpoint"): Made(),
    ("tone", "prosody"): Made(("numpy",), lambda _: {"pitch": pitch_model_text()}),
    ("tone", "egemaps"): Made(("opensmile",)),
    ("heard", "chat"): Made(("av",), lambda _: _prompts("heard")),
    ("seen", "chat"): Made((), lambda _: _prompts("seen")),
    ("english", "chat"): Made((), lambda _: _prompts("english")),
    ("clues", "chat"): Made((), lambda settings: _prompts(clues_prompt(settings))),
}


def clues_prompt(settings: Settings) -> str:
    return "clues_told" if settings.clues.mode == "told" else "clues"


def _prompts(name: str) -> dict[str, str]:
    words = hashlib.sha256()
    for file in ("injection", "feelings"):
        words.update((files("annotators") / "phrases" / f"{file}.toml").read_bytes())
    return {"prompt": load_prompt(name).digest, "phrases": words.hexdigest()[:16]}


def made_with(stage: Stage, settings: Settings) -> dict[str, str]:
    """Names and versions of the packages and models that decide a stage's rows.

    SetupError where a package of the chosen engine is not here.
    """
    engine = _chosen(settings, stage.name)
    made = MADE_BY.get((stage.name, engine), Made())
    packages = {name: version(name) for name in stage.packages}
    packages |= {name: _version(name, stage.name, engine) for name in made.packages}
    return packages | stage.models() | made.models(settings)


def _version(package: str, stage: str, engine: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        raise SetupError(
            f"{stage} engine {engine}: the package {package} is not installed; "
            f"run `merr engines install {engine}`, or set {stage}.engine to another"
        ) from None


def is_asked(settings: Settings, stage: str) -> bool:
    """Whether a chat model makes the rows of a stage."""
    return _chosen(settings, stage) == "chat"


def frames_shown(settings: Settings) -> int:
    """Frames spread over a clip that a model is shown beside the peak frame; 0: none."""
    frames = settings.seen.frames
    return frames if is_asked(settings, "seen") and frames > 1 else 0


def reads(stage: Stage, settings: Settings) -> tuple[str, ...]:
    """The stages whose rows a stage reads: none where nobody is asked; the label, too, where the
    writer of clues is told it."""
    engine = _chosen(settings, stage.name)
    if engine == "none":
        return ()
    is_told = stage.name == "clues" and engine == "chat" and settings.clues.mode == "told"
    return (*stage.reads, "label") if is_told else stage.reads


def told(section: Row) -> dict[str, Any]:
    """A section of settings as keys hold it: without the engines that are not chosen, and without
    what the engine chosen is known by better (`known_by_digest`)."""
    engines = type(section).model_fields.get("engine")
    if engines is None:
        return section.model_dump(mode="json")
    names = {str(name).replace("-", "_") for name in get_args(engines.annotation)}
    chosen = str(getattr(section, "engine")).replace("-", "_")  # noqa: B009
    left_out: dict[str, Any] = dict.fromkeys(names - {chosen}, True)
    known = getattr(getattr(section, chosen, None), "known_by_digest", ())
    if known:
        left_out[chosen] = set(known)
    return section.model_dump(mode="json", exclude=left_out)


def patience_s(settings: Settings) -> float:
    """Seconds that the engines chosen add to the deadline of every clip."""
    run = settings.run
    if settings.speech.engine == "faster-whisper":
        return run.faster_whisper.deadline_s
    if settings.speech.engine == "whisperx":
        return run.whisperx.start_s + run.whisperx.deadline_s
    return 0.0


def told_role(settings: Settings, name: str) -> dict[str, Any]:
    """The section of a chat role as keys hold it: what decides its rows. The key's variable does
    not, and where no model is asked nothing of [chat] does."""
    section: RoleSettings = getattr(settings, name)
    if _chosen(settings, name) == "none":
        return {"engine": "none"}
    own = section.model_dump(mode="json", exclude=set(RoleSettings.model_fields))
    if _chosen(settings, name) == "template":
        return {key: own[key] for key in own if key not in ("mode", "most_clues")}
    return own | {"asked": speaking(settings.chat, section, name).model_dump(mode="json")}


def _chosen(settings: Settings, stage: str) -> str:
    """The engine of a stage; empty where there is no choice."""
    return str(getattr(getattr(settings, stage, None), "engine", ""))
