"""`merr convert-checkpoint` and `merr merge-checkpoint`: weights in and out."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

ToOption = Annotated[Path, typer.Option("--out", help="A new or empty folder.")]


class Numbers(StrEnum):
    BFLOAT16 = "bfloat16"
    FLOAT32 = "float32"


def convert_checkpoint(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="Files of the original in the order in which it loads them: "
            "minigptv2_checkpoint.pth, then a trained checkpoint; a later one wins."
        ),
    ],
    llm: Annotated[str, typer.Option("--llm", help="Its language model: hub id or folder.")],
    to: ToOption,
    eva: Annotated[
        Path | None, typer.Option("--eva", help="eva_vit_g.pth, to convert EVA, too.")
    ] = None,
    fresh: Annotated[
        bool,
        typer.Option("--fresh", help="Projectors that no file has start at random: for stage 1."),
    ] = False,
) -> None:
    """Take over weights of the original Emotion-LLaMA; unknown or missing tensors are an error."""
    from flows.checkpoints import converted_text, needs_trainer

    needs_trainer()
    from trainer.convert import convert

    typer.echo(converted_text(convert(files, to, llm=llm, eva=eva, fresh=fresh), to))


def merge_checkpoint(
    checkpoint: Annotated[Path, typer.Argument(help="A checkpoint with LoRA and projectors.")],
    to: ToOption,
    numbers: Annotated[
        Numbers, typer.Option("--dtype", help="float32 answers token by token as unmerged.")
    ] = Numbers.BFLOAT16,
) -> None:
    """Write a checkpoint and its base model as one model that needs neither peft nor the base."""
    from flows.checkpoints import needs_trainer

    needs_trainer()
    import torch

    from trainer.merge import merge_checkpoint as merge

    merge(checkpoint, to, dtype=getattr(torch, numbers.value))
    typer.echo(f"wrote {to}: `trainer.checkpoint.load_model` opens it")
