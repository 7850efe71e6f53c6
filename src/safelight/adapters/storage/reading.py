"""Everything that :meth:`safelight.ports.store.Store.load` promises. Runs on the store's own thread."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection, Engine, not_, select

from safelight.adapters.storage import tables as t
from safelight.adapters.storage.database import STORAGE_FAILED, plain
from safelight.adapters.storage.rows import SHAPES, Shape, approval
from safelight.domain.access_request import AccessRequest, Approval
from safelight.ports.store import Loaded, Record, StoreUnavailable

AT_ONCE = 500
"""How many identities go into one IN (…)."""


def load(engine: Engine, now_ms: int, history: int) -> Loaded:
    """Raises: StoreUnavailable: it cannot be read, or holds something that is not understood."""
    records: list[Record] = []
    try:
        with engine.begin() as connection:
            for shape in SHAPES:
                records += _load_kind(connection, shape, now_ms, history)
    except STORAGE_FAILED as cause:
        raise StoreUnavailable(f"the state cannot be read: {plain(cause)}") from cause
    except (ValueError, TypeError, KeyError) as cause:
        raise StoreUnavailable(f"the state holds something that is not understood: {cause}") from cause
    return Loaded(tuple(records))


def _load_kind(connection: Connection, shape: Shape, now_ms: int, history: int) -> list[Record]:
    query = select(shape.table)
    queries = [query]
    if shape.live is not None:
        live = shape.live(now_ms)
        queries = [query.where(live)]
        if shape.latest is not None and history > 0:
            queries.insert(0, query.where(not_(live)).order_by(shape.latest.desc()).limit(history))
    records: list[Record] = []
    for one in queries:
        rows = connection.execute(one).mappings().all()
        # The latest come newest first from the database; in memory the oldest is forgotten first.
        records += [shape.from_row(row) for row in reversed(rows)]
    return _with_approvals(connection, records) if shape.kind is AccessRequest else records


def _with_approvals(connection: Connection, records: Sequence[Record]) -> list[Record]:
    requests = [record for record in records if isinstance(record, AccessRequest)]
    found: dict[str, list[Approval]] = {}
    for start in range(0, len(requests), AT_ONCE):
        ids = [request.id for request in requests[start : start + AT_ONCE]]
        query = select(t.request_approvals).where(t.request_approvals.c.request_id.in_(ids))
        for row in connection.execute(query.order_by(t.request_approvals.c.position)).mappings():
            found.setdefault(row["request_id"], []).append(approval(row))
    return [replace(request, approvals=tuple(found.get(request.id, ()))) for request in requests]
