"""The work on the features of one lot: what its encoders are shown, and what came of every clip."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from annotators.feature_settings import FeatureSettings
from annotators.features import Encode, Encoded, face_frames, motion_frames
from annotators.features_small import small_audio, small_face, small_image, small_motion
from pipeline.chain import Chain
from pipeline.clip_calls import clip_deadline_s
from pipeline.encoder_inputs import Inputs, ask_for_inputs, inputs_of
from pipeline.feature_grids import grids_of
from pipeline.feature_lots import FeatureChain, Lot, reads
from pipeline.feature_sources import SMALL, FeatureSource
from pipeline.merging import merged
from pipeline.outcomes import NAMED, fail
from pipeline.parts import Part
from pipeline.pool import WorkerPool
from schemas.clip import Clip
from schemas.errors import ClipError
from schemas.failure import Failure, Rejection
from schemas.features import FeatureSet, Slot
from schemas.peak import Picture
from schemas.units import Row

T = TypeVar("T")
Given = NDArray[Any] | Encoded  # what an encoder gets; of `small` what it said

DECODED: Final = ("hubert", "mae", "videomae")  # engines that want media, not pictures of ours
_REASONS: Final = {
    "no_face": "no frame has a face that could be aligned or chosen, so this slot stays empty",
    "no_audio": "no sound, or too little voice in it, so this slot stays empty",
    "still": "a picture does not move, so this slot stays empty",
}


@dataclass(frozen=True)
class Wanted:
    """What one source still lacks of one lot."""

    source: FeatureSource
    clip_ids: tuple[str, ...]
    old: Part[FeatureSet]


@dataclass(frozen=True)
class Task:
    lot: Lot
    wanted: tuple[Wanted, ...]


@dataclass
class FeaturedLot:
    """One use: start, then a part for every source that is wanted, then remove_media."""

    task: Task
    chain: Chain
    settings: FeatureSettings
    encoder: Callable[[FeatureSource], Encode]
    inputs: dict[str, Future[Inputs]] = field(default_factory=dict)

    @cached_property
    def rows(self) -> Mapping[str, Mapping[str, Any]]:
        """Stage -> clip_id -> row, of the stages that the sources read."""
        shard = self.task.lot.shard
        stages = {name for wanted in self.task.wanted for name in reads(wanted.source)}
        return {name: self.chain.rows(name, shard) for name in stages} if shard else {}

    @cached_property
    def clips(self) -> Mapping[str, Clip]:
        shard = self.task.lot.shard
        return {clip.clip_id: clip for clip in self.chain.clips(shard)} if shard else {}

    # ---- media

    def start(self, threads: ThreadPoolExecutor, pool: WorkerPool) -> None:
        """Decoding begins; who needs a clip waits for it."""
        for clip_id in self.task.lot.clip_ids:
            if self._wants_sound(clip_id) or self._frames(clip_id):
                work = partial(self._decode, self.clips[clip_id], pool)
                self.inputs[clip_id] = threads.submit(work)

    def _wants(self, slot: Slot, clip_id: str) -> bool:
        return any(
            wanted.source.slot == slot
            and wanted.source.engine in DECODED
            and clip_id in wanted.clip_ids
            for wanted in self.task.wanted
        )

    def _wants_sound(self, clip_id: str) -> bool:
        return self._wants("audio", clip_id) and self.clips[clip_id].has_audio

    def _frames(self, clip_id: str) -> list[int]:
        """Frames of which an aligned face is wanted."""
        wanted: set[int] = set()
        for slot in ("face", "motion"):
            if self._wants(slot, clip_id):
                wanted.update(self._frames_of(slot, clip_id))
        return sorted(wanted)

    def _frames_of(self, slot: Slot, clip_id: str) -> list[int]:
        track = self.rows["face"][clip_id]
        if slot == "motion":
            return [] if self.clips[clip_id].still else motion_frames(track)
        return face_frames(track, self.settings.face.mae.most_faces)

    def _decode(self, clip: Clip, pool: WorkerPool) -> Inputs:
        payload = ask_for_inputs(
            clip,
            self.chain.catalog.videos[clip.video_id].location,
            self.rows.get("face", {}).get(clip.clip_id),
            self._frames(clip.clip_id),
            want_sound=self._wants_sound(clip.clip_id),
            scratch=self.chain.work.scratch,
            limits=self.chain.settings.media,
        )
        deadline_s = clip_deadline_s(clip)
        return inputs_of(payload, pool.call("inputs", payload, deadline_s=deadline_s))

    def remove_media(self) -> None:
        for future in self.inputs.values():
            if future.exception() is None:
                future.result().remove()

    # ---- outcomes

    def part(
        self, wanted: Wanted, features: FeatureChain, hear: Callable[[Row], None]
    ) -> Part[FeatureSet]:
        """Old outcomes and new ones; `hear` is told each new one."""
        outcomes: dict[str, Row] = {}
        with grids_of(features, self.task.lot, wanted.source) as keep:
            for chunk in self._chunks(wanted.clip_ids):
                for clip_id, made in self._encode(wanted.source, chunk).items():
                    outcomes[clip_id] = outcome = self._outcome(wanted.source, clip_id, made)
                    if isinstance(made, Encoded) and made.grid is not None:
                        keep(clip_id, made.grid)
                    hear(outcome)
        order = self.task.lot.clip_ids
        return merged(wanted.old, outcomes, order=order)

    def _chunks(self, clip_ids: Sequence[str]) -> Iterator[Sequence[str]]:
        size = self.settings.batch
        return (clip_ids[start : start + size] for start in range(0, len(clip_ids), size))

    def _encode(
        self, source: FeatureSource, clip_ids: Sequence[str]
    ) -> dict[str, Encoded | Rejection | Failure]:
        told: dict[str, Encoded | Rejection | Failure] = {}
        arrays: dict[str, NDArray[Any]] = {}
        for clip_id in clip_ids:
            given = _attempt(source, clip_id, partial(self._given, source, clip_id))
            if isinstance(given, np.ndarray):
                arrays[clip_id] = given
            else:
                told[clip_id] = given
        return told | self._encode_arrays(source, arrays)

    def _encode_arrays(
        self, source: FeatureSource, arrays: Mapping[str, NDArray[Any]]
    ) -> dict[str, Encoded | Failure]:
        """All at once; where that fails one by one, so that a clip takes no other with it."""
        if not arrays:
            return {}
        encode = self.encoder(source)
        try:
            return dict(zip(arrays, encode(list(arrays.values())), strict=True))
        except ClipError:
            alone = {i: partial(_first, encode, array) for i, array in arrays.items()}
            return {i: _attempt(source, i, work) for i, work in alone.items()}

    def _outcome(
        self, source: FeatureSource, clip_id: str, made: Encoded | Rejection | Failure
    ) -> Row:
        if not isinstance(made, Encoded):
            return made
        return _attempt(source, clip_id, partial(feature_row, source, clip_id, made))

    # ---- what an encoder gets

    def _given(self, source: FeatureSource, clip_id: str) -> Given | Rejection:
        if source.slot == "image":
            return self._picture(source, clip_id)
        if source.slot == "audio":
            return self._sound(source, clip_id)
        frames = self._frames_of(source.slot, clip_id)
        if not frames:
            if source.slot == "motion" and self.clips[clip_id].still:
                return _reject(source, clip_id, "still")
            return _reject(source, clip_id, "no_face")
        if source.engine == SMALL:
            return self._small_face(source, clip_id)
        return self.inputs[clip_id].result().faces(frames)

    def _picture(self, source: FeatureSource, clip_id: str) -> Given | Rejection:
        picture: Picture | None = getattr(self.rows["stills"][clip_id], self.settings.image.frame)
        if picture is None:
            return _reject(source, clip_id, "no_face")
        return small_image(picture) if source.engine == SMALL else _rgb(picture)

    def _sound(self, source: FeatureSource, clip_id: str) -> Given | Rejection:
        if source.engine == SMALL:
            measures = self.rows["tone"][clip_id].measures
            return _reject(source, clip_id, "no_audio") if measures is None else small_audio(
                measures
            )  # fmt: skip
        future = self.inputs.get(clip_id) if self._wants_sound(clip_id) else None
        sound = None if future is None else future.result().sound()
        return _reject(source, clip_id, "no_audio") if sound is None or not len(sound) else sound

    def _small_face(self, source: FeatureSource, clip_id: str) -> Encoded:
        track = self.rows["face"][clip_id]
        if source.slot == "motion":
            return small_motion(track)
        return small_face(track, self.rows["peak"][clip_id])


def feature_row(source: FeatureSource, clip_id: str, encoded: Encoded) -> FeatureSet:
    frames = encoded.frames
    return FeatureSet(
        clip_id=clip_id,
        slot=source.slot,
        encoder=source.encoder,
        weights=source.weights,
        layer=source.layer,
        pooling=source.pooling,
        sampling=source.sampling,
        made_by=source.maker,
        vector=tuple(encoded.vector.tolist()),
        frames=None if frames is None else tuple(map(tuple, frames.tolist())),
    )


def _attempt(source: FeatureSource, clip_id: str, work: Callable[[], T]) -> T | Failure:
    try:
        return work()
    except NAMED as e:
        return fail("clip", clip_id, f"{source.slot}_features", e)


def _reject(source: FeatureSource, clip_id: str, rule: str) -> Rejection:
    stage = f"{source.slot}_features"
    return Rejection(subject="clip", id=clip_id, stage=stage, rule=rule, reason=_REASONS[rule])


def _first(encode: Encode, array: NDArray[Any]) -> Encoded:
    return encode([array])[0]


def _rgb(picture: Picture) -> NDArray[np.uint8]:
    """[H, W, 3] of a picture that merr itself encoded."""
    import cv2

    bgr = cv2.imdecode(np.frombuffer(picture.jpeg, np.uint8), cv2.IMREAD_COLOR)
    if bgr is None:
        raise ClipError(f"the picture of frame {picture.frame_index} is no JPEG; build again")
    return np.ascontiguousarray(bgr[:, :, ::-1]).astype(np.uint8, copy=False)
