"""Instruction samples and their layout: one function for training and for inference.

The layout is Emotion-LLaMA's (first_face.py): image placeholder between <video> tags, features
between <feature> tags, the spoken words, the task in brackets, the prompt.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Literal, get_args

from schemas.units import Row

Task = Literal["emotion", "reason"]
IMAGE_PLACEHOLDER: Final = "<VideoHere>"
FEATURE_PLACEHOLDER: Final = "<FeatureHere>"

# What stands in a sequence beside words, in the order of the original's 260 embeddings
# (minigpt_v2.py): EVA's patches, FaceMAE, VideoMAE, HuBERT, EVA's CLS.
Marker = Literal["grid", "face", "motion", "audio", "image"]
MARKERS: Final[tuple[Marker, ...]] = get_args(Marker)
Layout = Literal["train", "published-eval"]
Turn = Literal["llama-2", "chatml"]


@dataclass(frozen=True)
class Words:
    """Text, tokenised as one segment; nothing in it is ever a special token."""

    text: str


@dataclass(frozen=True)
class Token:
    """One special token of the tokenizer, by its name."""

    name: str


@dataclass(frozen=True)
class Place:
    """Where the embeddings of one modality stand."""

    marker: Marker


Piece = Words | Token | Place


class Message(Row):
    role: Literal["user", "assistant"]
    content: str


class InstructionSample(Row):
    sample_id: str
    clip_id: str
    tier: Literal["coarse", "fine"]
    task: Task
    label: str
    prompt: str  # the question drawn from the pool
    instruction: str  # layout of lay_out()
    target: str  # what the model shall answer
    messages: tuple[Message, ...]  # the same as chat


# What stands before the words of a clip, always.
_HEAD: Final = f"<video>{IMAGE_PLACEHOLDER}</video> <feature>{FEATURE_PLACEHOLDER}</feature> "


def lay_out(task: Task, prompt: str, text: str | None) -> str:
    """The instruction string, byte for byte Emotion-LLaMA's: two spaces before the bracket, one
    after the prompt. Without words the transcript sentence is left out with its spaces."""
    words = f"The person in video says: {text}.  " if text else ""
    return f"{_HEAD}{words}[{task}] {prompt} "


@dataclass(frozen=True)
class _Frame:
    """A user's turn in the words of a chat model: what stands around the instruction."""

    before: tuple[Piece, ...]
    opening: str  # one segment with the instruction's beginning
    closing: str  # one segment with its end
    after: tuple[Piece, ...]


_FRAMES: Final[dict[Turn, _Frame]] = {
    "llama-2": _Frame((), "[INST] ", " [/INST]", ()),  # conversation.py of the original
    "chatml": _Frame(
        (Token("<|im_start|>"),),
        "user\n",
        "",
        (Token("<|im_end|>"), Words("\n"), Token("<|im_start|>"), Words("assistant\n")),
    ),
}


def pieces(
    instruction: str,
    present: Collection[Marker],
    *,
    layout: Layout = "train",
    turn: Turn = "llama-2",
) -> tuple[Piece, ...]:
    """A user's turn as what the model reads, for training and for inference alike.

    `instruction` is a string of lay_out(); it is parted at the head that lay_out() writes, never
    where a placeholder is found, so the words of a clip cannot move anything. What is not in
    `present` has no place; the words around it stay the same segments.

    "train" is what the original trained on. "published-eval" is what its own evaluation fed
    (get_context_emb): all embeddings between the video tags, the second placeholder as words.
    """
    if not instruction.startswith(_HEAD):
        raise ValueError(
            f"an instruction begins with {instruction[: len(_HEAD)]!r}, expected {_HEAD!r}: "
            "make it by lay_out()"
        )
    said = instruction.removeprefix(_HEAD)
    frame = _FRAMES[turn]
    grid = [Place(marker) for marker in MARKERS[:1] if marker in present]
    features = [Place(marker) for marker in MARKERS[1:] if marker in present]
    if layout == "published-eval":
        parted: list[Piece] = [*grid, *features]
        last = f"</video> <feature>{FEATURE_PLACEHOLDER}</feature> {said}"
    else:
        parted = [*grid, Words("</video> <feature>"), *features]
        last = f"</feature> {said}"
    first = Words(f"{frame.opening}<video>")
    return (*frame.before, first, *parted, Words(last + frame.closing), *frame.after)
