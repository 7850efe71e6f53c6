"""A target's own limits, on a real server: what a forgotten session can hold ends there."""

import time
from collections.abc import Iterator

import psycopg
import pytest

from tests.rig.gateway import Gateway, Target
from tests.rig.servers import Server

DATABASE = "limits"


@pytest.fixture(scope="module")
def gateway(postgres15: Server) -> Iterator[Gateway]:
    postgres15.create_database(DATABASE)
    postgres15.sql("CREATE TABLE things (id int)", DATABASE)
    target = Target(
        "things-db", postgres15, (DATABASE,), lock_timeout_seconds=1, idle_in_transaction_timeout_seconds=2
    )
    with Gateway([target]) as running:
        yield running


@pytest.fixture
def session(gateway: Gateway) -> Iterator[psycopg.Connection]:
    with psycopg.connect(gateway.session("things-db").dsn(), autocommit=True) as connection:
        yield connection


def test_a_wait_for_a_lock_ends(session: psycopg.Connection, postgres15: Server) -> None:
    with psycopg.connect(postgres15.dsn(DATABASE)) as holder:
        holder.execute("LOCK TABLE things IN ACCESS EXCLUSIVE MODE")
        began = time.monotonic()
        with pytest.raises(psycopg.errors.LockNotAvailable):
            session.execute("SELECT id FROM things")
        assert 0.9 < time.monotonic() - began < 5
    assert session.execute("SELECT id FROM things").fetchall() == []


def test_a_forgotten_transaction_ends(session: psycopg.Connection, postgres15: Server) -> None:
    session.execute("BEGIN")
    alive = f"SELECT count(*) FROM pg_stat_activity WHERE pid = {session.info.backend_pid}"
    with psycopg.connect(postgres15.dsn(), autocommit=True) as watching:
        assert watching.execute(alive).fetchone() == (1,)
        until = time.monotonic() + 8
        while watching.execute(alive).fetchone() != (0,):
            assert time.monotonic() < until, "the server still holds the transaction"
            watching.execute("SELECT pg_sleep(0.1)")
    with pytest.raises(psycopg.Error):
        session.execute("SELECT id FROM things")


def test_a_client_cannot_lengthen_them(session: psycopg.Connection) -> None:
    with pytest.raises(psycopg.Error):
        session.execute("SET idle_in_transaction_session_timeout = '1h'")
    assert session.execute("SHOW idle_in_transaction_session_timeout").fetchone() == ("2s",)


def test_they_are_shown(gateway: Gateway) -> None:
    shown = gateway.api("GET", "/targets/things-db", by="ada")
    assert shown["lock_timeout_seconds"] == 1
    assert shown["idle_in_transaction_timeout_seconds"] == 2
