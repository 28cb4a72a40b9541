"""`merr evaluate`: figures of a model on a benchmark."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli_options import ConfigOption
from flows.guard import SOME_FAILED

if TYPE_CHECKING:
    from flows.evaluating import Evaluated


class BenchmarkName(StrEnum):
    MER2023 = "mer2023"
    MER2024 = "mer2024"
    DFEW = "dfew"
    MER_OV = "mer-ov"
    EMER = "emer"
    LABELS = "labels"


def evaluate(
    benchmark: Annotated[BenchmarkName, typer.Option("--benchmark", help="How to measure.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for figures and scored answers.")],
    predictions: Annotated[
        Path | None,
        typer.Argument(help="A table of answers: name, answer, label (.jsonl .csv .parquet)."),
    ] = None,
    model: Annotated[
        Path | None, typer.Option("--model", help="Ask this model instead: a run of `merr train`.")
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option("--data", help="A data set as its owners lay it out; for a model a release."),
    ] = None,
    part: Annotated[
        str | None,
        typer.Option(help="Part of the data set, e.g. test3, noise; split of a release."),
    ] = None,
    videos: Annotated[
        Path | None, typer.Option(help="Videos of the data set, where they lie elsewhere.")
    ] = None,
    labels: Annotated[
        str | None, typer.Option(help="Label set: a name, or a .toml file of your own.")
    ] = None,
    label_map: Annotated[
        Path | None, typer.Option("--label-map", help="Words that count as a label (.toml).")
    ] = None,
    tier: Annotated[str, typer.Option(help="Of a release: coarse or fine.")] = "coarse",
    task: Annotated[
        str | None, typer.Option(help="Of a release: emotion or reason; default: what is scored.")
    ] = None,
    grid: Annotated[
        Path | None, typer.Option("--grid", help="Patch grids that `merr features` wrote.")
    ] = None,
    constrained: Annotated[
        bool, typer.Option("--constrained", help="The model can answer nothing but a label.")
    ] = False,
    batch_size: Annotated[int, typer.Option(min=1, help="Clips asked about at once.")] = 8,
    work: Annotated[
        Path | None, typer.Option("--work", help="Keep what is measured of videos.")
    ] = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="Worker processes.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the intervals.")] = 0,
    resamples: Annotated[int, typer.Option(min=1, help="How often clips are drawn anew.")] = 2000,
    file: ConfigOption = None,
    assignments: Annotated[
        list[str] | None, typer.Option("--set", help="One setting, e.g. judge.model=NAME.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Score answers of a model: F1, accuracy, UAR, sets of words, overlap by a judge."""
    from flows.config import load_config
    from schemas.errors import SetupError
    from trainer.metrics.bootstrap import BootstrapSettings

    settings = load_config(file, assignments or ()).settings
    bootstrap = BootstrapSettings(seed=seed, resamples=resamples)
    if (predictions is None) == (model is None):
        raise SetupError("give a table of answers, or a model with --model; not both")
    if predictions is not None:
        from flows.evaluating import evaluate as run
        from flows.evaluating import open_yardstick
        from trainer.predictions import read_predictions

        yardstick = open_yardstick(
            benchmark.value,
            data=data,
            part=part,
            videos=videos,
            labels=labels,
            label_map=label_map,
            bootstrap=bootstrap,
        )
        _tell(run(read_predictions(predictions), yardstick, out=out, settings=settings), as_json)
        return
    if data is None or model is None:
        raise SetupError("--model needs --data: a release, or the folder of a data set")
    from flows.train_extra import need_train_extra

    need_train_extra("merr evaluate --model")
    from flows.evaluating_model import ModelWish, evaluate_model

    wish = ModelWish(
        model=model,
        data=data,
        benchmark=benchmark.value,
        out=out,
        settings=settings,
        bootstrap=bootstrap,
        part=part,
        videos=videos,
        labels=labels,
        label_map=label_map,
        tier=tier,
        task=task,
        grid=grid,
        constrained=constrained,
        batch_size=batch_size,
        work=work,
        jobs=jobs,
    )
    _tell(evaluate_model(wish, lambda text: typer.echo(text, err=True)), as_json)


def _tell(found: "Evaluated", as_json: bool) -> None:
    from flows.evaluation_texts import evaluation_text

    if found.evaluation is None:
        typer.echo(
            f"{found.waiting} questions to the judge wait in batches; run the same command again, "
            "to collect the answers (within a day)"
        )
        raise typer.Exit(SOME_FAILED)
    told = found.evaluation
    typer.echo(told.model_dump_json(indent=2) if as_json else evaluation_text(told))
    if found.failed:
        raise typer.Exit(SOME_FAILED)
