"""The timeline of one clip: its strongest action units, mouth, voice and words over time."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from pipeline.axis import Scale, ticks
from pipeline.clip_view import ClipView, strongest_aus
from pipeline.peak import trusted_frames
from pipeline.svg import FACE, INK, LINE, MUTED, SHADE, TRACES, VOICE, Drawing, Point, shorten
from schemas.face import FaceTrack
from schemas.speech import Speech

DASHES: Final = ("", "6 2", "2 2", "8 2 2 2", "1 2")  # told apart without colour too
_SIZE: Final = 750.0, 300.0  # points
_LEFT: Final = 36.0  # where every row begins
_RIGHT: Final = 742.0
_UNITS: Final = 16.0, 170.0  # top and foot of a row
_MOUTH: Final = 182.0, 222.0
_VOICE: Final = 232.0, 266.0
_SMALL: Final = 8.0
_CUES: Final = 7.5  # height of their letters
_CHARACTERS_PER_WIDTH: Final = 145  # of the text of cues


def plot_timeline(view: ClipView) -> str | None:
    """None for a still, and for a clip of which neither face nor voice was looked for."""
    if view.clip.still or (view.track is None and view.speech is None):
        return None
    width, height = _SIZE
    drawing = Drawing(width=width, height=height, alt=_said(view))
    t = Scale(view.clip.duration_s, _LEFT, _RIGHT)
    _paint_rows(drawing, t)
    if view.track is not None:
        _paint_face(drawing, t, view.track, view)
    _paint_voice(drawing, t, view)
    _mark_peak(drawing, t, view)
    return drawing.markup()


def _paint_rows(drawing: Drawing, t: Scale) -> None:
    """What every row stands on, its name, and the time below."""
    units = Scale(5, _UNITS[1], _UNITS[0])
    for strength in range(6):
        drawing.line(_across(units(strength)), colour=LINE, width=0.6)
        at = (_LEFT - 5, units(strength))
        drawing.text(f"{strength}", at, colour=MUTED, anchor="end")
    rows = (("AU, 0 to 5", _UNITS), ("mouth", _MOUTH), ("voice", _VOICE))
    for name, (top, foot) in rows:
        drawing.line(_across(foot), colour=LINE, width=0.8)
        at = (8.0, (top + foot) / 2)
        drawing.text(name, at, colour=MUTED, anchor="middle", upwards=True)
    for time_s in ticks(t.most, steps=10, whole=False):
        at = (t(time_s), _VOICE[1] + 9)
        drawing.text(f"{time_s:g}", at, colour=MUTED, anchor="middle")
    middle = ((_LEFT + _RIGHT) / 2, _VOICE[1] + 24)
    drawing.text("seconds from the start of the clip", middle, colour=MUTED, anchor="middle")


def _across(y: float) -> list[Point]:
    return [(_LEFT, y), (_RIGHT, y)]


def _paint_face(drawing: Drawing, t: Scale, track: FaceTrack, view: ClipView) -> None:
    for start_s, end_s in untrusted_spans(track, view.min_confidence, view.clip.duration_s):
        for row in (_UNITS, _MOUTH):
            drawing.box((t(start_s), t(end_s)), row, fill=SHADE, opacity=0.25)
    for cut_s in _shot_changes(track):
        for top, foot in (_UNITS, _MOUTH):
            drawing.line([(t(cut_s), top), (t(cut_s), foot)], colour=SHADE, width=0.9, dash="1 2")
    units = Scale(5, _UNITS[1], _UNITS[0])
    strongest = strongest_aus(track, view.min_confidence)
    for colour, dash, (au, _) in zip(TRACES, DASHES, strongest, strict=False):
        for known in _known(t, units, track.t_s, track.intensity(au)):
            drawing.line(known, colour=colour, width=1.5, dash=dash)
    widest = max((value for value in track.mouth_open if value is not None), default=0) or 1
    mouth = Scale(widest, _MOUTH[1], _MOUTH[0])
    for known in _known(t, mouth, track.t_s, track.mouth_open):
        feet = [(known[-1][0], mouth(0)), (known[0][0], mouth(0))]
        drawing.area([*known, *feet], fill=FACE, opacity=0.18)
        drawing.line(known, colour=FACE, width=1.3)


def _known(
    t: Scale, y: Scale, times_s: Sequence[float], values: Sequence[float | None]
) -> Iterator[list[Point]]:
    """The points of every stretch without a gap: where nothing is known the line breaks."""
    pairs = zip(times_s, values, strict=True)
    for _, group in groupby(pairs, key=lambda pair: pair[1] is None):
        stretch = [(t(time_s), y(value)) for time_s, value in group if value is not None]
        if stretch:
            yield stretch


def _paint_voice(drawing: Drawing, t: Scale, view: ClipView) -> None:
    speech = view.speech
    top, foot = _VOICE
    if speech is None or speech.voiced is None:
        said = "no sound" if speech is not None or not view.clip.has_audio else "not looked for"
        drawing.text(said, (_LEFT, (top + foot) / 2), size=_SMALL, colour=MUTED)
        return
    for span in speech.voiced:
        across = t(max(0.0, span.start_s)), t(min(span.end_s, t.most))
        drawing.box(across, (top + 3, top + 16), fill=VOICE, opacity=0.75)
    if not speech.voiced:
        drawing.text("nobody speaks", (_LEFT, top + 10), size=_SMALL, colour=MUTED)
    _paint_cues(drawing, t, speech)


def _paint_cues(drawing: Drawing, t: Scale, speech: Speech) -> None:
    if speech.transcript is None:
        return
    under, middle = _VOICE[0] + 20, _VOICE[0] + 28
    for cue in speech.transcript.cues:
        if cue.start_s is None or cue.end_s is None:
            continue
        start, end = t(max(0.0, cue.start_s)), t(min(cue.end_s, t.most))
        drawing.line([(start, under), (end, under)], colour=MUTED, width=0.8)
        room = int((cue.end_s - cue.start_s) / t.most * _CHARACTERS_PER_WIDTH)
        if room >= 4:
            drawing.text(shorten(cue.text, room), (start, middle), size=_CUES)


def _mark_peak(drawing: Drawing, t: Scale, view: ClipView) -> None:
    if view.moment is None:
        return
    at = t(view.moment.t_s)
    for top, foot in (_UNITS, _MOUTH, _VOICE):
        drawing.line([(at, top), (at, foot)], colour=INK, width=1.1)
    late = view.moment.t_s > 0.85 * view.clip.duration_s
    said = f"peak {view.moment.t_s:.2f} s"
    drawing.text(said, (at, _UNITS[0] - 8), anchor="end" if late else "start")


def untrusted_spans(
    track: FaceTrack, min_confidence: float, duration_s: float
) -> Iterator[tuple[float, float]]:
    """From the first frame without a trusted face to the next frame with one, in seconds; at
    last to the end of the clip."""
    trusted = set(trusted_frames(track, min_confidence))
    runs = groupby(range(len(track.t_s)), key=lambda i: i in trusted)
    for found, frames in runs:
        if not found:
            run = list(frames)
            after = run[-1] + 1
            end_s = track.t_s[after] if after < len(track.t_s) else duration_s
            yield track.t_s[run[0]], end_s


def _shot_changes(track: FaceTrack) -> list[float]:
    pairs = zip(track.shot, track.shot[1:], track.t_s[1:], strict=False)
    return [t_s for before, after, t_s in pairs if before != after]


def _said(view: ClipView) -> str:
    parts = [f"Timeline of {view.clip.duration_s:.2f} s"]
    if view.track is not None:
        aus = [au for au, _ in strongest_aus(view.track, view.min_confidence)]
        parts.append(f"strongest action units {', '.join(aus)}" if aus else "no action unit rises")
    if view.moment is not None:
        parts.append(f"peak at {view.moment.t_s:.2f} s")
    if view.speech is not None and view.speech.voiced is not None:
        parts.append(f"{len(view.speech.voiced)} spans of voice")
    return "; ".join(parts) + "."
