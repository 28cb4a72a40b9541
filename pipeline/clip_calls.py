"""What a worker is told of a clip that it decodes, and how long it may take."""

from typing import Any, Final

from pipeline.chain import Chain
from pipeline.engines import frames_shown
from schemas.clip import Clip

CLIP_DEADLINE_S: Final = 60.0  # for any clip, and
DEADLINE_PER_SECOND: Final = 20.0  # for every second of it: 20 times slower than real time
_SECTIONS: Final = ("face", "voice", "speech", "tone", "stills", "run")


def clip_payload(chain: Chain, clip: Clip) -> dict[str, Any]:
    settings = chain.settings
    return {
        "path": chain.catalog.videos[clip.video_id].location,
        "clip": clip.model_dump(mode="json"),
        "scratch": str(chain.work.scratch),
        "spread": frames_shown(settings),
        "limits": settings.media.model_dump(mode="json"),
        "settings": {name: getattr(settings, name).model_dump(mode="json") for name in _SECTIONS},
    }


def clip_deadline_s(clip: Clip) -> float:
    return CLIP_DEADLINE_S + DEADLINE_PER_SECOND * clip.duration_s
