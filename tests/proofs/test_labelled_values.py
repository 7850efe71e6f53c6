"""Attempts to get at labelled values that need the real server: where our reading and its own could differ."""

from collections.abc import Iterator

import psycopg
import pytest

from tests.proofs.conftest import DATABASE, LABELS
from tests.rig.attempts import SETUP
from tests.rig.gateway import Gateway, SessionLogin, Target
from tests.rig.servers import Server

MORE = """
CREATE TABLE people (id int, full_name text);
INSERT INTO people SELECT id + 10, full_name FROM customers;
CREATE TABLE child () INHERITS (customers);
INSERT INTO child (id, email, full_name) VALUES (99, 'person99@example.com', 'Person 99');
CREATE TABLE parted (id int, full_name text) PARTITION BY RANGE (id);
CREATE TABLE part_1 PARTITION OF parted FOR VALUES FROM (0) TO (1000);
INSERT INTO parted SELECT id, full_name FROM customers;
CREATE VIEW both_of_them AS SELECT c.full_name, o.total FROM customers c JOIN orders o ON o.customer_id = c.id;
CREATE TABLE copied AS SELECT 1 AS id;
CREATE RULE spill AS ON INSERT TO copied DO ALSO SELECT full_name FROM customers;
REFRESH MATERIALIZED VIEW customer_names;
"""
MORE_LABELS = {"public.people.full_name": ("name", "redact"), "public.parted.full_name": ("name", "redact")}


@pytest.fixture(scope="module")
def login() -> Iterator[SessionLogin]:
    with Server(18) as server:
        server.create_database(DATABASE)
        server.sql(SETUP + MORE, DATABASE)
        target = Target("shop-db", server, (DATABASE,), labels=LABELS | MORE_LABELS)
        with Gateway([target]) as gateway:
            yield gateway.session("shop-db", capabilities=("read", "export"))


READS = [
    "SELECT full_name FROM customers JOIN people USING (full_name)",
    "SELECT full_name FROM customers LEFT JOIN people USING (full_name)",
    "SELECT full_name FROM customers RIGHT JOIN people USING (full_name)",
    "SELECT full_name FROM customers FULL JOIN people USING (full_name)",
    "SELECT x FROM customers AS c (a, b, c, x)",
    "SELECT (full_name) FROM ONLY customers",
    "TABLE customers",
    "SELECT * FROM child",
    "SELECT full_name FROM part_1",
    "SELECT * FROM both_of_them",
    "SELECT full_name FROM customer_names",
    "SELECT full_name || '' FROM customers",
    'SELECT full_name COLLATE "C" FROM customers',
    "SELECT coalesce(full_name, email) FROM customers",
    "WITH RECURSIVE r (n) AS (SELECT full_name FROM customers) SELECT n FROM r",
    "SELECT s.* FROM customers c CROSS JOIN LATERAL (SELECT c.full_name) s",
    "SELECT full_name FROM customers TABLESAMPLE bernoulli (100)",
    "SELECT (SELECT full_name FROM customers WHERE id = 1)",
    "SELECT c FROM customers c",
    "SELECT to_jsonb(c) FROM customers c",
    "SELECT full_name(c) FROM customers c",
    "SELECT array_agg(full_name) FROM customers",
    "SELECT max(full_name) FROM customers",
    "SELECT DISTINCT full_name FROM customers",
    "SELECT full_name FROM customers UNION SELECT 'Person 0'",
    "SELECT v.n FROM (VALUES ('Person 1'), ('Person 2')) v (n) JOIN customers ON full_name = v.n",
    "INSERT INTO copied VALUES (2)",
]


@pytest.mark.parametrize("text", READS)
@pytest.mark.parametrize("how", ["simple", "extended, text", "extended, binary", "portal in parts"])
def test_no_reading_tells_a_labelled_value(login: SessionLogin, text: str, how: str) -> None:
    with psycopg.connect(login.dsn()) as connection:
        received = _received(connection, text, how)
    assert "Person" not in received and "@example.com" not in received, received


def _received(connection: "psycopg.Connection[tuple[object, ...]]", text: str, how: str) -> str:
    """All that came, rows and errors alike."""
    protocol = connection.pgconn
    if how == "simple":
        result = protocol.exec_(text.encode())
    elif how == "portal in parts":
        with connection.cursor() as cursor:
            try:
                return repr(list(cursor.stream(text.encode(), size=3)))
            except psycopg.Error as error:
                return str(error)
    else:
        result = protocol.exec_params(text.encode(), [], result_format=int(how == "extended, binary"))
    rows = [[result.get_value(row, at) for at in range(result.nfields)] for row in range(result.ntuples)]
    return repr(rows) + result.error_message.decode()


@pytest.mark.parametrize(
    "text",
    [
        "COPY customers TO STDOUT",
        "COPY customers (full_name) TO STDOUT WITH (FORMAT csv, HEADER)",
        "COPY (SELECT full_name, email FROM customers) TO STDOUT",
        "COPY (SELECT full_name FROM both_of_them) TO STDOUT WITH (FORMAT binary)",
    ],
)
def test_no_export_tells_a_labelled_value(login: SessionLogin, text: str) -> None:
    with psycopg.connect(login.dsn()) as connection, connection.cursor().copy(text.encode()) as copy:
        received = b"".join(bytes(part) for part in copy)
    assert received and b"Person" not in received and b"@example.com" not in received
