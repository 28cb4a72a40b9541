"""`merr features`: what encoders say of the clips of a work folder."""

from pathlib import Path
from typing import Annotated

import typer

from flows.guard import SOME_FAILED


def features(
    work: Annotated[Path, typer.Argument(help="A work folder of `merr build` or `merr import`.")],
    npy: Annotated[
        list[str] | None,
        typer.Option(
            "--npy",
            help="Import instead: slot=FOLDER of one .npy per clip, e.g. audio=HL-UTT "
            "face=mae_340_UTT motion=maeV_399_UTT; may be given several times.",
        ),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option("--config", help="A merr.toml whose [features] hold; default: the build's."),
    ] = None,
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", help="One setting, e.g. features.device=cuda."),
    ] = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="Worker processes that decode.")] = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Try permanent failures again, too.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Features for the trainer: HuBERT, MAE, VideoMAE, EVA; again: only what is not done yet."""
    import json

    from flows.config import change, load_config
    from flows.features import featured_json, featured_text, import_features, make_features
    from flows.session import load_run
    from pipeline.layout import WorkFolder

    folder = WorkFolder(work)
    settings = load_config(file).settings if file else load_run(folder).settings
    chosen = change(settings, "features", assignments or ()).features
    if npy:
        done = import_features(
            folder, npy, keep_frames=chosen.frame_level, retry_failed=retry_failed
        )
    else:
        done = make_features(folder, chosen, jobs=jobs, retry_failed=retry_failed)
    typer.echo(json.dumps(featured_json(done), indent=2) if as_json else featured_text(done))
    if done.failed:
        raise typer.Exit(SOME_FAILED)
