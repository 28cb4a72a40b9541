"""Instruction samples and their layout: one function for training and for inference.

The layout is Emotion-LLaMA's (first_face.py): image placeholder between <video> tags, features
between <feature> tags, the spoken words, the task in brackets, the prompt.
"""

from typing import Final, Literal

from schemas.units import Row

Task = Literal["emotion", "reason"]
IMAGE_PLACEHOLDER: Final = "<VideoHere>"
FEATURE_PLACEHOLDER: Final = "<FeatureHere>"


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


def lay_out(task: Task, prompt: str, text: str | None) -> str:
    """The instruction string, byte for byte Emotion-LLaMA's: two spaces before the bracket, one
    after the prompt. Without words the transcript sentence is left out with its spaces."""
    words = f"The person in video says: {text}.  " if text else ""
    return (
        f"<video>{IMAGE_PLACEHOLDER}</video> <feature>{FEATURE_PLACEHOLDER}</feature> "
        f"{words}[{task}] {prompt} "
    )
