"""Coarse and fine samples: the rows that MERR is made of."""

import hashlib
from typing import Literal

from schemas.clues import ClaimCheck, Clue, ClueMode
from schemas.heard import HeardTone
from schemas.label import LabelSource
from schemas.maker import Maker
from schemas.peak import PeakAu, PeakRule
from schemas.units import Probability, Row, Seconds

Tier = Literal["coarse", "fine"]


def sample_id_of(clip_id: str, tier: str, task: str) -> str:
    return hashlib.sha256(f"{clip_id}:{tier}:{task}".encode()).hexdigest()[:32]


def text_hash_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


class CoarseSample(Row):
    """MERR's coarse fields under MERR's names, and where each came from.

    What nobody measured is None: an imported set says no more than its files do.
    """

    sample_id: str
    clip_id: str
    text_hash: str | None  # of caption; None without one
    made_by: Maker
    pseu_emotion: str  # the label
    label_source: LabelSource
    label_policy: str
    AU_list: tuple[str, ...] | None  # set(label) & peak_AU_list
    visual_prior_list: tuple[str, ...] | None  # one phrase per unit of AU_list
    audio_prior_list: str | None  # tone, one sentence; None without speech
    peak_index: int | None  # 0-based frame of the clip
    peak_t_s: Seconds | None
    peak_AU_list: tuple[str, ...] | None
    peak_aus: tuple[PeakAu, ...] | None
    peak_rule: PeakRule | None
    label_seen_at_peak: bool | None
    text: str | None  # the words spoken; None when nobody wrote them down
    visual_objective: str | None  # the scene, one or two sentences
    caption: str | None  # scene, face, tone, words: template order of MERR
    flags: tuple[str, ...]
    heard_tone: HeardTone | None = None  # of MERR's ten; None: nobody listened, or none fits
    text_en: str | None = None  # `text` in English; None: nobody translated it


class FineSample(Row):
    sample_id: str
    clip_id: str
    text_hash: str  # of smp_reason_caption
    made_by: Maker
    pseu_emotion: str
    label_source: LabelSource
    label_policy: str
    mode: ClueMode
    clues: tuple[Clue, ...]
    conclusion: str | None  # apart from the clues, so that they stay evidence
    smp_reason_caption: str  # the clues' sentences, then the conclusion
    flags: tuple[str, ...]
    claims: tuple[ClaimCheck, ...] | None = None  # of every clue written; None before schema 1.1
    own_label: str | None = None  # the clue writer's own; it did not see pseu_emotion
    own_confidence: Probability | None = None
    label_agrees: bool | None = None  # own_label is pseu_emotion; None: no own label
