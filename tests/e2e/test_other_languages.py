"""pgx (Go), node-pg (JavaScript) and pgjdbc (Java) over TLS: each does the same, and what it saw is judged here.

The programs are in ``clients_pgx``, ``clients_node`` and ``clients_java``; each runs once.
"""

from typing import Any

import pytest

from tests.e2e.shop import leaks
from tests.rig.gateway import Gateway
from tests.rig.other_languages import run
from tests.rig.servers import Server

DRIVERS = {"pgx": 71, "node-pg": 72, "pgjdbc": 73}
"""Each with its own rows: these begin with so many ten thousands."""
Seen = dict[str, Any]


@pytest.fixture(scope="module", params=DRIVERS)
def driver(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def seen(driver: str, tls_gateway: Gateway) -> Seen:
    """Every connection asks for SCRAM-SHA-256-PLUS and a verified certificate: without, nothing is seen."""
    logins = {
        "shop": tls_gateway.session("orders-db", capabilities=("read", "export")),
        "workshop": tls_gateway.session("workshop", capabilities=("read", "write")),
    }
    return run(driver, logins)


def test_rows_are_masked_in_text_and_in_binary(seen: Seen) -> None:
    for how in ("simple", "prepared"):
        rows = seen[how]
        assert [row[0] for row in rows] == [1, 2, 3, 4, 5]
        assert not leaks(rows)
        assert all(row[1].endswith("@masked.invalid") for row in rows)
        assert all(row[2].startswith("please write to ") and row[2].endswith(" today") for row in rows)
    assert seen["simple"] == seen["prepared"]


def test_an_array_is_masked_by_element(seen: Seen) -> None:
    assert len(seen["array"]) == 3 and seen["array"][1:] == ["plain", None]
    assert not leaks(seen["array"])


def test_a_refusal_has_its_rule_and_next_step_and_the_session_goes_on(seen: Seen) -> None:
    refused = seen["refused"]
    assert refused["sqlstate"] == "42501" and refused["message"].startswith("safelight: ")
    assert refused["detail"].startswith("Rule: ") and refused["hint"]
    assert seen["after_refusal"] == 42


def test_a_statement_is_cancelled_and_the_session_goes_on(seen: Seen) -> None:
    assert seen["cancelled"]["sqlstate"] == "57014"
    assert seen["after_cancel"] == 42


def test_a_refusal_among_others_takes_its_own_batch_only(seen: Seen, driver: str) -> None:
    """pgx prepares them all under one Sync before it runs any; node-pg sends one by one; pgjdbc is told once,
    and the change before the failure is undone."""
    expected = {"pgx": ["42501", "42501", "42501"], "node-pg": ["1", "42501", "3"], "pgjdbc": ["42501", "1111"]}
    assert seen["pipeline"] == expected[driver]
    assert seen["after_pipeline"] == 42


def test_transactions_commit_fail_and_roll_back(seen: Seen) -> None:
    assert seen["refused_in_transaction"]["sqlstate"] == "42501"
    assert seen["then"]["sqlstate"] == "25P02"
    assert seen["size"] == 1111


def test_copying_both_ways(seen: Seen, driver: str, postgres15_tls: Server) -> None:
    assert seen["copied_in"] == 100
    first = DRIVERS[driver] * 10_000
    count = f"SELECT count(*), sum(size) FROM things WHERE id BETWEEN {first} AND {first + 99}"
    assert postgres15_tls.sql(count, "e2e_workshop") == "100|4950"
    assert len(seen["copied_out"]) == 300 and not leaks(seen["copied_out"])
    assert all("@masked.invalid" in line for line in seen["copied_out"])


@pytest.mark.parametrize("driver", ["pgjdbc"], scope="module", indirect=True)
def test_what_jdbc_tells_tools_about_the_database(seen: Seen) -> None:
    """``DatabaseMetaData``, which graphical tools ask first, and rows fetched in parts by a portal."""
    assert seen["fetched_in_parts"] == 300
    assert seen["tables"] == ["customers", "orders", "stock"]
    assert seen["columns"] == ["id", "customer_id", "customer_email", "total"]
    assert seen["keys"] == ["id"] and seen["references"] == ["customers"]
    assert seen["indexes"] == ["orders_pkey"]
    assert "public" in seen["schemas"] and seen["types"] > 50
