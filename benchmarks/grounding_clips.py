"""Clips of the grounding benchmark: rows out of a few values, joined as a build joins them."""

import random
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from annotators.scene import describe_scene
from annotators.tone_words import put_into_words
from pipeline.evidence import EvidenceSettings, join
from pipeline.peak import PeakSettings, find_peak
from schemas.au import INTENSITY_AUS, PRESENCE_AUS
from schemas.clip import Clip
from schemas.evidence import Evidence
from schemas.face import FaceTrack
from schemas.maker import Maker
from schemas.peak import Peak
from schemas.scene import Look, Scene
from schemas.speech import Cue, Span, Speech, Transcript
from schemas.tone import Tone, ToneMeasures

PROSE = Path(__file__).parent / "data" / "prose.toml"
HAND = Maker(engine="hand", version="1")
FRAMES = 75
FPS = 25.0
HEIGHT_PX = 240
# Face heights, light and colour of which annotators/scene.py makes the words that are wanted.
FACE_PX = {"extreme close-up": 230.0, "close-up": 110.0, "medium shot": 48.0, "long shot": 20.0}
SATURATION = {"black and white": 0.01, "muted": 0.15, "colourful": 0.4}
POSES = {
    "facing the camera": (0.0, 0.0),
    "turned to the viewer's left": (-26.0, 0.0),
    "turned to the viewer's right": (26.0, 0.0),
    "tilted down": (0.0, 22.0),
    "tilted up": (0.0, -22.0),
}


@dataclass(frozen=True)
class KnownClip:
    evidence: Evidence
    peak: Peak
    track: FaceTrack


def prose() -> Iterator[tuple[KnownClip, dict[str, Any]]]:
    """Every text of data/prose.toml with its clip."""
    for entry in tomllib.loads(PROSE.read_text("utf-8"))["clip"]:
        clip = known_clip(
            entry["name"],
            aus=entry["aus"],
            unknown=entry.get("unknown", ()),
            words=entry.get("words"),
            voice=entry.get("voice"),
            scene=entry["scene"],
        )
        for text in entry["text"]:
            yield clip, text


def drawn_clips(count: int, seed: int = 0) -> list[KnownClip]:
    """Clips whose values are drawn, for texts of our own templates."""
    draw = random.Random(seed)
    return [_drawn(draw, number) for number in range(count)]


def _drawn(draw: random.Random, number: int) -> KnownClip:
    units = [au for au in INTENSITY_AUS if au != "AU45"]
    return known_clip(
        f"drawn-{number}",
        aus={au: round(draw.uniform(1.2, 4.0), 1) for au in draw.sample(units, draw.randint(2, 5))},
        unknown=(),
        words=draw.choice(_SENTENCES) + f" {draw.choice(_ENDS)}",
        voice={
            "f0_median_hz": round(draw.uniform(75, 320), 1),
            "f0_sd_semitones": round(draw.uniform(0.8, 6.0), 2),
            "syllables_per_s": round(draw.uniform(2.2, 7.5), 2),
            "pause_share": round(draw.uniform(0.0, 0.5), 3),
            "level_dbfs": round(draw.uniform(-42, -8), 1),
            "voiced_share": 0.6,
            "speech_s": 3.4,
        },
        scene={
            "shot_size": draw.choice(list(FACE_PX)),
            "luma_mean": round(draw.uniform(0.03, 0.9), 2),
            "luma_sd": 0.2,
            "colour": draw.choice(list(SATURATION)),
            "motion": round(draw.choice([0.001, 0.002, 0.01, 0.03, 0.05]), 3),
            "faces": draw.choice([1, 1, 1, 2, 3]),
            "head": draw.choice(list(POSES)),
        },
    )


_SENTENCES = (
    "I told you to wait outside.",
    "The doctor called this morning.",
    "Nobody ever asks me what I want.",
    "We could drive down to the coast.",
    "That was my grandfather's watch.",
    "He never came home that night.",
    "Put the money back on the table.",
    "There is a letter for you upstairs.",
)
_ENDS = ("You know that.", "Please.", "It was cold.", "Are you listening?", "Good night.")


