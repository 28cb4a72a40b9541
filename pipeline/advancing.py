"""Advancing: the stages after the measured ones, each from rows of those before it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline.asked_stages import AskedStages
from pipeline.batches import Shard
from pipeline.clip_calls import clip_deadline_s, clip_payload
from pipeline.compute import COMPUTE, Inputs
from pipeline.engines import is_asked
from pipeline.measuring import Foreseen, Known, Measured
from pipeline.merging import merged
from pipeline.site import Outcome, Site
from pipeline.stages import BY_NAME, STAGES, TOGETHER, Stage
from pipeline.talk import Talk
from schemas.clip import Clip
from schemas.errors import SetupError
from schemas.peak import PeakMoment, Picture


@dataclass(frozen=True)
class Advancing:
    site: Site
    talk: Talk | None

    def bring(self, shard: Shard, names: Iterable[str], measured: Measured | None = None) -> None:
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
        return self.site.chain.ids(stage, shard) if rows is None else set(rows)

    def _bring(
        self,
        shard: Shard,
        stages: Sequence[Stage],
        known: Known,
        alive: set[str],
        foreseen: Foreseen,
    ) -> bool:
        """Takes out of `alive` what fell. False: answers are waited for."""
        if any(is_asked(self.site.chain.settings, stage.name) for stage in stages):
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
        return AskedStages(
            self.site.chain, self.talk, self.site.tally, self.site.write, self.site.retry_failed
        )

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
        key = self.site.chain.key(stage, shard)
        old = self.site.chain.part(stage, shard)
        clips = [clip for clip in self.site.chain.clips(shard) if clip.clip_id in entering]
        have = {row.clip_id for row in old.rows} | old.settled(retry_failed=self.site.retry_failed)
        todo = [clip for clip in clips if clip.clip_id not in have]
        if not todo and self.site.chain.path(stage, shard).exists():
            return
        self.site.tally.expect(stage.name, len(todo))
        if todo:
            known |= {
                n: self.site.chain.rows(n, shard)
                for n in self.site.chain.reads(stage)
                if n not in known
            }
        inputs = Inputs(self.site.chain, shard, known)
        if stage.name == "stills":
            new = self.site.each("stills", todo, lambda clip: self._stills(clip, inputs, foreseen))
        else:
            new = {clip.clip_id: self._computed(stage, clip, inputs) for clip in todo}
        order = [clip.clip_id for clip in clips]
        part = merged(old, new, order=order)
        self.site.write(stage.name, shard.number, part, stage.row, key)
        known[stage.name] = {row.clip_id: row for row in part.rows}

    def _computed(self, stage: Stage, clip: Clip, inputs: Inputs) -> Outcome:
        outcome = self.site.attempt(
            "clip", clip.clip_id, stage.name, lambda: COMPUTE[stage.name](clip, inputs)
        )
        self.site.tally.add(stage.name, outcome)
        return outcome

    def _stills(self, clip: Clip, inputs: Inputs, foreseen: Foreseen) -> Outcome:
        taken, peak = foreseen.get(clip.clip_id), inputs.row("peak", clip)
        if taken is not None and _index(taken.peak) == _index(peak.moment):
            return taken
        payload = clip_payload(self.site.chain, clip) | {
            "track": inputs.row("face", clip).model_dump(mode="json"),
            "peak": peak.model_dump(mode="json"),
        }
        return self.site.attempt(
            "clip",
            clip.clip_id,
            "stills",
            lambda: BY_NAME["stills"].row.model_validate(
                self.site.pool.call("stills", payload, deadline_s=clip_deadline_s(clip))
            ),
        )


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
