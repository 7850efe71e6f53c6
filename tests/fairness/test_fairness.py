"""Each scenario, beside a point query in a process of its own; and what happens to rows too long to be masked.

The bound is coarse: two cores are shared with the server, the heavy session and the other half of the suite. What a
neighbour notices on a quiet machine are the figures ``fairness_*`` of ``make bench`` (20 ms at p99).
"""

from collections.abc import Iterator

import psycopg
import pytest

from tests.fairness.scenarios import LONG_ROW_BYTES, SCENARIOS
from tests.hostile.conftest import DATABASE, LABELS, SETTINGS, shop_server
from tests.hostile.measuring import Beside, Growth
from tests.rig.gateway import Gateway, SessionLogin, Target

SECONDS = 1.0
NOTICED_MS = 250
MOST_MIB = 64


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    for shop in shop_server():
        target = Target("shop-db", shop, (DATABASE,), labels=LABELS)
        with Gateway([target], settings=SETTINGS) as running:
            yield running


@pytest.fixture(scope="module")
def quiet(gateway: Gateway) -> SessionLogin:
    return gateway.session("shop-db", by="grace")


@pytest.fixture
def busy(gateway: Gateway) -> SessionLogin:
    return gateway.session("shop-db")


def test_a_row_longer_than_can_be_masked_is_refused(busy: SessionLogin) -> None:
    with psycopg.connect(busy.dsn(), autocommit=True) as connection, pytest.raises(psycopg.Error) as refused:
        connection.execute(f"SELECT repeat('x', {LONG_ROW_BYTES})")
    assert refused.value.sqlstate == "54000" and "Rule: postgres.limit.row" in str(refused.value)


@pytest.mark.parametrize("size", [1_000_000, 8_000_000])
def test_a_long_row_is_masked_whole(busy: SessionLogin, size: int) -> None:
    """And one character more or less does not lose the address in it."""
    with psycopg.connect(busy.dsn(), autocommit=True) as connection:
        query = f"SELECT repeat('word ', {size // 10}) || 'ann@example.com' || repeat(' word', {size // 10})"
        [(value,)] = connection.execute(query).fetchall()
    assert "ann@example.com" not in value and len(value) > size - 100


@pytest.mark.parametrize("name", SCENARIOS)
def test_others_do_not_notice(gateway: Gateway, quiet: SessionLogin, busy: SessionLogin, name: str) -> None:
    with Beside(quiet) as beside, Growth(gateway) as growth:
        SCENARIOS[name](busy, SECONDS)
    assert beside.p99_ms < NOTICED_MS and growth.most_mib < MOST_MIB, (beside.p99_ms, growth.most_mib)
