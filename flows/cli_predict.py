"""`merr predict`: what a trained model says of a video."""

from pathlib import Path
from typing import Annotated

import typer

from flows.cli_options import ConfigOption
from flows.guard import SOME_FAILED


def predict(
    model: Annotated[Path, typer.Option("--model", help="Folder of a run of `merr train`.")],
    clips: Annotated[
        list[str] | None, typer.Argument(help="Files, folders or quoted globs with videos.")
    ] = None,
    work: Annotated[
        Path | None, typer.Option("--work", help="Keep what is measured; default: nothing is kept.")
    ] = None,
    labels: Annotated[
        str | None, typer.Option(help="Label set; default: that of the training data.")
    ] = None,
    constrained: Annotated[
        bool, typer.Option("--constrained", help="Nothing but a label can be answered.")
    ] = False,
    no_reasons: Annotated[
        bool, typer.Option("--no-reasons", help="Ask for the label only.")
    ] = False,
    serve: Annotated[bool, typer.Option("--serve", help="Open a page to try it on.")] = False,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Of that page.")] = 7860,
    file: ConfigOption = None,
    assignments: Annotated[
        list[str] | None, typer.Option("--set", help="One setting, e.g. features.device=cuda.")
    ] = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="Worker processes.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Label and reasons for videos, by a trained model."""
    import json

    from flows.config import load_config
    from flows.train_extra import need_train_extra
    from schemas.errors import SetupError

    if bool(clips) == serve:
        raise SetupError("give videos, or --serve for a page to try it on; not both")
    need_train_extra("merr predict")
    settings = load_config(file, assignments or ()).settings
    from flows.opened_model import open_trained
    from flows.predict_texts import predicted_text
    from flows.predicting import Wish, predict
    from flows.scratch_work import work_folder
    from schemas.label import load_vocabulary

    opened = open_trained(model)
    vocabulary = load_vocabulary(labels or opened.trained.trained_on.vocabulary or "merr9")
    with work_folder(work) as folder:
        wish = Wish(
            sources=tuple(clips or ()),
            work=folder,
            settings=settings,
            vocabulary=vocabulary,
            reasons=not no_reasons,
            constrained=constrained,
            jobs=jobs,
        )
        if serve:
            from flows.serving import serve_page

            serve_page(wish, opened, port=port)
            return
        found = predict(wish, opened)
    typer.echo(json.dumps(found.as_json(), indent=2) if as_json else predicted_text(found))
    if found.failed or not found.clips:
        raise typer.Exit(SOME_FAILED)
