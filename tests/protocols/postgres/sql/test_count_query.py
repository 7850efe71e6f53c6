"""The count that a reviewer sees before approving a change: exact, or none."""

import pytest

from tests.protocols.postgres.sql.shop import PLAIN_SHOP, read


@pytest.mark.parametrize(
    ("sql", "count"),
    [
        ("DELETE FROM orders", "SELECT pg_catalog.count(*) FROM orders"),
        ("DELETE FROM orders WHERE id = 5", "SELECT pg_catalog.count(*) FROM orders WHERE id = 5"),
        ("DELETE FROM ONLY archive.orders o WHERE o.id IN (1, 2)",
         "SELECT pg_catalog.count(*) FROM ONLY archive.orders o WHERE o.id IN (1, 2)"),
        ("UPDATE orders SET note = 'x' WHERE note = 'it''s' AND total > -1.5",
         "SELECT pg_catalog.count(*) FROM orders WHERE note = 'it''s' AND total > -1.5"),
        ("UPDATE orders SET note = 'x' WHERE id IN (SELECT id FROM accounts) RETURNING id",
         "SELECT pg_catalog.count(*) FROM orders WHERE id IN (SELECT id FROM accounts)"),
    ],
)  # fmt: skip
def test_counted(sql: str, count: str) -> None:
    assert read(sql).count_query == count


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "INSERT INTO orders (id) VALUES (1)",
        "TRUNCATE orders",
        "DELETE FROM orders WHERE id = $1",
        "DELETE FROM orders USING accounts a WHERE a.id = orders.id",
        "UPDATE orders SET note = 'x' FROM accounts a WHERE a.id = orders.id",
        "WITH x AS (SELECT 1 AS id) DELETE FROM orders WHERE id IN (SELECT id FROM x)",
        "DELETE FROM orders WHERE pay(id) = 1",
        "DELETE FROM orders WHERE id = nextval('orders_id_seq')",
        "DELETE FROM elsewhere",
        "DELETE FROM nowhere",
    ],
)
def test_not_counted(sql: str) -> None:
    """Parameters have no values here; others' code must not run under the gateway's own account."""
    whole = read(sql, PLAIN_SHOP)
    assert whole.count_query is None
