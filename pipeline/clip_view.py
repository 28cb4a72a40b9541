"""One clip with everything that is known of it, and the text that `merr show` prints."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from pipeline.peak import PeakSettings, trusted_frames
from pipeline.terminal import wrap
from schemas.au import BLINK, FACS_NAMES, INTENSITY_AUS
from schemas.clip import Clip
from schemas.clues import Clue, Clues
from schemas.evidence import Evidence, EvidenceItem
from schemas.face import FaceTrack
from schemas.failure import Failure, Rejection
from schemas.label import Label, LabelDecision
from schemas.maker import Maker
from schemas.peak import Peak, PeakMoment, Stills
from schemas.sample import CoarseSample, FineSample
from schemas.scene import Scene
from schemas.speech import Speech, Transcript
from schemas.tone import Tone

WIDTH: Final = 100  # terminal columns; a CJK character takes two
_INDENT: Final = "  "
_CUT: Final = {
    "whole": "the whole video",
    "spans": "a given span",
    "subtitles": "cut at its subtitles",
    "silence": "cut where nobody speaks",
    "still": "a still picture",
}


@dataclass(frozen=True)
class ClipView:
    """None stands for a stage that gave this clip no row; `fallen` says why."""

    clip: Clip
    names: tuple[str, ...]  # paths of the files that hold this video
    track: FaceTrack | None = None
    peak: Peak | None = None
    stills: Stills | None = None
    speech: Speech | None = None
    tone: Tone | None = None
    scene: Scene | None = None
    evidence: Evidence | None = None
    decision: LabelDecision | None = None
    coarse: CoarseSample | None = None
    clues: Clues | None = None
    fine: FineSample | None = None
    fallen: tuple[Rejection | Failure, ...] = ()
    part_keys: Mapping[str, str] = field(default_factory=dict)  # stage -> name of its key
    min_confidence: float = PeakSettings().min_confidence  # from which a face is trusted

    @property
    def written_clues(self) -> tuple[Clue, ...]:
        """The clues of the fine sample where there is one, else those that await one."""
        if self.fine is not None:
            return self.fine.clues
        return self.clues.clues if self.clues is not None else ()

    @property
    def moment(self) -> PeakMoment | None:
        return self.peak.moment if self.peak is not None else None


@dataclass(frozen=True)
class Origin:
    """Who made a stage's row, and the part it lies in."""

    stage: str
    maker: Maker
    part: str | None


def origins(view: ClipView) -> list[Origin]:
    rows = {
        "face": view.track,
        "speech": view.speech,
        "tone": view.tone,
        "peak": view.peak,
        "scene": view.scene,
        "coarse": view.coarse,
        "clues": view.clues,
        "fine": view.fine,
    }
    return [
        Origin(stage, row.made_by, view.part_keys.get(stage))
        for stage, row in rows.items()
        if row is not None
    ]


def strongest_aus(
    track: FaceTrack, min_confidence: float, *, most: int = 5
) -> list[tuple[str, float]]:
    """Units and their highest intensity in a trusted frame, the highest first; no blinks, and
    none that never rises above 0."""
    trusted = trusted_frames(track, min_confidence)
    highest = {}
    for au in (au for au in INTENSITY_AUS if au != BLINK):
        column = track.intensity(au)
        highest[au] = max((v for i in trusted if (v := column[i]) is not None), default=0.0)
    rising = [(au, value) for au, value in highest.items() if value > 0]
    return sorted(rising, key=lambda pair: (-pair[1], pair[0]))[:most]


def measure(item: EvidenceItem) -> str | None:
    """Value and unit of an evidence item; None where it has only words."""
    if item.value is None:
        return None
    if item.unit == "FACS 0-5":
        return f"{item.value:.2f} of 5"
    unit = "" if item.unit in (None, "1") else f" {item.unit}"
    return f"{item.value:g}{unit}" if abs(item.value) >= 1000 else f"{item.value:.4g}{unit}"


def span_text(start_s: float | None, end_s: float | None) -> str | None:
    """ "1.36 s" of a moment, "1.20-2.40 s" of a span; None where no time is known."""
    if start_s is None:
        return None
    if end_s is None or end_s == start_s:
        return f"{start_s:.2f} s"
    return f"{start_s:.2f}-{end_s:.2f} s"


def render_text(view: ClipView) -> str:
    """Plain text, at most WIDTH columns wide; control characters of foreign text are shown as
    replacement characters, so that no name or caption can steer a terminal."""
    sections = (
        ("", _head(view)),
        ("What fell out", _fallen(view)),
        ("Label", _label(view.decision)),
        ("Coarse caption", _text(view.coarse.caption if view.coarse else None)),
        ("Fine text", _text(view.fine.smp_reason_caption if view.fine else None)),
        ("Clues", _clues(view)),
        ("Peak", _peak(view)),
        ("Speech", _speech(view)),
        ("Evidence", _evidence(view.evidence)),
        ("Made by", _origins(view)),
    )
    blocks = ("\n".join(_block(title, list(lines))) for title, lines in sections)
    return "\n\n".join(block for block in blocks if block) + "\n"


