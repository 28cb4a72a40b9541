"""`merr doctor` and `merr engines`: what is here, and how to add more."""

from typing import Annotated

import typer

from flows.cli_options import ConfigOption, JsonOption, SetOption
from flows.guard import SETUP

engines_app = typer.Typer(help="Engines: what is here, and how to add more.", no_args_is_help=True)


def doctor(as_json: JsonOption = False) -> None:
    """What is here and what is missing: engines, models, GPU, disk, licences."""
    import json

    from flows.config import load_config
    from flows.doctor import examine, report_text

    found = examine(load_config(None).settings)
    typer.echo(json.dumps(found.as_json(), indent=2) if as_json else report_text(found))
    if not found.ready:
        raise typer.Exit(SETUP)


@engines_app.command("install")
def engines_install(
    name: Annotated[str, typer.Argument(help="Engine, e.g. mesh.")],
    file: ConfigOption = None,
    assignments: SetOption = None,
) -> None:
    """Install what an engine needs; which model, the settings say."""
    from flows.config import load_config
    from flows.doctor import install

    typer.echo(install(name, load_config(file, assignments or ()).settings))
