"""The peak: the frame of a clip in which the followed face says most."""

from collections.abc import Sequence
from typing import Final

from pydantic import Field

from schemas.au import BLINK, INTENSITY_AUS, PRESENCE_AUS, merr_au_rules
from schemas.errors import ClipError
from schemas.face import FaceTrack
from schemas.maker import Maker
from schemas.peak import Peak, PeakAu, PeakMoment, PeakRule
from schemas.units import AuIntensities, Probability, Row

VERSION: Final = "1"

_SUMMED: Final = tuple(au for au in INTENSITY_AUS if au != BLINK)
_SHOWN: Final = tuple(au for au in PRESENCE_AUS if au != BLINK)
# The lid tightener's proxy multiplies a lid distance by 180, and landmark noise with it
# (measured against OpenFace), so it never takes part in a sum of proxies.
NOISY_PROXIES: Final = frozenset({"AU07"})


class PeakSettings(Row):
    rule: PeakRule = Field(
        default="frequent_au",
        description="How the peak frame is chosen: frequent_au (the paper's appendix), au_sum "
        "(its main text) or label_au (its figure; the label is in view, and rows say so).",
    )
    k: int = Field(
        default=5, ge=1, description="How many of the most frequent action units frequent_au sums."
    )
    min_confidence: Probability = Field(
        default=0.5, description="Frames whose face is less certain than this are never the peak."
    )


def trusted_frames(track: FaceTrack, min_confidence: float) -> tuple[int, ...]:
    """Indices of frames with a face of at least this confidence. An unknown confidence is none."""
    return tuple(
        i
        for i, (found, confidence) in enumerate(zip(track.success, track.confidence, strict=True))
        if found and confidence is not None and confidence >= min_confidence
    )


def find_peak(track: FaceTrack, settings: PeakSettings, label: str | None = None) -> Peak:
    """The trusted frame with the highest sum of intensities; of equal frames the first.

    * frequent_au: the k units that are present in most trusted frames (equal: FACS order)
    * au_sum: every unit with an intensity
    * label_au: the units of the label's set; raises ClipError without a label

    A neutral face shows no unit, and a label may have no set: then every unit with an intensity
    is summed, as `scored_aus` says, because a neutral clip has a most expressive frame too.
    Unknown intensities are left out of a sum; AU45 (blink) never counts.
    """
    trusted = trusted_frames(track, settings.min_confidence)
    scored = _scored(track, trusted, settings, label)
    columns = [track.intensity(au) for au in scored]
    scores = {i: score for i in trusted if (score := _score(columns, i)) is not None}
    best = max(scores, key=lambda i: scores[i], default=None)  # max keeps the first of equals
    return Peak(
        clip_id=track.clip_id,
        made_by=Maker(engine="peak", version=VERSION),
        rule=settings.rule,
        label_seen=settings.rule == "label_au",
        moment=None if best is None else _moment(track, best, scores[best], scored),
    )


def _scored(
    track: FaceTrack, trusted: Sequence[int], settings: PeakSettings, label: str | None
) -> tuple[str, ...]:
    """The units to sum, in FACS order."""
    readable = tuple(au for au in _SUMMED if _readable(track, trusted, au))
    if settings.rule == "frequent_au":
        return _most_frequent(track, trusted, readable, settings.k) or readable
    if settings.rule == "label_au":
        return _of_label(track.clip_id, readable, label) or readable
    return readable


def _readable(track: FaceTrack, trusted: Sequence[int], au: str) -> bool:
    if track.proxy and au in NOISY_PROXIES:
        return False
    column = track.intensity(au)
    return any(column[i] is not None for i in trusted)


def _most_frequent(
    track: FaceTrack, trusted: Sequence[int], readable: tuple[str, ...], k: int
) -> tuple[str, ...]:
    counts = {}
    for au in readable:
        column = track.presence(au)
        counts[au] = sum(column[i] is True for i in trusted)
    seen = [au for au in readable if counts[au] > 0]
    return tuple(sorted(sorted(seen, key=lambda au: -counts[au])[:k]))  # both sorts are stable


def _of_label(clip_id: str, readable: tuple[str, ...], label: str | None) -> tuple[str, ...]:
    if label is None:
        raise ClipError(
            f"{clip_id}: the peak rule label_au needs a label and the clip has none; "
            "give one or use the rule frequent_au"
        )
    wanted = merr_au_rules().sets.get(label, frozenset())
    return tuple(au for au in readable if au in wanted)


def _score(columns: Sequence[AuIntensities], frame: int) -> float | None:
    """Sum of the known intensities; None where none is known.

    Rounded as the intensities are, so that equal sums are equal floats.
    """
    known = [value for column in columns if (value := column[frame]) is not None]
    return round(sum(known), 2) if known else None


def _moment(track: FaceTrack, frame: int, score: float, scored: tuple[str, ...]) -> PeakMoment:
    aus = tuple(unit for au in _SHOWN if (unit := _unit(track, frame, au)) is not None)
    return PeakMoment(
        frame_index=frame,
        t_s=track.t_s[frame],
        confidence=track.confidence[frame],
        score=score,
        scored_aus=scored,
        aus=aus,
        peak_au_list=tuple(sorted(unit.au for unit in aus if unit.present)),
    )


def _unit(track: FaceTrack, frame: int, au: str) -> PeakAu | None:
    """None where the engine cannot tell whether the unit is there."""
    present = track.presence(au)[frame]
    if present is None:
        return None
    intensity = track.intensity(au)[frame] if au in INTENSITY_AUS else None
    return PeakAu(au=au, intensity=intensity, present=present)
