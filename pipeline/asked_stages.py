"""Stages whose rows a chat model makes: all clips of a shard at once, then its parts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from pipeline.batches import Shard
from pipeline.chain import Chain
from pipeline.compute import COMPUTE, Inputs
from pipeline.engines import is_asked
from pipeline.keys import Key
from pipeline.merging import merged
from pipeline.outcomes import NAMED, fail
from pipeline.parts import Part
from pipeline.roles import ROLES_ASKED
from pipeline.stages import Stage
from pipeline.talk import Talk
from pipeline.tally import Tally
from schemas.clip import Clip
from schemas.errors import WaitingError
from schemas.units import Row

Rows = dict[str, dict[str, Any]]  # by stage and clip_id
Write = Callable[[str, int, Part[Any], type[Row], Key], None]


@dataclass(frozen=True)
class AskedStages:
    chain: Chain
    talk: Talk
    tally: Tally
    write: Write
    retry_failed: bool

    def bring(self, shard: Shard, stages: Sequence[Stage], known: Rows, entering: set[str]) -> bool:
        """Stages that need nothing of each other, for the clips that enter the first of them.
        False: some answers come with a batch, and nothing was written."""
        clips = [clip for clip in self.chain.clips(shard) if clip.clip_id in entering]
        old = {stage.name: self.chain.part(stage, shard) for stage in stages}
        todo = self._todo(clips, stages, old)
        for stage in stages:
            self.tally.expect(stage.name, sum(s is stage for s, _ in todo))
        inputs = Inputs(self.chain, shard, known | self._rows_for(todo, shard, known))
        works = [partial(self._one, stage, clip, inputs) for stage, clip in todo]
        told = dict(zip(todo, self.talk.each(works), strict=True)) if todo else {}
        if any(outcome is None for outcome in told.values()):
            return False
        self._write_all(shard, clips, stages, old, told)
        return True

    def _todo(
        self, clips: Sequence[Clip], stages: Sequence[Stage], old: Mapping[str, Part[Any]]
    ) -> list[tuple[Stage, Clip]]:
        """What is lacking, clip after clip."""
        have = {
            name: {row.clip_id for row in part.rows} | part.settled(retry_failed=self.retry_failed)
            for name, part in old.items()
        }
        return [(s, clip) for clip in clips for s in stages if clip.clip_id not in have[s.name]]

    def _rows_for(self, todo: Sequence[tuple[Stage, Clip]], shard: Shard, known: Rows) -> Rows:
        names = {name for stage, _ in todo for name in self.chain.reads(stage)}
        return {name: self.chain.rows(name, shard) for name in sorted(names - set(known))}

    async def _one(self, stage: Stage, clip: Clip, inputs: Inputs) -> Row | None:
        """None: the answer comes with a batch."""
        try:
            outcome = await self._made(stage, clip, inputs)
        except WaitingError:
            return None
        except NAMED as e:
            outcome = fail("clip", clip.clip_id, stage.name, e)
        self.tally.add(stage.name, outcome)
        return outcome

    async def _made(self, stage: Stage, clip: Clip, inputs: Inputs) -> Row:
        if not is_asked(self.chain.settings, stage.name):
            return COMPUTE[stage.name](clip, inputs)
        return await ROLES_ASKED[stage.name](clip, inputs, self.talk.channel(stage.name))

    def _write_all(
        self,
        shard: Shard,
        clips: Sequence[Clip],
        stages: Sequence[Stage],
        old: Mapping[str, Part[Any]],
        told: Mapping[tuple[Stage, Clip], Row | None],
    ) -> None:
        """Part after part, in order; a clip that fell out at one is in none of the next."""
        order = [clip.clip_id for clip in clips]
        fell: set[str] = set()
        for stage in stages:
            new = {
                clip.clip_id: outcome
                for (told_stage, clip), outcome in told.items()
                if told_stage is stage and outcome is not None and clip.clip_id not in fell
            }
            part = merged(old[stage.name], new, order=order)
            if new or not self.chain.path(stage, shard).exists():
                self.write(stage.name, shard.number, part, stage.row, self.chain.key(stage, shard))
            fell |= {outcome.id for outcome in part.fallen}
