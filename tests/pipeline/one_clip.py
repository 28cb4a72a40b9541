"""Rows of one clip out of a few values, for tests of what is written about it."""

from collections.abc import Mapping

from schemas.au import FACS_NAMES, PRESENCE_AUS
from schemas.evidence import Evidence, EvidenceItem, SpeakerVisibility
from schemas.label import LabelDecision
from schemas.maker import Maker
from schemas.peak import Peak, PeakAu, PeakMoment
from schemas.scene import Scene
from schemas.speech import Speech, Transcript
from schemas.tone import Tone

HAND = Maker(engine="hand", version="1")
SCENE = "A close-up in even light shows one person facing the camera. The picture is almost still."
TONE = "The voice is low-pitched (median 118 Hz) and moves little in pitch (SD 1.9 semitones)."


def decision(label="happy", source="given"):
    return LabelDecision(clip_id="c", label=label, source=source, policy="given", valence=None)


def peak(aus: Mapping[str, float | None] | None, **changes):
    """Present units with their intensities; every other one is absent. None: no face."""
    told = [au for au in PRESENCE_AUS if au != "AU45"]
    moment = aus is not None and PeakMoment(
        frame_index=7,
        t_s=0.28,
        confidence=0.9,
        score=3.0,
        scored_aus=(),
        aus=tuple(
            PeakAu(
                au=au,
                intensity=None if au == "AU28" else aus.get(au, 0.1),
                present=au in aus,
            )
            for au in told
        ),
        peak_au_list=tuple(sorted(aus)),
    )
    made = Peak(
        clip_id="c", made_by=HAND, rule="frequent_au", label_seen=False, moment=moment or None
    )
    return made.model_copy(update=changes)


def scene(text=SCENE):
    return Scene(
        clip_id="c",
        made_by=HAND,
        shot_size="close-up",
        light="even",
        luma_mean=0.4,
        luma_sd=0.2,
        colour="muted",
        motion=0.001,
        faces=1,
        head="facing the camera",
        description=text,
    )


def tone(text=TONE):
    missing = "no_speech" if text is None else None
    return Tone(clip_id="c", made_by=HAND, measures=None, description=text, missing=missing)


def speech(text=None):
    words = text and Transcript(text=text, language=None, source="subtitles", cues=())
    return Speech(
        clip_id="c", made_by=HAND, voiced=(), voice_probability=None, transcript=words or None
    )


def item(key, *, value=None, text=None, start_s=None, end_s=None):
    return EvidenceItem(
        key=key,
        modality=key.split(".")[0],
        value=value,
        unit=None,
        text=text,
        start_s=start_s,
        end_s=end_s,
    )


def evidence(aus=None, *, words=None, voice=None, place=None, verdict="visible", flags=(), more=()):
    """Evidence with units {"AU12": 2.4}, words, a description of voice and scene, and `more`."""
    items = [
        item(f"face.{au}", value=v, text=FACS_NAMES[au], start_s=0.28, end_s=0.28)
        for au, v in sorted((aus or {}).items())
    ]
    texts = {"voice.description": voice, "words.text": words, "scene.description": place}
    items += [item(key, text=text) for key, text in texts.items() if text is not None]
    return Evidence(
        clip_id="c",
        duration_s=3.0,
        items=(*items, *more),
        speaker=SpeakerVisibility(verdict=verdict, agreement=None, speech_frames=20),
        face_share=0.25,
        others_share=0.0,
        makers=(),
        flags=flags,
    )
