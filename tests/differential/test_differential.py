"""A few hundred generated statements on every run of the suite; ``make differential N=100000`` runs more."""

import pytest

from safelight.protocols.postgres.sql.analyse import analyse
from tests.differential.comparing import Changed, Differential, decided
from tests.protocols.postgres.sql.shop import SHOP
from tests.rig.servers import Server

STATEMENTS = 400
SEED = 20_251


@pytest.fixture(scope="module")
def differential(postgres18: Server) -> Differential:
    return Differential(postgres18, SEED)


@pytest.mark.parametrize("major", [15, 18])
def test_what_is_decided_as_a_read_changes_nothing(major: int, request: pytest.FixtureRequest) -> None:
    differential = Differential(request.getfixturevalue(f"postgres{major}"), SEED)
    differential.run(STATEMENTS)
    counts = differential.counts
    assert counts["read"] > STATEMENTS // 10 and counts["ran: ok"] > STATEMENTS // 20, counts
    assert counts["more than a read"] > STATEMENTS // 20 and counts["refused"] > 0, counts


@pytest.mark.parametrize(
    "text",
    [
        "SELECT pay(1)",
        "INSERT INTO orders (total) VALUES (1)",
        "SELECT nextval('orders_id_seq')",
        "SELECT lo_create(0)",
        "SELECT pg_advisory_lock(7)",
        "LISTEN jobs",
        "SET work_mem = '1MB'",
        "BEGIN",
        "DECLARE c CURSOR WITH HOLD FOR SELECT 1",
        "CREATE TEMP TABLE made (id int)",
        "SELECT pg_reload_conf()",
    ],
)
def test_a_change_would_be_seen(differential: Differential, text: str) -> None:
    """The comparison itself: each of these changes something that it looks at."""
    with pytest.raises(Changed, match=r"changed by|left open"):
        differential.judge([text])


def test_how_statements_are_told_apart() -> None:
    def of(text: str) -> str:
        return decided(analyse(text.encode(), SHOP, extended=False))

    assert of("SELECT id FROM orders") == "read"
    assert of("SELECT 1; DELETE FROM orders") == "more than a read"
    assert of("BEGIN") == of("SET work_mem = '1MB'") == "of the session"
    assert of("SELECT pg_read_file('x')") == "refused"
    assert of("SELEC") == "not valid"
