"""Who listens to the frames of a clip for its face, by the engine chosen."""

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from annotators.base import FrameListener
from annotators.engine_settings import FaceSettings
from annotators.face import FaceListener
from pipeline.settings import RunSettings
from schemas.clip import Clip
from schemas.errors import SetupError
from schemas.face import FaceTrack

Json = dict[str, Any]


def face_listener(clip: Clip, payload: Json, held: ExitStack) -> FrameListener[FaceTrack]:
    """`held` keeps the folder in which an engine of its own gets the frames."""
    settings = FaceSettings.model_validate(payload["settings"]["face"])
    run = RunSettings.model_validate(payload["settings"]["run"])
    if settings.engine == "openface":
        return _openface(clip, settings, run, _folder(payload, held))
    if settings.engine == "pyfeat":
        return _pyfeat(clip, settings, run, _folder(payload, held))
    from annotators.models.mesh import load_mesh_models

    return FaceListener(clip.clip_id, load_mesh_models(), settings=settings.mesh)


def _openface(
    clip: Clip, settings: FaceSettings, run: RunSettings, folder: Path
) -> FrameListener[FaceTrack]:
    from annotators.models.mesh import load_mesh_models
    from annotators.models.openface import OpenFace, run_openface
    from annotators.models.openface_install import find_model
    from annotators.openface import OpenFaceListener

    own = run.openface
    if own.binary is None:
        raise SetupError("openface: no FeatureExtraction was found; see docs/engines/openface.md")
    openface = OpenFace(
        binary=own.binary,
        model=find_model(own.binary, settings.openface.model),
        threads=own.threads,
        memory_bytes=int(own.memory_gb * (1 << 30)),
        start_s=own.start_s,
        frame_s=own.frame_s,
    )
    return OpenFaceListener(
        clip.clip_id,
        clip_s=clip.duration_s,
        run=lambda video, frames, calibrated: run_openface(
            openface, video, frames=frames, calibrated=calibrated, folder=folder
        ),
        models=load_mesh_models(),
        folder=folder,
        settings=settings.openface,
    )


def _pyfeat(
    clip: Clip, settings: FaceSettings, run: RunSettings, folder: Path
) -> FrameListener[FaceTrack]:
    from annotators.models.pyfeat import PyFeatProcess, load_pyfeat
    from annotators.pyfeat import PyFeatListener

    own = run.pyfeat
    if own.python is None:
        raise SetupError("pyfeat: is not installed; run `merr engines install pyfeat`")
    process = PyFeatProcess(
        python=own.python,
        threads=own.threads,
        device=own.device,
        memory_bytes=None if own.memory_gb is None else int(own.memory_gb * (1 << 30)),
        start_s=own.start_s,
    )
    pyfeat = load_pyfeat(process, least_score=settings.pyfeat.least_score, batch=own.batch)
    return PyFeatListener(
        clip.clip_id,
        pyfeat,
        clip_s=clip.duration_s,
        folder=folder,
        settings=settings.pyfeat,
        frame_s=own.frame_s,
    )


def _folder(payload: Json, held: ExitStack) -> Path:
    """A fresh one, gone when the clip is done; what killed workers leave, the next run sweeps."""
    scratch = Path(payload["scratch"])
    scratch.mkdir(parents=True, exist_ok=True)
    folder = tempfile.TemporaryDirectory(dir=scratch, prefix="clip-", ignore_cleanup_errors=True)
    return Path(held.enter_context(folder))
