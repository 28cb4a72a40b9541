"""The stages that need no media: rows in, one row or one Rejection out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from annotators import english, heard, seen
from annotators.clues import write_clues
from annotators.scene import describe_scene
from pipeline.batches import Shard
from pipeline.chain import Chain
from pipeline.coarse import write_coarse
from pipeline.evidence import join
from pipeline.fine import write_fine
from pipeline.given import GivenLabel, labels_of
from pipeline.label import decide, opinions
from pipeline.peak import find_peak
from pipeline.settings import Settings
from schemas.clip import Clip
from schemas.evidence import Evidence
from schemas.failure import Rejection
from schemas.units import Row
from schemas.video import Video


@dataclass(frozen=True)
class Inputs:
    """Rows of the stages that a stage reads, by stage and clip_id."""

    chain: Chain
    shard: Shard
    rows: Mapping[str, Mapping[str, Any]]

    def row(self, stage: str, clip: Clip) -> Any:
        return self.rows[stage][clip.clip_id]

    @property
    def settings(self) -> Settings:
        return self.chain.settings

    @cached_property
    def videos(self) -> dict[str, Video]:
        batch = self.chain.batch_of(self.shard)
        return {video.video_id: video for video in self.chain.videos(batch).rows}

    def given_labels(self, clip: Clip) -> tuple[GivenLabel, ...]:
        return labels_of(self.chain.catalog.given, clip)


def _peak(clip: Clip, inputs: Inputs) -> Row:
    labels = {given.label for given in inputs.given_labels(clip)}
    label = next(iter(labels)) if len(labels) == 1 else None
    return find_peak(inputs.row("face", clip), inputs.settings.peak, label)


def _scene(clip: Clip, inputs: Inputs) -> Row:
    return describe_scene(
        clip.clip_id,
        inputs.row("look", clip),
        inputs.row("face", clip),
        inputs.row("peak", clip),
        inputs.videos[clip.video_id].height_px,
    )


def _evidence(clip: Clip, inputs: Inputs) -> Row:
    evidence = join(
        clip,
        inputs.row("face", clip),
        inputs.row("peak", clip),
        inputs.row("speech", clip),
        inputs.row("tone", clip),
        inputs.row("scene", clip),
        inputs.settings.evidence,
        heard=inputs.row("heard", clip),
        seen=inputs.row("seen", clip),
        english=inputs.row("english", clip),
    )
    if isinstance(evidence, Evidence) and inputs.row("look", clip).defects:
        return evidence.model_copy(update={"flags": (*evidence.flags, "damaged_media")})
    return evidence


def _label(clip: Clip, inputs: Inputs) -> Row:
    conflict = inputs.chain.catalog.conflicts.get(clip.video_id)
    if conflict is not None:
        return conflict.model_copy(update={"subject": "clip", "id": clip.clip_id})
    settings = inputs.settings.label
    peak = inputs.row("peak", clip)
    found = opinions(clip, inputs.given_labels(clip), peak, inputs.row("face", clip), settings)
    return decide(clip.clip_id, found, settings, peak)


def _coarse(clip: Clip, inputs: Inputs) -> Row:
    return write_coarse(
        clip.clip_id,
        inputs.row("label", clip),
        inputs.row("peak", clip),
        inputs.row("tone", clip),
        inputs.row("scene", clip),
        inputs.row("speech", clip),
        inputs.row("evidence", clip),
        inputs.settings.coarse,
        heard=inputs.row("heard", clip),
        seen=inputs.row("seen", clip),
        english=inputs.row("english", clip),
    )


def _clues(clip: Clip, inputs: Inputs) -> Row:
    clues = write_clues(inputs.row("evidence", clip), inputs.settings.clues)
    if clues.clues:
        return clues
    return Rejection(
        subject="clip",
        id=clip.clip_id,
        stage="clues",
        rule="no_evidence",
        reason="nothing was measured that a clue could cite",
    )


def _fine(clip: Clip, inputs: Inputs) -> Row:
    return write_fine(
        inputs.row("label", clip),
        inputs.row("clues", clip),
        inputs.row("evidence", clip),
        inputs.row("peak", clip),
        inputs.settings.fine,
        vocabulary=inputs.chain.vocabulary,
        track=inputs.row("face", clip),
    )


COMPUTE: Final[dict[str, Callable[[Clip, Inputs], Row]]] = {  # `clues`: where a template writes
    "peak": _peak,
    "scene": _scene,
    "label": _label,
    "heard": lambda clip, _: heard.not_asked(clip.clip_id, "no_engine"),
    "seen": lambda clip, _: seen.not_asked(clip.clip_id, "no_engine"),
    "english": lambda clip, _: english.not_asked(clip.clip_id, "no_engine"),
    "evidence": _evidence,
    "coarse": _coarse,
    "clues": _clues,
    "fine": _fine,
}
