"""The store of an embedded node: SQLite in write-ahead mode, one file, one owner.

All of it runs on one thread of its own, with one turn to that thread for each transaction; a driver that speaks
asyncio takes several for each statement. The loop of the data plane never waits for a disk.
"""

import asyncio
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sqlalchemy import Engine

from safelight.adapters.storage.database import connect, own
from safelight.adapters.storage.reading import load
from safelight.adapters.storage.writer import Batch, Writer
from safelight.adapters.storage.writing import write
from safelight.ports.store import Change, Loaded, StoreConflict


class SqlStore:
    """Made by :meth:`open`; implements :class:`safelight.ports.store.Store`."""

    def __init__(self, engine: Engine, owner: int, thread: ThreadPoolExecutor) -> None:
        self.engine = engine
        self._owner = owner
        self._thread = thread
        self._closed = False
        self.writer = Writer(self._write)

    @classmethod
    async def open(cls, path: Path) -> "SqlStore":
        """Raises: StoreUnavailable: in use, unreadable, corrupt, or made by another version."""
        owner = own(path)
        thread = ThreadPoolExecutor(1, thread_name_prefix="store")
        try:
            engine = await asyncio.get_running_loop().run_in_executor(thread, connect, path)
        except BaseException:
            thread.shutdown(wait=False)
            os.close(owner)
            raise
        return cls(engine, owner, thread)

    async def load(self, *, now_ms: int, history: int) -> Loaded:
        return await asyncio.get_running_loop().run_in_executor(self._thread, load, self.engine, now_ms, history)

    async def apply(self, changes: Sequence[Change]) -> None:
        await self.writer.submit(changes)

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        await self.writer.close()
        await asyncio.get_running_loop().run_in_executor(self._thread, self.engine.dispose)
        self._thread.shutdown()
        os.close(self._owner)

    async def _write(self, batch: Batch) -> Sequence[StoreConflict | None]:
        return await asyncio.get_running_loop().run_in_executor(self._thread, write, self.engine, batch)
