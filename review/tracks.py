"""What the page draws under a video, from the rows of a clip. Nothing in it tells the label."""

from collections.abc import Sequence
from typing import Final

from pipeline.peak import trusted_frames
from pipeline.proxy import MOST_COLUMNS, Proxy
from schemas.au import BLINK, FACS_NAMES, INTENSITY_AUS
from schemas.clip import Clip
from schemas.face import FaceTrack
from schemas.peak import Peak, PeakAu
from schemas.scene import Scene
from schemas.speech import Cue, Speech, Transcript, Word
from schemas.tone import Tone
from schemas.units import Probability, Row, Seconds

MOVES: Final = 0.5  # of 5; what never reaches it is noise of landmarks (ours)
MOST_AUS: Final = 8


class AuRow(Row):
    au: str
    name: str
    values: tuple[float | None, ...]  # highest of the frames of a column, 0-5; None: not known


class HeatStrip(Row):
    times_s: tuple[Seconds, ...]  # where each column starts, from the start of the clip
    trusted: tuple[bool, ...]  # a face that the engine is sure of
    aus: tuple[AuRow, ...]  # those that move, the strongest first
    proxy: bool  # computed from geometry


class ShownPeak(Row):
    index: int
    t_s: Seconds
    aus: tuple[PeakAu, ...]
    names: dict[str, str]
    box: tuple[float, float, float, float] | None  # left, top, width, height as shares of the frame
    faces: int | None  # that were seen
    proxy: bool = False  # the units are computed from geometry


class ShownWords(Row):
    source: str
    language: str | None
    text: str
    text_en: str | None
    words: tuple[Word, ...]
    cues: tuple[Cue, ...]


class Tracks(Row):
    clip_id: str
    still: bool
    clip_s: Seconds
    proxy: Proxy | None  # None: a still picture
    strip: HeatStrip | None
    peak: ShownPeak | None
    words: ShownWords | None
    heard: ShownWords | None
    voiced: tuple[tuple[float, float], ...] | None
    engines: dict[str, str]  # stage -> who made it
    from_release: bool = False  # the film is elsewhere: peak frame and sound are all there is


def tracks_of(
    clip: Clip,
    proxy: Proxy | None,
    *,
    track: FaceTrack | None,
    peak: Peak | None,
    speech: Speech | None,
    tone: Tone | None,
    scene: Scene | None,
    min_confidence: Probability,
    size_px: tuple[int, int] | None,
) -> Tracks:
    """`size_px`: width and height of the frames that the boxes of `track` lie in."""
    made = {"face": track, "speech": speech, "tone": tone, "scene": scene, "peak": peak}
    return Tracks(
        clip_id=clip.clip_id,
        still=clip.still,
        clip_s=clip.duration_s,
        proxy=proxy,
        strip=heat_strip(track, min_confidence) if track and track.t_s else None,
        peak=_peak(track, peak, size_px),
        words=_words(speech.transcript if speech else None),
        heard=_words(speech.heard if speech else None),
        voiced=_voiced(speech),
        engines={
            stage: " ".join(filter(None, (row.made_by.engine, row.made_by.version)))
            for stage, row in made.items()
            if row is not None
        },
    )


def heat_strip(track: FaceTrack, min_confidence: Probability) -> HeatStrip:
    """At most 1,200 columns, however long the clip: each holds the highest of its frames."""
    trusted = set(trusted_frames(track, min_confidence))
    starts = _starts(len(track.t_s))
    columns = [range(a, b) for a, b in zip(starts, [*starts[1:], len(track.t_s)], strict=True)]
    moving = {au: top for au in INTENSITY_AUS if (top := _top(track, au, trusted)) >= MOVES}
    strongest = sorted((au for au in moving if au != BLINK), key=lambda au: -moving[au])[:MOST_AUS]
    return HeatStrip(
        times_s=tuple(track.t_s[start] for start in starts),
        trusted=tuple(all(i in trusted for i in column) for column in columns),
        aus=tuple(
            AuRow(au=au, name=FACS_NAMES[au], values=_highest(track.intensity(au), columns))
            for au in strongest
        ),
        proxy=track.proxy,
    )


def _starts(frames: int) -> list[int]:
    step = -(-frames // MOST_COLUMNS)
    return list(range(0, frames, step))


def _top(track: FaceTrack, au: str, trusted: set[int]) -> float:
    column = track.intensity(au)
    return max((v for i in trusted if (v := column[i]) is not None), default=0.0)


def _highest(column: Sequence[float | None], columns: Sequence[range]) -> tuple[float | None, ...]:
    return tuple(
        max((v for i in frames if (v := column[i]) is not None), default=None) for frames in columns
    )


def _peak(
    track: FaceTrack | None, peak: Peak | None, size_px: tuple[int, int] | None
) -> ShownPeak | None:
    if peak is None or peak.moment is None:
        return None
    moment = peak.moment
    return ShownPeak(
        index=moment.frame_index,
        t_s=moment.t_s,
        aus=tuple(au for au in moment.aus if au.present),
        names={au.au: FACS_NAMES.get(au.au, au.au) for au in moment.aus},
        box=_box(track, moment.frame_index, size_px),
        faces=track.faces[moment.frame_index] if track else None,
        proxy=track.proxy if track else False,
    )


def _box(
    track: FaceTrack | None, frame: int, size_px: tuple[int, int] | None
) -> tuple[float, float, float, float] | None:
    if track is None or size_px is None:
        return None
    sides = [
        column[frame]
        for column in (
            track.box_x_px,
            track.box_y_px,
            track.box_width_px,
            track.box_height_px,
        )
    ]
    known = [side for side in sides if side is not None]
    if len(known) < len(sides):
        return None
    left, top, width, height = (round(k / size_px[i % 2], 4) for i, k in enumerate(known))
    return left, top, width, height


def _words(told: Transcript | None) -> ShownWords | None:
    if told is None:
        return None
    return ShownWords(
        source=told.source,
        language=told.language,
        text=told.text,
        text_en=told.text_en,
        words=told.words or (),
        cues=told.cues,
    )


def _voiced(speech: Speech | None) -> tuple[tuple[float, float], ...] | None:
    if speech is None or speech.voiced is None:
        return None
    return tuple((span.start_s, span.end_s) for span in speech.voiced)
