"""One gateway in front of one small shop, for proofs that do not need their own."""

import secrets
import time
from collections.abc import Iterator

import pytest

from tests.proofs.hostile import DownServer, HostileServer, SilentServer
from tests.proofs.neighbour import Neighbour
from tests.rig.attempts import SETUP
from tests.rig.gateway import Gateway, SessionLogin, Target
from tests.rig.servers import Server

DATABASE = "shop"
LABELS = {"public.customers.email": "email", "public.customers.full_name": ("name", "redact")}
VICTIM_PASSWORD = secrets.token_urlsafe(18)
RECORDED_SECONDS = 5.0
SETTINGS = """
[access]
login_attempts_per_address = 10000
[timeouts]
handshake_seconds = 2
target_connect_seconds = 2
"""


def _serve() -> Iterator[Server]:
    with Server(18) as running:
        running.create_database(DATABASE)
        running.sql(SETUP, DATABASE)
        yield running


@pytest.fixture(scope="session")
def shop() -> Iterator[Server]:
    yield from _serve()


@pytest.fixture(scope="session")
def spare() -> Iterator[Server]:
    """For gateways of a test's own: a server's accounts get new passwords with every gateway that is made for it."""
    yield from _serve()


@pytest.fixture(scope="session")
def hostile() -> Iterator[HostileServer]:
    """A target's server that may do anything; one behind it is real."""
    for real in _serve():
        real.sql(f"CREATE ROLE victim LOGIN PASSWORD '{VICTIM_PASSWORD}' IN ROLE pg_read_all_data")
        server = HostileServer(real)
        yield server
        server.close()


@pytest.fixture(scope="session")
def gateway(shop: Server, hostile: HostileServer) -> Iterator[Gateway]:
    """``down-db`` is not there, ``silent-db`` says nothing, ``hostile-db`` does what a test tells it."""
    silent = SilentServer(shop)
    targets = [
        # First: a server's accounts get new passwords with every target.
        Target("silent-db", silent, (DATABASE,)),
        Target("down-db", DownServer(shop), (DATABASE,)),
        Target("hostile-db", hostile, (DATABASE,), labels=LABELS, account=("victim", VICTIM_PASSWORD)),
        Target("shop-db", shop, (DATABASE,), labels=LABELS),
    ]
    with Gateway(targets, settings=SETTINGS) as running:
        yield running
    silent.close()


@pytest.fixture(scope="session")
def login(gateway: Gateway) -> SessionLogin:
    return gateway.session("shop-db")


@pytest.fixture
def neighbour(login: SessionLogin) -> Iterator[Neighbour]:
    """Unharmed by whatever the test does."""
    with Neighbour(login) as going_on:
        yield going_on


class Refusals:
    """Refused connections on the audit log, from now on. They are recorded after the peer was told."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._before = self._count()

    def become(self, number: int) -> None:
        """Just so many there are, in a moment at the latest."""
        deadline = time.monotonic() + RECORDED_SECONDS
        while (found := self._count() - self._before) < number and time.monotonic() < deadline:
            time.sleep(0.02)
        assert found == number

    def _count(self) -> int:
        found = self._gateway.api("GET", "/audit/records?kind=connection.refused&limit=500", by="sam")
        return len(found["records"])


@pytest.fixture
def refusals(gateway: Gateway) -> Refusals:
    return Refusals(gateway)
