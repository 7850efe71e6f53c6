"""Names resolve as the server resolves them, or the statement is refused: relations, columns, WITH queries, views."""

from dataclasses import replace

import pytest

from tests.protocols.postgres.sql.shop import SHOP, capabilities, read, rule_of, shown_outputs

RESOLVED = [
    # (text, relations)
    ("SELECT 1 FROM orders", "public.orders"),
    ("SELECT 1 FROM archive.orders", "archive.orders"),
    ("SELECT 1 FROM shop.public.orders", "public.orders"),
    ("SELECT 1 FROM ORDERS", "public.orders"),
    ('SELECT 1 FROM "orders" o, archive.orders a', "public.orders archive.orders"),
    ("SELECT 1 FROM ONLY events", "public.events"),
    ("SELECT 1 FROM events_2024 TABLESAMPLE SYSTEM (10) REPEATABLE (1)", "public.events_2024"),
    ("WITH orders AS (SELECT 1 AS id) SELECT id FROM orders", ""),
    ("WITH orders AS (SELECT id FROM orders) SELECT id FROM orders", "public.orders"),
    ("WITH a AS (SELECT 1 AS x), b AS (SELECT x FROM a) SELECT x FROM b", ""),
    ("SELECT 1 FROM (WITH orders AS (SELECT 1) SELECT * FROM orders) s", ""),
    ("SELECT (WITH x AS (SELECT o.id) SELECT * FROM x) FROM orders o", "public.orders"),
    ("WITH orders AS (SELECT 1) SELECT 1 FROM public.orders", "public.orders"),
    ("WITH RECURSIVE t(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM t WHERE n < 9) SELECT sum(n) FROM t", ""),
    ("WITH RECURSIVE t AS (SELECT id, 1 AS d FROM orders UNION ALL SELECT o.id, t.d + 1 FROM orders o JOIN t "
     "ON o.customer_id = t.id) SEARCH DEPTH FIRST BY id SET ord CYCLE id SET looped USING path "
     "SELECT id, d, ord, looped, path FROM t", "public.orders"),
    ("WITH RECURSIVE a AS (SELECT 1 AS x), b AS (SELECT x FROM a) SELECT x FROM b", ""),
    ("SELECT * FROM customer_view", "public.customer_view public.customers"),
    ("SELECT * FROM view_of_view", "public.view_of_view public.customer_view public.customers"),
    ("SELECT 1 FROM pg_class", "pg_catalog.pg_class"),
    ("SELECT 1 FROM information_schema.tables", "information_schema.tables"),
    ("INSERT INTO orders (id) SELECT id FROM accounts", "public.orders public.accounts"),
    ("UPDATE orders o SET note = a.plan FROM accounts a WHERE a.id = o.id", "public.orders public.accounts"),
    ("COPY archive.orders TO STDOUT", "archive.orders"),
]  # fmt: skip

