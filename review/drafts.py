"""Drafts: what somebody has typed and not decided. They survive reloads, crashes and leases."""

from typing import Final

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.engine import RowMapping

from review.errors import ConflictError, MissingError
from review.leases import changing, held_lease
from review.people import Person
from review.store import ReviewStore
from review.tables import drafts, mine, whose
from schemas.review import Answer
from schemas.units import Row

_FIND: Final = select(drafts).where(mine(drafts))
_DROP: Final = delete(drafts).where(mine(drafts))


class Draft(Row):
    version: int  # times it was saved
    answer: Answer


def save_draft(
    store: ReviewStore, person: Person, item_id: int, answer: Answer, *, version: int
) -> int:
    """Keep an answer as it is now; its new version. `version`: that of the draft this one was
    made from, 0 for none. ConflictError when another tab saved meanwhile; MissingError for a
    sample that was not handed out to this person."""
    with changing(store, item_id) as (db, _, _):
        found = draft_of(db, person, item_id)
        if found is None and held_lease(db, person, item_id) is None:
            raise MissingError("there is no such sample")
        if (found.version if found else 0) != version:
            raise ConflictError("another tab saved a draft of this sample: load it again")
        row = {
            "draft_json": answer.model_dump_json(),
            "version": version + 1,
            "saved_ms": store.clock(),
        }
        if found is None:
            db.execute(insert(drafts).values(item_id=item_id, person_id=person.person_id, **row))
        else:
            ours = update(drafts).where(mine(drafts)).values(row)
            db.execute(ours, whose(item_id, person.person_id))
    return version + 1


def draft_of(db: Connection, person: Person, item_id: int) -> Draft | None:
    found = db.execute(_FIND, whose(item_id, person.person_id)).mappings().first()
    return None if found is None else as_draft(found)


def as_draft(row: RowMapping) -> Draft:
    answer = Answer.model_validate_json(row["draft_json"])
    return Draft(version=row["version"], answer=answer)


def drop_draft(db: Connection, person: Person, item_id: int) -> None:
    db.execute(_DROP, whose(item_id, person.person_id))
