"""`merr review`: people decide what is true."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from flows.cli_options import JsonOption, WorkArgument

review_app = typer.Typer(help="Let people judge what machines wrote.", no_args_is_help=True)

Db = Annotated[
    str | None,
    typer.Option("--db", help="postgresql://HOST/NAME or a file; default: WORK/review.sqlite."),
]
QueueName = Annotated[str, typer.Argument(help="Name of a queue.")]


class Mode(StrEnum):
    JUDGE = "judge"
    LABEL_FIRST = "label_first"
    AB = "ab"


class Kind(StrEnum):
    WORK = "work"
    PRACTICE = "practice"


class RoleName(StrEnum):
    ANNOTATOR = "annotator"
    LEAD = "lead"


class TierName(StrEnum):
    COARSE = "coarse"
    FINE = "fine"


class Form(StrEnum):
    DECISIONS = "decisions"
    PREFERENCES = "preferences"
    LABEL_STUDIO = "label-studio"
    ARGILLA = "argilla"


class Tool(StrEnum):
    LABEL_STUDIO = "label-studio"
    ARGILLA = "argilla"


@review_app.command("queue")
def queue(
    work: WorkArgument,
    name: Annotated[str, typer.Option("--name", help="Its name; the same again adds to it.")],
    mode: Annotated[
        Mode, typer.Option(help="judge, label_first (blind), or ab (two texts).")
    ] = Mode.LABEL_FIRST,
    reviews: Annotated[int, typer.Option(min=1, max=10, help="People per sample.")] = 1,
    kind: Annotated[Kind, typer.Option(help="practice: with feedback, needs --gold.")] = Kind.WORK,
    label: Annotated[
        list[str] | None, typer.Option(help="Only this label; may be given several times.")
    ] = None,
    tier: Annotated[TierName | None, typer.Option(help="Only this tier.")] = None,
    contradicted: Annotated[
        bool, typer.Option("--contradicted", help="Only texts that the evidence contradicts.")
    ] = False,
    disputed: Annotated[
        bool, typer.Option("--disputed", help="Only where opinions on the label differ.")
    ] = False,
    below: Annotated[
        float | None, typer.Option(min=0, max=1, help="Only where a confidence is lower.")
    ] = None,
    per_label: Annotated[
        int | None, typer.Option(min=1, help="So many per label, drawn by --seed.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Decides what is drawn, order and sides.")] = 0,
    release: Annotated[
        Path | None, typer.Option("--from", help="A release in place of the work folder.")
    ] = None,
    against: Annotated[
        Path | None, typer.Option("--against", help="ab: the release with the other texts.")
    ] = None,
    gold: Annotated[
        Path | None, typer.Option("--gold", help="Known answers, a table clip,label,note.")
    ] = None,
    practice: Annotated[
        str | None, typer.Option("--practice", help="A practice queue to be done first.")
    ] = None,
    db: Db = None,
) -> None:
    """Put samples into a queue; disputed and contradicted ones come first."""
    from flows.extras import need_review

    need_review()
    from flows.reviewing import QueueRequest, make_queue
    from review.choosing import Choice

    choice = Choice(
        labels=tuple(label or ()),
        tier=None if tier is None else tier.value,
        contradicted=contradicted,
        disputed=disputed,
        below=below,
        per_label=per_label,
        seed=seed,
    )
    asked = QueueRequest(
        name=name,
        mode=mode.value,
        kind=kind.value,
        reviews=reviews,
        choice=choice,
        release=release,
        against=against,
        gold=gold,
        practice=practice,
    )
    typer.echo(make_queue(work, db, asked))


@review_app.command("invite")
def invite(
    work: WorkArgument,
    name: Annotated[str, typer.Argument(help="Whom; exports and releases use a pseudonym.")],
    role: Annotated[RoleName, typer.Option(help="annotator or lead.")] = RoleName.ANNOTATOR,
    db: Db = None,
) -> None:
    """Make an account: prints what lets this person set a password, once."""
    from flows.extras import need_review

    need_review()
    from flows.reviewing import invite_person

    typer.echo(invite_person(work, db, name, role.value))


@review_app.command("pause")
def pause(work: WorkArgument, name: QueueName, db: Db = None) -> None:
    """Hand nothing more out; what is begun may still be decided."""
    _set_paused(work, db, name, paused=True)


@review_app.command("resume")
def resume(work: WorkArgument, name: QueueName, db: Db = None) -> None:
    """Hand out again."""
    _set_paused(work, db, name, paused=False)


def _set_paused(work: Path, db: str | None, name: str, *, paused: bool) -> None:
    from flows.extras import need_review

    need_review()
    from flows.reviewing import set_paused

    typer.echo(set_paused(work, db, name, paused=paused))


@review_app.command("hand-over")
def hand_over(
    work: WorkArgument,
    name: QueueName,
    of: Annotated[str, typer.Option("--of", help="Who leaves it.")],
    to: Annotated[str, typer.Option("--to", help="Who goes on.")],
    db: Db = None,
) -> None:
    """Give what somebody has begun in a queue to somebody else."""
    from flows.extras import need_review

    need_review()
    from flows.reviewing import hand_queue_over

    typer.echo(hand_queue_over(work, db, name, of, to))


@review_app.command("settle")
def settle(work: WorkArgument, name: QueueName, db: Db = None) -> None:
    """Put the disagreements of a queue into one of their own, for leads."""
    from flows.extras import need_review

    need_review()
    from flows.reviewing import settle as run

    typer.echo(run(work, db, name))


@review_app.command("status")
def status(work: WorkArgument, db: Db = None, as_json: JsonOption = False) -> None:
    """How far queues are, and how each person gets on."""
    import json

    from flows.extras import need_review

    need_review()
    from flows.reviewing import all_progress, progress_text

    found = all_progress(work, db)
    told = json.dumps([one.model_dump() for one in found], indent=2, ensure_ascii=False)
    typer.echo(told if as_json else progress_text(found))


@review_app.command("agreement")
def agreement(
    work: WorkArgument,
    name: Annotated[str | None, typer.Option("--queue", help="Only this queue.")] = None,
    seed: Annotated[int, typer.Option(help="Of the bootstrap.")] = 0,
    db: Db = None,
    as_json: JsonOption = False,
) -> None:
    """How far people agree, counted over what they said before the machine's answer was shown."""
    from flows.extras import need_review

    need_review()
    from flows.reviewing import agreement_text, measured

    found = measured(work, db, name, seed)
    typer.echo(found.model_dump_json(indent=2) if as_json else agreement_text(found))


@review_app.command("export")
def export(
    work: WorkArgument,
    form: Annotated[Form, typer.Option("--format", help="What to write.")],
    to: Annotated[Path, typer.Option("--to", help="A file (decisions, preferences) or a folder.")],
    name: Annotated[str | None, typer.Option("--queue", help="Whose samples go out.")] = None,
    db: Db = None,
) -> None:
    """Every decision as Parquet, preference pairs, or samples for another review program."""
    from flows.extras import need_review

    need_review()
    from flows.reviewing import export_reviews

    typer.echo(export_reviews(work, db, form.value, to, name))


@review_app.command("import")
def import_(
    work: WorkArgument,
    file: Annotated[Path, typer.Argument(help="What the other program exported, as JSON.")],
    form: Annotated[Tool, typer.Option("--format", help="Which program.")],
    name: Annotated[str, typer.Option("--queue", help="The queue the samples came from.")],
    db: Db = None,
) -> None:
    """Store the decisions that people made in another review program."""
    from flows.extras import need_review

    need_review()
    from flows.reviewing import import_reviews

    typer.echo(import_reviews(work, db, form.value, file, name))
