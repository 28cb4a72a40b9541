"""Is the voice the face's own? Mouth movement held against the spans in which a voice is heard."""

from collections.abc import Iterator
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from pipeline.peak import trusted_frames
from schemas.evidence import SpeakerVisibility
from schemas.face import FaceTrack
from schemas.speech import Speech
from schemas.units import Probability, Row

_STEP_S: Final = 0.04  # movement is taken over 40 ms whatever the frame rate
_SMOOTH: Final = 5  # steps, 0.2 s: about one syllable
_LONGEST_GAP_S: Final = 0.15  # a longer gap between trusted frames breaks the run
_LEAST_SILENCE_S: Final = 0.4  # of trusted frames without a voice, to compare with

Verdict = Literal["visible", "not_visible", "unknown"]


class SpeakerSettings(Row):
    policy: Literal["keep", "flag", "reject"] = Field(
        default="flag",
        description="What happens to a clip whose voice is not that of the face: keep it, flag it "
        "or reject it.",
    )
    min_confidence: Probability = Field(
        default=0.5, description="Frames whose face is less certain than this are not looked at."
    )
    min_speech_s: float = Field(
        default=1.0, gt=0, description="Shorter speech beside a trusted face is not judged."
    )
    min_voice: Probability = Field(
        default=0.8,
        description="Below this voice probability the mouth is never said to be silent.",
    )
    still_per_s: float = Field(
        default=0.15,
        gt=0,
        description="A mouth that opens and shuts by less than this per second (in eye distances) "
        "is still.",
    )
    follows_r: float = Field(
        default=0.5,
        gt=0,
        le=1,
        description="A mouth whose small movements agree with the voice by this r is not silent.",
    )
    lively_per_s: float = Field(
        default=0.5,
        gt=0,
        description="Mean movement per second during speech that shows the speaker on its own.",
    )


def see_speaker(
    track: FaceTrack, speech: Speech, settings: SpeakerSettings | None = None
) -> SpeakerVisibility:
    """Verdict on whether the followed face speaks; the thresholds are our convention.

    With at least `min_speech_s` of speech beside a trusted face:

    * not_visible: the mouth is still for more than 80 % of a clearly heard voice, and what
      little it moves does not keep time with the voice
    * visible: it moves in at least half of the speech, and either twice as often as in the
      silence around it or lively throughout
    * unknown: everything between, and every clip without sound, speech or face

    Laughing, chewing or a moving head can pass for speech, and a mumbling or turned-away speaker
    for silence: a verdict is a reason to look, not a proof.
    """
    settings = settings or SpeakerSettings()
    trusted = _with_mouth(track, settings.min_confidence)
    if not speech.voiced:
        return SpeakerVisibility(verdict="unknown", agreement=None, speech_frames=0)
    t_s = np.array([track.t_s[i] for i in trusted], np.float64)
    times, movement = _movement(track, trusted)
    heard = _heard(speech, times)
    return SpeakerVisibility(
        verdict=_verdict(movement, heard, speech.voice_probability, settings),
        agreement=_correlation(movement, heard),
        speech_frames=int(_heard(speech, t_s).sum()),
    )


def _with_mouth(track: FaceTrack, min_confidence: float) -> list[int]:
    trusted = trusted_frames(track, min_confidence)
    return [i for i in trusted if track.mouth_open[i] is not None]


def _heard(speech: Speech, times: NDArray[np.float64]) -> NDArray[np.bool_]:
    heard = np.zeros(len(times), np.bool_)
    for span in speech.voiced or ():
        heard |= (times >= span.start_s) & (times < span.end_s)
    return heard


def _movement(
    track: FaceTrack, trusted: list[int]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Times [N] in seconds and movement [N], the smoothed absolute change of the lip gap per
    second, on a grid of 40 ms inside every unbroken run of trusted frames."""
    times: list[NDArray[np.float64]] = [np.zeros(0)]
    moves: list[NDArray[np.float64]] = [np.zeros(0)]
    for run in _runs(track, trusted):
        t_s = np.array([track.t_s[i] for i in run], np.float64)
        gap = np.array([track.mouth_open[i] for i in run], np.float64)
        grid = np.arange(t_s[0], t_s[-1] + 1e-9, _STEP_S)
        if len(grid) > _SMOOTH:
            change = np.abs(np.diff(np.interp(grid, t_s, gap))) / _STEP_S
            times.append(grid[1:] - _STEP_S / 2)
            moves.append(_smoothed(change))
    return np.concatenate(times), np.concatenate(moves)


def _runs(track: FaceTrack, trusted: list[int]) -> Iterator[list[int]]:
    """Trusted frames of one shot without a long gap between them."""
    run: list[int] = []
    for i in trusted:
        if run and (
            track.shot[i] != track.shot[run[-1]]
            or track.t_s[i] - track.t_s[run[-1]] > _LONGEST_GAP_S
        ):
            yield run
            run = []
        run.append(i)
    if run:
        yield run


def _smoothed(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Centred moving mean; at the ends over what is there."""
    window = np.ones(_SMOOTH)
    smoothed: NDArray[np.float64] = np.convolve(values, window, "same") / np.convolve(
        np.ones(len(values)), window, "same"
    )
    return smoothed


def _verdict(
    movement: NDArray[np.float64],
    heard: NDArray[np.bool_],
    voice: float | None,
    settings: SpeakerSettings,
) -> Verdict:
    if heard.sum() * _STEP_S < settings.min_speech_s:
        return "unknown"
    moving = movement >= settings.still_per_s
    in_speech = float(moving[heard].mean())
    agreement = _correlation(movement, heard)
    if in_speech < 0.2 and agreement is not None and agreement >= settings.follows_r:
        return "unknown"  # a mumble: too small to call movement, yet it keeps time with the voice
    if in_speech < 0.2:
        return "not_visible" if voice is None or voice >= settings.min_voice else "unknown"
    if in_speech >= 0.5 and (
        movement[heard].mean() >= settings.lively_per_s or _calmer_in_silence(moving, heard)
    ):
        return "visible"
    return "unknown"


def _calmer_in_silence(moving: NDArray[np.bool_], heard: NDArray[np.bool_]) -> bool:
    if (~heard).sum() * _STEP_S < _LEAST_SILENCE_S:
        return False
    return bool(moving[heard].mean() >= 2 * moving[~heard].mean())


def _correlation(movement: NDArray[np.float64], heard: NDArray[np.bool_]) -> float | None:
    """Pearson's r; None where either side does not vary."""
    if len(movement) < 3 or heard.all() or not heard.any() or np.ptp(movement) < 1e-9:
        return None
    return round(float(np.corrcoef(movement, heard)[0, 1]), 3)
