"""Instruction samples: a question from our pool, laid out as Emotion-LLaMA reads it."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal, get_args

from annotators.wording import drawn
from schemas.instruction import InstructionSample, Message, Task, lay_out
from schemas.label import Vocabulary
from schemas.sample import CoarseSample, FineSample, Tier, sample_id_of

# describe: of the task `reason`, for captions, which conclude nothing.
Pool = Literal["emotion", "reason", "describe"]


@dataclass(frozen=True)
class Prompts:
    version: str
    pools: dict[Pool, tuple[str, ...]]  # "{labels}" stands for the vocabulary


@cache
def load_prompts() -> Prompts:
    path = files("annotators") / "prompts" / "instructions.toml"
    table = tomllib.loads(path.read_text("utf-8"))
    return Prompts(
        version=table["version"],
        pools={pool: tuple(table[pool]) for pool in get_args(Pool)},
    )


def instruct(
    sample: CoarseSample | FineSample, text: str | None, vocabulary: Vocabulary, seed: int
) -> list[InstructionSample]:
    """coarse -> emotion (target: label) and, with a caption, reason (target: caption); fine ->
    reason (target: smp_reason_caption). `text` is what was spoken, None where nobody wrote it
    down."""
    if isinstance(sample, FineSample):
        targets: dict[Task, str] = {"reason": sample.smp_reason_caption}
        tier: Tier = "fine"
    else:
        targets = {"emotion": sample.pseu_emotion}
        if sample.caption is not None:
            targets["reason"] = sample.caption
        tier = "coarse"
    return [
        _one(sample.clip_id, tier, task, sample.pseu_emotion, text, target, vocabulary, seed)
        for task, target in targets.items()
    ]


def _one(
    clip_id: str,
    tier: Tier,
    task: Task,
    label: str,
    text: str | None,
    target: str,
    vocabulary: Vocabulary,
    seed: int,
) -> InstructionSample:
    sample_id = sample_id_of(clip_id, tier, task)
    pool: Pool = "describe" if (tier, task) == ("coarse", "reason") else task
    prompt = _prompt(pool, sample_id, vocabulary, seed)
    instruction = lay_out(task, prompt, text)
    return InstructionSample(
        sample_id=sample_id,
        clip_id=clip_id,
        tier=tier,
        task=task,
        label=label,
        prompt=prompt,
        instruction=instruction,
        target=target,
        messages=(
            Message(role="user", content=instruction),
            Message(role="assistant", content=target),
        ),
    )


def _prompt(pool: Pool, sample_id: str, vocabulary: Vocabulary, seed: int) -> str:
    prompts = load_prompts().pools[pool]
    chosen = prompts[drawn(seed, sample_id) % len(prompts)]
    return chosen.replace("{labels}", ", ".join(vocabulary.labels))
