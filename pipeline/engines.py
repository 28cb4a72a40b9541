"""What decides the rows of a stage beside its code: packages and models, by the engine chosen."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final, get_args

from annotators.models.pitch_file import PITCH_MODEL
from annotators.models.weights import mesh_model_text
from pipeline.settings import Settings
from pipeline.stages import Stage
from schemas.errors import SetupError
from schemas.units import Row


def _no_models(settings: Settings) -> dict[str, str]:
    return {}


@dataclass(frozen=True)
class Made:
    packages: tuple[str, ...] = ()  # whose version decides the rows
    models: Callable[[Settings], dict[str, str]] = _no_models  # name -> version or digest


MADE_BY: Final[dict[tuple[str, str], Made]] = {
    ("face", "mesh"): Made(("ai-edge-litert",), lambda _: {"mesh": mesh_model_text()}),
    ("speech", "silero"): Made(),
    ("tone", "prosody"): Made(("numpy",), lambda _: {"pitch": PITCH_MODEL}),
    ("tone", "egemaps"): Made(("opensmile",)),
}


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


def told(section: Row) -> dict[str, Any]:
    """A section of settings as keys hold it: without the engines that are not chosen."""
    engines = type(section).model_fields.get("engine")
    if engines is None:
        return section.model_dump(mode="json")
    names = {str(name).replace("-", "_") for name in get_args(engines.annotation)}
    others = names - {str(getattr(section, "engine")).replace("-", "_")}  # noqa: B009
    return section.model_dump(mode="json", exclude=others)


def _chosen(settings: Settings, stage: str) -> str:
    """The engine of a stage; empty where there is no choice."""
    return str(getattr(getattr(settings, stage, None), "engine", ""))