def _text(text: str | None) -> list[str]:
    return [] if text is None else [text]


def _block(title: str, lines: list[str]) -> list[str]:
    if not lines:
        return []
    indent = _INDENT if title else ""
    wrapped = [part for line in lines for part in wrap(line, WIDTH, indent=indent)]
    return [title.upper(), *wrapped] if title else wrapped


def _head(view: ClipView) -> Iterator[str]:
    clip = view.clip
    yield from view.names or ("no file of this video is known",)
    yield f"clip {clip.clip_id}"
    if clip.still:
        yield "a still picture"
        return
    sound = "with sound" if clip.has_audio else "without sound"
    span = f"{clip.start_s:.3f} s to {clip.end_s:.3f} s of the video"
    yield f"{span} ({clip.duration_s:.3f} s), {_CUT[clip.rule]}, {sound}"


def _fallen(view: ClipView) -> Iterator[str]:
    for fell in view.fallen:
        if isinstance(fell, Rejection):
            yield f"rejected at {fell.stage} by {fell.rule}: {fell.reason}"
        else:
            again = "is tried again" if fell.retryable else "is tried again only on request"
            yield f"failed at {fell.stage} with {fell.error} ({again}): {fell.reason}"


def _label(decision: LabelDecision | None) -> Iterator[str]:
    if decision is None:
        return
    valence = "" if decision.valence is None else f", valence {decision.valence:+.2f}"
    yield f"{decision.label} (source {decision.source}, policy {decision.policy}{valence})"
    yield from (f"opinion: {opinion_text(opinion)}" for opinion in decision.opinions)


def opinion_text(opinion: Label) -> str:
    sure = "" if opinion.confidence is None else f", confidence {opinion.confidence:.2f}"
    said_by = f"{opinion.source} {opinion.version}"
    return f"{opinion.label}, weight {opinion.weight:.2f}{sure}, by {said_by}"


def _clues(view: ClipView) -> Iterator[str]:
    for clue in view.written_clues:
        yield f"{clue.modality}: {clue.claim} [{', '.join(clue.evidence)}]"
    if view.fine is not None:
        yield f"conclusion: {view.fine.conclusion}"


def _peak(view: ClipView) -> Iterator[str]:
    if view.peak is None:
        return
    moment = view.peak.moment
    if moment is None:
        yield "no frame shows a trusted face with a readable action unit"
        return
    seen = " (label in view)" if view.peak.label_seen else ""
    yield f"frame {moment.frame_index} at {moment.t_s:.2f} s, rule {view.peak.rule}{seen}"
    yield f"sum {moment.score:.2f} over {', '.join(moment.scored_aus)}"
    for shown in (au for au in moment.aus if au.present):
        strength = "   -" if shown.intensity is None else f"{shown.intensity:4.2f}"
        yield f"{shown.au}  {strength}  {FACS_NAMES.get(shown.au, '')}".rstrip()
    if view.track is not None and view.track.proxy:
        yield "action units are proxies, computed from geometry"


def _speech(view: ClipView) -> Iterator[str]:
    if view.speech is None:
        return
    if view.speech.voiced is None:
        yield "no sound"
    elif not view.speech.voiced:
        yield "nobody speaks"
    else:
        spans = (span_text(span.start_s, span.end_s) for span in view.speech.voiced)
        yield f"voice at {', '.join(text for text in spans if text)}"
    if view.speech.transcript is not None:
        yield from _words(view.speech.transcript)
    if view.speech.heard is not None:
        yield from _words(view.speech.heard)
    for doubted in view.speech.left_out or ():
        yield f"left out ({doubted.rule}): {doubted.text}"


def _words(told: Transcript) -> Iterator[str]:
    yield f"words ({told.source}): {told.text}"
    if told.text_en is not None:
        yield f"in English: {told.text_en}"


def _evidence(evidence: Evidence | None) -> Iterator[str]:
    if evidence is None:
        return
    wide = max((len(item.key) for item in evidence.items), default=0)
    for item in evidence.items:
        said = (measure(item), item.text, span_text(item.start_s, item.end_s))
        yield f"{item.key:<{wide}}  {' | '.join(text for text in said if text)}"
    yield f"mouth and voice: {evidence.speaker.verdict.replace('_', ' ')}"
    if evidence.flags:
        yield f"flags: {', '.join(evidence.flags)}"


def _origins(view: ClipView) -> Iterator[str]:
    for origin in origins(view):
        maker = origin.maker
        model = f", model {maker.model}" if maker.model else ""
        prompt = f", prompt {maker.prompt[:16]}" if maker.prompt else ""
        part = f", part {origin.part}" if origin.part else ""
        yield f"{origin.stage:<7} {maker.engine} {maker.version}{model}{prompt}{part}"
