"""Opening the embedded database: one owner, mode 0600, checked, brought to the present schema."""

import fcntl
import os
import sqlite3
from importlib import resources
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool

from safelight.ports.store import StoreUnavailable

BUSY_TIMEOUT_SECONDS = 5.0
STORAGE_FAILED = (DBAPIError, OSError, sqlite3.Error)


def own(path: Path) -> int:
    """Take the state for this process alone: two gateways with one state would each trust their own memory.

    Returns a file descriptor; the state is free again when it is closed, or the process is gone.

    Raises:
        StoreUnavailable
    """
    try:
        descriptor = os.open(path.with_name(path.name + ".owner"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except BlockingIOError as cause:
        os.close(descriptor)
        raise StoreUnavailable(f"another safelight uses the state in {path}") from cause
    except OSError as cause:
        raise StoreUnavailable(f"the state in {path} cannot be opened: {cause.strerror}") from cause
    return descriptor


def connect(path: Path) -> Engine:
    """The database at ``path``, sound and up to date, on one connection that is kept.

    Raises:
        StoreUnavailable: unreadable, corrupt, or made by a newer safelight.
    """
    engine = create_engine(
        f"sqlite:///{path}",
        connect_args={"timeout": BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
        poolclass=StaticPool,
    )
    event.listen(engine, "connect", _prepare_connection)
    event.listen(engine, "begin", _begin)
    try:
        with engine.begin() as connection:
            problems = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
            if problems != "ok":
                raise StoreUnavailable(f"the state in {path} is corrupt: {problems}")
            upgrade(connection)
    except CommandError as cause:
        engine.dispose()
        raise StoreUnavailable(f"the state in {path} was made by another version of safelight: {cause}") from cause
    except STORAGE_FAILED as cause:
        engine.dispose()
        raise StoreUnavailable(f"the state in {path} cannot be read: {plain(cause)}") from cause
    except StoreUnavailable:
        engine.dispose()
        raise
    return engine


def plain(cause: BaseException) -> str:
    """What the database said, without the statement and its values."""
    return str(cause.orig) if isinstance(cause, DBAPIError) else str(cause)


def upgrade(connection: Connection) -> None:
    """Run the migrations that are missing, in the transaction at hand."""
    config = Config()
    config.set_main_option("script_location", str(resources.files("safelight.adapters.storage") / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _prepare_connection(connection: Any, record: object) -> None:
    """Transactions are begun by :func:`_begin` alone. WAL with ``synchronous=FULL``: a commit survives power loss."""
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "trusted_schema = OFF",
        "cell_size_check = ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
