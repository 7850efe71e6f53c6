"""A gateway in front of a server that does what a test tells it, and of a true one for everybody else."""

import secrets
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.hostile.measuring import Beside
from tests.proofs.hostile import HostileServer
from tests.rig.attempts import SETUP
from tests.rig.gateway import Gateway, SessionLogin, Target
from tests.rig.servers import Server

DATABASE = "shop"
LABELS = {"public.customers.email": "email", "public.customers.full_name": ("name", "redact")}
VICTIM_PASSWORD = secrets.token_urlsafe(18)
RECORDED_SECONDS = 5.0
IDLE_SECONDS = 2.0
SETTINGS = """
[access]
login_attempts_per_address = 10000
[timeouts]
handshake_seconds = 5
target_connect_seconds = 2
"""
POLICY = """
@id("tests.write")
@description("The tests change data without a second person.")
permit (principal, action == Action::"write", resource);
"""


def shop_server(major: int = 18, *, tls: bool = False) -> Iterator[Server]:
    with Server(major, tls=tls) as running:
        running.create_database(DATABASE)
        running.sql(SETUP, DATABASE)
        running.sql(f"CREATE ROLE victim LOGIN PASSWORD '{VICTIM_PASSWORD}' IN ROLE pg_read_all_data")
        yield running


@pytest.fixture(scope="session")
def hostile() -> Iterator[HostileServer]:
    """What is real is behind it."""
    for real in shop_server():
        server = HostileServer(real)
        yield server
        server.close()


@pytest.fixture(scope="session")
def gateway(hostile: HostileServer) -> Iterator[Gateway]:
    for shop in shop_server():
        targets = [
            Target("hostile-db", hostile, (DATABASE,), labels=LABELS, account=("victim", VICTIM_PASSWORD)),
            Target("shop-db", shop, (DATABASE,), labels=LABELS),
        ]
        with Gateway(targets, settings=SETTINGS, policies=POLICY) as running:
            yield running


@pytest.fixture(scope="session")
def victim(gateway: Gateway) -> SessionLogin:
    """Whose target is hostile."""
    return gateway.session("hostile-db", capabilities=("read", "export", "write"))


@pytest.fixture(scope="session")
def neighbour_login(gateway: Gateway) -> SessionLogin:
    return gateway.session("shop-db")


@pytest.fixture(scope="session")
def idle_p99_ms(neighbour_login: SessionLogin) -> float:
    """What the neighbour has when nothing else happens."""
    with Beside(neighbour_login) as beside:
        time.sleep(IDLE_SECONDS)
    return beside.p99_ms


class Ends:
    """How sessions ended that start from now on."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._before = {record["session_id"] for record in self._records("session.started")}

    def reason(self) -> str:
        """Of the one session that there was; its end is on the log in a moment at the latest."""
        deadline = time.monotonic() + RECORDED_SECONDS
        while time.monotonic() < deadline:
            ended = [r for r in self._records("session.ended") if r["session_id"] not in self._before]
            if ended:
                assert len(ended) == 1, ended
                return str(ended[0]["fields"]["reason"])
            time.sleep(0.02)
        raise AssertionError("no end is on the log")

    def _records(self, kind: str) -> list[Any]:
        found = self._gateway.api("GET", f"/audit/records?kind={kind}&target=hostile-db&limit=500", by="sam")
        return list(found["records"])


def live_on_hostile(gateway: Gateway) -> list[str]:
    """The ids of the sessions that the gateway has there."""
    live = gateway.api("GET", "/sessions", by="sam")["items"]
    return [item["id"] for item in live if item["target"] == "hostile-db"]


@pytest.fixture
def ends(gateway: Gateway) -> Ends:
    return Ends(gateway)
