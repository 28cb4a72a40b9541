"""Plans which spans of a video become clips. Pure: it sees times, never media."""

from collections.abc import Iterable, Sequence
from typing import Final, Literal, Self

from pydantic import Field, model_validator

from pipeline.pauses import pieces_of
from pipeline.refusals import (
    Refusal,
    crosses_shot,
    gives_nothing,
    is_outside,
    no_sound,
    of_clip,
    of_video,
    too_long,
    too_short,
)
from schemas.clip import Clip, CutRule
from schemas.failure import Rejection
from schemas.speech import Cue, Span
from schemas.units import Row, Seconds
from schemas.video import Video

MICRO: Final = 1_000_000
AS_GIVEN_MIN_US: Final = 200_000  # five frames: less shows no change of a face
_PAST_END_US: Final = 500_000  # a given span may end this much after the video and is shortened


class CutSettings(Row):
    """How videos become clips."""

    rule: Literal["auto", "whole", "spans", "subtitles", "silence"] = Field(
        default="auto",
        description="what a clip is: the whole video, the spans of a list, groups of subtitles, "
        "or speech between pauses; auto: spans where the list names the video, else the whole "
        "video up to max_s, else subtitles where there are any, else silence",
    )
    min_s: Seconds = Field(
        default=1.0, description="shortest clip that subtitles or silence may give, in seconds"
    )
    max_s: Seconds = Field(default=30.0, gt=0, description="longest clip, in seconds")
    join_s: Seconds = Field(
        default=0.5,
        description="subtitles or speech less than this apart belong to one clip, in seconds",
    )
    margin_s: Seconds = Field(
        default=0.2, description="kept before and after the words of a clip, in seconds"
    )
    shots: Literal["auto", "on", "off"] = Field(
        default="auto",
        description="whether no clip may cross a change of shot; auto: where subtitles or "
        "silence cut a longer video",
    )

    @model_validator(mode="after")
    def _fit_each_other(self) -> Self:
        if 2 * self.min_s > self.max_s:
            raise ValueError(f"max_s {self.max_s} must be at least twice min_s {self.min_s}")
        return self


def rule_for(video: Video, *, settings: CutSettings, has_cues: bool, has_spans: bool) -> CutRule:
    """The rule that will cut this video."""
    if video.still:
        return "still"
    if settings.rule != "auto":
        return settings.rule
    if has_spans:
        return "spans"
    if _length_us(video) <= _us(settings.max_s):
        return "whole"
    return "subtitles" if has_cues else "silence"


def needs_shots(rule: CutRule, settings: CutSettings) -> bool:
    """Whether `plan_clips` wants the shots of the video: they cost a decode of all of it."""
    if settings.shots == "auto":
        return rule in ("subtitles", "silence")
    return settings.shots == "on" and rule in ("subtitles", "silence", "spans")


def needs_voice(rule: CutRule) -> bool:
    """Whether `plan_clips` wants to know where somebody speaks."""
    return rule == "silence"


def plan_clips(
    video: Video,
    *,
    settings: CutSettings,
    cues: Sequence[Cue] | None,
    spans: Sequence[Span] | None,
    voiced: Sequence[Span] | None,
    shots: Sequence[Span] | None,
) -> tuple[list[Clip], list[Rejection]]:
    """Clips in order of time, and what was considered and rejected.

    All times are seconds from the start of the video. None: no subtitles beside it, not in the
    list, no sound (or nobody listened), nobody looked for shots. Clips of `subtitles` and
    `silence` never overlap and never cross a shot; a clip that was given (`whole`, `spans`) is
    taken as given, down to 0.2 s. A rejection is of the video where it gives no clip at all,
    else of the one clip that it would have been.
    """
    timed = [cue for cue in cues or () if cue.start_s is not None and cue.end_s is not None]
    rule = rule_for(video, settings=settings, has_cues=bool(timed), has_spans=bool(spans))
    if rule == "still":
        return [Clip.of(video.video_id, 0, 0, rule=rule, has_audio=False)], []
    if rule == "whole":
        return _whole(video, settings)
    if rule == "spans":
        return _given(video, spans or (), shots, settings)
    if rule == "subtitles":
        words = [(cue.start_s or 0.0, cue.end_s or 0.0) for cue in timed]
        return _between_pauses(video, rule, words, shots, settings)
    if voiced is None:
        return [], [of_video(video, no_sound())]
    speech = [(span.start_s, span.end_s) for span in voiced]
    return _between_pauses(video, rule, speech, shots, settings)


