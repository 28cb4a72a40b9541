"""How long a clip may take because of its face engine."""

from typing import Final

from pipeline.settings import Settings

_FRAMES_PER_S: Final = 60  # more than films have; the wrapper itself counts the frames
_SHOTS: Final = 5  # starts of OpenFace within one clip


def face_patience_s(settings: Settings, duration_s: float) -> float:
    """Seconds that the face engine chosen adds to the deadline of a clip; its own clock ends it
    well before."""
    frames = _FRAMES_PER_S * duration_s
    if settings.face.engine == "openface":
        run = settings.run.openface
        return _SHOTS * run.start_s + run.frame_s * frames
    if settings.face.engine == "pyfeat":
        return settings.run.pyfeat.start_s + 60 + settings.run.pyfeat.frame_s * frames
    return 0.0
