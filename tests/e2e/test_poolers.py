"""PgBouncer between the gateway and the server: found in every mode, even where it drops the settings of a login."""

import secrets
from collections.abc import Iterator
from contextlib import ExitStack

import psycopg
import pytest

from tests.e2e.conftest import SETTINGS
from tests.e2e.elsewhere import Elsewhere
from tests.e2e.shop import LABELS, make_shop
from tests.rig.accounts import create_accounts
from tests.rig.gateway import Gateway, Target
from tests.rig.pgbouncer import PgBouncer
from tests.rig.servers import Server

DATABASE = "e2e_shop"
DROPS_NOTHING = "extra_float_digits"
DROPS_ALL = (
    "search_path, statement_timeout, lock_timeout, idle_in_transaction_session_timeout, row_security, "
    "client_connection_check_interval, default_transaction_read_only, extra_float_digits"
)
"""What a gateway asks for at login. A pooler that is told to drop it lets everybody in, without it."""
POOLERS = {
    f"{mode}-{name}": (mode, dropped)
    for mode in ("session", "transaction", "statement")
    for name, dropped in (("refuses", DROPS_NOTHING), ("drops", DROPS_ALL))
}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server(15) as running:
        make_shop(running, DATABASE)
        yield running


@pytest.fixture(scope="module")
def gateway(server: Server) -> Iterator[Gateway]:
    """A target behind each pooler with one account for all, and ``own`` with session roles; ``direct`` has none."""
    password = secrets.token_urlsafe(18)
    server.sql(f"CREATE ROLE reporter LOGIN PASSWORD '{password}' IN ROLE pg_read_all_data")
    admin = create_accounts(server, DATABASE)
    known, shared = {admin.admin: admin.admin_password}, ("reporter", password)
    targets = [Target("direct", server, (DATABASE,), labels=LABELS, account=shared)]
    with ExitStack() as running:
        for name, (mode, dropped) in POOLERS.items():
            pooler = running.enter_context(
                PgBouncer(server, DATABASE, *shared, more_users=known, pool_mode=mode, dropped=dropped)
            )
            behind = Elsewhere(server, pooler.port)
            targets.append(Target(name, behind, (DATABASE,), labels=LABELS, account=shared))
        targets.append(Target("own", behind, (DATABASE,), labels=LABELS))
        yield running.enter_context(Gateway(targets, settings=SETTINGS))


@pytest.mark.parametrize("target", [*POOLERS, "own"])
def test_a_target_behind_a_pooler_is_refused_with_the_reason(gateway: Gateway, server: Server, target: str) -> None:
    with pytest.raises(psycopg.OperationalError, match="a connection pooler answers instead of the server"):
        psycopg.connect(gateway.session(target).dsn())
    found = gateway.api("GET", f"/targets/{target}/preflight", by="root")
    assert "a connection pooler answers instead of the server" in str(found)


def test_the_same_server_is_used_directly(gateway: Gateway) -> None:
    with psycopg.connect(gateway.session("direct").dsn()) as session:
        assert session.execute("SELECT count(*) FROM orders").fetchone() == (900,)