def known_clip(
    name: str,
    *,
    aus: Mapping[str, float],
    unknown: Sequence[str],
    words: str | None,
    voice: Mapping[str, float] | None,
    scene: Mapping[str, Any],
) -> KnownClip:
    """Units hold for half a second around the middle of three seconds at 25 Hz."""
    track = _track(name, aus, unknown, scene)
    peak = find_peak(track, PeakSettings())
    speech = _speech(name, words, voice)
    evidence = join(
        Clip.of(name, 0, 3_000_000, rule="whole", has_audio=True).model_copy(
            update={"clip_id": name}
        ),
        track,
        peak,
        speech,
        _tone(name, voice),
        _scene(name, track, peak, scene),
        EvidenceSettings(),
    )
    if not isinstance(evidence, Evidence):
        raise TypeError(f"{name}: {evidence.reason}")
    return KnownClip(evidence, peak, track)


def _track(
    name: str, aus: Mapping[str, float], unknown: Sequence[str], scene: Mapping[str, Any]
) -> FaceTrack:
    yaw, pitch = POSES[scene["head"]]
    near = [abs(i - FRAMES // 2) <= FPS / 4 for i in range(FRAMES)]

    def strength(au: str) -> tuple[float | None, ...]:
        if au in unknown:
            return (None,) * FRAMES
        top = aus.get(au, 0.1)
        return tuple(
            top if i == FRAMES // 2 else top * 0.9 if n else 0.0 for i, n in enumerate(near)
        )

    def presence(au: str) -> tuple[bool | None, ...]:
        return tuple(None if au in unknown else n and au in aus for n in near)

    return FaceTrack(
        clip_id=name,
        made_by=HAND,
        proxy=False,
        baseline="rest",
        t_s=tuple(i / FPS for i in range(FRAMES)),
        shot=(0,) * FRAMES,
        success=(True,) * FRAMES,
        confidence=(0.95,) * FRAMES,
        box_x_px=(80.0,) * FRAMES,
        box_y_px=(5.0,) * FRAMES,
        box_width_px=(60.0,) * FRAMES,
        box_height_px=(FACE_PX[scene["shot_size"]],) * FRAMES,
        landmarks_px=(100.0,) * (10 * FRAMES),
        pitch_deg=(pitch,) * FRAMES,
        yaw_deg=(yaw,) * FRAMES,
        roll_deg=(0.0,) * FRAMES,
        eye_closure=(0.1,) * FRAMES,
        mouth_open=(0.1,) * FRAMES,
        smile=(0.8 if "AU12" in aus else 0.0,) * FRAMES,
        faces=(scene["faces"],) * FRAMES,
        other_face_size=(0.8 if scene["faces"] > 1 else None,) * FRAMES,
        **{f"{au.lower()}_r": strength(au) for au in INTENSITY_AUS},  # type: ignore[arg-type]
        **{f"{au.lower()}_c": presence(au) for au in PRESENCE_AUS},  # type: ignore[arg-type]
    )


def _scene(name: str, track: FaceTrack, peak: Peak, scene: Mapping[str, Any]) -> Scene:
    look = Look(
        clip_id=name,
        made_by=HAND,
        frames=FRAMES,
        luma_mean=scene["luma_mean"],
        luma_sd=scene["luma_sd"],
        saturation_mean=SATURATION[scene["colour"]],
        motion=scene["motion"],
    )
    return describe_scene(name, look, track, peak, HEIGHT_PX)


def _speech(name: str, words: str | None, voice: Mapping[str, float] | None) -> Speech:
    cue = Cue(start_s=0.2, end_s=2.8, text=words or "")
    told = words and Transcript(text=words, language=None, source="subtitles", cues=(cue,))
    return Speech(
        clip_id=name,
        made_by=HAND,
        voiced=(Span(start_s=0.2, end_s=2.8),) if voice else (),
        voice_probability=0.99 if voice else 0.0,
        transcript=told or None,
    )


def _tone(name: str, voice: Mapping[str, float] | None) -> Tone:
    if voice is None:
        return Tone(
            clip_id=name, made_by=HAND, measures=None, description=None, missing="no_speech"
        )
    fields = dict.fromkeys(ToneMeasures.model_fields) | dict(voice)
    measures = ToneMeasures.model_validate(fields)
    return Tone(
        clip_id=name,
        made_by=HAND,
        measures=measures,
        description=put_into_words(measures),
        missing=None,
    )
