"""Servers and gateways that the end-to-end tests share."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import psycopg
import pytest

from tests.e2e.elsewhere import Elsewhere
from tests.e2e.shop import LABELS, make_shop, make_workshop
from tests.rig.gateway import Gateway, SessionLogin, Target
from tests.rig.servers import Server, free_port

SETTINGS = """
[access]
login_attempts_per_address = 10000
[timeouts]
handshake_seconds = 3
target_connect_seconds = 3
"""
FREE_HANDS = """
@id("tests.workshop")
@description("In the workshop statements change things without a second person.")
permit (
  principal is Person,
  action in [Action::"write", Action::"ddl", Action::"admin"],
  resource == Target::"workshop"
);
"""
STATIC_USER = "reporter"
MakeLogin = Callable[..., SessionLogin]
Connect = Callable[..., "psycopg.Connection[Any]"]


@pytest.fixture(scope="session")
def gateway(postgres18: Server, postgres15: Server) -> Iterator[Gateway]:
    """Takes clients in clear and over TLS. ``orders-db`` and ``workshop`` are on PostgreSQL 18, ``orders-15`` on 15,
    with session roles; ``static-15`` has one read account for all; nothing listens where ``down-db`` should be."""
    for server in (postgres18, postgres15):
        make_shop(server, "e2e_shop")
        server.create_database("e2e_other")
    make_workshop(postgres18, "e2e_workshop")
    password = f"static-{free_port()}"
    postgres15.sql(f"CREATE ROLE {STATIC_USER} LOGIN PASSWORD '{password}'")
    postgres15.sql(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {STATIC_USER}", "e2e_shop")
    targets = [
        # First: the accounts of a server get new passwords with every target.
        Target("down-db", Elsewhere(postgres18, free_port()), ("e2e_shop",)),
        Target("orders-db", postgres18, ("e2e_shop", "e2e_other"), labels=LABELS),
        Target("orders-15", postgres15, ("e2e_shop",), labels=LABELS),
        Target("static-15", postgres15, ("e2e_shop",), labels=LABELS, account=(STATIC_USER, password)),
        Target("workshop", postgres18, ("e2e_workshop",), statement_timeout_seconds=300),
    ]
    with Gateway(targets, settings=SETTINGS, policies=FREE_HANDS) as running:
        yield running


@pytest.fixture(scope="session")
def tls_gateway(postgres15_tls: Server) -> Iterator[Gateway]:
    """TLS everywhere: clients must use it, and the targets are dialled with it."""
    make_shop(postgres15_tls, "e2e_shop")
    make_workshop(postgres15_tls, "e2e_workshop")
    targets = [
        Target("orders-db", postgres15_tls, ("e2e_shop",), labels=LABELS),
        Target("workshop", postgres15_tls, ("e2e_workshop",)),
    ]
    with Gateway(targets, tls=True, settings=SETTINGS, policies=FREE_HANDS) as running:
        yield running


@pytest.fixture(scope="session")
def login(gateway: Gateway) -> MakeLogin:
    """A login of the shared gateway; the same one for the same wish, so that few grants are needed."""
    known: dict[tuple[str, str, tuple[str, ...]], SessionLogin] = {}

    def make(target: str = "orders-db", capabilities: Sequence[str] = ("read",), by: str = "ada") -> SessionLogin:
        wish = (target, by, tuple(capabilities))
        if wish not in known:
            known[wish] = gateway.session(target, by=by, capabilities=capabilities)
        return known[wish]

    return make


@pytest.fixture
def connect(login: MakeLogin) -> Iterator[Connect]:
    """psycopg connections, in autocommit, that are closed with the test."""
    opened: list[psycopg.Connection[Any]] = []

    def make(target: str = "orders-db", capabilities: Sequence[str] = ("read",), **more: Any) -> Any:
        opened.append(psycopg.connect(login(target, capabilities).dsn(**more), autocommit=True))
        return opened[-1]

    yield make
    for connection in opened:
        connection.close()
