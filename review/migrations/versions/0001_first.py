"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_FORBID_SQLITE = """
CREATE TRIGGER events_{what}_forbidden BEFORE {what} ON events
BEGIN SELECT RAISE(ABORT, 'events are only ever added'); END
"""
_FORBID_POSTGRES = """
CREATE FUNCTION events_stay() RETURNS trigger AS $$
BEGIN RAISE EXCEPTION 'events are only ever added'; END $$ LANGUAGE plpgsql;
CREATE TRIGGER events_forbidden BEFORE UPDATE OR DELETE OR TRUNCATE ON events
FOR EACH STATEMENT EXECUTE FUNCTION events_stay()
"""


def upgrade() -> None:
    op.create_table(
        "facts",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_facts")),
    )
    op.create_table(
        "failed_logins",
        sa.Column(
            "attempt_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("attempt_id", name=op.f("pk_failed_logins")),
    )
    op.create_index(op.f("ix_failed_logins_at_ms"), "failed_logins", ["at_ms"], unique=False)
    op.create_table(
        "people",
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("pseudonym", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=True),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column("left_ms", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("role IN ('annotator', 'lead')", name=op.f("ck_people_role")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_people")),
        sa.UniqueConstraint("name", name=op.f("uq_people_name")),
        sa.UniqueConstraint("pseudonym", name=op.f("uq_people_pseudonym")),
    )
    op.create_table(
        "queues",
        sa.Column("queue_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("reviews", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("lease_ms", sa.BigInteger(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("labels_json", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column(
            "practice_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column(
            "of_queue_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('work', 'practice', 'adjudication')", name=op.f("ck_queues_kind")
        ),
        sa.CheckConstraint("mode IN ('judge', 'label_first', 'ab')", name=op.f("ck_queues_mode")),
        sa.CheckConstraint("state IN ('open', 'paused')", name=op.f("ck_queues_state")),
        sa.CheckConstraint("reviews BETWEEN 1 AND 10", name=op.f("ck_queues_reviews")),
        sa.ForeignKeyConstraint(
            ["of_queue_id"], ["queues.queue_id"], name=op.f("fk_queues_of_queue_id")
        ),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["queues.queue_id"], name=op.f("fk_queues_practice_id")
        ),
        sa.PrimaryKeyConstraint("queue_id", name=op.f("pk_queues")),
        sa.UniqueConstraint("name", name=op.f("uq_queues_name")),
    )
    op.create_table(
        "snapshots",
        sa.Column("sample_id", sa.String(), nullable=False),
        sa.Column("text_hash", sa.String(), nullable=False),
        sa.Column("clip_id", sa.String(), nullable=False),
        sa.Column("tier", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("shown_json", sa.Text(), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sample_id", "text_hash", name=op.f("pk_snapshots")),
    )
    op.create_index(op.f("ix_snapshots_clip_id"), "snapshots", ["clip_id"], unique=False)
    op.create_table(
        "invitations",
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.Column("used_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.person_id"], name=op.f("fk_invitations_person_id")
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_invitations")),
    )
    op.create_table(
        "items",
        sa.Column("item_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("queue_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sample_id", sa.String(), nullable=False),
        sa.Column("text_hash", sa.String(), nullable=False),
        sa.Column("other_hash", sa.String(), nullable=True),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("needed", sa.Integer(), nullable=True),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("flagged", sa.Boolean(), nullable=False),
        sa.Column("gold_json", sa.Text(), nullable=True),
        sa.Column("gold_note", sa.Text(), nullable=True),
        sa.Column(
            "of_item_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.CheckConstraint(
            "done >= 0 AND (needed IS NULL OR done <= needed)", name=op.f("ck_items_done")
        ),
        sa.ForeignKeyConstraint(
            ["of_item_id"], ["items.item_id"], name=op.f("fk_items_of_item_id")
        ),
        sa.ForeignKeyConstraint(["queue_id"], ["queues.queue_id"], name=op.f("fk_items_queue_id")),
        sa.ForeignKeyConstraint(
            ["sample_id", "text_hash"],
            ["snapshots.sample_id", "snapshots.text_hash"],
            name=op.f("fk_items_sample_id"),
        ),
        sa.PrimaryKeyConstraint("item_id", name=op.f("pk_items")),
        sa.UniqueConstraint("queue_id", "key", name=op.f("uq_items_queue_id")),
    )
    op.create_index(
        "ix_items_next",
        "items",
        ["queue_id", "open", sa.text("priority DESC"), "place"],
        unique=False,
    )
    op.create_index("ix_items_sample", "items", ["sample_id"], unique=False)
    op.create_table(
        "members",
        sa.Column("queue_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.person_id"], name=op.f("fk_members_person_id")
        ),
        sa.ForeignKeyConstraint(
            ["queue_id"], ["queues.queue_id"], name=op.f("fk_members_queue_id")
        ),
        sa.PrimaryKeyConstraint("queue_id", "person_id", name=op.f("pk_members")),
    )
    op.create_table(
        "sessions",
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.person_id"], name=op.f("fk_sessions_person_id")
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_sessions")),
    )
    op.create_table(
        "drafts",
        sa.Column("item_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("draft_json", sa.Text(), nullable=False),
        sa.Column("saved_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["items.item_id"], name=op.f("fk_drafts_item_id")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.person_id"], name=op.f("fk_drafts_person_id")
        ),
        sa.PrimaryKeyConstraint("item_id", "person_id", name=op.f("pk_drafts")),
    )
    op.create_index(op.f("ix_drafts_person_id"), "drafts", ["person_id"], unique=False)
    op.create_table(
        "events",
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("request_id", sa.String(), nullable=False),
        sa.Column("item_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("labels_json", sa.Text(), nullable=False),
        sa.Column("intensity", sa.Integer(), nullable=True),
        sa.Column("verdict", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("edited_text", sa.Text(), nullable=True),
        sa.Column("edited_hash", sa.String(), nullable=True),
        sa.Column("preference", sa.String(), nullable=True),
        sa.Column("flipped", sa.Boolean(), nullable=True),
        sa.Column("seconds", sa.Float(), nullable=True),
        sa.Column("saw_marks", sa.Boolean(), nullable=False),
        sa.Column("saw_label", sa.Boolean(), nullable=False),
        sa.Column("undoes", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.CheckConstraint(
            "kind IN ('decide', 'label', 'skip', 'flag', 'undo')", name=op.f("ck_events_kind")
        ),
        sa.CheckConstraint("intensity BETWEEN 1 AND 5", name=op.f("ck_events_intensity")),
        sa.ForeignKeyConstraint(["item_id"], ["items.item_id"], name=op.f("fk_events_item_id")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.person_id"], name=op.f("fk_events_person_id")
        ),
        sa.ForeignKeyConstraint(["undoes"], ["events.event_id"], name=op.f("fk_events_undoes")),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_events")),
        sa.UniqueConstraint("request_id", name=op.f("uq_events_request_id")),
        sa.UniqueConstraint("undoes", name=op.f("uq_events_undoes")),
    )
    op.create_index(op.f("ix_events_item_id"), "events", ["item_id"], unique=False)
    op.create_index(op.f("ix_events_person_id"), "events", ["person_id"], unique=False)
    op.create_table(
        "leases",
        sa.Column("item_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("lease_id", sa.String(), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["items.item_id"], name=op.f("fk_leases_item_id")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.person_id"], name=op.f("fk_leases_person_id")
        ),
        sa.PrimaryKeyConstraint("item_id", "person_id", name=op.f("pk_leases")),
    )
    op.create_index(op.f("ix_leases_person_id"), "leases", ["person_id"], unique=False)
    op.create_table(
        "standing",
        sa.Column("item_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("counts", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events.event_id"], name=op.f("fk_standing_event_id")
        ),
        sa.ForeignKeyConstraint(["item_id"], ["items.item_id"], name=op.f("fk_standing_item_id")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.person_id"], name=op.f("fk_standing_person_id")
        ),
        sa.PrimaryKeyConstraint("item_id", "person_id", name=op.f("pk_standing")),
        sa.UniqueConstraint("event_id", name=op.f("uq_standing_event_id")),
    )

    _add_only()


def _add_only() -> None:
    """Rows of `events` can be neither changed nor removed, by whatever hand."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_FORBID_POSTGRES)
        return
    for what in ("UPDATE", "DELETE"):
        op.execute(_FORBID_SQLITE.format(what=what))
