"""From files to clips: the videos of a batch, probed and cut."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pipeline.batches import Batch, Shard, add_shards
from pipeline.cut import needs_shots, needs_voice, plan_clips, rule_for
from pipeline.fates import subjects_cut
from pipeline.merging import appended, merged
from pipeline.outcomes import NAMED, fail
from pipeline.refusals import no_clip_left, of_video
from pipeline.site import Outcome, Site
from schemas.clip import Clip
from schemas.failure import Rejection
from schemas.speech import Span
from schemas.video import Video

PROBE_DEADLINE_S: Final = 120.0
FILM_DEADLINE_PER_SECOND: Final = 4.0


@dataclass(frozen=True)
class Cutting:
    site: Site

    def bring(self, batch: Batch) -> list[Shard]:
        """Probe and cut the videos of a batch; its shards. Does only what is not done yet."""
        clips = self._cut(batch, self.probe(batch))
        cut_key = self.site.chain.cut_key(batch).name
        return add_shards(self.site.chain.work, batch, cut_key, clips)

    def probe(self, batch: Batch) -> list[Video]:
        key = self.site.chain.ingest_key(batch)
        old = self.site.chain.videos(batch)
        have = {v.video_id for v in old.rows} | old.settled(retry_failed=self.site.retry_failed)
        live = self.site.chain.catalog.videos
        todo = [v for v in batch.video_ids if v in live and v not in have]
        if todo:
            self.site.tally.expect("ingest", len(todo))
            new = self.site.each("ingest", todo, self._probe)
            part = merged(old, new, order=batch.video_ids, by="video_id")
            self.site.write("ingest", batch.number, part, Video, key)
            old = part
        return [video for video in old.rows if video.video_id in live]

    def _probe(self, video_id: str) -> Outcome:
        file = self.site.chain.catalog.videos[video_id]
        payload = {
            "path": file.location,
            "video_id": video_id,
            "size_bytes": file.size_bytes,
            "limits": self.site.chain.settings.media.model_dump(mode="json"),
        }
        return self.site.attempt(
            "video",
            video_id,
            "ingest",
            lambda: Video.model_validate(
                self.site.pool.call("probe", payload, deadline_s=PROBE_DEADLINE_S)
            ),
        )

    def _cut(self, batch: Batch, videos: Sequence[Video]) -> list[Clip]:
        key = self.site.chain.cut_key(batch)
        old = self.site.chain.cuts(batch)
        have = {c.video_id for c in old.rows} | old.settled(retry_failed=self.site.retry_failed)
        todo = [v for v in videos if v.video_id not in have]
        if todo:
            self.site.tally.expect("cut", len(todo))
            plans = self.site.map(todo, self._plan)
            part = appended(old, [outcome for plan in plans for outcome in plan])
            subjects = subjects_cut(part)
            self.site.write("cut", batch.number, part, Clip, key, subjects=subjects)
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
        self.site.tally.add("cut", outcomes[0])
        return outcomes

    def _planned(self, video: Video) -> tuple[list[Clip], list[Rejection]]:
        given = self.site.chain.catalog.given_of(video.video_id)
        settings = self.site.chain.settings.cut
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
        settings = self.site.chain.settings
        payload = {
            "path": self.site.chain.catalog.videos[video.video_id].location,
            "video": video.model_dump(mode="json"),
            "voice": settings.voice.model_dump(mode="json"),
            "limits": settings.media.model_dump(mode="json"),
        }
        deadline_s = PROBE_DEADLINE_S + FILM_DEADLINE_PER_SECOND * (video.duration_s or 0)
        found = self.site.pool.call("film", payload, deadline_s=deadline_s)
        shots = [Span.model_validate(span) for span in found["shots"]]
        voiced = found["voiced"]
        return shots, None if voiced is None else [Span.model_validate(span) for span in voiced]
