"""The timeline of one clip: its strongest action units, mouth, voice and words over time."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Final

from pipeline.clip_view import ClipView, strongest_aus
from pipeline.peak import trusted_frames
from pipeline.svg import FACE, INK, LINE, MUTED, SHADE, TRACES, VOICE, bare, draw, shorten
from schemas.face import FaceTrack
from schemas.speech import Speech

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DASHES: Final = ("", "6 2", "2 2", "8 2 2 2", "1 2")  # told apart without colour too
_WIDTH_IN: Final = 10.4
_CHARACTERS_PER_WIDTH: Final = 145  # of the small text of cues


def plot_timeline(view: ClipView) -> str | None:
    """None for a still, and for a clip of which neither face nor voice was looked for."""
    if view.clip.still or (view.track is None and view.speech is None):
        return None

    def paint(figure: "Figure") -> None:
        units, mouth, voice = figure.subplots(
            3, 1, sharex=True, gridspec_kw={"height_ratios": (3.2, 1, 0.8)}
        )
        for axes in (units, mouth, voice):
            bare(axes, keep=("bottom",))
        if view.track is not None:
            _paint_face(units, mouth, view.track, view)
        _paint_voice(voice, view)
        _mark_peak((units, mouth, voice), view)
        _name_rows(units, mouth, voice, view.clip.duration_s)

    return draw(paint, name="timeline", size_in=(_WIDTH_IN, 4.2), alt=_said(view))


def _paint_face(units: "Axes", mouth: "Axes", track: FaceTrack, view: ClipView) -> None:
    strongest = strongest_aus(track, view.min_confidence)
    for colour, dash, (au, _) in zip(TRACES, DASHES, strongest, strict=False):
        style = (0, tuple(float(n) for n in dash.split())) if dash else "solid"
        values = _gaps(track.intensity(au))
        units.plot(track.t_s, values, color=colour, linewidth=1.5, linestyle=style)
    mouth.plot(track.t_s, _gaps(track.mouth_open), color=FACE, linewidth=1.3)
    mouth.fill_between(track.t_s, _gaps(track.mouth_open), color=FACE, alpha=0.18, linewidth=0)
    for start_s, end_s in untrusted_spans(track, view.min_confidence, view.clip.duration_s):
        for axes in (units, mouth):
            axes.axvspan(start_s, end_s, color=SHADE, alpha=0.25, linewidth=0)
    for cut_s in _shot_changes(track):
        for axes in (units, mouth):
            axes.axvline(cut_s, color=SHADE, linewidth=0.9, linestyle=(0, (1, 2)))


def _paint_voice(axes: "Axes", view: ClipView) -> None:
    speech = view.speech
    if speech is None or speech.voiced is None:
        said = "no sound" if speech is not None or not view.clip.has_audio else "not looked for"
        axes.text(0, 0.5, said, color=MUTED, va="center", fontsize=8)
        return
    for span in speech.voiced:
        axes.axvspan(span.start_s, span.end_s, 0.52, 0.9, color=VOICE, alpha=0.75, linewidth=0)
    if not speech.voiced:
        axes.text(0, 0.7, "nobody speaks", color=MUTED, va="center", fontsize=8)
    _paint_cues(axes, speech, view.clip.duration_s)


def _paint_cues(axes: "Axes", speech: Speech, duration_s: float) -> None:
    if speech.transcript is None:
        return
    per_s = _CHARACTERS_PER_WIDTH / duration_s
    for cue in speech.transcript.cues:
        if cue.start_s is None or cue.end_s is None:
            continue
        room = int((cue.end_s - cue.start_s) * per_s)
        axes.plot((cue.start_s, cue.end_s), (0.4, 0.4), color=MUTED, linewidth=0.8)
        if room >= 4:
            text = shorten(cue.text, room)
            axes.text(cue.start_s, 0.18, text, color=INK, va="center", fontsize=7.5)


def _mark_peak(rows: Sequence["Axes"], view: ClipView) -> None:
    if view.moment is None:
        return
    t_s = view.moment.t_s
    for axes in rows:
        axes.axvline(t_s, color=INK, linewidth=1.1)
    late = t_s > 0.85 * view.clip.duration_s
    rows[0].annotate(
        f"peak {t_s:.2f} s",
        (t_s, 1.0),
        xycoords=("data", "axes fraction"),
        xytext=(2 if late else -2, 3),
        textcoords="offset points",
        ha="right" if late else "left",
        va="bottom",
    )


def _name_rows(units: "Axes", mouth: "Axes", voice: "Axes", duration_s: float) -> None:
    units.set_xlim(0, duration_s)
    units.set_ylim(0, 5.15)  # a line at 5 stays whole
    units.set_yticks(range(6))
    units.grid(axis="y", color=LINE, linewidth=0.6)
    units.set_ylabel("AU, 0 to 5")
    mouth.set_ylim(bottom=0)
    mouth.set_yticks([])
    mouth.set_ylabel("mouth")
    voice.set_ylim(0, 1)
    voice.set_yticks([])
    voice.set_ylabel("voice")
    voice.set_xlabel("seconds from the start of the clip")
    for axes in (units, mouth, voice):
        axes.set_axisbelow(True)


def _gaps(values: Sequence[float | None]) -> list[float]:
    """NaN where nothing is known: the line breaks there."""
    return [float("nan") if value is None else value for value in values]


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
