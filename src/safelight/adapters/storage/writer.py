"""The one writer: whatever is submitted while a transaction is under way goes into the next, in order. Nobody is told
of success before the commit is durable."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from safelight.ports.store import Change, StoreConflict, StoreUnavailable

MAXIMUM_WAITING = 10_000
MAXIMUM_BATCH = 100

Batch = Sequence[Sequence[Change]]
Write = Callable[[Batch], Awaitable[Sequence[StoreConflict | None]]]


class Writer:
    def __init__(self, write: Write) -> None:
        self._write = write
        self._waiting: list[tuple[Sequence[Change], asyncio.Future[None]]] = []
        self._wake = asyncio.Event()
        self._closing = False
        self._task = asyncio.create_task(self._run(), name="store writer")
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
        """Write what waits, then stop."""
        self._closing = True
        self._wake.set()
        await self._task

    async def _run(self) -> None:
        while not (self._closing and not self._waiting):
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                batch, self._waiting = self._waiting[:MAXIMUM_BATCH], self._waiting[MAXIMUM_BATCH:]
                problems = await self._attempt([changes for changes, _ in batch])
                for (_, done), problem in zip(batch, problems, strict=True):
                    _settle(done, problem)

    async def _attempt(self, batch: Batch) -> Sequence[Exception | None]:
        try:
            conflicts = await self._write(batch)
        except StoreUnavailable as problem:
            return [problem] * len(batch)
        self.batches += 1
        return conflicts


def _settle(done: "asyncio.Future[None]", problem: Exception | None) -> None:
    if done.done():  # whoever submitted it no longer waits
        return
    if problem is None:
        done.set_result(None)
    else:
        done.set_exception(problem)
