"""Opens the answer store: a SQLite file on one machine, PostgreSQL by URL for many."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import (
    Connection,
    Engine,
    create_engine,
    event,
    func,
    insert,
    inspect,
    select,
    text,
    update,
)
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from pipeline.answer_tables import STORE_VERSION, metadata, version
from schemas.errors import SetupError

_BUSY_MS: Final = 60_000
_WITHOUT_SOUND: Final = 1  # the version before transcriptions had a price
_CONFLICTS: Final = ("40001", "40P01")  # PostgreSQL: serialization failure, deadlock
_LOCK: Final = 0x6D657272  # "merr"; of PostgreSQL, while tables are made
_DRIVERS: Final = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg"}


def open_engine(store: str | None, *, default: Path) -> Engine:
    """The store at a path or URL, made where there is none. SetupError when it cannot be used."""
    url = store_url(store, default=default)
    if url.database and url.drivername == "sqlite":
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    try:
        engine = create_engine(url, hide_parameters=True)
    except ModuleNotFoundError as e:
        raise SetupError(f"answer store: {e.name} is not here: pip install 'merr[postgres]'") from e
    if url.drivername == "sqlite":
        event.listen(engine, "connect", _make_durable)
    with named_errors(engine):
        _make_tables(engine)
    return engine


def store_url(store: str | None, *, default: Path, named: str = "run.chat.store") -> URL:
    """Where the store is. SetupError for a password in it: settings are shown and copied.
    `named`: what the user calls it."""
    if store is None or "://" not in store:
        return URL.create("sqlite", database=str(Path(store) if store else default))
    try:
        url = make_url(store)
    except (ArgumentError, ValueError):
        raise SetupError(f"{named}: neither a path nor a database URL") from None
    if url.password is not None or any("password" in name for name in url.query):
        raise SetupError(f"{named}: no password in the URL: use PGPASSFILE or ~/.pgpass")
    if url.get_backend_name() not in _DRIVERS:
        raise SetupError(f"{named}: sqlite:///FILE or postgresql://HOST/NAME")
    return url.set(drivername=_DRIVERS[url.get_backend_name()])


class ConflictError(SetupError):
    """Two transactions waited for each other and this one had to give way: the same may do now."""


@contextmanager
def named_errors(engine: Engine, *, what: str = "answer store") -> Iterator[None]:
    """What a database can raise is trouble of the set-up: full disk, no server, damaged file."""
    try:
        yield
    except NoSuchModuleError as e:
        raise SetupError(f"{what}: {e}") from None
    except SQLAlchemyError as e:
        told = " ".join(str(getattr(e, "orig", None) or e).split())
        kind = ConflictError if _is_conflict(e) else SetupError
        raise kind(f"{what} {engine.url.database}: {told}") from None


def _is_conflict(error: SQLAlchemyError) -> bool:
    return getattr(getattr(error, "orig", None), "sqlstate", None) in _CONFLICTS


def _make_durable(connection: Any, _: object) -> None:
    """Every commit is on the disk when it returns."""
    for pragma in ("journal_mode = WAL", "synchronous = FULL", f"busy_timeout = {_BUSY_MS}"):
        connection.execute(f"PRAGMA {pragma}")


def _make_tables(engine: Engine) -> None:
    with engine.connect() as db:
        found = _version(db)
    if found in (None, _WITHOUT_SOUND):
        with engine.begin() as db:
            _one_at_a_time(db)
            found = _made(db)
    if found != STORE_VERSION:
        raise SetupError(
            f"answer store {engine.url.database}: is of version {found}, this merr reads "
            f"{STORE_VERSION}; use the merr that made it"
        )


def _version(db: Connection) -> int | None:
    """None: there are no tables yet."""
    if not inspect(db).has_table(version.name):
        return None
    found: int | None = db.execute(select(version.c.version)).scalar()
    return found


def _made(db: Connection) -> int:
    """The version, after the tables were made or brought up to date where nobody else did it."""
    found = _version(db)
    if found is None:
        metadata.create_all(db)
        db.execute(insert(version).values(version=STORE_VERSION))
        return STORE_VERSION
    return _add_sound(db) if found == _WITHOUT_SOUND else found


def _one_at_a_time(db: Connection) -> None:
    """Two processes that make or change the tables at once would get in each other's way."""
    if db.dialect.name == "postgresql":
        db.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    else:
        db.exec_driver_sql("BEGIN IMMEDIATE")


def _add_sound(db: Connection) -> int:
    """Of old answers is not known how long their sound was."""
    db.execute(text("ALTER TABLE answers ADD COLUMN sound_s DOUBLE PRECISION"))
    column = "most_sound_s DOUBLE PRECISION DEFAULT 0 NOT NULL"
    db.execute(text(f"ALTER TABLE notes ADD COLUMN {column}"))
    db.execute(update(version).values(version=STORE_VERSION))
    return STORE_VERSION