COLUMNS = [
    "SELECT id, o.id, orders.id FROM orders o, (SELECT 1 AS x) orders(id)",
    "SELECT public.orders.id FROM orders",
    "SELECT x, y FROM (VALUES (1, 2)) v(x, y)",
    "SELECT column1, column2 FROM (VALUES (1, 2)) v",
    "SELECT count FROM (SELECT count(*) FROM orders) s",
    'SELECT "?column?" FROM (SELECT 1 + 1) s',
    "SELECT int4 FROM (SELECT 1::int) s",
    "SELECT id FROM (SELECT id::text FROM orders) s",
    'SELECT "case" FROM (SELECT CASE WHEN true THEN 1 END) s',
    "SELECT id FROM (SELECT CASE WHEN true THEN 1 ELSE id END FROM orders) s",
    "SELECT coalesce FROM (SELECT coalesce(1, 2)) s",
    'SELECT "exists" FROM (SELECT EXISTS (SELECT 1)) s',
    'SELECT "array" FROM (SELECT ARRAY[1]) s',
    "SELECT max FROM (SELECT (SELECT max(id) FROM orders)) s",
    'SELECT "current_user" FROM (SELECT current_user) s',
    'SELECT "row", greatest, nullif FROM (SELECT ROW(1), greatest(1, 2), nullif(1, 2)) s',
    "SELECT json_object, \"json_array\" FROM (SELECT JSON_OBJECT('a': 1), JSON_ARRAY(1)) s",
    'SELECT "substring", "extract", "position", "date_part" FROM (SELECT substring(\'a\' FROM 1), '
    "extract(year FROM now()), position('a' IN 'b'), date_part('year', now())) s",
    "SELECT j.id, j.plan FROM (orders JOIN accounts USING (id)) j",
    "SELECT u.id, plan FROM orders JOIN accounts USING (id) AS u",
    "SELECT g FROM generate_series(1, 3) g",
    "SELECT g.g, n FROM generate_series(1, 3) g, generate_series(1, 3) AS s(n)",
    "SELECT key, value, ordinality FROM json_each('{}') WITH ORDINALITY",
    "SELECT a, b FROM json_to_record('{}') AS t(a int, b text)",
    "SELECT a, b FROM ROWS FROM (json_to_record('{}') AS (a int), generate_series(1, 2)) AS t(a, b)",
    "SELECT o.id, s.x FROM orders o, LATERAL (SELECT o.id AS x) s",
    "SELECT o.id FROM orders o LEFT JOIN LATERAL generate_series(1, o.id) g ON true",
    "SELECT id FROM orders o WHERE EXISTS (SELECT 1 FROM accounts a WHERE a.id = o.customer_id AND total > 5)",
    "SELECT id AS a FROM orders GROUP BY a ORDER BY a",
    "SELECT x.* FROM XMLTABLE('/a' PASSING '<a/>' COLUMNS b int PATH 'b', n FOR ORDINALITY) x WHERE b = n",
    "SELECT b, c FROM JSON_TABLE('{}', '$' COLUMNS (b int PATH '$', NESTED PATH '$.x' COLUMNS (c text PATH '$'))) t",
    "SELECT oid, relname FROM pg_class WHERE relkind = 'r'",
    "SELECT 1 FROM orders WINDOW w AS (PARTITION BY id ORDER BY total ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)",
    "SELECT o FROM orders o",
    "SELECT row_to_json(o) FROM orders o",
    "SELECT (o).note FROM orders o",
    "UPDATE orders SET note = orders.note WHERE orders.id = 1",
    "INSERT INTO orders AS o (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET total = o.total + excluded.total",
    "MERGE INTO orders o USING (SELECT 1 AS id) s ON s.id = o.id WHEN NOT MATCHED THEN INSERT (id) VALUES (s.id)",
]

REFUSED = [
    ("SELECT 1 FROM nowhere", "postgres.name.unknown"),
    ("SELECT 1 FROM public.nowhere", "postgres.name.unknown"),
    ("SELECT 1 FROM nowhere.orders", "postgres.name.unknown"),
    ("SELECT 1 FROM other.public.orders", "postgres.name.database"),
    ("INSERT INTO nowhere VALUES (1)", "postgres.name.unknown"),
    ("COPY nowhere FROM STDIN", "postgres.name.unknown"),
    ("SELECT nope FROM orders", "postgres.name.column"),
    ("SELECT o.nope FROM orders o", "postgres.name.column"),
    ("SELECT orders.id FROM orders o", "postgres.name.column"),
    ("SELECT archive.orders.id FROM orders", "postgres.name.column"),
    ("SELECT x.id FROM orders", "postgres.name.column"),
    ("SELECT x.* FROM orders", "postgres.name.table"),
    ("SELECT o.id FROM (orders o JOIN accounts a ON a.id = o.id) j", "postgres.name.column"),
    ("SELECT s.x FROM orders o, (SELECT o.id AS x) s", "postgres.name.column"),
    ("SELECT id FROM orders ORDER BY nope", "postgres.name.column"),
    ("SELECT id FROM orders JOIN accounts USING (nope)", "postgres.name.column"),
    ("SELECT id AS a FROM orders WHERE a = 1", "postgres.name.column"),
    ("SELECT o.leak FROM orders o", "postgres.name.column"),
    ("UPDATE orders SET nope = 1", "postgres.name.column"),
    ("INSERT INTO orders (nope) VALUES (1)", "postgres.name.column"),
    ("COPY orders (nope) TO STDOUT", "postgres.name.column"),
    ("WITH RECURSIVE a AS (SELECT x FROM b), b AS (SELECT 1 AS x) SELECT x FROM a", "postgres.name.forward"),
    ("WITH RECURSIVE orders AS (SELECT id FROM customers), customers AS (SELECT 1 AS id) SELECT 1 FROM orders",
     "postgres.name.forward"),
    ("SELECT * FROM pg_authid", "postgres.system.relation"),
    ("SELECT * FROM pg_catalog.pg_shadow", "postgres.system.relation"),
    ("SELECT * FROM pg_statistic", "postgres.system.relation"),
    ("SELECT * FROM pg_stats", "postgres.system.relation"),
    ("SELECT * FROM pg_stat_statements", "postgres.system.relation"),
    ("SELECT * FROM pg_nonsense", "postgres.system.relation"),
    ("SELECT * FROM information_schema.user_mapping_options", "postgres.system.relation"),
    ("SELECT * FROM pg_toast.pg_toast_1001", "postgres.form.temporary"),
    ("SELECT * FROM password_view", "postgres.system.relation"),
    ("SELECT * FROM loop_view", "postgres.view"),
    ("SELECT * FROM broken_view", "postgres.view"),
    ("SELECT 1 FROM orders TABLESAMPLE mine (10)", "postgres.form.unknown"),
    ("SELECT 'x'::public.orders", "postgres.type"),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "relations"), RESOLVED)
