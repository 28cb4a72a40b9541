"""Evidence: everything measured about one clip, joined under keys that a clue can cite."""

import math
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Final

from pydantic import Field

from annotators.injection import SUSPECTED, suspicious
from pipeline.peak import trusted_frames
from pipeline.speaker import SpeakerSettings, see_speaker
from schemas.arrow import arrow_schema
from schemas.au import FACS_NAMES
from schemas.clip import Clip
from schemas.egemaps import CITED, Egemaps
from schemas.english import English
from schemas.evidence import Evidence, EvidenceItem, Modality, SpeakerVisibility
from schemas.face import FaceTrack
from schemas.failure import Rejection
from schemas.heard import Heard
from schemas.peak import Peak, PeakMoment
from schemas.scene import Scene
from schemas.seen import Seen
from schemas.speech import Cue, Speech, Word
from schemas.tone import Tone, ToneMeasures
from schemas.units import Probability, Row

STAGE: Final = "evidence"
_RATES: Final = {  # measures whose unit is no type of schemas.units
    "f0_slope_semitones_per_s": "semitone/s",
    "words_per_s": "1/s",
    "syllables_per_s": "1/s",
}


class EvidenceSettings(Row):
    speaker: SpeakerSettings = Field(
        default=SpeakerSettings(),
        description="How the voice is held against the face, and what follows.",
    )
    min_confidence: Probability = Field(
        default=0.5, description="Frames whose face is less certain than this count as without one."
    )
    several_faces_share: Probability = Field(
        default=0.2,
        description="Flag a clip that shows more than one face in more than this share of frames.",
    )
    min_smile: Probability = Field(
        default=0.5, description="A smile score at the peak from this value on is evidence."
    )
    min_eye_closure: Probability = Field(
        default=0.7, description="Eyes at the peak that are shut at least this far are evidence."
    )


def join(
    clip: Clip,
    track: FaceTrack,
    peak: Peak,
    speech: Speech,
    tone: Tone,
    scene: Scene,
    settings: EvidenceSettings,
    *,
    heard: Heard | None = None,
    seen: Seen | None = None,
    english: English | None = None,
) -> Evidence | Rejection:
    """One clip's annotations as items. Rejection speaker_not_visible where the policy asks it.

    What a chat model made with words in it that look like an instruction is no evidence.
    """
    asked = tuple(row for row in (heard, seen, english) if row is not None)
    _refuse_strangers(clip.clip_id, (track, peak, speech, tone, scene, *asked))
    speaker = see_speaker(track, speech, settings.speaker)
    if speaker.verdict == "not_visible" and settings.speaker.policy == "reject":
        return _other_speaker(clip.clip_id, speaker)
    return Evidence(
        clip_id=clip.clip_id,
        duration_s=clip.duration_s,
        items=(
            *_face_items(track, peak.moment, scene, settings),
            *_voice_items(tone, speech),
            *_word_items(speech, english),
            *_scene_items(scene, peak.moment, clip.duration_s),
            *_heard_items(heard, speech),
            *_seen_items(seen, peak.moment, clip.duration_s),
        ),
        speaker=speaker,
        face_share=_face_share(track, settings.min_confidence),
        others_share=_others_share(track),
        makers=_makers(track, peak, speech, tone, scene, asked),
        flags=tuple(
            _flags(track, peak, tone, speaker, settings, suspected=_suspected(speech, asked))
        ),
    )


def _refuse_strangers(
    clip_id: str,
    rows: tuple[FaceTrack | Peak | Speech | Tone | Scene | Heard | Seen | English, ...],
) -> None:
    for row in rows:
        if row.clip_id != clip_id:
            raise ValueError(f"{type(row).__name__} of clip {row.clip_id} joined to {clip_id}")


def _other_speaker(clip_id: str, speaker: SpeakerVisibility) -> Rejection:
    return Rejection(
        subject="clip",
        id=clip_id,
        stage=STAGE,
        rule="speaker_not_visible",
        reason=f"a voice is heard over {speaker.speech_frames} frames with a face, and its mouth "
        "stays still; set the speaker policy to flag or keep to let such clips in",
    )


