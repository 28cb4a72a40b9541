"""What a face did around its peak: every action unit shown, glimpsed, absent or unknown."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from pipeline.peak import NOISY_PROXIES, trusted_frames
from schemas.au import BLINK, INTENSITY_AUS, PRESENCE_AUS
from schemas.evidence import Evidence
from schemas.face import FaceTrack
from schemas.peak import Peak, PeakAu, PeakMoment

State = Literal["shown", "glimpsed", "absent"]

# Felt expressions last from half a second to four (Matsumoto & Hwang 2011, Motiv. Emot. 35, 181),
# so the movement that a peak is part of is seen within half a second of it.
WINDOW_S: Final = 0.5
MIN_CONFIDENCE: Final = 0.5  # as PeakSettings
FAINT: Final = 0.5  # FACS 0-5: from here on a unit called absent may be there (ours)
ELSEWHERE_S: Final = 0.2  # seen for longer than this outside the window: not absent (ours)
PROXY_FLAG: Final = "proxy_action_units"
# Measures of the track that are no action unit: shown from, absent in every frame below (ours).
_SIGNS: Final = {"smile": (0.5, 0.25), "eye_closure": (0.7, 0.4)}


@dataclass(frozen=True)
class FaceWindow:
    """States by action unit or sign; one that is missing is unknown, never absent.

    shown: at the peak or in most frames around it, which also refutes a denial; glimpsed: in some
    frame, or too weak or too far away to tell.
    """

    states: Mapping[str, State]
    frame_index: int | None
    start_s: float | None
    end_s: float | None
    proxy: bool

    def among(self, names: Iterable[str], *states: State) -> tuple[str, ...]:
        return tuple(sorted(name for name in names if self.states.get(name) in states))


def face_window(
    evidence: Evidence, peak: Peak | None = None, track: FaceTrack | None = None
) -> FaceWindow:
    """From the track around the peak; without a track from the peak alone; without a peak from
    the items of the evidence, which hold only what is present."""
    proxy = PROXY_FLAG in evidence.flags or (track is not None and track.proxy)
    listed: dict[str, State] = {
        item.key.removeprefix("face."): "shown"
        for item in evidence.items
        if item.key.removeprefix("face.") in (*PRESENCE_AUS, *_SIGNS)
    }
    moment = peak.moment if peak is not None else None
    if moment is None:
        return FaceWindow(listed, None, None, None, proxy)
    states = {unit.au: _at_peak(unit) for unit in moment.aus}
    frames: tuple[int, ...] = ()
    if track is not None:
        frames = _around(track, moment)
        for name in (*PRESENCE_AUS, *_SIGNS):
            state = (
                _unit(track, name, frames) if name in PRESENCE_AUS else _sign(track, name, frames)
            )
            if state is not None and states.get(name) != "shown":
                states[name] = state
    known = {**{k: v for k, v in states.items() if _told(k, v, proxy=proxy)}, **listed}
    times = [track.t_s[i] for i in frames] if track is not None and frames else [moment.t_s]
    return FaceWindow(known, moment.frame_index, min(times), max(times), proxy)


def _told(name: str, state: State, *, proxy: bool) -> bool:
    """A proxy that is mostly noise says nothing by its absence, and a blink nothing at all."""
    return name != BLINK and not (proxy and name in NOISY_PROXIES and state != "shown")


def _at_peak(unit: PeakAu) -> State:
    if unit.present:
        return "shown"
    return "glimpsed" if unit.intensity is not None and unit.intensity >= FAINT else "absent"


def _around(track: FaceTrack, moment: PeakMoment) -> tuple[int, ...]:
    """Trusted frames of the peak's shot within WINDOW_S of it."""
    shot = track.shot[moment.frame_index]
    return tuple(
        i
        for i in trusted_frames(track, MIN_CONFIDENCE)
        if track.shot[i] == shot and abs(track.t_s[i] - moment.t_s) <= WINDOW_S + 1e-9
    )


def _unit(track: FaceTrack, au: str, frames: Sequence[int]) -> State | None:
    column = track.presence(au)
    known = [seen for i in frames if (seen := column[i]) is not None]
    if not known:
        return None
    if 2 * sum(known) > len(known):
        return "shown"
    strength = track.intensity(au) if au in INTENSITY_AUS else ()
    faint = any((strength[i] or 0.0) >= FAINT for i in frames) if strength else False
    if any(known) or faint or len(known) < len(frames) or _elsewhere(track, au, frames):
        return "glimpsed"
    return "absent"


def _elsewhere(track: FaceTrack, au: str, frames: Sequence[int]) -> bool:
    """Present outside the window for longer than a stray."""
    column, trusted = track.presence(au), trusted_frames(track, MIN_CONFIDENCE)
    outside = sum(column[i] is True for i in trusted if i not in set(frames))
    return outside * _frame_s(track) > ELSEWHERE_S


def _frame_s(track: FaceTrack) -> float:
    return (track.t_s[-1] - track.t_s[0]) / max(1, len(track.t_s) - 1)


def _sign(track: FaceTrack, name: str, frames: Sequence[int]) -> State | None:
    shown_from, absent_below = _SIGNS[name]
    values = [v for i in frames if (v := getattr(track, name)[i]) is not None]
    if not values:
        return None
    if 2 * sum(v >= shown_from for v in values) > len(values):
        return "shown"
    return "absent" if max(values) < absent_below else "glimpsed"
