"""What each statement is called, what it needs, how it may be recorded: its first word is not its effect."""

import pytest

from tests.protocols.postgres.sql.shop import SHOP, read, read_message, rule_of

QUERIES = [
    # (text, form, capabilities)
    ("SELECT 1", "select", "read"),
    ("SELECT version()", "select", "read"),
    ("SELECT id FROM orders", "select", "read"),
    ("TABLE orders", "select", "read"),
    ("VALUES (1, 2), (3, 4)", "select", "read"),
    ("WITH a AS (SELECT 1) SELECT * FROM a", "select", "read"),
    ("SELECT 1 UNION ALL SELECT 2", "select", "read"),
    ("(SELECT 1) ORDER BY 1", "select", "read"),
    ("select abalance from pgbench_accounts where aid = 1", "select", "read"),
    ("SELECT id FROM orders FOR UPDATE", "select", "read write"),
    ("SELECT id FROM orders FOR KEY SHARE SKIP LOCKED", "select", "read write"),
    ("SELECT * FROM (SELECT id FROM orders FOR SHARE) o", "select", "read write"),
    ("WITH d AS (DELETE FROM orders RETURNING id) SELECT * FROM d", "select", "read write"),
    ("WITH i AS (INSERT INTO orders (id) VALUES (1)) SELECT 1", "select", "read write"),
    ("WITH u AS (UPDATE orders SET note = 'x' RETURNING id) SELECT * FROM u", "select", "read write"),
    ("WITH m AS (MERGE INTO orders o USING accounts a ON o.id = a.id WHEN MATCHED THEN DELETE) SELECT 1",
     "select", "read write"),
    ("SELECT (SELECT nextval('orders_id_seq'))", "select", "read write"),
    ("SELECT * FROM elsewhere", "select", "read write"),
    ("SELECT last_value FROM orders_id_seq", "select", "read write"),
    ("SELECT id INTO copied FROM orders", "select_into", "read ddl"),
    ("INSERT INTO orders (id) VALUES (1)", "insert", "write"),
    ("INSERT INTO orders DEFAULT VALUES", "insert", "write"),
    ("INSERT INTO orders (id) VALUES (1) RETURNING id", "insert", "read write"),
    ("INSERT INTO orders (id) SELECT id FROM accounts", "insert", "read write"),
    ("INSERT INTO orders (id) VALUES ((SELECT max(id) FROM accounts))", "insert", "read write"),
    ("UPDATE orders SET note = 'x' WHERE id = 1", "update", "write"),
    ("UPDATE orders SET note = 'x' FROM accounts a WHERE a.id = orders.id", "update", "read write"),
    ("UPDATE pgbench_accounts SET abalance = abalance + 1 WHERE aid = 5", "update", "write"),
    ("DELETE FROM orders", "delete", "write"),
    ("DELETE FROM orders WHERE id = 1 RETURNING *", "delete", "read write"),
    ("DELETE FROM orders USING accounts a WHERE a.id = orders.id", "delete", "read write"),
    ("MERGE INTO orders o USING accounts a ON o.id = a.id WHEN MATCHED THEN DELETE", "merge", "read write"),
    ("COPY orders TO STDOUT", "copy_out", "read export"),
    ("COPY (SELECT id FROM orders) TO STDOUT", "copy_out", "read export"),
    ("COPY (DELETE FROM orders RETURNING id) TO STDOUT", "copy_out", "read write export"),
    ("COPY orders FROM STDIN", "copy_in", "write"),
    ("EXPLAIN SELECT id FROM orders", "explain", "read"),
    ("EXPLAIN (COSTS OFF) DELETE FROM orders", "explain", "read write"),
    ("EXPLAIN ANALYZE DELETE FROM orders", "explain", "read write"),
]  # fmt: skip

