"""Measuring: the stages that need the decoded clip, all of them by one decode."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipeline.batches import Shard
from pipeline.clip_calls import clip_deadline_s, clip_payload
from pipeline.engines import patience_s
from pipeline.face_patience import face_patience_s
from pipeline.given import words_of
from pipeline.merging import merged
from pipeline.outcomes import NAMED, fail
from pipeline.parts import Part
from pipeline.site import Outcome, Site
from pipeline.stages import BY_NAME, HEARD, MEASURED, Stage
from pipeline.talk import Talk
from pipeline.transcribing import Transcribing, Unheard
from schemas import errors
from schemas.clip import Clip
from schemas.errors import ClipError, SetupError, TransientError, UnexpectedError
from schemas.peak import Stills
from schemas.units import Row

Foreseen = dict[str, Stills]  # clip_id -> stills taken while the clip was decoded for its face
Known = dict[str, dict[str, Any]]  # rows by stage and clip_id, so that none is parsed twice


@dataclass(frozen=True)
class Measured:
    """What a worker saw of the clips of a shard; the stages after go on from there."""

    foreseen: Foreseen = field(default_factory=dict)
    known: Known = field(default_factory=dict)


@dataclass(frozen=True)
class Measuring:
    site: Site
    talk: Talk | None

    def bring(self, shard: Shard) -> Measured:
        stages = [BY_NAME[name] for name in MEASURED]
        clips = self.site.chain.clips(shard)
        old = {stage.name: self.site.chain.part(stage, shard) for stage in stages}
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
        asked = Transcribing(self.talk, self.site.chain.settings.speech, self.site.chain.norms)
        asked.fill_in({name: sounds[name] for name in sounds if name not in fell}, answers)
        for clip_id in sounds:
            self._count({name: answers[clip_id].get(name) for name in HEARD})

    def _count(self, outcomes: Mapping[str, Outcome | None]) -> None:
        for stage, outcome in outcomes.items():
            if outcome is not None:
                self.site.tally.add(stage, outcome)

    def _wanted(
        self, clips: Sequence[Clip], stages: Sequence[Stage], old: Mapping[str, Part[Any]]
    ) -> dict[str, list[str]]:
        """clip_id -> stages it still lacks; nothing for clips that fell out on the way."""
        wants: dict[str, list[str]] = {}
        entering = [clip.clip_id for clip in clips]
        for stage in stages:
            part = old[stage.name]
            rows = {row.clip_id for row in part.rows}
            out = part.settled(retry_failed=self.site.retry_failed)
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
            self.site.tally.expect(stage, sum(stage in names for names in wants.values()))

        def one(clip: Clip) -> dict[str, Outcome]:
            have = speech.get(clip.clip_id)
            outcomes = self._measure_clip(clip, wants[clip.clip_id], have, foreseen, sounds)
            waits = HEARD if clip.clip_id in sounds else ()
            self._count({s: outcome for s, outcome in outcomes.items() if s not in waits})
            return outcomes

        return dict(zip([c.clip_id for c in todo], self.site.map(todo, one), strict=True))

    def _measure_clip(
        self,
        clip: Clip,
        wants: list[str],
        speech: Row | None,
        foreseen: Foreseen,
        sounds: dict[str, Unheard],
    ) -> dict[str, Outcome]:
        payload = clip_payload(self.site.chain, clip) | {
            "wants": wants,
            "words": self._words(clip),
            "norms": self.site.chain.norms and self.site.chain.norms.model_dump(mode="json"),
            "have_speech": None if speech is None else speech.model_dump(mode="json"),
            "foresee": self._foreseen_peak(),
        }
        try:
            deadline_s = (
                clip_deadline_s(clip)
                + patience_s(self.site.chain.settings)
                + face_patience_s(self.site.chain.settings, clip.duration_s)
            )
            answer = self.site.pool.call("measure", payload, deadline_s=deadline_s)
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
        peak = self.site.chain.settings.peak
        return None if peak.rule == "label_au" else peak.model_dump(mode="json")

    def _words(self, clip: Clip) -> dict[str, Any] | None:
        words = words_of(self.site.chain.catalog.given, clip)
        return None if words is None else words.model_dump(mode="json")

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
            part = merged(old[stage.name], new, order=order)
            if new or not self.site.chain.path(stage, shard).exists():
                self.site.write(
                    stage.name, shard.number, part, stage.row, self.site.chain.key(stage, shard)
                )
            fell |= {outcome.id for outcome in part.fallen}
            known[stage.name] = {row.clip_id: row for row in part.rows}
        return known


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
