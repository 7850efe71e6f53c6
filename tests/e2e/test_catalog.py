"""The server's tables change beside the gateway, under sessions that live: names, labels, columns."""

import psycopg
import pytest

from tests.e2e.conftest import Connect
from tests.e2e.shop import leaks
from tests.rig.servers import Server


def test_a_table_made_beside_the_gateway_is_found_at_once(connect: Connect, postgres18: Server) -> None:
    session = connect("workshop")
    with pytest.raises(psycopg.errors.UndefinedTable, match="safelight"):
        session.execute("SELECT * FROM made_beside")
    postgres18.sql("CREATE TABLE made_beside (a int); INSERT INTO made_beside VALUES (7)", "e2e_workshop")
    assert session.execute("SELECT * FROM made_beside").fetchall() == [(7,)]
    postgres18.sql("ALTER TABLE made_beside ADD b int DEFAULT 8", "e2e_workshop")
    assert session.execute("SELECT b FROM made_beside").fetchall() == [(8,)]
    postgres18.sql("DROP TABLE made_beside", "e2e_workshop")
    with pytest.raises(psycopg.errors.UndefinedTable):
        session.execute("SELECT * FROM made_beside")


def test_swapping_names_beside_the_gateway_shows_nothing(connect: Connect, postgres18: Server) -> None:
    """What the session's plan calls harmless is another table by the time the rows come."""
    session = connect("orders-db")
    swap = "CREATE TABLE harmless (id int, email text)"
    postgres18.sql(swap, "e2e_shop")
    assert session.execute("SELECT email FROM harmless").fetchall() == []
    assert session.execute("SELECT email FROM harmless").fetchall() == []
    try:
        postgres18.sql(
            "BEGIN; ALTER TABLE harmless RENAME TO aside; ALTER TABLE customers RENAME TO harmless; COMMIT",
            "e2e_shop",
        )
        try:
            seen = session.execute("SELECT email FROM harmless").fetchall()
        except psycopg.Error as refusal:
            seen = [(str(refusal),)]
        assert not leaks(seen)
    finally:
        postgres18.sql("ALTER TABLE harmless RENAME TO customers; DROP TABLE aside", "e2e_shop")
    again = connect("orders-db").execute("SELECT email FROM customers WHERE id = 1").fetchall()
    assert "@masked.invalid" in str(again)


def test_a_prepared_statement_outlives_the_table_it_was_prepared_for(connect: Connect, postgres18: Server) -> None:
    """The server plans it again by its names; the new table has another OID, and is known before rows move."""
    session = connect("workshop", ("read", "write", "ddl"))
    postgres18.sql("GRANT CREATE ON SCHEMA public TO safelight_write", "e2e_workshop")
    try:
        for value in ("first", "second", "third"):
            session.execute("DROP TABLE IF EXISTS made_again")
            session.execute("CREATE TABLE made_again (a text)")
            session.execute("INSERT INTO made_again VALUES (%s)", (value,), prepare=True)
            assert session.execute("SELECT a FROM made_again", prepare=True).fetchall() == [(value,)]
    finally:
        postgres18.sql(
            "REVOKE CREATE ON SCHEMA public FROM safelight_write; DROP TABLE IF EXISTS made_again", "e2e_workshop"
        )


@pytest.mark.parametrize(
    ("statement", "sqlstate"),
    [
        ("SELECT nothing FROM stock", "42703"),
        ("SELECT * FROM nothing", "42P01"),
        ("UPDATE stock SET nothing = 1", "42703"),
        ("SELECT 1; SELECT 2", "42601"),
    ],
)
def test_what_the_server_would_not_find_has_its_sqlstate(connect: Connect, statement: str, sqlstate: str) -> None:
    with pytest.raises(psycopg.Error) as caught:
        connect().execute(statement, prepare=True)
    assert caught.value.sqlstate == sqlstate
