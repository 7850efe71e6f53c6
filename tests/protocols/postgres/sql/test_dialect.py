"""Text that an older server reads as something else is refused for it, and only for it."""

import postgast
import pytest

from safelight.protocols.postgres.sql.dialect import check_dialect
from tests.rig.servers import Server, ServerFailed

NEWER = [
    (16, "SELECT 1_000"),
    (16, "SELECT 0x1F"),
    (16, "SELECT * FROM t LIMIT 0b11"),
    (16, "SELECT 0O17, '0x1'"),
    (16, "SELECT 1_000.5"),
    (16, "FETCH 1_0 FROM c"),
    (16, "SELECT system_user"),
    (16, "SELECT * FROM t WHERE SYSTEM_USER = 'a'"),
    (16, "SELECT json_object('{a,1}')"),
    (16, "SELECT JSON_OBJECT('a' VALUE 1)"),
    (16, "SELECT json_array(1, 2)"),
    (16, "SELECT json_array(SELECT 1)"),
    (16, "SELECT json_arrayagg(a) FROM t"),
    (16, "SELECT json_objectagg(a VALUE b) FROM t"),
    (16, "SELECT a IS JSON FROM t"),
    (16, "WITH x AS (SELECT json_array(a) FROM t) SELECT * FROM x"),
    (17, "SELECT json_value(a, '$.b') FROM t"),
    (17, "SELECT json_query(a, '$.b') FROM t"),
    (17, "SELECT json_exists(a, '$.b') FROM t"),
    (17, "SELECT json_scalar(a) FROM t"),
    (17, "SELECT json_serialize(a) FROM t"),
    (17, "SELECT json(a) FROM t"),
    (17, "SELECT * FROM json_table('1', '$' COLUMNS (a int PATH '$'))"),
    (17, "MERGE INTO t USING s ON t.a = s.a WHEN MATCHED THEN DELETE RETURNING merge_action()"),
    (18, "UPDATE t SET a = 1 RETURNING old.a"),
    (18, "UPDATE t SET a = 1 RETURNING new.*"),
    (18, "DELETE FROM t RETURNING WITH (OLD AS o) o.a"),
    (18, "WITH x AS (UPDATE t SET a = 1 RETURNING lower(OLD.a)) SELECT * FROM x"),
]
SAME = [
    "SELECT 1000, '1_000', '0x1f', a_1, t_1.x0x FROM t_1 -- 1_0",
    "SELECT json_build_object('a', 1), '{}'::json, jsonb_object('{}')",
    "SELECT json FROM t",
    "SELECT row_to_json(t) FROM t",
    'SELECT "system_user" FROM t',
    "SELECT session_user, current_user",
    "UPDATE t SET a = 1 RETURNING a, new, old",
    "UPDATE t SET a = 1 RETURNING t.old",
    "SELECT old.a FROM t AS old",
    "SELECT extract(epoch FROM now()), trim('a'), substring('a' FROM 1)",
]


def rule(text: str, version: int) -> str | None:
    refusal = check_dialect(text, postgast.parse(text), version)
    return None if refusal is None else refusal.rule


@pytest.mark.parametrize(("since", "text"), NEWER)
def test_newer_syntax_is_refused_for_older_servers(since: int, text: str) -> None:
    for major in (14, 15, 16, 17, 18):
        expected = "postgres.dialect.newer" if major < since else None
        assert rule(text, major * 10_000 + 3) == expected, major


@pytest.mark.parametrize("text", SAME)
def test_what_all_read_alike_is_not(text: str) -> None:
    for major in (14, 15, 16, 17, 18):
        assert rule(text, major * 10_000) is None, major


@pytest.mark.parametrize("version", [90624, 130014, 190000, 200001])
def test_servers_that_the_parser_does_not_know_are_not_read(version: int) -> None:
    assert rule("SELECT 1", version) == "postgres.dialect.version"


def test_the_reason_names_what_and_since_when() -> None:
    text = "SELECT json_value(a, '$') FROM t"
    refusal = check_dialect(text, postgast.parse(text), 150018)
    assert refusal is not None
    assert "JSON_VALUE" in refusal.message and "15" in refusal.message and "17" in refusal.message


def test_postgresql_15_really_reads_them_as_a_users_names(postgres15: Server) -> None:
    database = postgres15.create_database()
    postgres15.sql(
        "CREATE TABLE t (system_user text, a text); INSERT INTO t VALUES ('secret', 'x');"
        "CREATE FUNCTION json_value(text, text) RETURNS text LANGUAGE sql AS $$ SELECT 'mine' $$;"
        "CREATE FUNCTION json_scalar(text) RETURNS text LANGUAGE sql AS $$ SELECT 'mine' $$;"
        "CREATE FUNCTION json_object(text) RETURNS text LANGUAGE sql AS $$ SELECT 'mine' $$",
        database,
    )
    assert postgres15.sql("SELECT system_user FROM t", database) == "secret"
    for call in ("json_value(a, '$')", "json_scalar(a)", "json_object(a)"):
        text = f"SELECT {call} FROM t"
        assert postgres15.sql(text, database) == "mine"
        assert rule(text, 150018) == "postgres.dialect.newer"


def test_a_carriage_return_ends_a_comment_for_parser_and_server_alike(postgres18: Server) -> None:
    text = "SELECT 1 -- a comment\r, 2"
    assert len(postgast.parse(text).stmts[0].stmt.select_stmt.target_list) == 2
    assert postgres18.run("psql", "-XAt", "-d", postgres18.dsn(), "-c", text).strip() == "1|2"


def test_numbers_with_underscores_are_not_known_to_15(postgres15: Server, postgres18: Server) -> None:
    with pytest.raises(ServerFailed):
        postgres15.sql("SELECT 1_000")
    assert postgres18.sql("SELECT 1_000") == "1000"
