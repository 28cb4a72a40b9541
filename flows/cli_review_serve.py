"""`merr review serve` and `merr review prepare`: the page, and what it shows of clips."""

from pathlib import Path
from typing import Annotated

import typer

from flows.cli_options import WorkArgument

_Database = Annotated[
    str | None,
    typer.Option("--db", help="postgresql://HOST/NAME or a file; default: WORK/review.sqlite."),
]


def serve(
    work: WorkArgument,
    db: _Database = None,
    host: Annotated[
        str, typer.Option(help="Address to listen at; others than this machine reach 0.0.0.0.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8765,
    names: Annotated[
        list[str] | None,
        typer.Option("--name", help="A host name that people reach it by; may be given again."),
    ] = None,
) -> None:
    """Serve the page on which people review; it opens at /login."""
    from flows.review_page import serve_page
    from pipeline.layout import WorkFolder

    serve_page(WorkFolder(work), db, host=host, port=port, names=names or [], say=typer.echo)


def prepare(
    work: WorkArgument,
    db: _Database = None,
    every: Annotated[
        bool, typer.Option("--all", help="Every clip, not only those of queues.")
    ] = False,
    around_s: Annotated[
        float, typer.Option("--around", min=0, max=30, help="Seconds shown before and after.")
    ] = 2.0,
    jobs: Annotated[int | None, typer.Option(min=1, help="Worker processes.")] = None,
    release: Annotated[
        Path | None,
        typer.Option("--from", help="A release with media, for clips not in the work folder."),
    ] = None,
) -> None:
    """Make what browsers play and draw of the clips in queues; again: only what is not there."""
    from flows.guard import SOME_FAILED
    from flows.review_page import prepare_media, prepared_text
    from pipeline.layout import WorkFolder

    done = prepare_media(
        WorkFolder(work), db, every=every, around_s=around_s, jobs=jobs, release=release
    )
    typer.echo(prepared_text(done))
    if done.failed:
        raise typer.Exit(SOME_FAILED)
