"""What the tests of faults do again and again: clients of a gateway that is harmed, and how long things took."""

import contextlib
import time
from collections.abc import Callable

import httpx
import psycopg
import pytest

from tests.rig.gateway import Gateway, SessionLogin

Connection = psycopg.Connection[tuple[object, ...]]
FREE_HANDS = """
@id("tests.changes")
@description("Changes need no second person here.")
permit (principal, action == Action::"write", resource);
"""


def connect(login: SessionLogin) -> Connection:
    return psycopg.connect(login.dsn(), autocommit=True)


def read(connection: Connection) -> float:
    """A point query that is answered rightly; how many seconds it took."""
    began = time.monotonic()
    assert connection.execute("SELECT total FROM orders WHERE id = 7").fetchall() == [(21,)]
    return time.monotonic() - began


def ends_within(connection: Connection, seconds: float) -> str:
    """The session ends, and what it is told. Meanwhile a statement may be refused, and that is all."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            with contextlib.suppress(psycopg.errors.InsufficientPrivilege):
                read(connection)
        except psycopg.OperationalError as end:
            return str(end)
        time.sleep(0.05)
    pytest.fail(f"the session lives on after {seconds} s")


def until(what: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.05)


def refused(gateway: Gateway, *, by: str = "grace") -> httpx.Response:
    """Somebody asks for access and is told why that cannot be now."""
    body = {"targets": ["shop-db"], "capabilities": ["read"], "duration_seconds": 600, "reason": "a look"}
    with pytest.raises(httpx.HTTPStatusError) as problem:
        gateway.api("POST", "/requests", body, by=by)
    return problem.value.response
