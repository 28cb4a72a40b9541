"""`merr plan`: what a build would do and cost, before anything starts."""

import math
import os
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from flows.face_engines import jobs_for
from flows.talking import key_uses
from pipeline.cut import rule_for
from pipeline.cutting import PROBE_DEADLINE_S
from pipeline.given_read import read_given
from pipeline.outcomes import NAMED
from pipeline.pool import WorkerPool
from pipeline.settings import Settings
from pipeline.sources import find_files
from schemas.engine import engines
from schemas.label import load_vocabulary
from schemas.video import SourceFile, Video

if TYPE_CHECKING:
    from pipeline.foreseen_calls import RoleCalls

# Read off builds of 360p to 540p clips with the engines of this version (benchmarks, docs).
FRAMES_PER_CPU_S: Final = 120.0  # decode, mesh, light, sound: all stages together
# What an engine of its own adds. OpenFace 2.0.6 with CLNF: 16 clips, 1880 frames, 62 CPU s; its
# default model CE-CLM takes longer. py-feat is not measured here.
FACE_FRAMES_PER_CPU_S: Final = {"openface": 30.0}
WORK_BYTES_PER_S: Final = 60_000.0  # tracks, sound and texts, for every second of video
WORK_BYTES_PER_CLIP: Final = 160_000.0  # four pictures
RELEASE_BYTES_PER_CLIP: Final = 130_000.0
FILM_CLIP_S: Final = 8.0  # usual length of a clip that is cut out of a film


@dataclass(frozen=True)
class Plan:
    files: int
    other_kind: int
    unreadable: int
    videos: int  # by name: equal bytes are found only when the build reads them
    hours: float
    clips: int
    clips_estimated: bool  # True: films are among the videos, whose clips are not known yet
    cpu_hours: float
    jobs: int
    work_gb: float
    release_gb: float
    free_gb: float
    labelled: int
    face_engine: str = "mesh"
    calls: "tuple[RoleCalls, ...]" = ()  # to models behind endpoints, by role

    @property
    def model_calls(self) -> int:
        return sum(role.calls for role in self.calls)

    @property
    def tokens(self) -> int:
        """At most, re-asks left out."""
        return sum(role.most_tokens for role in self.calls)

    @property
    def cost_usd(self) -> float | None:
        """At most, re-asks left out. None: the price of a model is not known."""
        costs = [role.most_usd for role in self.calls]
        if None in costs:
            return None
        return sum(cost for cost in costs if cost is not None)

    def as_json(self) -> dict[str, Any]:
        told = {name: value for name, value in vars(self).items() if name != "calls"}
        names = ("model_calls", "tokens", "cost_usd")
        calls = [role.model_dump(mode="json") for role in self.calls]
        return told | {name: getattr(self, name) for name in names} | {"calls": calls}


def make_plan(sources: tuple[str, ...], settings: Settings, jobs: int | None) -> Plan:
    """Opens every video for its length; decodes one frame of each."""
    found = find_files(sources)
    media = [file for file in found.files if file.kind != "other"]
    slots = jobs or settings.run.jobs or jobs_for(settings, os.cpu_count() or 1)
    videos = _probe_all(media, settings, slots)
    seconds = sum(video.duration_s or 0.0 for video in videos)
    frames = sum((v.duration_s or 0.0) * (v.fps or 0.0) for v in videos)
    clips, estimated = _clips(videos, settings)
    readable = {video.video_id for video in videos}
    named = [
        file.model_copy(update={"video_id": file.location})
        for file in media
        if file.location in readable
    ]
    given = read_given(named, settings.given, places=found.places).given
    labelled = sum(bool(video.labels) for video in given.videos.values())
    return Plan(
        files=len(found.files) + len(found.failures),
        other_kind=len(found.files) - len(media),
        unreadable=len(media) - len(videos) + len(found.failures),
        videos=len(videos),
        hours=seconds / 3600,
        clips=clips,
        clips_estimated=estimated,
        cpu_hours=_cpu_s(frames, settings.face.engine) / 3600,
        jobs=slots,
        work_gb=(seconds * WORK_BYTES_PER_S + clips * WORK_BYTES_PER_CLIP) / 1e9,
        release_gb=clips * RELEASE_BYTES_PER_CLIP / 1e9,
        free_gb=shutil.disk_usage(Path.cwd()).free / 1e9,
        labelled=labelled,
        face_engine=settings.face.engine,
        calls=_calls(
            settings, clips, clips * labelled / max(1, len(videos)), seconds / max(1, clips)
        ),
    )


