"""What encoders are shown of a clip: aligned faces and sound, as files, by one decode."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from annotators.base import FrameBatch
from annotators.features import FACE_PX
from pipeline.container import MediaLimits
from pipeline.pictures import face_crop
from schemas.clip import Clip
from schemas.errors import DecodeError
from schemas.face import FaceTrack

Json = dict[str, Any]
FACE_SHAPE: Final = (FACE_PX, FACE_PX, 3)


@dataclass(frozen=True)
class Inputs:
    """Of one clip. Files live until `remove`; faces are mapped, so that a long clip fits."""

    frames: tuple[int, ...]  # indices of the faces, in order
    faces_path: Path
    sound_path: Path | None  # None: no sound was wanted, or the clip has none

    def faces(self, frames: Sequence[int]) -> NDArray[np.uint8]:
        """[n, 224, 224, 3] RGB, of these frames in their order."""
        shape = (len(self.frames), *FACE_SHAPE)
        faces = np.memmap(self.faces_path, np.uint8, "r", shape=shape)
        at = {frame: place for place, frame in enumerate(self.frames)}
        places = [at[frame] for frame in frames]
        whole = places == list(range(len(self.frames)))
        return faces if whole else np.asarray(faces[places])

    def sound(self) -> NDArray[np.float32]:
        """[N] mono, 16 kHz."""
        if self.sound_path is None:
            return np.empty(0, np.float32)
        return np.fromfile(self.sound_path, np.float32)

    def remove(self) -> None:
        self.faces_path.unlink(missing_ok=True)
        if self.sound_path is not None:
            self.sound_path.unlink(missing_ok=True)


def ask_for_inputs(
    clip: Clip,
    path: str,
    track: FaceTrack | None,
    frames: Sequence[int],
    *,
    want_sound: bool,
    scratch: Path,
    limits: MediaLimits,
) -> Json:
    """The payload of the job: the landmarks of the frames wanted, not the whole track."""
    points = track.landmarks_px if track is not None else ()
    return {
        "clip": clip.model_dump(mode="json"),
        "path": path,
        "frames": list(frames),
        "landmarks": [points[10 * index : 10 * index + 10] for index in frames],
        "want_sound": want_sound,
        "scratch": str(scratch),
        "limits": limits.model_dump(mode="json"),
    }


def inputs_of(payload: Json, answer: Json) -> Inputs:
    scratch, clip_id = Path(payload["scratch"]), payload["clip"]["clip_id"]
    sound = _sound_path(scratch, clip_id) if answer["samples"] else None
    return Inputs(tuple(payload["frames"]), _faces_path(scratch, clip_id), sound)


def write_inputs(payload: Json) -> Json:
    """In a worker. Raises DecodeError where the clip no longer has the frames of its track."""
    from pipeline.media import stream

    clip = Clip.model_validate(payload["clip"])
    scratch = Path(payload["scratch"])
    scratch.mkdir(parents=True, exist_ok=True)
    wanted = dict(zip(payload["frames"], payload["landmarks"], strict=True))
    with _FaceFile(_faces_path(scratch, clip.clip_id), wanted) as faces:
        streamed = stream(
            Path(payload["path"]),
            clip,
            [faces],
            want_audio=bool(payload["want_sound"]),
            limits=MediaLimits.model_validate(payload["limits"]),
        )
        faces.finish()
    samples = 0 if streamed.sound is None else len(streamed.sound.samples)
    if streamed.sound is not None:
        streamed.sound.samples.astype(np.float32).tofile(_sound_path(scratch, clip.clip_id))
    return {"samples": samples}


class _FaceFile:
    """Writes the aligned faces of the frames wanted as they pass."""

    def __init__(self, path: Path, wanted: dict[int, list[float]]) -> None:
        self._path = path
        self._wanted = wanted
        self._seen = 0
        self._file: IO[bytes] | None = None

    def __enter__(self) -> Self:
        self._file = self._path.open("wb")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()
        if error is not None:
            self._path.unlink(missing_ok=True)

    def feed(self, batch: FrameBatch) -> None:
        for offset, frame in enumerate(batch.frames):
            points = self._wanted.get(batch.index + offset)
            if points is not None and self._file is not None:
                self._file.write(face_crop(frame, points, FACE_PX).tobytes())
                self._seen += 1

    def finish(self) -> int:
        if self._seen < len(self._wanted):
            raise DecodeError(
                f"shows {self._seen} of the {len(self._wanted)} faces its track knows; "
                "the file changed, so build again"
            )
        return self._seen


def _faces_path(scratch: Path, clip_id: str) -> Path:
    return scratch / f"{clip_id}.faces"


def _sound_path(scratch: Path, clip_id: str) -> Path:
    return scratch / f"{clip_id}.sound"
