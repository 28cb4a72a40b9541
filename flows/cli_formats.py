"""`merr import` and `merr export`: in and out of the formats of others."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from flows.cli_options import ConfigOption

import_app = typer.Typer(help="Take over what others made.", no_args_is_help=True)


class Format(StrEnum):
    MERR = "merr"
    SHAREGPT = "sharegpt"


@import_app.command("merr")
def import_merr(
    json_files: Annotated[
        list[Path],
        typer.Option("--json", help="MERR's coarse or fine JSON; may be given several times."),
    ],
    work: Annotated[Path, typer.Option("--work", help="Folder for everything that is made.")],
    lists: Annotated[
        list[Path] | None,
        typer.Option("--list", help="`name count label valence`; may be given several times."),
    ] = None,
    transcripts: Annotated[
        Path | None, typer.Option("--transcripts", help="A table `name,sentence`.")
    ] = None,
    file: ConfigOption = None,
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", help="One setting, e.g. imports.dirty_texts=leave_out."),
    ] = None,
) -> None:
    """MERR's released files: no video, every kind of dirt counted, the words as they are."""
    from flows.config import load_config
    from flows.importing import import_merr as run
    from flows.importing import imported_text
    from pipeline.layout import WorkFolder
    from pipeline.merr_import import MerrFiles

    settings = load_config(file, assignments or ()).settings
    files = [MerrFiles(path, tuple(lists or ()), transcripts) for path in json_files]
    typer.echo(imported_text(run(WorkFolder(work), files, settings), work))


def export(
    release: Annotated[Path, typer.Argument(help="A folder that `merr publish` wrote.")],
    form: Annotated[Format, typer.Option("--format", help="What to write.")],
    to: Annotated[Path, typer.Option("--to", help="A new or empty folder.")],
) -> None:
    """Write a release as files that other programs train on: MERR's own, or ShareGPT chats."""
    from flows.exporting import export as run

    typer.echo(run(release, form.value, to))
