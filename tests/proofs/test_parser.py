"""Statements that kill the SQL parser, stall it, or are too large for it: refused, and unnoticed by others."""

from collections.abc import Iterator

import psycopg
import pytest

from tests.proofs.audit_trail import records
from tests.proofs.conftest import DATABASE, LABELS
from tests.proofs.neighbour import Neighbour
from tests.rig.gateway import Gateway, SessionLogin, Target
from tests.rig.servers import Server

DEADLY = {
    "a sum of 30,000 terms": "SELECT " + "+".join(["1"] * 30_000),
    "30,000 brackets": "SELECT " + "(" * 30_000 + "1" + ")" * 30_000,
    "30,000 subqueries": "SELECT * FROM " + "(SELECT * FROM " * 30_000 + "orders" + ") x" * 30_000,
    "30,000 negations": "SELECT " + "NOT " * 30_000 + "true",
    "30,000 casts": "SELECT 1" + "::int" * 30_000,
    "30,000 nested arrays": "SELECT " + "ARRAY[" * 30_000 + "1" + "]" * 30_000,
    "30,000 unions": "SELECT 1" + " UNION SELECT 1" * 30_000,
    "30,000 joins": "SELECT 1 FROM orders" + " NATURAL JOIN orders" * 30_000,
    "100,000 columns": "SELECT " + ",".join(["1"] * 100_000),
    "as many columns as fit": "SELECT " + ",".join(["1"] * 400_000),
    "as many statements as fit": "SELECT 1;" * 100_000,
    "one word of a megabyte": "SELECT " + "a" * 1_000_000,
    "more than a megabyte": "SELECT '" + "a" * 1_100_000 + "'",
}

PEOPLE = ("ada", "grace", "lin", "sam")
WHY = ("Rule: postgres.", "memory exhausted", "stack depth")
"""The last two are what PostgreSQL says itself to what its own parser cannot take."""


@pytest.fixture(scope="module")
def gateway(spare: Server) -> Iterator[Gateway]:
    """One of its own: whoever ends the parser too often is not read for a while."""
    with Gateway([Target("shop-db", spare, (DATABASE,), labels=LABELS)]) as running:
        yield running


@pytest.fixture(scope="module")
def login(gateway: Gateway) -> SessionLogin:
    """The neighbour's."""
    return gateway.session("shop-db")


@pytest.mark.parametrize("at", range(len(DEADLY)), ids=list(DEADLY))
def test_it_is_refused_and_the_session_goes_on(gateway: Gateway, neighbour: Neighbour, at: int) -> None:
    by = PEOPLE[at % len(PEOPLE)]
    login = gateway.session("shop-db", by=by)
    with psycopg.connect(login.dsn(), autocommit=True) as connection:
        with pytest.raises(psycopg.Error) as refused:
            connection.execute(list(DEADLY.values())[at].encode())
        assert any(why in str(refused.value) for why in WHY), str(refused.value)[:500]
        assert connection.execute("SELECT 1").fetchall() == [(1,)]
    assert neighbour.slowest_seconds < 0.4


def test_whoever_does_it_again_and_again_is_not_read_for_a_while_and_it_is_on_the_log(
    gateway: Gateway, neighbour: Neighbour
) -> None:
    login = gateway.session("shop-db", by="grace")
    with psycopg.connect(login.dsn(), autocommit=True) as connection:
        known = "SELECT note FROM orders WHERE id = 3"
        connection.execute(known)
        for more in range(4):
            with pytest.raises(psycopg.Error, match=r"postgres\.parser"):
                connection.execute("SELECT " + "+".join(["1"] * (31_000 + more)))
        with pytest.raises(psycopg.Error, match="too often"):
            connection.execute("SELECT note AS never_seen FROM orders WHERE id = 3")
        connection.execute(known)
    found = records(gateway)
    assert sum(record.kind == "analyst.restarted" for record in found) >= 3
    refused = [record for record in found if record.kind == "statement.refused" and record.actor == "grace"]
    assert refused[-1].fields["rule"] == "postgres.parser"