def _face_items(
    track: FaceTrack, moment: PeakMoment | None, scene: Scene, settings: EvidenceSettings
) -> Iterator[EvidenceItem]:
    if moment is None:
        return
    span = (moment.t_s, moment.t_s)
    for seen in (shown for shown in moment.aus if shown.present):
        name = FACS_NAMES[seen.au]
        yield _item(f"face.{seen.au}", value=seen.intensity, unit="FACS 0-5", text=name, span=span)
    if scene.head is not None:
        yield _item("face.pose", text=scene.head, span=span)
    for key, value, unit, least in _face_measures(track, moment.frame_index, settings):
        if value is not None and value >= least:
            yield _item(key, value=value, unit=unit, span=span)


def _face_measures(
    track: FaceTrack, frame: int, settings: EvidenceSettings
) -> tuple[tuple[str, float | None, str, float], ...]:
    """Key, value, unit, and the value from which on it is worth citing."""
    return (
        ("face.pose.yaw_deg", track.yaw_deg[frame], "deg", -math.inf),
        ("face.pose.pitch_deg", track.pitch_deg[frame], "deg", -math.inf),
        ("face.pose.roll_deg", track.roll_deg[frame], "deg", -math.inf),
        ("face.smile", track.smile[frame], "1", settings.min_smile),
        ("face.eye_closure", track.eye_closure[frame], "1", settings.min_eye_closure),
    )


def _voice_items(tone: Tone, speech: Speech) -> Iterator[EvidenceItem]:
    span = _voiced(speech)
    measures = tone.measures.model_dump() if tone.measures is not None else {}
    if tone.egemaps is not None:
        measures |= tone.egemaps.model_dump(include=set(CITED))
    for name, value in measures.items():
        if value is not None:
            yield _item(f"voice.{name}", value=value, unit=_tone_units()[name], span=span)
    if tone.description is not None:
        yield _item("voice.description", text=tone.description, span=span)


def _voiced(speech: Speech) -> tuple[float, float] | None:
    voiced = speech.voiced
    return (voiced[0].start_s, voiced[-1].end_s) if voiced else None


def _heard_items(heard: Heard | None, speech: Speech) -> Iterator[EvidenceItem]:
    """By the model that listened: the one of MERR's ten tones, and the description."""
    if heard is None or SUSPECTED in heard.flags:
        return
    span = _voiced(speech)
    if heard.tone is not None:
        yield _item("voice.tone", text=heard.tone, span=span)
    if heard.description is not None:
        yield _item("voice.heard", text=heard.description, span=span)


def _seen_items(
    seen: Seen | None, moment: PeakMoment | None, duration_s: float
) -> Iterator[EvidenceItem]:
    if seen is None or seen.description is None or SUSPECTED in seen.flags:
        return
    single = moment is not None and len(seen.frames) == 1
    span = (moment.t_s, moment.t_s) if moment and single else (0.0, duration_s)
    yield _item("scene.seen", text=seen.description, span=span)


def _suspected(speech: Speech, asked: Sequence[Heard | Seen | English]) -> bool:
    said = speech.transcript.text if speech.transcript else None
    return suspicious(said) or any(SUSPECTED in row.flags for row in asked)


@cache
def _tone_units() -> dict[str, str]:
    units = dict(_RATES)
    for field in (*arrow_schema(ToneMeasures), *arrow_schema(Egemaps)):
        if field.metadata:
            units[field.name] = field.metadata[b"unit"].decode()
    return units


def _word_items(speech: Speech, english: English | None) -> Iterator[EvidenceItem]:
    if speech.transcript is None:
        return
    told = speech.transcript
    whole = _extent(told.cues) or _extent(told.words or ())
    yield _item("words.text", text=told.text, span=whole)
    if (text_en := translation_of(speech, english)) is not None:
        yield _item("words.text_en", text=text_en, span=whole)
    for number, cue in enumerate(told.cues):
        yield _item(f"words.cue.{number}", text=cue.text, span=_extent((cue,)))


