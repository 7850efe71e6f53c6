"""The wall clock is set by an hour while people work (I11): no session ends late, nothing is granted twice."""

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from tests.faults.interposed import Interposed
from tests.faults.stories import connect, ends_within, read, until
from tests.rig.gateway import Target
from tests.rig.servers import Server

HOUR_SECONDS = 3600
SHORT_SECONDS = 6
SETTINGS = """
[access]
minimum_grant_seconds = 1
notice_before_end_seconds = 1
"""


@pytest.fixture
def gateway(shop: Server, tmp_path: Path) -> Iterator[Interposed]:
    with Interposed([Target("shop-db", shop, ("shop",))], tmp_path, settings=SETTINGS) as made:
        yield made


def test_set_back_no_session_ends_late(gateway: Interposed) -> None:
    login = gateway.session("shop-db", seconds=SHORT_SECONDS)
    session = connect(login)
    began = time.monotonic()
    gateway.fault(wall_offset_seconds=-HOUR_SECONDS)
    read(session)
    ends_within(session, SHORT_SECONDS + 3 - (time.monotonic() - began))
    with pytest.raises(psycopg.OperationalError):
        connect(login)


def test_set_forward_it_ends_at_once_and_set_back_again_it_stays_over(gateway: Interposed) -> None:
    login = gateway.session("shop-db", seconds=HOUR_SECONDS // 2)
    waiting = gateway.api(
        "POST",
        "/requests",
        {"targets": ["shop-db"], "capabilities": ["read"], "duration_seconds": 600, "reason": "a look"},
        by="grace",
    )
    session = connect(login)
    gateway.fault(wall_offset_seconds=HOUR_SECONDS + 60)
    ends_within(session, 4)
    until(lambda: _states(gateway) == ["ended"], 4)
    with pytest.raises(httpx.HTTPStatusError):  # nobody decided in time
        gateway.api("POST", f"/requests/{waiting['id']}/approve", {}, by="sam")
    gateway.fault()
    with pytest.raises(psycopg.OperationalError):
        connect(login)
    for person in ("sam", "lin"):
        with pytest.raises(httpx.HTTPStatusError):
            gateway.api("POST", f"/requests/{waiting['id']}/approve", {}, by=person)
    assert _states(gateway) == ["ended"]


def _states(gateway: Interposed) -> list[str]:
    return [grant["state"] for grant in gateway.api("GET", "/grants?ended=true", by="sam")["items"]]
