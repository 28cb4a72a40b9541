"""The tables of reviews. Times are milliseconds since 1970, UTC; `migrations/` makes them."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ColumnElement,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    bindparam,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)
_Id: Final = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up INTEGER alone


def _person(**more: bool) -> Column[str]:
    return Column("person_id", ForeignKey("people.person_id"), nullable=False, **more)  # type: ignore[arg-type]


def _item(**more: bool) -> Column[int]:
    return Column("item_id", ForeignKey("items.item_id"), nullable=False, **more)  # type: ignore[arg-type]


# A random secret, made at first start; whatever else is one value.
facts = Table(
    "facts",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", Text, nullable=False),
)

people = Table(
    "people",
    metadata,
    Column("person_id", String, primary_key=True),
    Column("name", String, nullable=False, unique=True),
    Column("pseudonym", String, nullable=False, unique=True),  # what releases and exports say
    Column("role", String, nullable=False),
    Column("password_hash", String),  # argon2; None: has not taken the invitation
    Column("made_ms", BigInteger, nullable=False),
    Column("left_ms", BigInteger),  # may no longer log in
    CheckConstraint("role IN ('annotator', 'lead')", name="role"),
)

invitations = Table(
    "invitations",
    metadata,
    Column("token_hash", String, primary_key=True),
    _person(),
    Column("expires_ms", BigInteger, nullable=False),
    Column("used_ms", BigInteger),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", String, primary_key=True),
    _person(),
    Column("made_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
)

failed_logins = Table(
    "failed_logins",
    metadata,
    Column("attempt_id", _Id, primary_key=True),
    Column("name", String, nullable=False),
    Column("address", String, nullable=False),
    Column("at_ms", BigInteger, nullable=False, index=True),
)

queues = Table(
    "queues",
    metadata,
    Column("queue_id", _Id, primary_key=True),
    Column("name", String, nullable=False, unique=True),
    Column("kind", String, nullable=False),
    Column("mode", String, nullable=False),
    Column("reviews", Integer, nullable=False),  # wanted per sample
    Column("state", String, nullable=False),
    Column("lease_ms", BigInteger, nullable=False),
    Column("seed", BigInteger, nullable=False),  # decides order and sides
    Column("labels_json", Text, nullable=False),  # the vocabulary
    Column("source", Text, nullable=False),  # what it was filled from, and the filter
    Column("practice_id", ForeignKey("queues.queue_id")),  # to be done first
    Column("of_queue_id", ForeignKey("queues.queue_id")),  # adjudication: whose disagreements
    Column("made_ms", BigInteger, nullable=False),
    CheckConstraint("kind IN ('work', 'practice', 'adjudication')", name="kind"),
    CheckConstraint("mode IN ('judge', 'label_first', 'ab')", name="mode"),
    CheckConstraint("state IN ('open', 'paused')", name="state"),
    CheckConstraint("reviews BETWEEN 1 AND 10", name="reviews"),
)

# Whom a queue is for; nobody named: for everybody.
members = Table(
    "members",
    metadata,
    Column("queue_id", ForeignKey("queues.queue_id"), primary_key=True),
    _person(primary_key=True),
)

# One row per version of a text that was ever put into a queue. Nothing is ever changed here.
snapshots = Table(
    "snapshots",
    metadata,
    Column("sample_id", String, primary_key=True),
    Column("text_hash", String, primary_key=True),
    Column("clip_id", String, nullable=False, index=True),
    Column("tier", String, nullable=False),
    Column("label", String, nullable=False),
    Column("shown_json", Text, nullable=False),  # ShownSample
    Column("made_ms", BigInteger, nullable=False),
)

_PRIORITY: Final = Column("priority", Integer, nullable=False)

items = Table(
    "items",
    metadata,
    Column("item_id", _Id, primary_key=True),
    Column("queue_id", ForeignKey("queues.queue_id"), nullable=False),
    Column("sample_id", String, nullable=False),
    Column("text_hash", String, nullable=False),
    Column("other_hash", String),  # A/B: the second text of the same sample
    Column("key", String, nullable=False),  # of the three above: nothing is queued twice
    _PRIORITY,
    Column("place", BigInteger, nullable=False),  # order among equals
    Column("needed", Integer),  # None: everybody is asked (gold, practice)
    Column("done", Integer, nullable=False),  # decisions that stand
    Column("open", Boolean, nullable=False),
    Column("flagged", Boolean, nullable=False),
    Column("gold_json", Text),  # labels that are right
    Column("gold_note", Text),  # why, for the feedback
    Column("of_item_id", ForeignKey("items.item_id")),  # adjudication: the disputed one
    ForeignKeyConstraint(
        ["sample_id", "text_hash"], ["snapshots.sample_id", "snapshots.text_hash"]
    ),
    UniqueConstraint("queue_id", "key"),
    CheckConstraint("done >= 0 AND (needed IS NULL OR done <= needed)", name="done"),
    Index("ix_items_next", "queue_id", "open", _PRIORITY.desc(), "place"),
    Index("ix_items_sample", "sample_id"),
)

leases = Table(
    "leases",
    metadata,
    _item(primary_key=True),
    _person(primary_key=True, index=True),
    Column("lease_id", String, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
)

drafts = Table(
    "drafts",
    metadata,
    _item(primary_key=True),
    _person(primary_key=True, index=True),
    Column("version", Integer, nullable=False),
    Column("draft_json", Text, nullable=False),
    Column("saved_ms", BigInteger, nullable=False),
)

# What people did. Rows are only ever added: triggers refuse anything else.
events = Table(
    "events",
    metadata,
    Column("event_id", _Id, primary_key=True),
    Column("request_id", String, nullable=False, unique=True),  # the same request counts once
    _item(index=True),
    _person(index=True),
    Column("kind", String, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("labels_json", Text, nullable=False),
    Column("intensity", Integer),
    Column("verdict", String),
    Column("reason", String),
    Column("note", Text),
    Column("edited_text", Text),
    Column("edited_hash", String),
    Column("preference", String),
    Column("flipped", Boolean),
    Column("seconds", Float),
    Column("saw_marks", Boolean, nullable=False),
    Column("saw_label", Boolean, nullable=False),
    Column("undoes", ForeignKey("events.event_id"), unique=True),
    Column("marks_json", Text),  # ClaimMark, several; None: none were set
    CheckConstraint("kind IN ('decide', 'label', 'skip', 'flag', 'undo')", name="kind"),
    CheckConstraint("intensity BETWEEN 1 AND 5", name="intensity"),
)

# Which event of a person on a sample holds now; follows from `events`.
standing = Table(
    "standing",
    metadata,
    _item(primary_key=True),
    _person(primary_key=True),
    Column("event_id", ForeignKey("events.event_id"), nullable=False, unique=True),
    Column("counts", Boolean, nullable=False),  # False: skipped
)


# A statement of every decision is made once, with parameters: for SQLAlchemy to make it anew costs
# four times what it costs to run.
def mine(table: Table) -> ColumnElement[bool]:
    """Rows of the parameters `of_item` and `of_person`."""
    return (table.c.item_id == bindparam("of_item")) & (table.c.person_id == bindparam("of_person"))


def whose(item_id: int, person_id: str) -> Mapping[str, Any]:
    """The parameters of `mine`."""
    return {"of_item": item_id, "of_person": person_id}
