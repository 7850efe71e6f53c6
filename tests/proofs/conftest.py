"""One gateway in front of one small shop, for proofs that do not need their own."""

from collections.abc import Callable, Iterator

import pytest

from tests.proofs.neighbour import Neighbour
from tests.rig.attempts import SETUP
from tests.rig.gateway import Gateway, SessionLogin, Target
from tests.rig.servers import Server

DATABASE = "shop"
LABELS = {"public.customers.email": "email", "public.customers.full_name": ("name", "redact")}
SETTINGS = """
[access]
login_attempts_per_address = 10000
[timeouts]
handshake_seconds = 2
target_connect_seconds = 2
"""


@pytest.fixture(scope="session")
def shop() -> Iterator[Server]:
    with Server(18) as running:
        running.create_database(DATABASE)
        running.sql(SETUP, DATABASE)
        yield running


@pytest.fixture(scope="session")
def gateway(shop: Server) -> Iterator[Gateway]:
    with Gateway([Target("shop-db", shop, (DATABASE,), labels=LABELS)], settings=SETTINGS) as running:
        yield running


@pytest.fixture(scope="session")
def login(gateway: Gateway) -> SessionLogin:
    return gateway.session("shop-db")


@pytest.fixture
def neighbour(login: SessionLogin) -> Iterator[Neighbour]:
    """Unharmed by whatever the test does."""
    with Neighbour(login) as going_on:
        yield going_on


@pytest.fixture
def refusals(gateway: Gateway) -> Callable[[], int]:
    """How many refused connections the audit log has."""

    def count() -> int:
        found = gateway.api("GET", "/audit/records?kind=connection.refused&limit=500", by="sam")
        return len(found["records"])

    return count
