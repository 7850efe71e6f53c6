"""The contract suite runs against the fake and against SQLite: ``open_store`` opens one state again and again."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from safelight.adapters.storage.sql_store import SqlStore
from safelight.ports.store import Store
from safelight.ports.store_fake import FakeStore

OpenStore = Callable[[], Awaitable[Store]]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(params=["fake", "sqlite"])
async def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[OpenStore]:
    opened: list[Store] = []

    async def fake() -> Store:
        store = FakeStore()
        if opened:
            last = opened[-1]
            assert isinstance(last, FakeStore)
            store.records = last.records
        opened.append(store)
        return store

    async def sqlite() -> Store:
        if opened:
            await opened[-1].close()
        opened.append(await SqlStore.open(tmp_path / "state.db"))
        return opened[-1]

    yield fake if request.param == "fake" else sqlite
    for store in opened:
        await store.close()


@pytest.fixture
async def store(open_store: OpenStore) -> Store:
    return await open_store()
