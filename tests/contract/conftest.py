"""One gateway for the contract suite, and every protocol's harness on it."""

from collections.abc import Callable, Iterator

import pytest

from tests.contract.harness import Client, Harness
from tests.contract.postgres import POLICY, SETUP, PostgresHarness
from tests.rig.gateway import Gateway, SessionLogin, Target
from tests.rig.servers import Server

SETTINGS = """
[access]
minimum_grant_seconds = 1
notice_before_end_seconds = 2
incident_warning_seconds = 1
hold_timeout_seconds = 60
login_attempts_per_address = 10000
"""
CAPABILITIES = ("read", "write")
Connect = Callable[[SessionLogin], Client]


@pytest.fixture(scope="session")
def contract_gateway(postgres18: Server) -> Iterator[Gateway]:
    postgres18.create_database("contract")
    postgres18.sql(SETUP, "contract")
    target = Target("things-db", postgres18, ("contract",), statement_timeout_seconds=600)
    with Gateway([target], settings=SETTINGS, policies=POLICY) as running:
        yield running


HARNESSES = {"postgres": PostgresHarness}


@pytest.fixture(params=HARNESSES)
def harness(request: pytest.FixtureRequest, contract_gateway: Gateway, postgres18: Server) -> Harness:
    return HARNESSES[request.param](contract_gateway, postgres18, "things-db", "contract")


@pytest.fixture
def connect(harness: Harness) -> Iterator[Connect]:
    """Clients that are gone with the test."""
    clients: list[Client] = []

    def make(login: SessionLogin) -> Client:
        clients.append(harness.connect(login))
        return clients[-1]

    yield make
    for client in clients:
        client.leave()


@pytest.fixture
def lifted(contract_gateway: Gateway) -> Iterator[None]:
    """Whatever the test locks is unlocked after it."""
    yield
    for lock in contract_gateway.api("GET", "/locks", by="sam")["items"]:
        contract_gateway.api("POST", f"/locks/{lock['id']}/lift", by="sam")
