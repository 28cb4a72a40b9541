"""Arguments and options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

Sources = Annotated[
    list[str], typer.Argument(help="Files, folders or quoted globs with videos or pictures.")
]
WorkArgument = Annotated[Path, typer.Argument(help="A work folder of `merr build`.")]
ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="A merr.toml; default: ./merr.toml if it is there.")
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", help="One setting, e.g. peak.k=3; may be given several times."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
