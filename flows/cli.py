"""The `merr` command. Thin: every command imports what it needs when it runs."""

import gc
import sys
from pathlib import Path
from typing import Annotated, Final, NoReturn

import typer

from flows.cli_checkpoints import convert_checkpoint, merge_checkpoint
from flows.cli_engines import doctor, engines_app
from flows.cli_evaluate import evaluate
from flows.cli_features import features
from flows.cli_formats import export, import_app
from flows.cli_options import ConfigOption, JsonOption, SetOption, Sources, WorkArgument
from flows.cli_predict import predict
from flows.cli_quality import quality_app
from flows.cli_releases import publish, verify
from flows.cli_review import review_app
from flows.cli_review_serve import prepare, serve
from flows.cli_train import train
from flows.guard import SOME_FAILED, guarded, is_debug

app = typer.Typer(
    name="merr",
    help="From raw video to versioned multimodal emotion data (MERR).",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Any command takes --debug, which shows the traceback of an error.",
)
app.add_typer(engines_app, name="engines")
app.add_typer(import_app, name="import")
app.command("export")(export)
app.command("evaluate")(evaluate)
app.command("predict")(predict)
app.command("features")(features)
app.command("convert-checkpoint")(convert_checkpoint)
app.command("merge-checkpoint")(merge_checkpoint)
app.command("train")(train)
app.add_typer(review_app, name="review")
review_app.command("serve")(serve)
review_app.command("prepare")(prepare)
app.add_typer(quality_app, name="quality")


# Rows come by the 100,000 and hold no cycles; at Python's 700 a fifth of `status` was sweeping.
OBJECTS_BETWEEN_SWEEPS: Final = 500_000


def main() -> NoReturn:
    """Entry point: errors become one line and an exit code."""
    gc.set_threshold(OBJECTS_BETWEEN_SWEEPS)
    debug = "--debug" in sys.argv
    sys.argv = [argument for argument in sys.argv if argument != "--debug"]
    sys.exit(guarded(app, debug=debug))


def _say_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"merr {version('merr')}")
        raise typer.Exit


@app.callback()
def every_command(
    version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Show it.")
    ] = False,
) -> None:
    """From raw video to versioned multimodal emotion data (MERR)."""


@app.command()
def init(
    path: Annotated[Path, typer.Argument(help="Where to write it.")] = Path("merr.toml"),
) -> None:
    """Write a merr.toml in which every setting stands, explained, with its default."""
    from flows.config import commented_toml
    from schemas.errors import SetupError

    if path.exists():
        raise SetupError(f"{path}: is there already; `merr init OTHER.toml` writes another")
    path.write_text(commented_toml(), "utf-8")
    typer.echo(f"wrote {path}")


@app.command()
def config(
    file: ConfigOption = None, assignments: SetOption = None, as_json: JsonOption = False
) -> None:
    """Show the effective settings and where each came from."""
    from flows.config import load_config

    found = load_config(file, assignments or ())
    if as_json:
        typer.echo(found.settings.model_dump_json(indent=2))
        return
    for key, value, origin in found.lines():
        typer.echo(f"{key} = {value}  # {origin}")


app.command()(doctor)


