"""Makes what the page shows of clips, before a queue opens: playable files, pictures, tracks."""

from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pipeline import proxy
from pipeline.batches import Shard
from pipeline.chain import Chain
from pipeline.keys import digest
from pipeline.parts import Part
from pipeline.pool import WorkerPool
from pipeline.proxy import Proxy
from pipeline.stages import BY_NAME
from review.media_folder import MediaFolder
from review.tracks import Tracks, tracks_of
from schemas.clip import Clip
from schemas.errors import ClipError, TransientError
from schemas.parquet import atomic_path
from schemas.peak import Stills
from schemas.units import Row, Seconds
from schemas.video import Video

VERSION: Final = "2"
AROUND_S: Final = 2.0
_DEADLINE_S: Final = 60.0  # for a clip of no length
_DEADLINE_PER_S: Final = 20.0  # of clip: decoding 4K and encoding it on one slow core
_STAGES: Final = ("face", "peak", "speech", "tone", "scene", "stills")


class PreparedTracks(Row):
    """The file of tracks, with what it was made from: equal keys are not made again."""

    key: str
    tracks: Tracks


@dataclass(frozen=True)
class Preparation:
    made: int
    there: int  # done before
    failed: tuple[tuple[str, str], ...]  # clip_id and why
    elsewhere: int = 0  # clips asked for that the work folder does not have


@dataclass(frozen=True)
class _Job:
    clip: Clip
    key: str
    location: Path
    rows: dict[str, Any]
    size_px: tuple[int, int] | None


def prepare(
    chain: Chain,
    folder: MediaFolder,
    pool: WorkerPool,
    *,
    clip_ids: Collection[str] | None,
    around_s: Seconds = AROUND_S,
) -> Preparation:
    """Of the named clips, or of all; `around_s` of the film is shown before and after a clip. A
    clip that fails is told and does not stop the others. Only for who holds the lock of the work
    folder."""
    folder.root.mkdir(parents=True, exist_ok=True)
    for left in folder.root.glob(".*.tmp"):  # of a run that was killed
        left.unlink()
    jobs = list(_jobs(chain, clip_ids, around_s))
    wanted = [job for job in jobs if not _is_there(folder, job)]
    with ThreadPoolExecutor(pool.slots) as threads:
        told = list(threads.map(lambda job: _make(folder, pool, chain, job, around_s), wanted))
    failed = tuple((job.clip.clip_id, why) for job, why in zip(wanted, told, strict=True) if why)
    made = len(wanted) - len(failed)
    return Preparation(made=made, there=len(jobs) - len(wanted), failed=failed)


def read_tracks(folder: MediaFolder, clip_id: str) -> Tracks | None:
    """None: the clip was not prepared."""
    path = folder.path(clip_id, "tracks")
    if not path.is_file():
        return None
    return PreparedTracks.model_validate_json(path.read_bytes()).tracks


def _jobs(chain: Chain, clip_ids: Collection[str] | None, around_s: Seconds) -> Iterator[_Job]:
    for shard in chain.shards():
        clips = [c for c in chain.clips(shard) if clip_ids is None or c.clip_id in clip_ids]
        if not clips:
            continue
        videos = {video.video_id: video for video in _videos(chain, shard).rows}
        parts = {stage: chain.rows(stage, shard) for stage in _STAGES}
        keys = [chain.key(BY_NAME[stage], shard).name for stage in _STAGES]
        for clip in clips:
            yield _Job(
                clip=clip,
                key=digest([VERSION, proxy.VERSION, around_s, clip.clip_id, keys])[:16],
                location=Path(chain.catalog.videos[clip.video_id].location),
                rows={stage: rows.get(clip.clip_id) for stage, rows in parts.items()},
                size_px=_size(videos.get(clip.video_id)),
            )


def _videos(chain: Chain, shard: Shard) -> Part[Video]:
    return chain.videos(chain.batch_of(shard))


def _size(video: Video | None) -> tuple[int, int] | None:
    return None if video is None else (video.width_px, video.height_px)


def _is_there(folder: MediaFolder, job: _Job) -> bool:
    path = folder.path(job.clip.clip_id, "tracks")
    return path.is_file() and PreparedTracks.model_validate_json(path.read_bytes()).key == job.key


def _make(
    folder: MediaFolder, pool: WorkerPool, chain: Chain, job: _Job, around_s: Seconds
) -> str | None:
    """Why it failed; None: it is there. The tracks come last: with them a clip is complete."""
    clip = job.clip
    try:
        made = None if clip.still else _make_proxy(folder, pool, chain, job, around_s)
    except (ClipError, TransientError) as e:
        return str(e)
    stills: Stills | None = job.rows["stills"]
    if stills is not None:
        with atomic_path(folder.path(clip.clip_id, "peak")) as path:
            path.write_bytes((stills.peak or stills.middle).jpeg)
    rows = {name: job.rows[name] for name in _STAGES if name != "stills"}
    tracks = tracks_of(
        clip,
        made,
        track=rows["face"],
        peak=rows["peak"],
        speech=rows["speech"],
        tone=rows["tone"],
        scene=rows["scene"],
        min_confidence=chain.settings.peak.min_confidence,
        size_px=job.size_px,
    )
    with atomic_path(folder.path(clip.clip_id, "tracks")) as path:
        path.write_text(PreparedTracks(key=job.key, tracks=tracks).model_dump_json(), "utf-8")
    return None


def _make_proxy(
    folder: MediaFolder, pool: WorkerPool, chain: Chain, job: _Job, around_s: Seconds
) -> Proxy:
    settings = chain.settings
    with atomic_path(folder.path(job.clip.clip_id, "clip")) as path:
        answer = pool.call(
            "proxy",
            {
                "path": str(job.location),
                "clip": job.clip.model_dump(mode="json"),
                "target": str(path),
                "around_s": around_s,
                "limits": settings.media.model_dump(mode="json"),
            },
            deadline_s=_DEADLINE_S + _DEADLINE_PER_S * (job.clip.duration_s + 2 * around_s),
        )
    return Proxy.model_validate(answer)
