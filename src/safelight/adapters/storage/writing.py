"""One transaction with many submissions in it. Runs on the store's own thread."""

from collections.abc import Sequence

from sqlalchemy import Connection, Engine, insert, update
from sqlalchemy.exc import IntegrityError

from safelight.adapters.storage import tables as t
from safelight.adapters.storage.database import STORAGE_FAILED, plain
from safelight.adapters.storage.rows import SHAPE_OF, approval_rows
from safelight.domain.access_request import AccessRequest
from safelight.ports.store import Change, Replace, StoreConflict, StoreUnavailable


def write(engine: Engine, submissions: Sequence[Sequence[Change]]) -> list[StoreConflict | None]:
    """Store every submission whole or not at all, in order, and commit durably; says which contradicted the state.

    Raises:
        StoreUnavailable: nothing was stored.
    """
    try:
        with engine.begin() as connection:
            return [_write_one(connection, changes) for changes in submissions]
    except STORAGE_FAILED as cause:
        raise StoreUnavailable(f"the state cannot be written: {plain(cause)}") from cause


def _write_one(connection: Connection, changes: Sequence[Change]) -> StoreConflict | None:
    """Under a savepoint of its own, so that one that contradicts the state fails alone."""
    try:
        with connection.begin_nested():
            for change in changes:
                _apply(connection, change)
    except StoreConflict as conflict:
        return conflict
    except IntegrityError as cause:
        contradiction = StoreConflict(plain(cause))
        contradiction.__cause__ = cause
        return contradiction
    return None


def _apply(connection: Connection, change: Change) -> None:
    if isinstance(change, Replace):
        _replace(connection, change)
        return
    shape = SHAPE_OF[type(change.record)]
    connection.execute(insert(shape.table), shape.to_row(change.record))
    if isinstance(change.record, AccessRequest):
        _add_approvals(connection, change.record, 0)


def _replace(connection: Connection, change: Replace) -> None:
    shape = SHAPE_OF[type(change.after)]
    row = shape.to_row(change.after)
    (identity,) = shape.table.primary_key.columns
    result = connection.execute(update(shape.table).where(identity == row.pop(identity.name)).values(row))
    if result.rowcount != 1:
        raise StoreConflict(f"a change to what is not stored ({shape.table.name})")
    if isinstance(change.after, AccessRequest) and isinstance(change.before, AccessRequest):
        _add_approvals(connection, change.after, len(change.before.approvals))


def _add_approvals(connection: Connection, request: AccessRequest, known: int) -> None:
    rows = approval_rows(request, known)
    if rows:
        connection.execute(insert(t.request_approvals), rows)
