"""Brings a database of reviews to the tables of this merr, by Alembic."""

from importlib.resources import files
from typing import Any, Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from schemas.errors import SetupError

_LOCK: Final = 0x6D657272  # "merr"


def migrate(db: Connection) -> None:
    """Inside the transaction of `db`. SetupError for a database that a later merr has changed."""
    if db.dialect.name == "postgresql":
        db.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    config = _config(db)
    scripts = ScriptDirectory.from_config(config)
    found = MigrationContext.configure(db).get_current_revision()
    if found == scripts.get_current_head():
        return
    known = {script.revision for script in scripts.walk_revisions()}
    if found is not None and found not in known:
        raise SetupError(
            f"review database {db.engine.url.database}: is of revision {found}, which this merr "
            f"does not know; use the merr that made it"
        )
    command.upgrade(config, "head")


def _config(db: Connection) -> Config:
    attributes: dict[str, Any] = {"connection": db}
    config = Config(attributes=attributes)
    config.set_main_option(
        "script_location", str(files("review") / "migrations").replace("%", "%%")
    )
    return config