def translation_of(speech: Speech, english: English | None) -> str | None:
    """A chat model's, else that of the engine that heard the words. None where nobody translated,
    and where the words are English as they are."""
    if english is not None and english.source is not None:
        usable = english.source != "same" and SUSPECTED not in english.flags
        return english.text_en if usable else None
    return speech.transcript.text_en if speech.transcript is not None else None


def _extent(cues: tuple[Cue, ...] | tuple[Word, ...]) -> tuple[float, float] | None:
    """From the first start to the last end; None where a time is not known."""
    starts = [cue.start_s for cue in cues if cue.start_s is not None]
    ends = [cue.end_s for cue in cues if cue.end_s is not None]
    if not cues or len(starts) < len(cues) or len(ends) < len(cues):
        return None
    return min(starts), max(ends)


def _scene_items(
    scene: Scene, moment: PeakMoment | None, duration_s: float
) -> Iterator[EvidenceItem]:
    whole = (0.0, duration_s)
    if scene.shot_size is not None:
        at = (moment.t_s, moment.t_s) if moment else whole
        yield _item("scene.shot_size", text=scene.shot_size, span=at)
    yield _item("scene.light", value=scene.luma_mean, unit="1", text=scene.light, span=whole)
    yield _item("scene.contrast", value=scene.luma_sd, unit="1", span=whole)
    yield _item("scene.colour", text=scene.colour, span=whole)
    if scene.motion is not None:
        yield _item("scene.motion", value=scene.motion, unit="1/frame", span=whole)
    yield _item("scene.faces", value=float(scene.faces), unit="count", span=whole)
    yield _item("scene.description", text=scene.description, span=whole)


def _item(
    key: str,
    *,
    value: float | None = None,
    unit: str | None = None,
    text: str | None = None,
    span: tuple[float, float] | None,
) -> EvidenceItem:
    modality: Modality = key.split(".")[0]  # type: ignore[assignment]
    start_s, end_s = span or (None, None)
    return EvidenceItem(
        key=key,
        modality=modality,
        value=value,
        unit=unit if value is not None else None,
        text=text,
        start_s=start_s,
        end_s=end_s,
    )


def _face_share(track: FaceTrack, min_confidence: float) -> float:
    return len(trusted_frames(track, min_confidence)) / max(1, len(track.t_s))


def _others_share(track: FaceTrack) -> float:
    return sum(faces > 1 for faces in track.faces) / max(1, len(track.t_s))


def _makers(
    track: FaceTrack,
    peak: Peak,
    speech: Speech,
    tone: Tone,
    scene: Scene,
    asked: Sequence[Heard | Seen | English],
) -> tuple[str, ...]:
    """Of the chat roles those that somebody was asked for."""
    makers = {
        "face": track.made_by,
        "peak": peak.made_by,
        "speech": speech.made_by,
        "tone": tone.made_by,
        "scene": scene.made_by,
    } | {type(row).__name__.lower(): row.made_by for row in asked if row.asked is not None}
    return tuple(f"{stage} {maker.engine} {maker.version}" for stage, maker in makers.items())


def _flags(
    track: FaceTrack,
    peak: Peak,
    tone: Tone,
    speaker: SpeakerVisibility,
    settings: EvidenceSettings,
    *,
    suspected: bool,
) -> Iterator[str]:
    told = speaker.verdict == "not_visible" and settings.speaker.policy == "flag"
    claims = {
        "speaker_not_visible": told,
        "several_faces": _others_share(track) > settings.several_faces_share,
        "proxy_action_units": track.proxy,
        "population_baseline": track.baseline == "population",
        "shot_change": len(set(track.shot)) > 1,
        "no_peak": peak.moment is None,
        "label_seen_at_peak": peak.label_seen,
        f"voice_{tone.missing}": tone.missing is not None,
        "injection_suspected": suspected,
    }
    return (name for name, holds in claims.items() if holds)
