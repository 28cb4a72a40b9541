"""`merr quality`: how good the data is."""

from pathlib import Path
from typing import Annotated

import typer

from flows.cli_options import JsonOption, WorkArgument

quality_app = typer.Typer(help="How good the data is, in figures.", no_args_is_help=True)


@quality_app.command("wer")
def quality_wer(
    work: WorkArgument,
    against: Annotated[
        Path, typer.Option("--against", help="A table `name,sentence` of what was really said.")
    ],
    as_json: JsonOption = False,
) -> None:
    """Word and character error rate of the words that an engine heard."""
    import json

    from flows.quality import errors_json, errors_text, word_errors

    found = word_errors(work, against)
    told = json.dumps(errors_json(found), indent=2, ensure_ascii=False)
    typer.echo(told if as_json else errors_text(found))
