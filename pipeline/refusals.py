"""Why a video or a span of it becomes no clip, in words: found, expected, what to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from schemas.clip import CutRule, clip_id_of
from schemas.failure import Rejection
from schemas.video import Video

STAGE: Final = "cut"


@dataclass(frozen=True)
class Refusal:
    rule: str
    reason: str


def of_video(video: Video, refusal: Refusal) -> Rejection:
    return Rejection(
        subject="video",
        id=video.video_id,
        stage=STAGE,
        rule=refusal.rule,
        reason=refusal.reason,
    )


def of_clip(video: Video, span_us: tuple[int, int], refusal: Refusal) -> Rejection:
    """Of the clip that this span, in microseconds, would have been."""
    start_us, end_us = span_us
    return Rejection(
        subject="clip",
        id=clip_id_of(video.video_id, start_us, end_us),
        stage=STAGE,
        rule=refusal.rule,
        reason=f"{start_us / 1e6:.2f}-{end_us / 1e6:.2f} s {refusal.reason}",
    )


def too_short(length_us: int, min_us: int) -> Refusal:
    return Refusal(
        "too_short",
        f"lasts {length_us / 1e6:.2f} s, with all that can be added; at least "
        f"{min_us / 1e6:g} s are needed; leave it out, or lower min_s where that is the limit",
    )


def too_long(length_us: int, max_s: float) -> Refusal:
    return Refusal(
        "too_long",
        f"lasts {length_us / 1e6:.2f} s, more than max_s = {max_s:g} s; set rule to "
        '"subtitles" or "silence" to cut it, or raise max_s',
    )


def is_outside(video_us: int) -> Refusal:
    return Refusal(
        "outside",
        f"is not inside the video, which lasts {video_us / 1e6:.2f} s; look whether the list "
        "or the subtitles belong to it",
    )


def crosses_shot() -> Refusal:
    return Refusal(
        "crosses_shot", 'crosses a change of shot; shorten the span, or set shots = "auto"'
    )


def no_sound() -> Refusal:
    return Refusal(
        "no_sound",
        'has no sound to find speech in; name its clips in a list (rule = "spans"), or put '
        "subtitles beside it",
    )


def gives_nothing(rule: CutRule) -> Refusal:
    """The rule found no span at all."""
    if rule == "spans":
        return Refusal("no_spans", "is not named in the list of spans; add it, or set another rule")
    if rule == "subtitles":
        return Refusal(
            "no_subtitles", 'has no subtitle with a time; add them, or set rule = "silence"'
        )
    return Refusal(
        "no_speech", 'holds no speech that is heard; name its clips in a list (rule = "spans")'
    )


def no_clip_left(refused: Sequence[Rejection]) -> Refusal:
    """Every span that was considered was refused."""
    return Refusal("no_clip", f"all of its spans are refused, the first: {refused[0].reason}")