UTILITIES = [
    ("BEGIN", "begin", "read"),
    ("START TRANSACTION READ ONLY", "begin", "read"),
    ("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY, DEFERRABLE", "begin", "read"),
    ("BEGIN READ WRITE", "begin", "read write"),
    ("START TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ WRITE", "begin", "read write"),
    ("SET TRANSACTION READ ONLY", "set", "read"),
    ("SET TRANSACTION READ WRITE", "set", "read write"),
    ("SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE", "set", "read write"),
    ("SET transaction_read_only = off", "set", "read write"),
    ("SET default_transaction_read_only TO 'no'", "set", "read write"),
    ("SET default_transaction_read_only TO on", "set", "read"),
    ("COMMIT", "commit", "read"),
    ("END", "commit", "read"),
    ("COMMIT AND CHAIN", "commit", "read"),
    ("ROLLBACK", "rollback", "read"),
    ("ABORT", "rollback", "read"),
    ("SAVEPOINT a", "savepoint", "read"),
    ("RELEASE a", "release", "read"),
    ("ROLLBACK TO a", "rollback_to", "read"),
    ("SET application_name = 'psql'", "set", "read"),
    ("SET LOCAL statement_timeout = '5s'", "set", "read"),
    ("RESET application_name", "reset", "read"),
    ("RESET ALL", "reset", "read"),
    ("SHOW transaction isolation level", "show", "read"),
    ("SHOW ALL", "show", "read"),
    ("DISCARD PLANS", "discard", "read"),
    ("DISCARD ALL", "discard", "read"),
    ("DEALLOCATE p", "deallocate", "read"),
    ("DEALLOCATE ALL", "deallocate", "read"),
    ("CLOSE ALL", "close", "read"),
    ("UNLISTEN *", "unlisten", "read"),
    ("vacuum pgbench_branches", "vacuum", "write"),
    ("ANALYZE orders", "vacuum", "write"),
    ("truncate pgbench_branches", "truncate", "write"),
    ("LOCK TABLE orders", "lock", "write"),
    ("REFRESH MATERIALIZED VIEW customer_names", "refresh_materialized_view", "write"),
    ("SET CONSTRAINTS ALL DEFERRED", "set_constraints", "write"),
    ("CREATE TABLE t (a int)", "create_table", "ddl"),
    ("CREATE TABLE t AS SELECT id FROM orders", "create_table_as", "read ddl"),
    ("CREATE MATERIALIZED VIEW t AS SELECT id FROM orders", "create_materialized_view", "read ddl"),
    ("CREATE VIEW t AS SELECT id FROM orders", "create_view", "read ddl"),
    ("CREATE INDEX ON orders (total)", "create_index", "ddl"),
    ("CREATE SCHEMA s", "create_schema", "ddl"),
    ("CREATE SEQUENCE s", "create_sequence", "ddl"),
    ("CREATE TYPE t AS ENUM ('a')", "create_type", "ddl"),
    ("ALTER TABLE orders ADD COLUMN x int", "alter_table", "ddl"),
    ("ALTER TABLE orders RENAME TO bestellungen", "rename", "ddl"),
    ("DROP TABLE orders", "drop", "ddl"),
    ("COMMENT ON TABLE orders IS 'x'", "comment", "ddl"),
    ("REINDEX TABLE orders", "reindex", "ddl"),
    ("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "create_function", "ddl admin"),
    ("CREATE TRIGGER t AFTER INSERT ON orders EXECUTE FUNCTION f()", "create_trigger", "ddl admin"),
    ("CREATE RULE r AS ON INSERT TO orders DO NOTHING", "create_rule", "ddl admin"),
    ("CREATE POLICY p ON orders USING (true)", "create_policy", "ddl admin"),
    ("CREATE EXTENSION hstore", "create_extension", "ddl admin"),
    ("CREATE OPERATOR === (FUNCTION = texteq, LEFTARG = text, RIGHTARG = text)", "create_object", "ddl admin"),
    ("CALL pay(1)", "call", "admin"),
    ("GRANT SELECT ON orders TO bob", "grant", "admin"),
    ("REVOKE ALL ON orders FROM bob", "grant", "admin"),
    ("GRANT admins TO bob", "grant_role", "admin"),
    ("CREATE ROLE bob", "create_role", "admin"),
    ("ALTER ROLE bob SET work_mem = '1GB'", "alter_role_set", "admin"),
    ("DROP ROLE bob", "drop_role", "admin"),
    ("ALTER TABLE orders OWNER TO bob", "alter_table", "ddl"),
    ("REASSIGN OWNED BY a TO b", "reassign_owned", "admin"),
    ("CREATE DATABASE d", "create_database", "admin"),
    ("CHECKPOINT", "checkpoint", "admin"),
    ("CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p", "create_subscription", "admin"),
    ("CREATE PUBLICATION p FOR ALL TABLES", "create_publication", "admin"),
    ("ALTER DATABASE shop SET work_mem = '1GB'", "alter_database_set", "admin"),
]

REFUSED = [
    # (text, rule)
    ("DO $$ BEGIN PERFORM 1; END $$", "postgres.form.do"),
    ("PREPARE p AS SELECT 1", "postgres.form.prepare"),
    ("EXECUTE p", "postgres.form.prepare"),
    ("DECLARE c CURSOR FOR SELECT 1", "postgres.form.cursor"),
    ("FETCH 5 FROM c", "postgres.form.cursor"),
    ("MOVE 5 FROM c", "postgres.form.cursor"),
    ("CLOSE c", "postgres.form.cursor"),
    ("DELETE FROM orders WHERE CURRENT OF c", "postgres.form.unknown"),
    ("LISTEN a", "postgres.form.listen"),
    ("NOTIFY a", "postgres.form.notify"),
    ("LOAD 'auto_explain'", "postgres.form.load"),
    ("ALTER SYSTEM SET work_mem = '1GB'", "postgres.form.alter_system"),
    ("PREPARE TRANSACTION 'x'", "postgres.form.two_phase"),
    ("COMMIT PREPARED 'x'", "postgres.form.two_phase"),
    ("ROLLBACK PREPARED 'x'", "postgres.form.two_phase"),
    ("CREATE TEMP TABLE t (a int)", "postgres.form.temporary"),
    ("CREATE TABLE pg_temp.t (a int)", "postgres.form.temporary"),
    ("CREATE TEMP TABLE t AS SELECT 1", "postgres.form.temporary"),
    ("CREATE TEMP VIEW v AS SELECT 1", "postgres.form.temporary"),
    ("CREATE TEMP SEQUENCE s", "postgres.form.temporary"),
    ("SELECT 1 INTO TEMP t", "postgres.form.temporary"),
    ("CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "postgres.form.temporary"),
    ("CREATE TYPE pg_temp.t AS ENUM ('a')", "postgres.form.temporary"),
    ("SELECT * FROM pg_temp.t", "postgres.form.temporary"),
    ("WITH a AS (SELECT 1 INTO t) SELECT 1", "postgres.form.into"),
    ("EXPLAIN EXECUTE p", "postgres.form.explain"),
    ("EXPLAIN CREATE TABLE t AS SELECT 1", "postgres.form.explain"),
    ("EXPLAIN (NOVELTY) SELECT 1", "postgres.form.explain"),
    ("CREATE TABLE t AS EXECUTE p", "postgres.form.prepare"),
    ("UPDATE pg_class SET relname = 'x'", "postgres.system.change"),
    ("DELETE FROM pg_catalog.pg_class", "postgres.system.change"),
    ("INSERT INTO information_schema.tables DEFAULT VALUES", "postgres.system.change"),
    ("COPY pg_class FROM STDIN", "postgres.system.change"),
]


@pytest.mark.parametrize(("sql", "form", "needs"), QUERIES + UTILITIES)
def test_form_and_capabilities(sql: str, form: str, needs: str) -> None:
    facts = read(sql).facts
    assert facts.refusal is None
    assert facts.form == form
    assert {capability.value for capability in facts.capabilities} == set(needs.split())


@pytest.mark.parametrize(("sql", "rule"), REFUSED)
def test_refused_forms(sql: str, rule: str) -> None:
    facts = read(sql).facts
    assert facts.refusal is not None
    assert facts.refusal.rule == rule
    assert facts.refusal.next_step
    assert not facts.harmless_to_lose


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1", "SELECT email FROM customers", "SHOW work_mem", "BEGIN", "ROLLBACK", "SET application_name = 'x'",
        "COPY orders TO STDOUT", "EXPLAIN DELETE FROM orders", "EXPLAIN (ANALYZE off) DELETE FROM orders",
        "EXPLAIN (ANALYZE false) DELETE FROM orders", "EXPLAIN ANALYZE SELECT id FROM orders", "BEGIN READ WRITE",
    ],
)  # fmt: skip
def test_changes_nothing(sql: str) -> None:
    assert read(sql).facts.harmless_to_lose


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO orders (id) VALUES (1)", "EXPLAIN ANALYZE DELETE FROM orders",
        "EXPLAIN (ANALYZE 1) DELETE FROM orders", "EXPLAIN (ANALYZE true, ANALYZE off) DELETE FROM orders",
        "SELECT nextval('orders_id_seq')", "SELECT id FROM orders FOR UPDATE", "COMMIT", "DEALLOCATE a",
        "DISCARD ALL", "DROP TABLE orders", "WITH d AS (DELETE FROM orders) SELECT 1",
    ],
)  # fmt: skip
def test_must_not_be_lost(sql: str) -> None:
    assert not read(sql).facts.harmless_to_lose