@app.command()
def plan(
    sources: Sources,
    file: ConfigOption = None,
    assignments: SetOption = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="Worker processes.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Say before anything starts: clips, hours, model calls, tokens, cost, disk."""
    import json

    from flows.config import load_config
    from flows.planning import make_plan, plan_text

    made = make_plan(tuple(sources), load_config(file, assignments or ()).settings, jobs)
    typer.echo(json.dumps(made.as_json(), indent=2) if as_json else plan_text(made))


@app.command()
def build(
    sources: Sources,
    work: Annotated[Path, typer.Option("--work", help="Folder for everything that is made.")],
    file: ConfigOption = None,
    assignments: SetOption = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="Worker processes.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only so many videos.")] = None,
    until: Annotated[str | None, typer.Option(help="Stop after this stage, e.g. face.")] = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Try permanent failures again, too.")
    ] = False,
    rehash: Annotated[
        bool, typer.Option("--rehash", help="Read every file again, whatever its date says.")
    ] = False,
    batch: Annotated[
        bool,
        typer.Option("--batch", help="Ask chat models by Batch files; build again to collect."),
    ] = False,
) -> None:
    """Make evidence and samples out of videos; again: only what is not done yet."""
    from flows.building import Request
    from flows.building import build as run
    from flows.config import load_config
    from flows.texts import built_text
    from pipeline.layout import WorkFolder
    from pipeline.stages import check_stage

    if until is not None:
        check_stage(until)
    built = run(
        Request(
            sources=tuple(sources),
            work=WorkFolder(work),
            settings=load_config(
                file, [*(assignments or ()), *(["run.chat.batch=true"] if batch else ())]
            ).settings,
            jobs=jobs,
            limit=limit,
            until=until,
            retry_failed=retry_failed,
            rehash=rehash,
            debug=is_debug(),
        )
    )
    typer.echo(built_text(built))
    if built.unseen:
        raise typer.Exit(SOME_FAILED)


@app.command()
def status(work: WorkArgument, as_json: JsonOption = False) -> None:
    """The books: what entered every stage and what became of it."""
    import json

    from flows.calls import calls_of, calls_text
    from flows.session import accepted, books_of, open_chain, unseen_problems
    from flows.texts import books_text, problems_text
    from pipeline.layout import WorkFolder
    from pipeline.unused import unused_texts

    chain = open_chain(WorkFolder(work))
    books = books_of(chain)
    unseen = unseen_problems(chain) if books.failed else []
    unused = [*unused_texts(chain), *chain.imports.unused]
    calls = calls_of(chain.work, chain.settings.run.chat)
    if as_json:
        told = {
            "failures": [failure.model_dump(mode="json") for failure in unseen],
            "given_not_used": [item.model_dump(mode="json") for item in unused],
            "accepted": sorted(accepted(chain.work)),
            "calls": calls.model_dump(mode="json") if calls else None,
        }
        typer.echo(json.dumps(books.as_json() | told, indent=2))
        return
    typer.echo(books_text(books))
    if calls:
        typer.echo(f"\n{calls_text(calls)}")
    typer.echo(problems_text(unseen, unused, chain.names_of, work))
    if books.failed > len(unseen):
        typer.echo(f"failed and accepted: {books.failed - len(unseen)}")


@app.command()
def norms(
    work: WorkArgument,
    out: Annotated[Path, typer.Option("--out", help="The file to write, e.g. norms.json.")],
) -> None:
    """Freeze how the voices of a work folder are spread, for tone.norms."""
    from flows.session import open_chain
    from flows.texts import norms_text
    from pipeline.layout import WorkFolder
    from pipeline.norms import norms_of, save_norms

    found = norms_of(open_chain(WorkFolder(work)))
    new = save_norms(found, out)
    typer.echo(norms_text(found, out, new=new))


@app.command()
def accept(
    work: WorkArgument,
    ids: Annotated[
        list[str] | None, typer.Argument(help="Ids of failures; none: all that stand now.")
    ] = None,
) -> None:
    """Mark failures as seen, so that they no longer make a build end with 1."""
    from flows.accepting import accept_failures
    from pipeline.layout import WorkFolder

    typer.echo(accept_failures(WorkFolder(work), ids or []))


@app.command()
def show(
    work: WorkArgument,
    clip: Annotated[str, typer.Argument(help="Start of a clip_id, or the name of a file.")],
    page: Annotated[bool, typer.Option("--open", help="Write a page with pictures.")] = False,
) -> None:
    """Everything known of one clip: evidence, texts, provenance."""
    from flows.showing import show_clip
    from pipeline.layout import WorkFolder

    typer.echo(show_clip(WorkFolder(work), clip, page=page))


app.command()(publish)
app.command()(verify)
