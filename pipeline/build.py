"""Building: brings every part of a work folder to completion, one batch and one shard at a time."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from pipeline.asked_stages import AskedStages
from pipeline.batches import Batch, Shard, add_shards
from pipeline.chain import Chain
from pipeline.compute import COMPUTE, Inputs
from pipeline.cut import needs_shots, needs_voice, plan_clips, rule_for
from pipeline.engines import frames_shown, is_asked, patience_s
from pipeline.face_patience import face_patience_s
from pipeline.fates import subjects_cut
from pipeline.keys import Key
from pipeline.merging import appended, merged
from pipeline.outcomes import NAMED, fail
from pipeline.parts import Part, write_part
from pipeline.pool import WorkerPool
from pipeline.refusals import no_clip_left, of_video
from pipeline.stages import BY_NAME, HEARD, MEASURED, STAGES, TOGETHER, Stage
from pipeline.talk import Talk
from pipeline.tally import Tally
from pipeline.transcribing import Transcribing, Unheard
from schemas import errors
from schemas.clip import Clip
from schemas.errors import ClipError, SetupError, TransientError, UnexpectedError
from schemas.failure import Rejection
from schemas.peak import PeakMoment, Picture, Stills
from schemas.speech import Span
from schemas.units import Row
from schemas.video import Video

T = TypeVar("T")
Outcome = Row  # a row of the stage, a Rejection or a Failure
Foreseen = dict[str, Stills]  # clip_id -> stills taken while the clip was decoded for its face
Known = dict[str, dict[str, Any]]  # rows by stage and clip_id, so that none is parsed twice

PROBE_DEADLINE_S: Final = 120.0
CLIP_DEADLINE_S: Final = 60.0  # for any clip, and
DEADLINE_PER_SECOND: Final = 20.0  # for every second of it: 20 times slower than real time
FILM_DEADLINE_PER_SECOND: Final = 4.0


@dataclass(frozen=True)
class Measured:
    """What `measure` has in its hands when it ends; `advance` goes on from there."""

    foreseen: Foreseen = field(default_factory=dict)
    known: Known = field(default_factory=dict)


@dataclass(frozen=True)
class Build:
    chain: Chain
    pool: WorkerPool
    tally: Tally
    log: Callable[[str], None]
    retry_failed: bool = False
    talk: Talk | None = None  # where a model is asked

    def give_up(self) -> None:
        """The run ends: nothing waits for a worker or an answer any more."""
        self.pool.close()
        if self.talk is not None:
            self.talk.stop()

    # ---- batches: from files to clips

    def take_in(self, batch: Batch) -> list[Shard]:
        """Probe and cut the videos of a batch; its shards. Does only what is not done yet."""
        videos = self._ingest(batch)
        clips = self._cut(batch, videos)
        cut_key = self.chain.cut_key(batch).name
        return add_shards(self.chain.work, batch, cut_key, clips)

    def probe_only(self, batch: Batch) -> None:
        self._ingest(batch)

    def _ingest(self, batch: Batch) -> list[Video]:
        key = self.chain.ingest_key(batch)
        old = self.chain.videos(batch)
        have = {v.video_id for v in old.rows} | old.settled(retry_failed=self.retry_failed)
        live = self.chain.catalog.videos
        todo = [v for v in batch.video_ids if v in live and v not in have]
        if todo:
            self.tally.expect("ingest", len(todo))
            new = self._each("ingest", todo, self._probe)
            part = merged(old, new, order=batch.video_ids, id_of=_video_id)
            self._write("ingest", batch.number, part, Video, key)
            old = part
        return [video for video in old.rows if video.video_id in live]

    def _probe(self, video_id: str) -> Outcome:
        file = self.chain.catalog.videos[video_id]
        payload = {
            "path": file.location,
            "video_id": video_id,
            "size_bytes": file.size_bytes,
            "limits": self.chain.settings.media.model_dump(mode="json"),
        }
        return self._attempt(
            "video",
            video_id,
            "ingest",
            lambda: Video.model_validate(
                self.pool.call("probe", payload, deadline_s=PROBE_DEADLINE_S)
            ),
        )

    def _cut(self, batch: Batch, videos: Sequence[Video]) -> list[Clip]:
        key = self.chain.cut_key(batch)
        old = self.chain.cuts(batch)
        have = {c.video_id for c in old.rows} | old.settled(retry_failed=self.retry_failed)
        todo = [v for v in videos if v.video_id not in have]
        if todo:
            self.tally.expect("cut", len(todo))
            plans = self._map(todo, self._plan)
            part = appended(old, [outcome for plan in plans for outcome in plan])
            subjects = subjects_cut(part)
            self._write("cut", batch.number, part, Clip, key, subjects=subjects)
            old = part
        return list(old.rows)

    def _plan(self, video: Video) -> list[Outcome]:
        """Clips and refused spans of one video, or the one Failure it got."""
        try:
            clips, rejections = self._planned(video)
        except NAMED as e:
            outcomes: list[Outcome] = [fail("video", video.video_id, "cut", e)]
        else:
            outcomes = [*clips, *rejections]
        self.tally.add("cut", outcomes[0])
        return outcomes

    def _planned(self, video: Video) -> tuple[list[Clip], list[Rejection]]:
        given = self.chain.catalog.given_of(video.video_id)
        settings = self.chain.settings.cut
        spans = [Span(start_s=s.start_s, end_s=s.end_s) for s in given.spans] if given else []
        has_cues = given is not None and any(cue.start_s is not None for cue in given.cues or ())
        rule = rule_for(video, settings=settings, has_cues=has_cues, has_spans=bool(spans))
        shots = voiced = None
        if needs_shots(rule, settings) or needs_voice(rule):
            shots, voiced = self._analyse(video)
        clips, rejections = plan_clips(
            video,
            settings=settings,
            cues=given.cues if given else None,
            spans=spans or None,
            voiced=voiced,
            shots=shots if needs_shots(rule, settings) else None,
        )
        if not clips and all(r.subject == "clip" for r in rejections):
            rejections = [*rejections, of_video(video, no_clip_left(rejections))]
        return clips, rejections

    def _analyse(self, video: Video) -> tuple[list[Span], list[Span] | None]:
        settings = self.chain.settings
        payload = {
            "path": self.chain.catalog.videos[video.video_id].location,
            "video": video.model_dump(mode="json"),
            "voice": settings.voice.model_dump(mode="json"),
            "limits": settings.media.model_dump(mode="json"),
        }
        deadline_s = PROBE_DEADLINE_S + FILM_DEADLINE_PER_SECOND * (video.duration_s or 0)
        found = self.pool.call("film", payload, deadline_s=deadline_s)
        shots = [Span.model_validate(span) for span in found["shots"]]
        voiced = found["voiced"]
        return shots, None if voiced is None else [Span.model_validate(span) for span in voiced]

    # ---- shards: from clips to samples

    def measure(self, shard: Shard) -> Measured:
        """The stages that need the decoded clip, all of them by one decode."""
        stages = [BY_NAME[name] for name in MEASURED]
        clips = self.chain.clips(shard)
        old = {stage.name: self.chain.part(stage, shard) for stage in stages}
        wants = self._wanted(clips, stages, old)
        if not wants:
            return Measured()
        foreseen: Foreseen = {}
        sounds: dict[str, Unheard] = {}
        answers = self._measured(clips, wants, old, foreseen, sounds)
        fell: set[str] = set()
        first = stages if not sounds else [s for s in stages if s.name not in HEARD]
        known = self._write_measured(shard, clips, first, old, answers, fell)
        if sounds:
            self._transcribe(sounds, answers, fell)
            last = [stage for stage in stages if stage.name in HEARD]
            known |= self._write_measured(shard, clips, last, old, answers, fell)
        return Measured(foreseen, known)

    def _transcribe(
        self,
        sounds: Mapping[str, Unheard],
        answers: Mapping[str, dict[str, Outcome]],
        fell: set[str],
    ) -> None:
        """Nobody is asked about a clip that fell out already."""
        if self.talk is None:
            raise SetupError("a service is to be asked for words, and this run has no way to it")
        asked = Transcribing(self.talk, self.chain.settings.speech, self.chain.norms)
        asked.fill_in({name: sounds[name] for name in sounds if name not in fell}, answers)
        for clip_id in sounds:
            self._count({name: answers[clip_id].get(name) for name in HEARD})

    def _count(self, outcomes: Mapping[str, Outcome | None]) -> None:
        for stage, outcome in outcomes.items():
            if outcome is not None:
                self.tally.add(stage, outcome)

    def _wanted(
        self, clips: Sequence[Clip], stages: Sequence[Stage], old: Mapping[str, Part[Any]]
    ) -> dict[str, list[str]]:
        """clip_id -> stages it still lacks; nothing for clips that fell out on the way."""
        wants: dict[str, list[str]] = {}
        entering = [clip.clip_id for clip in clips]
        for stage in stages:
            part = old[stage.name]
            rows = {row.clip_id for row in part.rows}
            out = part.settled(retry_failed=self.retry_failed)
            for clip_id in entering:
                if clip_id not in rows and clip_id not in out:
                    wants.setdefault(clip_id, []).append(stage.name)
            entering = [clip_id for clip_id in entering if clip_id not in out]
        return wants

    def _measured(
        self,
        clips: Sequence[Clip],
        wants: Mapping[str, list[str]],
        old: Mapping[str, Part[Any]],
        foreseen: Foreseen,
        sounds: dict[str, Unheard],
    ) -> dict[str, dict[str, Outcome]]:
        """clip_id -> stage -> what came of it. Speech and tone of the clips in `sounds` wait for
        their words."""
        speech = {row.clip_id: row for row in old["speech"].rows}
        todo = [clip for clip in clips if clip.clip_id in wants]
        for stage in MEASURED:
            self.tally.expect(stage, sum(stage in names for names in wants.values()))

        def one(clip: Clip) -> dict[str, Outcome]:
            have = speech.get(clip.clip_id)
            outcomes = self._measure_clip(clip, wants[clip.clip_id], have, foreseen, sounds)
            waits = HEARD if clip.clip_id in sounds else ()
            self._count({s: outcome for s, outcome in outcomes.items() if s not in waits})
            return outcomes

        return dict(zip([c.clip_id for c in todo], self._map(todo, one), strict=True))

    def _measure_clip(
        self,
        clip: Clip,
        wants: list[str],
        speech: Row | None,
        foreseen: Foreseen,
        sounds: dict[str, Unheard],
    ) -> dict[str, Outcome]:
        payload = self._payload(clip) | {
            "wants": wants,
            "words": self._words(clip),
            "norms": self.chain.norms and self.chain.norms.model_dump(mode="json"),
            "have_speech": None if speech is None else speech.model_dump(mode="json"),
            "foresee": self._foreseen_peak(),
        }
        try:
            deadline_s = (
                _deadline_s(clip)
                + patience_s(self.chain.settings)
                + face_patience_s(self.chain.settings, clip.duration_s)
            )
            answer = self.pool.call("measure", payload, deadline_s=deadline_s)
            if answer.get("stills") is not None:
                foreseen[clip.clip_id] = Stills.model_validate(answer["stills"])
            if answer.get("unheard") is not None:
                sounds[clip.clip_id] = Unheard.model_validate(answer["unheard"])
            return {name: _parsed(clip, name, answer) for name in wants if _told(answer, name)}
        except NAMED as e:
            return {wants[0]: fail("clip", clip.clip_id, wants[0], e)}

    def _foreseen_peak(self) -> dict[str, Any] | None:
        """Settings by which a worker can tell the peak before its stage; None where the rule
        looks at labels."""
        peak = self.chain.settings.peak
        return None if peak.rule == "label_au" else peak.model_dump(mode="json")

    def _words(self, clip: Clip) -> dict[str, Any] | None:
        from pipeline.given import words_of

        words = words_of(self.chain.catalog.given, clip)
        return None if words is None else words.model_dump(mode="json")

    def _payload(self, clip: Clip) -> dict[str, Any]:
        settings = self.chain.settings
        sections = ("face", "voice", "speech", "tone", "stills", "run")
        return {
            "path": self.chain.catalog.videos[clip.video_id].location,
            "clip": clip.model_dump(mode="json"),
            "scratch": str(self.chain.work.scratch),
            "spread": frames_shown(settings),
            "limits": settings.media.model_dump(mode="json"),
            "settings": {n: getattr(settings, n).model_dump(mode="json") for n in sections},
        }

    def _write_measured(
        self,
        shard: Shard,
        clips: Sequence[Clip],
        stages: Sequence[Stage],
        old: Mapping[str, Part[Any]],
        answers: Mapping[str, Mapping[str, Outcome]],
        fell: set[str],
    ) -> Known:
        """Part after part, in order; a clip that fell out at one is in none of the next. `fell`:
        those that fell out before; it grows."""
        order = [clip.clip_id for clip in clips]
        known: Known = {}
        for stage in stages:
            new = {
                clip_id: told[stage.name]
                for clip_id, told in answers.items()
                if stage.name in told and clip_id not in fell
            }
            part = merged(old[stage.name], new, order=order, id_of=_clip_id)
            if new or not self.chain.path(stage, shard).exists():
                self._write(stage.name, shard.number, part, stage.row, self.chain.key(stage, shard))
            fell |= {outcome.id for outcome in part.fallen}
            known[stage.name] = {row.clip_id: row for row in part.rows}
        return known

    def advance(self, shard: Shard, names: Iterable[str], measured: Measured | None = None) -> None:
        """Bring the named stages of a shard, which follow each other, to completion."""
        known = dict(measured.known) if measured else {}
        foreseen = measured.foreseen if measured else {}
        alive: set[str] | None = None
        for stages in _groups(names):
            if alive is None:
                before = STAGES[: STAGES.index(stages[0])]
                alive = set.intersection(*(self._ids(s, shard, known) for s in before))
            if not self._bring(shard, stages, known, alive, foreseen):
                return

    def _ids(self, stage: Stage, shard: Shard, known: Known) -> set[str]:
        rows = known.get(stage.name)
        return self.chain.ids(stage, shard) if rows is None else set(rows)

    def _bring(
        self,
        shard: Shard,
        stages: Sequence[Stage],
        known: Known,
        alive: set[str],
        foreseen: Foreseen,
    ) -> bool:
        """Takes out of `alive` what fell. False: answers are waited for."""
        if any(is_asked(self.chain.settings, stage.name) for stage in stages):
            if not self._asked().bring(shard, stages, known, alive):
                return False
            for stage in stages:
                alive &= self._ids(stage, shard, known)
            return True
        for stage in stages:
            self._advance(shard, stage, known, alive, foreseen)
            alive &= self._ids(stage, shard, known)
        return True

    def _asked(self) -> AskedStages:
        if self.talk is None:
            raise SetupError("a chat model is to be asked, and this run has no way to it")
        return AskedStages(self.chain, self.talk, self.tally, self._write, self.retry_failed)

    def _advance(
        self,
        shard: Shard,
        stage: Stage,
        known: Known,
        entering: set[str],
        foreseen: Foreseen,
    ) -> None:
        """`entering`: clips that have a row of every stage before. The part of the last one alone
        may be older than what befell a clip since."""
        key = self.chain.key(stage, shard)
        old = self.chain.part(stage, shard)
        clips = [clip for clip in self.chain.clips(shard) if clip.clip_id in entering]
        have = {row.clip_id for row in old.rows} | old.settled(retry_failed=self.retry_failed)
        todo = [clip for clip in clips if clip.clip_id not in have]
        if not todo and self.chain.path(stage, shard).exists():
            return
        self.tally.expect(stage.name, len(todo))
        if todo:
            known |= {
                n: self.chain.rows(n, shard) for n in self.chain.reads(stage) if n not in known
            }
        inputs = Inputs(self.chain, shard, known)
        if stage.name == "stills":
            new = self._each("stills", todo, lambda clip: self._stills(clip, inputs, foreseen))
        else:
            new = {clip.clip_id: self._computed(stage, clip, inputs) for clip in todo}
        order = [clip.clip_id for clip in clips]
        part = merged(old, new, order=order, id_of=_clip_id)
        self._write(stage.name, shard.number, part, stage.row, key)
        known[stage.name] = {row.clip_id: row for row in part.rows}

    def _computed(self, stage: Stage, clip: Clip, inputs: Inputs) -> Outcome:
        outcome = self._attempt(
            "clip", clip.clip_id, stage.name, lambda: COMPUTE[stage.name](clip, inputs)
        )
        self.tally.add(stage.name, outcome)
        return outcome

    def _stills(self, clip: Clip, inputs: Inputs, foreseen: Foreseen) -> Outcome:
        taken, peak = foreseen.get(clip.clip_id), inputs.row("peak", clip)
        if taken is not None and _index(taken.peak) == _index(peak.moment):
            return taken
        payload = self._payload(clip) | {
            "track": inputs.row("face", clip).model_dump(mode="json"),
            "peak": peak.model_dump(mode="json"),
        }
        return self._attempt(
            "clip",
            clip.clip_id,
            "stills",
            lambda: BY_NAME["stills"].row.model_validate(
                self.pool.call("stills", payload, deadline_s=_deadline_s(clip))
            ),
        )

    # ---- common

    def _attempt(
        self, subject: Any, subject_id: str, stage: str, work: Callable[[], Outcome]
    ) -> Outcome:
        try:
            return work()
        except NAMED as e:
            return fail(subject, subject_id, stage, e)

    def _each(
        self, stage: str, items: Sequence[T], work: Callable[[T], Outcome]
    ) -> dict[str, Outcome]:
        """id -> outcome, in the order of the items; as many at once as there are workers."""

        def one(item: T) -> Outcome:
            outcome = work(item)
            self.tally.add(stage, outcome)
            return outcome

        ids = [item if isinstance(item, str) else getattr(item, "clip_id") for item in items]  # noqa: B009
        return dict(zip(ids, self._map(items, one), strict=True))

    def _map(self, items: Sequence[T], work: Callable[[T], Any]) -> list[Any]:
        with ThreadPoolExecutor(self.pool.slots) as threads:
            futures = [threads.submit(work, item) for item in items]
            try:
                return [future.result() for future in futures]
            except BaseException:
                threads.shutdown(wait=False, cancel_futures=True)
                self.pool.close()  # the run ends: it waits for no worker's deadline
                raise

    def _write(
        self,
        stage: str,
        number: int,
        part: Part[Any],
        row: type[Row],
        key: Key,
        *,
        subjects: int | None = None,
    ) -> None:
        path = self.chain.work.part(stage, number, key.name)
        self.log(f"{stage} {number:05d}: writing {path.name}")
        for failure in part.failures:
            self.log(
                f"{stage} {failure.id}: {failure.error}: {failure.unexpected or failure.reason}"
            )
        write_part(path, part, row, key, subjects=subjects)
        self.log(f"{stage} {number:05d}: wrote {len(part.rows)} rows")


def _groups(names: Iterable[str]) -> list[list[Stage]]:
    """Stages that follow each other, those together that need nothing of each other."""
    groups: list[list[Stage]] = []
    for name in names:
        if name in TOGETHER and groups and groups[-1][0].name in TOGETHER:
            groups[-1].append(BY_NAME[name])
        else:
            groups.append([BY_NAME[name]])
    return groups


def _index(at: Picture | PeakMoment | None) -> int | None:
    return None if at is None else at.frame_index


def _video_id(row: Any) -> str:
    return str(row.video_id)


def _clip_id(row: Any) -> str:
    return str(row.clip_id)


def _told(answer: Mapping[str, Any], name: str) -> bool:
    return name in answer["rows"] or name in answer["errors"]


def _parsed(clip: Clip, name: str, answer: Mapping[str, Any]) -> Outcome:
    if name in answer["rows"]:
        return BY_NAME[name].row.model_validate_json(answer["rows"][name])
    kind, message, traceback = answer["errors"][name]
    if traceback is not None:
        return fail("clip", clip.clip_id, name, UnexpectedError(message, traceback))
    error = getattr(errors, kind, ClipError)
    named = issubclass(error, ClipError | TransientError)
    return fail("clip", clip.clip_id, name, (error if named else ClipError)(message))


def _deadline_s(clip: Clip) -> float:
    return CLIP_DEADLINE_S + DEADLINE_PER_SECOND * clip.duration_s
