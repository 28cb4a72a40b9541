"""`merr evaluate`: figures of a model on a benchmark."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from flows.guard import SOME_FAILED


class BenchmarkName(StrEnum):
    MER2023 = "mer2023"
    MER2024 = "mer2024"
    DFEW = "dfew"
    MER_OV = "mer-ov"
    EMER = "emer"
    LABELS = "labels"


def evaluate(
    predictions: Annotated[
        Path, typer.Argument(help="A table of answers: name, answer, label (.jsonl .csv .parquet).")
    ],
    benchmark: Annotated[BenchmarkName, typer.Option("--benchmark", help="How to measure.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for figures and scored answers.")],
    data: Annotated[
        Path | None, typer.Option("--data", help="The data set, as its owners lay it out.")
    ] = None,
    part: Annotated[
        str | None, typer.Option(help="Part of the data set, e.g. test3, noise, fold 2.")
    ] = None,
    videos: Annotated[
        Path | None, typer.Option(help="Its videos, where they lie elsewhere.")
    ] = None,
    labels: Annotated[
        str | None, typer.Option(help="Label set: a name, or a .toml file of your own.")
    ] = None,
    label_map: Annotated[
        Path | None, typer.Option("--label-map", help="Words that count as a label (.toml).")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the intervals.")] = 0,
    resamples: Annotated[int, typer.Option(min=1, help="How often clips are drawn anew.")] = 2000,
    file: Annotated[
        Path | None,
        typer.Option("--config", help="A merr.toml; default: ./merr.toml if it is there."),
    ] = None,
    assignments: Annotated[
        list[str] | None, typer.Option("--set", help="One setting, e.g. judge.model=NAME.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Score answers of a model: F1, accuracy, UAR, sets of words, overlap by a judge."""
    from flows.config import load_config
    from flows.evaluating import evaluate as run
    from flows.evaluating import open_yardstick
    from flows.evaluation_texts import evaluation_text
    from trainer.metrics.bootstrap import BootstrapSettings
    from trainer.predictions import read_predictions

    yardstick = open_yardstick(
        benchmark.value,
        data=data,
        part=part,
        videos=videos,
        labels=labels,
        label_map=label_map,
        bootstrap=BootstrapSettings(seed=seed, resamples=resamples),
    )
    found = run(
        read_predictions(predictions),
        yardstick,
        out=out,
        settings=load_config(file, assignments or ()).settings,
    )
    if found.evaluation is None:
        typer.echo(
            f"{found.waiting} questions to the judge wait in batches; run the same command again, "
            "to collect the answers (within a day)"
        )
        raise typer.Exit(SOME_FAILED)
    typer.echo(
        found.evaluation.model_dump_json(indent=2) if as_json else evaluation_text(found.evaluation)
    )
    if found.failed:
        raise typer.Exit(SOME_FAILED)
