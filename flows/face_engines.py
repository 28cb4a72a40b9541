"""Finding the face engine that the settings choose, before a build starts.

The environment is read here and nowhere below: what was found goes down as settings.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final, TypeVar

from annotators.models.openface_install import PROGRAM, REMEDY, OpenFaceInstall, inspect_openface
from annotators.models.pyfeat import PYFEAT
from annotators.models.weights import MESH, weight_path
from flows.side_env import SideEnv, side_python
from pipeline.settings import Settings
from schemas.errors import SetupError
from schemas.units import Row

R = TypeVar("R", bound=Row)

HOME: Final = "OPENFACE_HOME"
# torch and its like come with py-feat; PyAV reads the frames that it is handed.
PYFEAT_ENV: Final = SideEnv("pyfeat", (f"py-feat=={PYFEAT}", "av==18.1.0"), "feat")
_PLACES: Final = (PROGRAM, f"bin/{PROGRAM}", f"build/bin/{PROGRAM}")


def with_face_engine(settings: Settings, environment: Mapping[str, str]) -> Settings:
    """The same settings with the engine's program and identity in them.

    SetupError where the engine chosen is not here, or is another one than `identity` says.
    """
    if settings.face.engine == "openface":
        return _with_openface(settings, environment)
    if settings.face.engine == "pyfeat":
        return _with_pyfeat(settings)
    return settings


def check_face_models(settings: Settings) -> None:
    """SetupError where model files of the chosen engine are missing. py-feat brings its own."""
    if settings.face.engine != "pyfeat":
        for name in MESH.weights:  # `openface` has the mesh count the other faces
            weight_path(MESH, name)


def find_openface(settings: Settings, environment: Mapping[str, str]) -> OpenFaceInstall:
    """The install of `run.openface.binary`, of OPENFACE_HOME or on PATH, in this order."""
    binary = settings.run.openface.binary or _of_home(environment) or _on_path(environment)
    if binary is None:
        raise SetupError(
            f"openface: {PROGRAM} is not there; name it in run.openface.binary or set {HOME}: "
            f"{REMEDY}"
        )
    return inspect_openface(binary.absolute(), settings.face.openface.model)


def jobs_for(settings: Settings, cpus: int) -> int:
    """How many workers by default: an engine in another process has threads of its own."""
    engine = settings.face.engine
    threads = {"openface": settings.run.openface.threads, "pyfeat": settings.run.pyfeat.threads}
    return max(1, cpus // threads.get(engine, 1))


def _with_openface(settings: Settings, environment: Mapping[str, str]) -> Settings:
    found = find_openface(settings, environment)
    wanted = settings.face.openface.identity
    if wanted not in (None, found.identity):
        raise SetupError(
            f"openface: face.openface.identity is {wanted}, but {found.binary} is {found.identity}"
        )
    known = {"model": found.model.name, "identity": found.identity}
    face = _changed(settings.face, "openface", known)
    run = _changed(settings.run, "openface", {"binary": found.binary})
    return settings.model_copy(update={"face": face, "run": run})


def _with_pyfeat(settings: Settings) -> Settings:
    python = settings.run.pyfeat.python or side_python(PYFEAT_ENV)
    if python is None or not python.exists():
        raise SetupError("pyfeat: is not installed; run `merr engines install pyfeat`")
    run = _changed(settings.run, "pyfeat", {"python": python.absolute()})
    return settings.model_copy(update={"run": run})


def _changed(section: R, name: str, values: Mapping[str, object]) -> R:
    inner: Row = getattr(section, name)
    return section.model_copy(update={name: inner.model_copy(update=dict(values))})


def _of_home(environment: Mapping[str, str]) -> Path | None:
    home = environment.get(HOME)
    if not home:
        return None
    places = [Path(home), *(Path(home, place) for place in _PLACES)]
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        raise SetupError(f"openface: {HOME} is {home}, but there is no {PROGRAM} in it: {REMEDY}")
    return found


def _on_path(environment: Mapping[str, str]) -> Path | None:
    found = shutil.which(PROGRAM, path=environment.get("PATH", ""))
    return Path(found) if found else None
