"""`merr accept`: failures that somebody has seen no longer make a build end with 1."""

from collections.abc import Sequence

from flows.session import accept, locked, open_chain, unseen_problems
from pipeline.layout import WorkFolder
from schemas.errors import SetupError


def accept_failures(work: WorkFolder, ids: Sequence[str]) -> str:
    """Without ids: all that stand now. SetupError for an id that names none."""
    failures = unseen_problems(open_chain(work))
    chosen = {f.id for f in failures if not ids or any(f.id.startswith(i) for i in ids)}
    strangers = [i for i in ids if not any(f.id.startswith(i) for f in failures)]
    if strangers:
        raise SetupError(f"{strangers[0]} is no failure that stands; `merr status` lists them")
    with locked(work):
        accept(work, chosen)
    return f"{len(chosen)} failure{'' if len(chosen) == 1 else 's'} marked as seen"