def test_relations(sql: str, relations: str) -> None:
    facts = read(sql).facts
    assert facts.refusal is None
    assert list(facts.relations) == relations.split()


@pytest.mark.parametrize("sql", COLUMNS)
def test_columns_are_found(sql: str) -> None:
    assert rule_of(sql) is None


@pytest.mark.parametrize(("sql", "rule"), REFUSED)
def test_names_that_mean_nothing_or_too_much(sql: str, rule: str) -> None:
    assert rule_of(sql) == rule


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT * FROM orders", 5),
        ("SELECT *, 1 FROM orders, accounts", 9),
        ("SELECT * FROM orders JOIN accounts USING (id)", 7),
        ("SELECT * FROM orders NATURAL JOIN archive.orders a", 6),
        ("SELECT o.*, a.* FROM orders o JOIN accounts a USING (id)", 8),
        ("SELECT u.* FROM orders o JOIN accounts a USING (id) AS u", 1),
        ("SELECT FROM orders", 0),
        ("VALUES (1, 2, 3)", 3),
        ("SELECT * FROM (VALUES (1, 2)) v", 2),
        ("SELECT * FROM orders UNION SELECT * FROM orders", 5),
        ("WITH t AS (TABLE orders) TABLE t", 5),
        ("SELECT * FROM json_to_record('{}') AS t(a int, b text)", 2),
        ("SELECT * FROM json_to_record('{}') WITH ORDINALITY AS t(a, b)", None),
        ("SELECT * FROM generate_series(1, 2)", None),
        ("SELECT (o).* FROM orders o", None),
        ("SELECT * FROM pg_class", None),
        ("SELECT s.* FROM (SELECT * FROM pg_class) s", None),
        ("INSERT INTO orders DEFAULT VALUES RETURNING *", 5),
        ("UPDATE orders SET id = 1 FROM accounts RETURNING *", 8),
        ("DELETE FROM orders USING accounts RETURNING orders.*", 5),
        ("DELETE FROM orders", 0),
        ("SHOW ALL", None),
        ("EXPLAIN SELECT 1", None),
    ],
)
def test_how_many_columns(sql: str, expected: int | None) -> None:
    outputs = shown_outputs(sql)
    assert (None if outputs is None else len(outputs)) == expected


def test_the_search_path_decides() -> None:
    archive = replace(SHOP, search_path=("archive", "public"))
    assert read("SELECT id FROM orders", archive).facts.relations == ("archive.orders",)
    assert read("SELECT id FROM customers", archive).facts.relations == ("public.customers",)
    assert rule_of("SELECT id FROM customers", replace(SHOP, search_path=("archive",))) == "postgres.name.unknown"


