"""A session that may read changes nothing: the whole corpus of attempts, by both protocols, on both servers.

Twice: with an ephemeral account, where the server helps, and with a superuser's as the worst that a target can be
configured with, where nothing but our reading of the text stands between an attempt and the server.
"""

import secrets
from collections.abc import Iterator

import psycopg
import pytest
from psycopg.pq import ExecStatus, TransactionStatus

from tests.rig.attempts import SETUP, Attempt, attempts
from tests.rig.gateway import Gateway, SessionLogin, Target
from tests.rig.servers import Server
from tests.rig.state import server_state

DATABASE = "shop"
LABELS = {"public.customers.email": "email", "public.customers.full_name": ("name", "redact")}


@pytest.fixture(scope="module", params=[15, 18])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with Server(request.param) as running:
        running.create_database(DATABASE)
        running.sql(SETUP, DATABASE)
        yield running


def _account(server: Server, kind: str) -> str | tuple[str, str]:
    if kind == "ephemeral":
        return kind
    user, password = f"almighty_{secrets.token_hex(4)}", secrets.token_urlsafe(18)
    server.sql(f"CREATE ROLE {user} LOGIN SUPERUSER PASSWORD '{password}'")
    return user, password


@pytest.mark.parametrize("account", ["ephemeral", "superuser"])
def test_every_attempt_leaves_the_server_as_it_was(server: Server, account: str) -> None:
    target = Target("shop-db", server, (DATABASE,), labels=LABELS, account=_account(server, account))
    gateway = Gateway([target])  # makes the accounts a target needs
    before = server_state(server, DATABASE)
    with gateway:
        login = gateway.session("shop-db")
        for extended in (False, True):
            _try_all(login, extended=extended)
    assert server_state(server, DATABASE) == before


def _try_all(login: SessionLogin, *, extended: bool) -> None:
    with psycopg.connect(login.dsn(), autocommit=True) as connection:
        for attempt in attempts():
            refusal = _refusal(connection, attempt, extended=extended)
            assert refusal.startswith("ERROR:  safelight: "), (attempt, refusal)
            assert "DETAIL:  Rule: " in refusal and "HINT:  " in refusal, (attempt, refusal)
            assert connection.execute("SELECT 1").fetchall() == [(1,)], attempt


def _refusal(connection: "psycopg.Connection[tuple[object, ...]]", attempt: Attempt, *, extended: bool) -> str:
    """The error that an attempt ends with; sent as one Query, or as Parse, Bind, Execute."""
    protocol, text = connection.pgconn, attempt.text.encode()
    result = protocol.exec_params(text, []) if extended else protocol.exec_(text)
    assert result.status == ExecStatus.FATAL_ERROR, attempt
    assert protocol.transaction_status == TransactionStatus.IDLE, attempt
    return result.error_message.decode()