@pytest.mark.parametrize(
    ("sql", "safe"),
    [
        ("UPDATE orders SET note = 'x'", True),
        ("TRUNCATE orders", True),
        ("CREATE TABLE t (a int)", True),
        ("SELECT nextval('orders_id_seq')", False),
        ("INSERT INTO orders (id) VALUES (nextval('orders_id_seq'))", False),
        ("DELETE FROM elsewhere", False),
        ("VACUUM orders", False),
        ("CREATE INDEX CONCURRENTLY ON orders (id)", False),
        ("CREATE DATABASE d", False),
        ("CALL pay(1)", False),
        ("DELETE FROM orders WHERE pay(id) = 1", False),
    ],
)
def test_undone_by_a_rollback(sql: str, safe: bool) -> None:
    assert read(sql).facts.rollback_safe is safe


@pytest.mark.parametrize(
    ("sql", "alone"),
    [
        ("SELECT 1", False),
        ("UPDATE orders SET note = 'x'", False),
        ("RESET ALL", False),
        ("SET application_name = 'x'", False),
        ("CREATE TABLE t (a int)", True),
        ("CREATE VIEW v AS SELECT 1", True),
        ("SELECT 1 AS a INTO t", True),
        ("DROP TABLE orders", True),
        ("GRANT SELECT ON orders TO bob", True),
        ("DISCARD ALL", True),
        ("DEALLOCATE a", True),
        ("CALL pay(1)", True),
    ],
)
def test_changes_how_later_text_is_read(sql: str, alone: bool) -> None:
    assert read(sql).facts.stands_alone is alone


