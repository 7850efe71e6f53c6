"""The one writer: whatever is submitted while a transaction is under way goes into the next, in order.

Each submission is applied whole or not at all, under its own savepoint, so that one that contradicts the state fails
alone. Nobody is told of success before the commit is durable.
"""

import asyncio
from collections.abc import Sequence

from sqlalchemy import insert, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from safelight.adapters.storage import tables as t
from safelight.adapters.storage.database import STORAGE_FAILED, plain
from safelight.adapters.storage.rows import SHAPE_OF, approval_rows
from safelight.domain.access_request import AccessRequest
from safelight.ports.store import Add, Change, Replace, StoreConflict, StoreUnavailable

MAXIMUM_WAITING = 10_000
MAXIMUM_BATCH = 500

Submission = tuple[Sequence[Change], "asyncio.Future[None]"]


class Writer:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._waiting: list[Submission] = []
        self._wake = asyncio.Event()
        self._closing = False
        self._task = asyncio.create_task(self._run())
        self.batches = 0

    async def submit(self, changes: Sequence[Change]) -> None:
        """Raises: StoreUnavailable, StoreConflict: nothing of ``changes`` was stored."""
        if self._closing or self._task.done():
            raise StoreUnavailable("the store is closed")
        if len(self._waiting) >= MAXIMUM_WAITING:
            raise StoreUnavailable("the store is too slow: too many changes wait")
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((tuple(changes), done))
        self._wake.set()
        await done

    async def close(self) -> None:
        self._closing = True
        self._wake.set()
        await self._task

    async def _run(self) -> None:
        while not (self._closing and not self._waiting):
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                batch, self._waiting = self._waiting[:MAXIMUM_BATCH], self._waiting[MAXIMUM_BATCH:]
                await self._write(batch)

    async def _write(self, batch: Sequence[Submission]) -> None:
        conflicts: dict[int, StoreConflict] = {}
        try:
            async with self._engine.begin() as connection:
                for number, (changes, _) in enumerate(batch):
                    try:
                        async with connection.begin_nested():
                            for change in changes:
                                await _apply(connection, change)
                    except (StoreConflict, IntegrityError) as cause:
                        conflicts[number] = StoreConflict(plain(cause))
        except STORAGE_FAILED as cause:
            failure = StoreUnavailable(f"the state cannot be written: {plain(cause)}")
            for _, done in batch:
                _settle(done, failure)
            return
        self.batches += 1
        for number, (_, done) in enumerate(batch):
            _settle(done, conflicts.get(number))


def _settle(done: "asyncio.Future[None]", problem: Exception | None) -> None:
    if done.done():
        return
    if problem is None:
        done.set_result(None)
    else:
        done.set_exception(problem)


async def _apply(connection: AsyncConnection, change: Change) -> None:
    if isinstance(change, Add):
        shape = SHAPE_OF[type(change.record)]
        await connection.execute(insert(shape.table), shape.to_row(change.record))
        if isinstance(change.record, AccessRequest):
            await _add_approvals(connection, change.record, 0)
        return
    await _replace(connection, change)


async def _replace(connection: AsyncConnection, change: Replace) -> None:
    shape = SHAPE_OF[type(change.after)]
    row = shape.to_row(change.after)
    (identity,) = shape.table.primary_key.columns
    result = await connection.execute(update(shape.table).where(identity == row.pop(identity.name)).values(row))
    if result.rowcount != 1:
        raise StoreConflict(f"a change to what is not stored ({shape.table.name})")
    if isinstance(change.after, AccessRequest) and isinstance(change.before, AccessRequest):
        await _add_approvals(connection, change.after, len(change.before.approvals))


async def _add_approvals(connection: AsyncConnection, request: AccessRequest, known: int) -> None:
    rows = approval_rows(request, known)
    if rows:
        await connection.execute(insert(t.request_approvals), rows)
