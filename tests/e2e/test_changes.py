"""Changing data and the schema under grants that say so, and only as far as they say."""

import psycopg
import pytest

from tests.e2e.conftest import Connect
from tests.rig.servers import Server

READS, WRITES, DDL = ("read",), ("read", "write"), ("read", "write", "ddl")


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO things VALUES (70001, 'x', 1)",
        "UPDATE things SET size = 0",
        "DELETE FROM things",
        "MERGE INTO things t USING (SELECT 1 AS id) s ON t.id = s.id WHEN MATCHED THEN DELETE",
        "TRUNCATE things",
        "WITH d AS (DELETE FROM things RETURNING *) SELECT * FROM d",
        "EXPLAIN ANALYZE DELETE FROM things",
        "SELECT * FROM things FOR UPDATE",
        "LOCK TABLE things",
        "SELECT nextval('missing')",
        "SELECT lo_create(0)",
        "SELECT stubborn()",
        "SET TRANSACTION READ WRITE",
        "BEGIN READ WRITE",
        "CREATE TEMP TABLE t (a int)",
        "SELECT * INTO copied FROM things",
        "VACUUM things",
    ],
)
def test_reading_changes_nothing(connect: Connect, postgres18: Server, statement: str) -> None:
    before = postgres18.sql("SELECT md5(string_agg(things::text, ',' ORDER BY id)) FROM things", "e2e_workshop")
    session = connect("workshop", READS)
    with pytest.raises(psycopg.errors.InsufficientPrivilege) as caught:
        session.execute(statement)
    assert "safelight" in str(caught.value)
    assert session.execute("SELECT 1").fetchone() == (1,)
    after = postgres18.sql("SELECT md5(string_agg(things::text, ',' ORDER BY id)) FROM things", "e2e_workshop")
    assert before == after


def test_the_account_enforces_it_too(connect: Connect) -> None:
    session = connect("workshop", READS)
    assert session.execute("SHOW default_transaction_read_only").fetchone() == ("on",)


def test_writing(connect: Connect, postgres18: Server) -> None:
    session = connect("workshop", WRITES)
    assert session.execute("INSERT INTO things VALUES (%s, %s, 1) RETURNING id", (70_010, "new")).fetchone() == (
        70_010,
    )
    assert session.execute("UPDATE things SET size = 5 WHERE id = 70010").rowcount == 1
    assert session.execute("DELETE FROM things WHERE id = 70010 RETURNING size").fetchone() == (5,)
    with pytest.raises(psycopg.errors.UniqueViolation, match="duplicate key"):
        session.execute("INSERT INTO things VALUES (1, 'again', 1)")
    assert session.execute("SELECT 1").fetchone() == (1,)


def test_writing_is_not_changing_the_schema(connect: Connect) -> None:
    session = connect("workshop", WRITES)
    for statement in (
        "CREATE TABLE mine (a int)",
        "DROP TABLE things",
        "ALTER TABLE things ADD b int",
        "CREATE INDEX ON things (name)",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="safelight"):
            session.execute(statement)


def test_a_grant_of_ddl_is_decided_by_the_gateway_then_by_the_account(connect: Connect) -> None:
    """The write role owns nothing: the gateway lets the statement through, the server says no in its own words."""
    session = connect("workshop", DDL)
    with pytest.raises(psycopg.errors.InsufficientPrivilege) as caught:
        session.execute("CREATE TABLE mine (a int)")
    assert "permission denied for schema public" in str(caught.value)
    assert "safelight" not in str(caught.value)
    assert session.execute("SELECT 1").fetchone() == (1,)


def test_a_changed_schema_is_known_to_what_follows(connect: Connect, postgres18: Server) -> None:
    """With an account that may: the statement stands alone, and the next one is read against the new catalog."""
    postgres18.sql("CREATE SCHEMA lab; GRANT ALL ON SCHEMA lab TO safelight_write", "e2e_workshop")
    session = connect("workshop", DDL)
    session.execute("CREATE TABLE lab.made (a int)")
    session.execute("INSERT INTO lab.made VALUES (1)")
    session.execute("ALTER TABLE lab.made ADD b text DEFAULT 'b'")
    assert session.execute("SELECT a, b FROM lab.made").fetchall() == [(1, "b")]
    with session.transaction():
        session.execute("ALTER TABLE lab.made ADD c int")
        # What is not committed yet cannot be looked up, and so cannot be named.
        with pytest.raises(psycopg.errors.UndefinedColumn, match="safelight"), session.transaction():
            session.execute("SELECT c FROM lab.made")
    assert session.execute("SELECT c FROM lab.made").fetchall() == [(None,)]
    session.execute("DROP TABLE lab.made")
    with pytest.raises(psycopg.errors.UndefinedTable):
        session.execute("SELECT * FROM lab.made")
    postgres18.sql("DROP SCHEMA lab CASCADE", "e2e_workshop")


@pytest.mark.parametrize("target", ["static-15", "orders-15"])
def test_a_read_account_on_15(connect: Connect, target: str) -> None:
    session = connect(target, READS)
    assert session.execute("SELECT count(*) FROM orders").fetchone() == (900,)
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="safelight"):
        session.execute("DELETE FROM orders")
