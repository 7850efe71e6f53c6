"""asyncpg: named statements in binary, cursors by portal, its own introspection of types, timeouts that cancel."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import asyncpg
import pytest

from tests.e2e.conftest import MakeLogin
from tests.e2e.shop import leaks

pytestmark = pytest.mark.anyio
Open = Callable[..., AbstractAsyncContextManager[Any]]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def open_session(login: MakeLogin) -> Open:
    @asynccontextmanager
    async def opening(target: str = "orders-db", capabilities: tuple[str, ...] = ("read",)) -> AsyncIterator[Any]:
        mine = login(target, capabilities)
        session = await asyncpg.connect(
            host=mine.host, port=mine.port, user=mine.user, password=mine.secret, database=mine.database, ssl=False
        )
        try:
            yield session
        finally:
            await session.close()

    return opening


targets = pytest.mark.parametrize("target", ["orders-db", "orders-15"])


@targets
async def test_rows_in_binary(open_session: Open, target: str) -> None:
    async with open_session(target) as session:
        found = [dict(row) for row in await session.fetch("SELECT * FROM customers WHERE id <= $1 ORDER BY id", 5)]
    assert [row["id"] for row in found] == [1, 2, 3, 4, 5]
    assert not leaks(found)
    assert all(row["email"].endswith("@masked.invalid") for row in found)
    assert found[0]["emails"][1:] == ["plain", None]


@targets
async def test_a_cursor_by_portal(open_session: Open, target: str) -> None:
    async with open_session(target) as session, session.transaction():
        seen = [row async for row in session.cursor("SELECT id, email FROM customers ORDER BY id", prefetch=40)]
        assert [row["id"] for row in seen] == list(range(1, 301))
        cursor = await session.cursor("SELECT id, email FROM customers ORDER BY id")
        parts = [await cursor.fetch(10) for _ in range(3)]
    assert [part[0]["id"] for part in parts] == [1, 11, 21]
    assert not leaks(seen) and not leaks(parts)


async def test_moving_a_cursor_is_sql_and_refused(open_session: Open) -> None:
    """asyncpg fetches by the protocol's own means, and moves by MOVE."""
    async with open_session() as session:
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="cursors of SQL"):
            async with session.transaction():
                cursor = await session.cursor("SELECT id FROM customers ORDER BY id")
                await cursor.forward(10)
        assert await session.fetchval("SELECT 1") == 1


async def test_statements_by_name(open_session: Open) -> None:
    async with open_session() as session:
        statement = await session.prepare("SELECT email, id FROM customers WHERE id = $1")
        found = [await statement.fetchrow(n) for n in range(1, 20)]
        assert [row["id"] for row in found] == list(range(1, 20))
        assert not leaks(found)
        assert [a.name for a in statement.get_attributes()] == ["email", "id"]


async def test_many_parameters_at_once(open_session: Open) -> None:
    async with open_session("workshop", ("read", "write")) as session:
        await session.executemany(
            "INSERT INTO things VALUES ($1, $2, $3)", [(40_000 + n, f"n{n}", n) for n in range(100)]
        )
        assert await session.fetchval("SELECT count(*) FROM things WHERE id BETWEEN 40000 AND 40099") == 100


async def test_a_timeout_cancels_and_the_session_goes_on(open_session: Open) -> None:
    async with open_session() as session:
        with pytest.raises(asyncio.TimeoutError):
            await session.fetch("SELECT pg_sleep(50)", timeout=0.3)
        assert await session.fetchval("SELECT 40 + 2") == 42


async def test_a_refusal_has_its_sqlstate_rule_and_next_step(open_session: Open) -> None:
    async with open_session() as session:
        with pytest.raises(asyncpg.InsufficientPrivilegeError) as caught:
            await session.execute("DELETE FROM stock WHERE id = $1", 1)
        assert caught.value.detail.startswith("Rule: ")
        assert caught.value.hint
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await session.fetch("SELECT id FROM customers WHERE email LIKE $1", "p%")
        assert await session.fetchval("SELECT 1") == 1


async def test_copying_both_ways(open_session: Open) -> None:
    async with open_session("workshop", ("read", "write", "export")) as session:
        records = [(50_000 + n, f"copied {n}", n) for n in range(50)]
        assert await session.copy_records_to_table("things", records=records) == "COPY 50"
        parts: list[bytes] = []

        async def take(part: bytes) -> None:
            parts.append(part)

        await session.copy_from_query("SELECT name FROM things WHERE id >= 50000 ORDER BY id", output=take)
        assert b"".join(parts).split(b"\n")[0] == b"copied 0"


async def test_types_of_the_database_are_introspected(open_session: Open) -> None:
    async with open_session("orders-15") as session:
        await session.fetch("SELECT ARRAY[ROW(1, 'a')], '{1,2}'::int[], int4range(1, 5), '2 days'::interval, now()")


async def test_reset_as_pools_do(login: MakeLogin) -> None:
    """asyncpg's pool sends one message of several statements on every release."""
    mine = login()
    async with asyncpg.create_pool(
        host=mine.host, port=mine.port, user=mine.user, password=mine.secret, database=mine.database, ssl=False,
        min_size=1, max_size=2,
    ) as pool:  # fmt: skip
        for n in range(5):
            async with pool.acquire() as session:
                assert await session.fetchval("SELECT $1::int", n) == n
