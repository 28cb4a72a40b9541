"""Opens the database of reviews: a SQLite file in the work folder, or PostgreSQL by URL."""

import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, Insert, Table, create_engine, event, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import OperationalError

from pipeline.answer_store import named_errors, store_url
from pipeline.layout import WorkFolder
from review.migrating import migrate
from review.tables import facts, queues
from schemas.errors import MerrError, SetupError

Clock = Callable[[], int]  # milliseconds since 1970, UTC

WHAT: Final = "review database"
_BUSY_MS: Final = 60_000
# A writer takes the lock at once: one that first reads could find it taken later, and fail.
_TAKE_LOCK: Final = "BEGIN IMMEDIATE"


class ReviewStore:
    """A database of reviews and the clock that its leases run by. Threads may share one; so may
    processes, and machines where it is PostgreSQL."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self.engine = engine
        self.clock = clock
        # SQLite lets writers of one process collide and sleep, and some would wait for seconds.
        self._turn = threading.Lock()
        self._here = threading.local()  # `.db`: what this thread writes together

    @property
    def in_turn(self) -> bool:
        """SQLite takes one write after the other."""
        return self.engine.dialect.name == "sqlite"

    @property
    def _joined(self) -> Connection | None:
        return getattr(self._here, "db", None)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        if self._joined is not None:
            yield self._joined
            return
        with named_errors(self.engine, what=WHAT), self.engine.connect() as db:
            if self.in_turn:
                db.exec_driver_sql("BEGIN")
            yield db

    @contextmanager
    def write(self, queue_id: int | None = None) -> Iterator[Connection]:
        """A transaction, on the disk when it ends. On SQLite writers come one after the other
        anyway; on PostgreSQL those of one queue do."""
        if self._joined is not None:
            yield self._joined
            return
        with self._transaction() as db:
            if queue_id is not None:
                lock_queue(db, queue_id)
            yield db

    @contextmanager
    def together(self) -> Iterator[None]:
        """On SQLite the writes of this thread are one transaction: one wait for the disk. On
        PostgreSQL, where each locks its own queue, they stay apart."""
        if not self.in_turn or self._joined is not None:
            yield
            return
        with self._transaction() as db, self._join(db):
            yield

    @contextmanager
    def apart(self) -> Iterator[None]:
        """Within `together` or `at_once`: what is refused here (MerrError) is as if it had not
        been, and what was written before stays."""
        if self._joined is None:
            yield
            return
        driver = _driver(self._joined)
        driver.execute("SAVEPOINT apart")
        try:
            yield
        except MerrError:
            driver.execute("ROLLBACK TO apart")
            raise
        driver.execute("RELEASE apart")

    @contextmanager
    def at_once(self) -> Iterator[bool]:
        """`together` where nobody else writes now: True. Else False, nothing is locked, and who
        asked waits its turn elsewhere: never on PostgreSQL, whose answers are waited for."""
        if not self.in_turn or not self._turn.acquire(blocking=False):
            yield False
            return
        try:
            named = named_errors(self.engine, what=WHAT)
            with named, self.engine.connect() as db, _impatient(db), db.begin():
                try:
                    db.exec_driver_sql(_TAKE_LOCK)
                except OperationalError:  # another process writes
                    free = False
                else:
                    free = True
                with self._join(db) if free else nullcontext():
                    yield free
        finally:
            self._turn.release()

    @contextmanager
    def _join(self, db: Connection) -> Iterator[None]:
        """What this thread reads and writes meanwhile is part of the transaction."""
        self._here.db = db
        try:
            yield
        finally:
            self._here.db = None

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        turn = self._turn if self.in_turn else nullcontext()
        with named_errors(self.engine, what=WHAT), turn, self.engine.begin() as db:
            if self.in_turn:
                db.exec_driver_sql(_TAKE_LOCK)
            yield db

    def secret(self) -> str:
        """Random, made at first start; the same for ever. For signing."""
        with self.write() as db:
            row = {"name": "secret", "value": secrets.token_hex(32)}
            db.execute(insert_into(db, facts).values(row).on_conflict_do_nothing())
            found: str = db.execute(
                select(facts.c.value).where(facts.c.name == "secret")
            ).scalar_one()
        return found

    def close(self) -> None:
        self.engine.dispose()


def review_file(work: WorkFolder) -> Path:
    return work.reviews


def open_store(db: str | None, *, default: Path, clock: Clock | None = None) -> ReviewStore:
    """The database at a path or URL, made or brought up to date. SetupError when it cannot be
    used, also for one that a later merr has changed."""
    url = store_url(db, default=default, named="--db")
    if url.database and url.drivername == "sqlite":
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    try:
        engine = create_engine(url, hide_parameters=True)
    except ModuleNotFoundError as e:
        raise SetupError(f"{WHAT}: {e.name} is not here: pip install 'merr[postgres]'") from e
    if url.drivername == "sqlite":
        event.listen(engine, "connect", _prepare)
    store = ReviewStore(engine, clock or now_ms)
    try:
        with store.write() as connection:
            migrate(connection)
    except SetupError:
        store.close()
        raise
    return store


def now_ms() -> int:
    return int(datetime.now(UTC).timestamp() * 1000)


def lock_queue(db: Connection, queue_id: int) -> bool:
    """Until the transaction ends nobody else changes the queue. Of several, the lowest first.
    False: nobody else could, already before."""
    if db.dialect.name != "postgresql":
        return False
    db.execute(select(queues.c.queue_id).where(queues.c.queue_id == queue_id).with_for_update())
    return True


def insert_into(db: Connection, table: Table) -> Any:
    return insert_for(db.dialect.name, table)


def insert_for(dialect: str, table: Table) -> Any:
    """Both dialects spell `on conflict` alike, but each brings its own class for it."""
    kinds = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
    statement: Insert = kinds[dialect](table)
    return statement


def _prepare(connection: Any, _: object) -> None:
    """Every commit is on the disk when it returns; transactions begin where we say. (Not in an
    event of the engine: with one, SQLAlchemy asks for listeners six times in every statement.)"""
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout = {_BUSY_MS}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


@contextmanager
def _impatient(connection: Connection) -> Iterator[None]:
    """No wait for a lock that another process holds."""
    driver = _driver(connection)
    driver.execute("PRAGMA busy_timeout = 0")
    try:
        yield
    finally:
        driver.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")


def _driver(connection: Connection) -> Any:
    """sqlite3's own connection: a statement without rows costs a tenth there."""
    return connection.connection.driver_connection