@pytest.mark.parametrize(
    ("sql", "transaction"),
    [("BEGIN", "begin"), ("END", "commit"), ("ABORT", "rollback"), ("SAVEPOINT a", "savepoint"),
     ("RELEASE SAVEPOINT a", "release"), ("ROLLBACK TO SAVEPOINT a", "rollback_to"), ("SELECT 1", None)],
)  # fmt: skip
def test_transaction_control(sql: str, transaction: str | None) -> None:
    assert read(sql).transaction == transaction


def test_the_relations_of_a_definition_are_named() -> None:
    assert read("DROP TABLE orders, archive.orders").facts.relations == ("public.orders", "archive.orders")
    assert read("ALTER TABLE customers ADD COLUMN x int").facts.labels == {"email", "phone", "full_name"}


def test_what_the_session_must_know() -> None:
    assert read("DEALLOCATE mine").deallocates == "mine"
    assert read("DEALLOCATE ALL").deallocates == "*"
    discarded = read("DISCARD ALL")
    assert discarded.deallocates == "*" and discarded.setting is not None and discarded.setting.name == "all"
    setting = read("SET LOCAL application_name = 'me'").setting
    assert setting is not None and (setting.name, setting.value, setting.local) == ("application_name", "me", True)
    called = read("SELECT set_config('application_name', 'me', true)").setting
    assert called is not None and (called.name, called.value, called.local) == ("application_name", "me", True)


class TestMessages:
    """Several statements, none, and texts that are no statements."""

    def test_nothing(self) -> None:
        for text in ("", ";", "  -- only a comment", ";;"):
            whole = read_message(text)
            assert whole.statements == () and whole.refusal is None

    def test_each_statement_has_its_own_text(self) -> None:
        whole = read_message("SELECT 1; DELETE FROM orders ; -- end\n SELECT 'ü'")
        assert [s.facts.form for s in whole.statements] == ["select", "delete", "select"]
        assert [s.text for s in whole.statements][:2] == ["SELECT 1", "DELETE FROM orders"]
        assert whole.statements[2].text.endswith("SELECT 'ü'")

    def test_a_single_statement_leaves_its_text_to_the_message(self) -> None:
        assert read("SELECT 1;").text == ""

    def test_one_refused_statement_leaves_the_others_their_facts(self) -> None:
        first, second = read_message("SELECT 1; DO 'x'").statements
        assert first.facts.refusal is None
        assert second.facts.refusal is not None

    def test_a_prepared_statement_is_one_statement(self) -> None:
        whole = read_message("SELECT 1; SELECT 2", extended=True)
        assert whole.refusal is not None and whole.refusal.rule == "postgres.form.several"

    def test_a_syntax_error_is_told_with_its_position(self) -> None:
        whole = read_message("SELECT 'ü' FORM orders x")
        assert whole.syntax_error == ('syntax error at or near "orders"', 17)
        assert whole.refusal is not None and whole.refusal.rule == "postgres.syntax"

    def test_too_many_statements(self) -> None:
        whole = read_message("SELECT 1;" * 501)
        assert whole.refusal is not None and whole.refusal.rule == "postgres.limit.statements"

    def test_long_sums_and_unions_are_read(self) -> None:
        assert rule_of("SELECT " + " + ".join(["1"] * 2000)) is None
        assert rule_of(" UNION ALL ".join(["SELECT 1"] * 500)) is None
        assert rule_of("SELECT id FROM orders WHERE " + " OR ".join(["id = 1"] * 2000)) is None

    def test_deep_nesting_is_refused_not_crashed_into(self) -> None:
        assert rule_of("SELECT " + "(SELECT " * 300 + "1" + ")" * 300) == "postgres.limit.depth"

    def test_a_carriage_return_ends_a_comment(self) -> None:
        assert [s.facts.form for s in read_message("-- note\rDELETE FROM orders").statements] == ["delete"]

    def test_zero_bytes_and_bad_encoding(self) -> None:
        from safelight.protocols.postgres.sql.analyse import analyse

        for text in (b"SELECT 1\0", b"SELECT '\xff'"):
            whole = analyse(text, SHOP, extended=False)
            assert whole.refusal is not None and whole.refusal.rule.startswith("postgres.text.")
