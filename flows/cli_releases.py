"""`merr publish` and `merr verify`."""

from pathlib import Path
from typing import Annotated

import typer

from flows.cli_options import SetOption, WorkArgument
from flows.guard import SOME_FAILED


def publish(
    work: WorkArgument,
    to: Annotated[Path, typer.Option("--to", help="Folder of all releases.")],
    name: Annotated[str, typer.Option(help="Name of the data set.")],
    version: Annotated[str, typer.Option(help="X.Y.Z")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Put it in the place of another of this version.")
    ] = False,
    unfinished: Annotated[
        bool,
        typer.Option(
            "--unfinished", help="Publish although clips are pending or none has a sample."
        ),
    ] = False,
    reviews: Annotated[
        str | None,
        typer.Option("--db", help="Database of reviews; default: WORK/review.sqlite if any."),
    ] = None,
    assignments: SetOption = None,
) -> None:
    """Write an immutable release that load_dataset opens."""
    from flows.config import change
    from flows.reviews_said import said_of
    from flows.session import locked, open_chain, open_log
    from flows.texts import published_text
    from pipeline.layout import WorkFolder
    from pipeline.release import publish as run

    folder = WorkFolder(work)
    chain = open_chain(folder)
    chain = chain.with_settings(change(chain.settings, "publish", assignments or ()))
    with locked(folder), open_log(folder) as log:
        log.info("publish %s %s", name, version)
        published = run(
            chain,
            to=to,
            name=name,
            version=version,
            replace=replace,
            unfinished=unfinished,
            said=said_of(work, reviews),
        )
        log.info("published %s", published.manifest.digest)
    typer.echo(published_text(published))


def verify(
    release: Annotated[Path, typer.Argument(help="A folder that `merr publish` wrote.")],
) -> None:
    """Recount and rehash a release."""
    from pipeline.release_folder import read_manifest
    from pipeline.verify import verify as run

    faults = run(release)
    for fault in faults:
        typer.echo(f"{release}: {fault}", err=True)
    if faults:
        raise typer.Exit(SOME_FAILED)
    manifest = read_manifest(release)
    typer.echo(
        f"{manifest.name} {manifest.version} is whole: {len(manifest.files)} files, "
        f"{sum(manifest.rows.values())} rows, digest {manifest.digest[:12]}"
    )
