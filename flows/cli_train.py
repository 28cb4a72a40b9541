"""`merr train`: a model from a release."""

from pathlib import Path
from typing import Annotated

import typer


def train(
    release: Annotated[
        Path | None, typer.Argument(help="A folder that `merr publish` wrote.")
    ] = None,
    recipe: Annotated[
        str | None,
        typer.Option("--recipe", help="merr-stage1, merr-stage2, merr-label, demo, or a .toml."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder of the run; again: the run goes on.")
    ] = None,
    assignments: Annotated[
        list[str] | None, typer.Option("--set", help="One key of the recipe, e.g. run.seed=7.")
    ] = None,
    from_run: Annotated[
        Path | None, typer.Option("--from-run", help="Repeat the run of this folder.")
    ] = None,
    preset: Annotated[
        str | None, typer.Option("--preset", help="GPU memory: 24, 48, 80, 141, or auto.")
    ] = None,
    cache: Annotated[
        Path | None,
        typer.Option("--cache", help="Where releases are made ready; default: beside --out."),
    ] = None,
    grid: Annotated[
        Path | None, typer.Option("--grid", help="Patch grids that `merr features` wrote.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say steps, memory and hours, and stop.")
    ] = False,
) -> None:
    """Train on a release; killed and started again, it goes on exactly where it was."""
    from flows.train_extra import need_train_extra

    need_train_extra("merr train")
    from trainer.command import Wanted
    from trainer.command import run as run_training

    wanted = Wanted(
        release=release,
        recipe=recipe,
        out=out,
        assignments=assignments or (),
        from_run=from_run,
        preset=preset,
        cache=cache,
        grid=grid,
        dry_run=dry_run,
    )
    run_training(wanted, typer.echo)
