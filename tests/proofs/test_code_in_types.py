"""Code of the database's own that hides in types: a domain's check runs whenever a value becomes one, and its error
can say anything. Reading must not start it, and what it says must not reach the client."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg.pq import ExecStatus

from tests.proofs.conftest import DATABASE, LABELS
from tests.rig.attempts import SETUP
from tests.rig.gateway import Gateway, SessionLogin, Target
from tests.rig.servers import Server

SPILL = """
CREATE FUNCTION spill(text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
  IF $1 = 'x' THEN RAISE EXCEPTION '%', (SELECT string_agg(full_name, ',') FROM customers); END IF;
  RAISE NOTICE '%', (SELECT string_agg(full_name, ',') FROM customers);
  RETURN true;
END $$;
CREATE DOMAIN spilling AS text CHECK (spill(VALUE));
CREATE TYPE pair AS (a spilling, b text);
CREATE TABLE holders (id int, list spilling[], pair pair, pairs pair[]);
INSERT INTO holders VALUES (1, '{y}', '(y,z)', '{"(y,z)"}');
CREATE TABLE feelings (id int, mood mood);
INSERT INTO feelings VALUES (1, 'good');
"""
NAMES = "Person 1"


@pytest.fixture(scope="module")
def spilling() -> Iterator[tuple[Server, SessionLogin]]:
    with Server(18) as server:
        server.create_database(DATABASE)
        server.sql(SETUP + SPILL, DATABASE)
        with Gateway([Target("shop-db", server, (DATABASE,), labels=LABELS)]) as gateway:
            yield server, gateway.session("shop-db")


def _oid(server: Server, name: str) -> int:
    return int(server.sql(f"SELECT '{name}'::regtype::oid::int", DATABASE))


@pytest.mark.parametrize("kind", ["spilling", "spilling[]", "pair", "pair[]", "customers", "positive"])
def test_a_parameter_is_not_declared_to_be_of_such_a_type(spilling: tuple[Server, SessionLogin], kind: str) -> None:
    server, login = spilling
    with psycopg.connect(login.dsn(), autocommit=True) as connection:
        result = connection.pgconn.exec_params(b"SELECT $1", [b"x"], [_oid(server, kind)])
        told = result.error_message.decode()
        assert "Rule: postgres.parameter.type" in told and NAMES not in told


def test_a_parameter_may_be_of_an_enum(spilling: tuple[Server, SessionLogin]) -> None:
    server, login = spilling
    with psycopg.connect(login.dsn(), autocommit=True) as connection:
        for kind, value in (("mood", b"good"), ("mood[]", b"{good}"), ("text", b"good")):
            result = connection.pgconn.exec_params(b"SELECT $1", [value], [_oid(server, kind)])
            assert result.status == ExecStatus.TUPLES_OK and result.get_value(0, 0) == value


LITERALS = [
    "SELECT id FROM holders WHERE list = '{%s}'",
    "SELECT id FROM holders WHERE list @> '{%s}'",
    "SELECT array_append(list, '%s') IS NULL FROM holders",
    "SELECT coalesce(pair, '(%s,z)') IS NULL FROM holders",
    "SELECT id FROM holders WHERE pairs = '{\"(%s,z)\"}'",
    "SELECT count(*) FROM (SELECT list FROM holders UNION ALL SELECT '{%s}') both_of_them",
]


@pytest.mark.parametrize("text", LITERALS)
@pytest.mark.parametrize("value", ["x", "y"])
def test_what_a_check_says_about_a_literal_does_not_reach_the_client(
    spilling: tuple[Server, SessionLogin], text: str, value: str
) -> None:
    _, login = spilling
    with psycopg.connect(login.dsn(), autocommit=True) as connection:
        heard: list[str] = []
        connection.add_notice_handler(lambda diagnostic: heard.append(diagnostic.message_primary or ""))
        try:
            connection.execute((text % value).encode())
        except psycopg.Error as error:
            heard += [str(error), repr(error.diag.context)]
        assert NAMES not in " ".join(heard), heard


def test_errors_of_the_servers_own_are_told_as_they_are(spilling: tuple[Server, SessionLogin]) -> None:
    _, login = spilling
    with (
        psycopg.connect(login.dsn(), autocommit=True) as connection,
        pytest.raises(psycopg.errors.InvalidTextRepresentation, match="invalid input syntax for type json"),
    ):
        connection.execute("SELECT note::json FROM orders WHERE id = 1")