def _whole(video: Video, settings: CutSettings) -> tuple[list[Clip], list[Rejection]]:
    length_us = _length_us(video)
    refusal = _refused_length(length_us, AS_GIVEN_MIN_US, settings)
    if refusal is None:
        return [_clip(video, "whole", 0, length_us)], []
    return [], [of_video(video, refusal)]


def _given(
    video: Video,
    spans: Sequence[Span],
    shots: Sequence[Span] | None,
    settings: CutSettings,
) -> tuple[list[Clip], list[Rejection]]:
    clips: dict[str, Clip] = {}
    rejected: dict[str, Rejection] = {}
    if not spans:
        return [], [of_video(video, gives_nothing("spans"))]
    edges = _shots_us(video, shots)
    for start_us, end_us in sorted((_us(span.start_s), _us(span.end_s)) for span in spans):
        if end_us <= _length_us(video) + _PAST_END_US:
            end_us = min(end_us, _length_us(video))
        refusal = _refused_span(video, (start_us, end_us), edges, settings)
        if refusal is None:
            clip = _clip(video, "spans", start_us, end_us)
            clips[clip.clip_id] = clip
        else:
            rejection = of_clip(video, (start_us, end_us), refusal)
            rejected[rejection.id] = rejection
    return list(clips.values()), list(rejected.values())


def _refused_span(
    video: Video,
    span: tuple[int, int],
    shots: Sequence[tuple[int, int]],
    settings: CutSettings,
) -> Refusal | None:
    start_us, end_us = span
    length_us = _length_us(video)
    if end_us > length_us or start_us >= length_us:
        return is_outside(length_us)
    if not any(first <= start_us and end_us <= last for first, last in shots):
        return crosses_shot()
    return _refused_length(end_us - start_us, AS_GIVEN_MIN_US, settings)


def _between_pauses(
    video: Video,
    rule: CutRule,
    speech: Iterable[tuple[float, float]],
    shots: Sequence[Span] | None,
    settings: CutSettings,
) -> tuple[list[Clip], list[Rejection]]:
    rows = sorted({(_us(start_s), _us(end_s)) for start_s, end_s in speech})
    length_us, min_us = _length_us(video), _us(settings.min_s)
    pieces = pieces_of(
        rows,
        _shots_us(video, shots),
        min_us=min_us,
        max_us=_us(settings.max_s),
        join_us=_us(settings.join_s),
        margin_us=_us(settings.margin_s),
    )
    clips: list[Clip] = []
    rejected: dict[str, Rejection] = {}
    for piece in [*pieces, *(row for row in rows if row[0] >= length_us)]:
        refusal = (
            is_outside(length_us)
            if piece[0] >= length_us
            else _refused_length(piece[1] - piece[0], min_us, settings)
        )
        if refusal is None:
            clips.append(_clip(video, rule, *piece))
        else:
            rejection = of_clip(video, piece, refusal)
            rejected[rejection.id] = rejection
    if not clips and not rejected:
        return [], [of_video(video, gives_nothing(rule))]
    return clips, list(rejected.values())


def _refused_length(length_us: int, min_us: int, settings: CutSettings) -> Refusal | None:
    """None when the length is as wanted."""
    if length_us < min_us:
        return too_short(length_us, min_us)
    if length_us > _us(settings.max_s):
        return too_long(length_us, settings.max_s)
    return None


def _clip(video: Video, rule: CutRule, start_us: int, end_us: int) -> Clip:
    has_audio = video.audio_codec is not None
    return Clip.of(video.video_id, start_us, end_us, rule=rule, has_audio=has_audio)


def _shots_us(video: Video, shots: Sequence[Span] | None) -> list[tuple[int, int]]:
    """Shots inside the video, without overlap; the whole video where nobody looked for them."""
    end_us, last, found = _length_us(video), 0, list[tuple[int, int]]()
    if not shots:
        return [(0, end_us)]
    for start, end in sorted((_us(shot.start_s), _us(shot.end_s)) for shot in shots):
        start, end = max(start, last), min(end, end_us)
        if start < end:
            found.append((start, end))
            last = end
    return found


def _length_us(video: Video) -> int:
    return _us(video.duration_s or 0.0)


def _us(seconds: float) -> int:
    return round(seconds * MICRO)