def _calls(
    settings: Settings, clips: int, labelled: float, clip_s: float
) -> "tuple[RoleCalls, ...]":
    if not key_uses(settings):
        return ()
    from pipeline.foreseen_calls import foresee_calls
    from pipeline.prices import load_prices

    own = settings.run.chat.prices
    return foresee_calls(
        settings,
        load_vocabulary(settings.given.vocabulary),
        load_prices(Path(own) if own else None),
        clips=clips,
        labelled=math.ceil(labelled),
        clip_s=clip_s,
    )


def _probe_all(files: list[SourceFile], settings: Settings, slots: int) -> list[Video]:
    limits = settings.media.model_dump(mode="json")

    def probe(file: SourceFile) -> Video | None:
        payload = {
            "path": file.location,
            "video_id": file.location,
            "size_bytes": file.size_bytes,
            "limits": limits,
        }
        try:
            return Video.model_validate(pool.call("probe", payload, deadline_s=PROBE_DEADLINE_S))
        except NAMED:
            return None

    with (
        tempfile.TemporaryDirectory(prefix="merr-plan-") as scratch,
        WorkerPool(
            slots, log=Path(scratch) / "log", memory_gb=settings.run.worker_memory_gb
        ) as pool,
        ThreadPoolExecutor(slots) as threads,
    ):
        return [video for video in threads.map(probe, files) if video is not None]


def _clips(videos: list[Video], settings: Settings) -> tuple[int, bool]:
    """How many clips, and whether that is an estimate."""
    total, estimated = 0, False
    for video in videos:
        rule = rule_for(video, settings=settings.cut, has_cues=False, has_spans=False)
        if rule in ("whole", "still"):
            total += 1
        else:
            total += max(1, round((video.duration_s or 0.0) / FILM_CLIP_S))
            estimated = True
    return total, estimated


def plan_text(plan: Plan) -> str:
    clips = f"{'about ' if plan.clips_estimated else ''}{plan.clips}"
    hours = plan.cpu_hours / plan.jobs
    return "\n".join(
        (
            f"files      {plan.files} found, {plan.other_kind} of another kind, "
            f"{plan.unreadable} unreadable{'; `merr build` says why' if plan.unreadable else ''}",
            f"videos     {plan.videos}, {plan.hours:.2f} hours, {plan.labelled} with a label",
            f"clips      {clips}",
            *_calls_text(plan),
            f"time       about {_spent(plan.cpu_hours)} of CPU, "
            f"{_spent(hours)} with {plan.jobs} jobs",
            f"disk       about {_size(plan.work_gb)} of work, {_size(plan.release_gb)} of release; "
            f"{_size(plan.free_gb)} free here",
            *_face_notes(plan.face_engine),
        )
    )


def _calls_text(plan: Plan) -> Iterator[str]:
    if not plan.model_calls:
        yield "calls      0 model calls, 0 tokens, 0.00 USD: the engines chosen are local"
        return
    yield (
        f"calls      {plan.model_calls} model calls, at most {plan.tokens} tokens, "
        f"{_usd(plan.cost_usd)}; answers that do not fit are asked for again"
    )
    for role in plan.calls:
        yield f"           {role.role}: {role.calls} to {role.model}, {_usd(role.most_usd)}"


def _usd(cost: float | None) -> str:
    if cost is None:
        return "of unknown cost (run.chat.prices takes a price)"
    return f"at most {cost:.2f} USD"


def _face_notes(name: str) -> Iterator[str]:
    engine = engines()[name]
    yield f"note       face engine {name}: {engine.good_for};"
    yield f"           {engine.serious}"
    if engine.non_commercial:
        yield f"           {engine.licence}: rows made with it are for research only"
    if name == "pyfeat":
        yield "           the time it takes is not measured, so it is not in the time above"


def _cpu_s(frames: float, engine: str) -> float:
    own = FACE_FRAMES_PER_CPU_S.get(engine)
    return frames / FRAMES_PER_CPU_S + (frames / own if own else 0.0)


def _spent(hours: float) -> str:
    return f"{hours:.1f} h" if hours >= 1 else f"{hours * 60:.1f} min"


def _size(gb: float) -> str:
    return f"{gb:.1f} GB" if gb >= 1 else f"{gb * 1000:.1f} MB"