def test_a_typo_reads_like_the_servers_own_error() -> None:
    refusal = read("SELECT 1 FROM custmers").facts.refusal
    assert refusal is not None and refusal.message == 'relation "custmers" does not exist'


@pytest.mark.parametrize(
    ("sql", "needs"),
    [
        ("SELECT o.id <~> 5 FROM orders o", {"read", "write"}),
        ("SELECT note % 'a' FROM orders", {"read"}),
        ("SELECT id FROM orders ORDER BY id USING <~>", {"read", "write"}),
        ("SELECT id <~> ANY (SELECT 1) FROM orders", {"read", "write"}),
        ("SELECT pay(1)", {"read", "write"}),
        ("SELECT nobody_knows_this(1)", {"read", "write"}),
        ("SELECT similarity('a', 'b')", {"read"}),
        ("SELECT (o).leak FROM orders o", {"read", "write"}),
        ("SELECT f.leak FROM json_to_record('{}') f", {"read", "write"}),
        ("SELECT x FROM odd_view", {"read", "write"}),
        ("SELECT 1 FROM orders WHERE pay(id) = 1", {"read", "write"}),
        ("SELECT sum(pay(id)) OVER (ORDER BY total) FROM orders", {"read", "write"}),
        ("SELECT count(*) FILTER (WHERE pay(1) = 1) FROM orders", {"read", "write"}),
        ("SELECT 1 FROM orders LIMIT pay(1)", {"read", "write"}),
        ("SELECT pg_terminate_backend(pg_backend_pid())", {"read"}),
        ("SELECT pg_terminate_backend(7)", {"read", "admin"}),
        ("SELECT pg_cancel_backend(pid) FROM pg_stat_activity", {"read", "admin"}),
        ("SELECT pg_sleep(1), random(), now(), gen_random_uuid()", {"read"}),
    ],
)
def test_calls_and_operators_that_are_not_the_servers_own(sql: str, needs: set[str]) -> None:
    assert rule_of(sql) is None
    assert capabilities(sql) == needs


@pytest.mark.parametrize(
    ("sql", "rule"),
    [
        ("SELECT relname FROM pg_class WHERE relname <> current_setting($1::varchar)", None),
        ("SELECT 'x' = current_setting($1)", None),
        ("SELECT current_setting($1)", "postgres.setting.read"),
        ("SELECT 1 WHERE current_setting($1) > 'm'", "postgres.setting.read"),
        ("SELECT lower(current_setting($1)) = 'x'", "postgres.setting.read"),
        ("SELECT set_config('jit', $1, false)", None),
        ("SELECT set_config('search_path', $1, false)", "postgres.function.settings"),
        ("SELECT set_config($1, 'on', false)", "postgres.function.settings"),
        ("SELECT set_config('jit', note, false) FROM orders", "postgres.function.settings"),
    ],
)
def test_what_drivers_do_with_settings(sql: str, rule: str | None) -> None:
    assert rule_of(sql) == rule


def test_a_users_function_that_shares_a_built_ins_name_makes_the_call_opaque() -> None:
    shadowed = replace(SHOP, functions=SHOP.functions | {("public", "lower")}, version="shadowed")
    assert shown_outputs("SELECT lower('A')", shadowed) == ["*"]
    assert capabilities("SELECT lower('A')", shadowed) == {"read", "write"}
    assert shown_outputs("SELECT pg_catalog.lower('A')", shadowed) == ["-"]
    assert rule_of("SELECT id FROM customers WHERE lower(email) = 'a'", shadowed) == "postgres.mask.position"


def test_a_users_equality_makes_comparisons_with_labelled_columns_opaque() -> None:
    shadowed = replace(SHOP, operators=frozenset({"="}), version="shadowed-equality")
    assert rule_of("SELECT id FROM customers WHERE email = 'a'", shadowed) == "postgres.mask.position"
    assert rule_of("SELECT id FROM customers WHERE email IN ('a')", shadowed) == "postgres.mask.position"
    trusted = replace(shadowed, trusted_operators=frozenset({"="}), version="trusted-equality")
    assert rule_of("SELECT id FROM customers WHERE email = 'a'", trusted) is None
