"""The store of an embedded node: SQLite in write-ahead mode, one file, one owner."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from sqlalchemy import Select, not_, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from safelight.adapters.storage import tables as t
from safelight.adapters.storage.database import STORAGE_FAILED, connect, own, plain
from safelight.adapters.storage.rows import SHAPES, Shape, approval
from safelight.adapters.storage.writer import Writer
from safelight.domain.access_request import AccessRequest, Approval
from safelight.ports.store import Change, Loaded, Record, StoreUnavailable

AT_ONCE = 500
"""How many identities go into one IN (…)."""


class SqlStore:
    """Made by :meth:`open`; implements :class:`safelight.ports.store.Store`."""

    def __init__(self, engine: AsyncEngine, owner: int) -> None:
        self._engine = engine
        self._owner = owner
        self._writer = Writer(engine)
        self._closed = False

    @classmethod
    async def open(cls, path: Path) -> "SqlStore":
        """Raises: StoreUnavailable: in use, unreadable, corrupt, or made by another version."""
        owner = own(path)
        try:
            return cls(await connect(path), owner)
        except BaseException:
            os.close(owner)
            raise

    async def load(self, *, now_ms: int, history: int) -> Loaded:
        records: list[Record] = []
        try:
            async with self._engine.connect() as connection:
                for shape in SHAPES:
                    records += await _load(connection, shape, now_ms, history)
        except STORAGE_FAILED as cause:
            raise StoreUnavailable(f"the state cannot be read: {plain(cause)}") from cause
        except (ValueError, TypeError, KeyError) as cause:
            raise StoreUnavailable(f"the state holds something that is not understood: {cause}") from cause
        return Loaded(tuple(records))

    async def apply(self, changes: Sequence[Change]) -> None:
        await self._writer.submit(changes)

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        await self._writer.close()
        await self._engine.dispose()
        os.close(self._owner)


async def _load(connection: AsyncConnection, shape: Shape, now_ms: int, history: int) -> list[Record]:
    query = select(shape.table)
    if shape.live is None:
        queries: list[Select[tuple[object, ...]]] = [query]
    else:
        live = shape.live(now_ms)
        queries = [query.where(live)]
        if shape.latest is not None and history > 0:
            queries.insert(0, query.where(not_(live)).order_by(shape.latest.desc()).limit(history))
    records: list[Record] = []
    for one in queries:
        rows = (await connection.execute(one)).mappings().all()
        # The latest come newest first from the database; in memory the oldest is forgotten first.
        records += [shape.from_row(row) for row in reversed(rows)]
    if shape.kind is AccessRequest:
        return await _with_approvals(connection, records)
    return records


async def _with_approvals(connection: AsyncConnection, records: Sequence[Record]) -> list[Record]:
    requests = [record for record in records if isinstance(record, AccessRequest)]
    found: dict[str, list[Approval]] = {}
    for start in range(0, len(requests), AT_ONCE):
        ids = [request.id for request in requests[start : start + AT_ONCE]]
        query = select(t.request_approvals).where(t.request_approvals.c.request_id.in_(ids))
        for row in (await connection.execute(query.order_by(t.request_approvals.c.position))).mappings():
            found.setdefault(row["request_id"], []).append(approval(row))
    return [replace(request, approvals=tuple(found.get(request.id, ()))) for request in requests]
