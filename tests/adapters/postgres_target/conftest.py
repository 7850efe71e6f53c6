"""A small database on a real server, the gateway's accounts on it, and its administration at work."""

import asyncio
import functools
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest

from safelight.adapters.postgres_target.admin import PostgresTargetAdmin
from safelight.dataplane.postgres.dial import dial
from safelight.domain.masking import Strategy
from safelight.domain.target import AccountMode, ColumnLabel, Target, TargetKind, TlsMode
from safelight.ports.secrets import Secret
from tests.rig.accounts import Accounts, create_accounts
from tests.rig.servers import Server

SHOP = """
CREATE TABLE customers (id int PRIMARY KEY, name text, email text, note text);
INSERT INTO customers SELECT n, 'name ' || n, 'c' || n || '@example.test', 'note' FROM generate_series(1, 50) n;
CREATE TABLE orders (id int, customer int REFERENCES customers, at date, email text) PARTITION BY RANGE (at);
CREATE TABLE orders_2024 PARTITION OF orders FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE orders_2025 PARTITION OF orders FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE VIEW customer_view AS SELECT id, email FROM customers;
CREATE FUNCTION shout(text) RETURNS text LANGUAGE sql VOLATILE AS 'SELECT upper($1)';
CREATE SEQUENCE tickets;
"""


class FakeSecrets:
    """Secrets by name."""

    def __init__(self, **values: str) -> None:
        self._values = values

    def get(self, name: str) -> Secret[str]:
        return Secret(self._values[name])


def label(table: str, column: str, name: str = "email") -> ColumnLabel:
    return ColumnLabel("public", table, column, name, Strategy.PSEUDONYM)


@dataclass(frozen=True)
class Shop:
    """A server, a database on it, and the accounts that reach it."""

    server: Server
    database: str
    accounts: Accounts
    target: Target

    def sql(self, text: str) -> str:
        return self.server.sql(text, self.database)

    def roles(self) -> list[str]:
        """The session roles that exist now."""
        found = self.sql(r"SELECT rolname FROM pg_roles WHERE rolname ~ '^safelight_[rw]_' ORDER BY 1")
        return found.splitlines()


@pytest.fixture(scope="module", params=[15, 18])
def shop(request: pytest.FixtureRequest) -> Iterator[Shop]:
    """On a server of its own: gateways of other tests make session roles too."""
    with Server(request.param) as server:
        database = server.create_database()
        server.sql(SHOP, database)
        accounts = create_accounts(server, database)
        yield Shop(server, database, accounts, target_of(server, database, accounts))


def target_of(server: Server, database: str, accounts: Accounts) -> Target:
    return Target(
        name="orders-db",
        kind=TargetKind.POSTGRES,
        host=server.host,
        port=server.port,
        databases=(database,),
        tls=TlsMode.VERIFY_FULL if server.ca_file else TlsMode.DISABLE,
        tls_ca_file=str(server.ca_file) if server.ca_file else None,
        account_mode=AccountMode.EPHEMERAL,
        account_user=None,
        account_secret=None,
        admin_user=accounts.admin,
        admin_secret="admin",
        read_role=accounts.read_role,
        write_role=accounts.write_role,
        service="orders",
        labels={},
        columns=(label("customers", "email"),),
        statement_timeout_seconds=30,
    )


def static(shop: Shop, **changes: Any) -> Target:
    """The same database with one shared account: the superuser's unless told otherwise."""
    values: dict[str, Any] = {
        "account_mode": AccountMode.STATIC,
        "account_user": "postgres",
        "account_secret": "superuser",
        "admin_user": None,
        "admin_secret": None,
    }
    return replace(shop.target, **(values | changes))


@pytest.fixture(scope="session")
def executor() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


Administer = Callable[..., AbstractAsyncContextManager[PostgresTargetAdmin]]


@pytest.fixture
def administer(shop: Shop, executor: ThreadPoolExecutor) -> Administer:
    """``async with administer() as admin``: the administration of the shop, or of another target on its server."""

    @asynccontextmanager
    async def running(
        target: Target | None = None, *, node: str = "test", warm: int = 2, secrets: Mapping[str, str] | None = None
    ) -> AsyncIterator[PostgresTargetAdmin]:
        dialer = functools.partial(dial, executor=executor, timeout_seconds=5.0)
        known = FakeSecrets(admin=shop.accounts.admin_password, superuser=shop.server.password, **(secrets or {}))
        admin = PostgresTargetAdmin(target or shop.target, known, node=node, warm=warm, dial=dialer)
        try:
            await admin.start()
            yield admin
        finally:
            await admin.close()

    return running


async def until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    """Wait until ``condition`` holds."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while not condition():
        assert loop.time() < deadline, "it did not come true in time"
        await asyncio.sleep(0.01)
