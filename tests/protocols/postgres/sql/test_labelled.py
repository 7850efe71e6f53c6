"""The closed list of positions in which a labelled column may stand: every way through, and every way around."""

from dataclasses import replace

import pytest

from safelight.protocols.postgres.catalog import CatalogColumn
from tests.protocols.postgres.sql.shop import CUSTOMERS, PLAIN_SHOP, SHOP, read, rule_of, shown_outputs

OUTPUTS = [
    # (text, outputs: "-" detect, "*" constant, else the label)
    ("SELECT email FROM customers", "email"),
    ("SELECT id, email AS e FROM customers", "- email"),
    ("SELECT c.email, c.phone FROM customers c", "email phone"),
    ("SELECT public.customers.email FROM customers", "email"),
    ("SELECT shop.public.customers.email FROM public.customers", "email"),
    ("SELECT * FROM customers", "- email phone full_name - -"),
    ("TABLE customers", "- email phone full_name - -"),
    ("SELECT c.*, o.id FROM customers c JOIN orders o ON o.customer_id = c.id", "- email phone full_name - - -"),
    ("SELECT *, 1 FROM cards, orders", "- - card - - - - - - -"),
    ("SELECT x.b FROM customers AS x(a, b)", "email"),
    ("SELECT * FROM customers AS x(a, b, c, d, e, f)", "- email phone full_name - -"),
    ("SELECT j.b FROM (customers c JOIN orders o ON o.customer_id = c.id) AS j(a, b)", "email"),
    ("SELECT id FROM customers WHERE email = 'a'", "-"),
    ("SELECT id FROM customers WHERE 'a' = email", "-"),
    ("SELECT id FROM customers WHERE email = $1", "-"),
    ("SELECT id FROM customers WHERE email = 'a'::text", "-"),
    ("SELECT id FROM customers WHERE email = $1::varchar", "-"),
    ("SELECT id FROM customers WHERE email = CAST('a' AS pg_catalog.text)", "-"),
    ("SELECT id FROM customers WHERE email IN ('a', $1, 'c'::text)", "-"),
    ("SELECT id FROM customers WHERE email NOT IN ('a', 'b')", "-"),
    ("SELECT id FROM customers WHERE NOT (email = 'a' AND (phone = 'b' OR id > 5))", "-"),
    ("SELECT id FROM customers WHERE email OPERATOR(pg_catalog.=) 'a'", "-"),
    ("SELECT id FROM customers WHERE email = NULL", "-"),
    ("SELECT count(*) FROM customers WHERE email = 'a'", "-"),
    ("SELECT country, count(*) FROM customers WHERE email = 'a' GROUP BY country ORDER BY 2 DESC", "- -"),
    ("SELECT email FROM customers WHERE country = 'DE' ORDER BY id LIMIT 5 OFFSET 2", "email"),
    ("SELECT email FROM customers FETCH FIRST 5 ROWS ONLY", "email"),
    ("SELECT c.id FROM customers c JOIN accounts a ON a.email = c.email", "-"),
    ("SELECT c.email, a.plan FROM customers c LEFT JOIN accounts a ON a.email = c.email AND a.plan = 'x'", "email -"),
    ("SELECT c.id FROM customers c, accounts a WHERE c.email = a.email", "-"),
    ("SELECT c.id FROM customers c JOIN customers d ON c.email = d.email AND c.id < d.id", "-"),
    ("SELECT email, plan FROM customers JOIN accounts USING (email)", "email -"),
    ("SELECT * FROM accounts JOIN customers USING (email)", "email - - - phone full_name - -"),
    ("SELECT u.email FROM customers JOIN accounts USING (email) AS u", "email"),
    ("SELECT id FROM customers NATURAL JOIN accounts", "-"),
    ("SELECT email, customers.email FROM customers FULL JOIN accounts USING (email)", "email email"),
    ("SELECT email FROM customers NATURAL RIGHT JOIN accounts", "email"),
    ("SELECT * FROM orders WHERE customer_id IN (SELECT id FROM customers WHERE email = 'a')", "- - - - -"),
    ("SELECT id FROM orders o WHERE EXISTS (SELECT 1 FROM customers c WHERE id = customer_id AND email = 'a')", "-"),
    ("SELECT id FROM orders o WHERE EXISTS (SELECT * FROM customers c WHERE c.id = o.customer_id)", "-"),
    ("SELECT o.id FROM orders o, LATERAL (SELECT c.id FROM customers c WHERE c.email = 'a') s", "-"),
    ("WITH x AS (SELECT id FROM customers WHERE email = 'a') SELECT * FROM x", "-"),
    ("SELECT id FROM customers WHERE email = 'a' UNION SELECT id FROM orders", "-"),
    ("SELECT lower(email) FROM customers", "*"),
    ("SELECT email || '!' FROM customers", "*"),
    ("SELECT upper(trim(email)) AS e, id FROM customers", "* -"),
    ("SELECT coalesce(email, phone, 'none') FROM customers", "*"),
    ("SELECT email::text FROM customers", "email"),
    ("SELECT left(email, 3) FROM customers", "*"),
    ("SELECT email IS NULL FROM customers", "-"),
    ("SELECT email = 'a' FROM customers", "-"),
    ("SELECT CASE WHEN email = 'a' THEN 'yes' ELSE 'no' END FROM customers", "-"),
    ("SELECT CASE WHEN country = 'DE' THEN email END FROM customers", "email"),
    ("SELECT concat(email, ' ', country) FROM customers LIMIT 1", "*"),
    ("SELECT id, lower(country) FROM customers", "- -"),
    ("SELECT length(country), 1 / id FROM customers WHERE email = 'a'", "- -"),
    ("SELECT id AS email FROM customers ORDER BY email", "-"),
    ("SELECT email FROM (SELECT id AS email FROM customers) s", "-"),
    ("WITH customers AS (SELECT 1 AS email) SELECT email FROM customers ORDER BY email", "-"),
    ("SELECT ctid, xmin, tableoid::regclass FROM customers", "- - -"),
    ("SELECT email, row_number() OVER (PARTITION BY country ORDER BY id) FROM customers", "email -"),
    ("SELECT mail FROM customer_view", "email"),
    ("SELECT v.* FROM customer_view v WHERE mail = 'a'", "- email -"),
    ("SELECT mail FROM view_of_view", "email"),
    ("SELECT full_name FROM customer_names", "full_name"),
    ("SELECT country, longest FROM customer_report", "- *"),
    ("SELECT customer_id, total FROM order_totals ORDER BY total", "- -"),
    ("SELECT v.id FROM customer_view v JOIN accounts a ON a.email = v.mail", "-"),
    ("INSERT INTO customers (id, email) VALUES (1, 'a') RETURNING id, email", "- email"),
    ("INSERT INTO customers (id, email) VALUES (1, 'a') RETURNING *", "- email phone full_name - -"),
    ("UPDATE customers SET country = 'DE' WHERE email = 'a' RETURNING email, lower(phone)", "email *"),
    ("UPDATE customers SET email = 'b' WHERE id = 1 RETURNING old.email, new.email", "email email"),
    ("UPDATE customers SET id = 1 RETURNING WITH (OLD AS before) before.email", "email"),
    ("DELETE FROM customers c USING accounts a WHERE a.email = c.email RETURNING c.id, a.*", "- - email -"),
    ("MERGE INTO orders o USING customers c ON o.customer_id = c.id WHEN MATCHED THEN DELETE RETURNING c.email, o.id",
     "email -"),
    ("COPY customers TO STDOUT", "- email phone full_name - -"),
    ("COPY customers (email, id) TO STDOUT", "email -"),
    ("COPY (SELECT id, email FROM customers) TO STDOUT", "- email"),
    ("SELECT pid, query, state FROM pg_stat_activity", "- * -"),
    ("SELECT a.query AS q, lower(a.query) FROM pg_stat_activity a", "* *"),
]  # fmt: skip

MISPLACED = [
    # Expressions that would compute with it, or fail because of it.
    "SELECT length(email) + 1 FROM customers",
    "SELECT email::int FROM customers",
    "SELECT email::date FROM customers",
    "SELECT 1 / length(email) FROM customers",
    "SELECT CASE WHEN email LIKE 'a%' THEN pg_sleep(1) END FROM customers",
    "SELECT coalesce(email, pg_sleep(1)::text) FROM customers",
    "SELECT substring(email, id - 5) FROM customers",
    "SELECT repeat(email, 100000) FROM customers",
    "SELECT email LIKE phone FROM customers",
    "SELECT regexp_replace(email, phone, '') FROM customers",
    "SELECT to_number(phone, '999') FROM customers",
    "SELECT regexp_split_to_table(email, '@') FROM customers",
    "SELECT unnest(string_to_array(email, '')) FROM customers",
    "SELECT generate_series(1, length(email)) FROM customers",
    "SELECT lower(email) || now()::text FROM customers",
    "SELECT email || (SELECT 'x') FROM customers",
    "SELECT ARRAY[email] FROM customers",
    "SELECT ROW(email) FROM customers",
    "SELECT ROW(c.*) FROM customers c",
    "SELECT json_build_object('e', email) FROM customers",
    "SELECT jsonb_build_array(email) FROM customers",
    "SELECT JSON_OBJECT('e': email) FROM customers",
    "SELECT JSON_ARRAY(email) FROM customers",
    "SELECT xmlelement(name x, email) FROM customers",
    "SELECT format('%s', email) FROM customers",
    "SELECT quote_literal(email)::regclass FROM customers",
    "SELECT md5(email)::uuid FROM customers",
    "SELECT (email).x FROM customers",
    # Aggregates, windows, grouping, order, duplicates.
    "SELECT string_agg(email, ',') FROM customers",
    "SELECT array_agg(email ORDER BY id) FROM customers",
    "SELECT string_agg(country, ',' ORDER BY email) FROM customers",
    "SELECT json_agg(c) FROM customers c",
    "SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY email) FROM customers",
    "SELECT row_number() OVER (ORDER BY email) FROM customers",
    "SELECT count(*) OVER (PARTITION BY email) FROM customers",
    "SELECT lag(email) OVER (ORDER BY id) FROM customers",
    "SELECT count(*) OVER w FROM customers WINDOW w AS (ORDER BY email)",
    "SELECT DISTINCT id, lower(email) FROM customers",
    "SELECT DISTINCT * FROM customers",
    "SELECT DISTINCT ON (email) id FROM customers",
    "SELECT count(*) FROM customers GROUP BY lower(email)",
    "SELECT country FROM customers GROUP BY country HAVING max(email) > 'a'",
    "SELECT id FROM customers ORDER BY email",
    "SELECT email FROM customers ORDER BY 1",
    "SELECT *, id FROM customers ORDER BY 2",
    "SELECT email AS e FROM customers ORDER BY e",
    "SELECT lower(email) FROM customers ORDER BY 1",
    "SELECT id FROM customers ORDER BY lower(email) DESC NULLS LAST",
    "SELECT id AS email FROM customers ORDER BY email || ''",
    "SELECT id FROM customers LIMIT (SELECT length(email) FROM customers LIMIT 1)",
    # Conditions other than the permitted comparisons.
    "SELECT id FROM customers WHERE email LIKE 'a%'",
    "SELECT id FROM customers WHERE email ILIKE 'a'",
    "SELECT id FROM customers WHERE email ~ '^a'",
    "SELECT id FROM customers WHERE email SIMILAR TO 'a%'",
    "SELECT id FROM customers WHERE email > 'a'",
    "SELECT id FROM customers WHERE email BETWEEN 'a' AND 'b'",
    "SELECT id FROM customers WHERE email = country",
    "SELECT id FROM customers WHERE email = phone",
    "SELECT id FROM customers WHERE email = current_user",
    "SELECT id FROM customers WHERE email = ANY ($1)",
    "SELECT id FROM customers WHERE email = (SELECT 'a')",
    "SELECT id FROM customers WHERE email IN (SELECT email FROM guesses)",
    "SELECT id FROM customers WHERE email IN ('a', country)",
    "SELECT id FROM customers WHERE 'a' IN (email, phone)",
    "SELECT id FROM customers WHERE email IN ('1','2','3','4','5','6','7','8','9','10','11')",
    "SELECT id FROM customers WHERE (email, id) = ('a', 1)",
    "SELECT id FROM customers WHERE (email, id) IN (('a', 1))",
    "SELECT id FROM customers WHERE email COLLATE \"C\" = 'a'",
    "SELECT id FROM customers WHERE email::text = 'a'",
    "SELECT id FROM customers WHERE email ^@ 'a'",
    "SELECT id FROM orders WHERE 'a' IN (SELECT email FROM customers)",
    "SELECT id FROM orders WHERE 'a' = ANY (SELECT email FROM customers)",
    "SELECT id FROM orders WHERE EXISTS (SELECT 1 FROM customers WHERE email LIKE 'a%')",
    "SELECT pid FROM pg_stat_activity WHERE query LIKE '%a%'",
    "SELECT pid FROM pg_stat_activity WHERE query = 'a'",
    "SELECT pid FROM pg_stat_activity ORDER BY client_addr",
    # Joins with what carries another label, or none.
    "SELECT c.id FROM customers c JOIN guesses g ON g.email = c.email",
    "SELECT c.id FROM customers c JOIN guesses g USING (email)",
    "SELECT c.id FROM guesses g JOIN customers c USING (email)",
    "SELECT c.id FROM customers c NATURAL JOIN guesses g",
    "SELECT c.id FROM customers c JOIN cards k ON k.number = c.email",
    "SELECT c.id FROM customers c JOIN (VALUES ('a'), ('b')) v(x) ON v.x = c.email",
    "SELECT c.id FROM customers c JOIN unnest($1::text[]) u ON u = c.email",
    "SELECT c.id FROM customers c NATURAL JOIN json_to_record('{}') AS j",
    "SELECT c.id FROM customers c JOIN orders o ON lower(c.email) = o.note",
    # Through subqueries, WITH, set operations, functions in FROM.
    "SELECT email FROM customers UNION SELECT note FROM orders",
    "SELECT id FROM orders EXCEPT SELECT email FROM customers",
    "SELECT ARRAY(SELECT email FROM customers)",
    "SELECT 1 FROM customers c, LATERAL generate_series(1, length(c.email))",
    "SELECT u FROM customers c, unnest(string_to_array(c.email, '@')) u",
    "SELECT * FROM customers c, json_each(to_json(c.email)) j",
    "SELECT * FROM customers, generate_series(1, 3)",
    "SELECT t.* FROM customers c, XMLTABLE('/a' PASSING (c.email::xml) COLUMNS x int) t",
    "SELECT t.* FROM customers c, JSON_TABLE(c.email, '$' COLUMNS (x int PATH '$')) t",
    # The whole row.
    "SELECT c FROM customers c",
    "SELECT customers FROM customers",
    "SELECT (c).email FROM customers c",
    "SELECT (c).* FROM customers c",
    "SELECT (customers.*)::text FROM customers",
    "SELECT email(c) FROM customers c",
    "SELECT row_to_json(c) FROM customers c",
    "SELECT to_jsonb(c) - 'id' FROM customers c",
    "SELECT count(c) FROM customers c",
    "SELECT c IS NULL FROM customers c",
    "SELECT c.*::text FROM customers c",
    "SELECT id FROM customers c WHERE c = $1",
    "SELECT id FROM customers c ORDER BY c",
    "SELECT count(*) FROM customers c GROUP BY c",
    "SELECT v FROM customer_view v",
    "SELECT to_json(c.*) FROM customers c",
    "SELECT (SELECT j) FROM (customers c CROSS JOIN orders o) j",
    # Elsewhere.
    "INSERT INTO orders (note) SELECT email FROM customers",
    "INSERT INTO orders (note) VALUES ((SELECT email FROM customers LIMIT 1))",
    "INSERT INTO customers (id, email) VALUES (1, 'a') RETURNING length(email) + 1",
    "UPDATE orders SET note = c.email FROM customers c WHERE c.id = customer_id",
    "UPDATE orders SET note = (SELECT email FROM customers LIMIT 1)",
    "UPDATE orders SET (note, total) = (SELECT email, 1 FROM customers LIMIT 1)",
    "UPDATE customers SET note = email",
    "UPDATE customers SET country = lower(email)",
    "UPDATE customers SET id = 1 WHERE email LIKE 'a%'",
    "DELETE FROM customers WHERE email > 'a'",
    "MERGE INTO customers c USING guesses g ON c.email = g.email WHEN MATCHED THEN DELETE",
    "MERGE INTO orders o USING customers c ON o.customer_id = c.id WHEN MATCHED AND c.email > 'a' THEN DELETE",
    "MERGE INTO orders o USING customers c ON o.customer_id = c.id WHEN MATCHED THEN UPDATE SET note = c.email",
    "INSERT INTO customers (id, email) VALUES (1, 'a') ON CONFLICT (email) DO NOTHING",
    "INSERT INTO customers (id, email) VALUES (1, 'a') ON CONFLICT DO NOTHING",
    "INSERT INTO customers (id, email) VALUES (1, 'a') ON CONFLICT ON CONSTRAINT k DO NOTHING",
    "INSERT INTO customers (id, email) VALUES (1, 'a') ON CONFLICT (lower(email)) DO NOTHING",
    "INSERT INTO customers (id, email) VALUES (1, 'a') ON CONFLICT (id) DO UPDATE SET note = customers.email",
    "INSERT INTO customers (id, email) VALUES (1, 'a') ON CONFLICT (id) DO UPDATE SET note = excluded.email",
    "COPY (SELECT lower(email) || 1 / id FROM customers) TO STDOUT",
    "CREATE TABLE t AS SELECT email FROM customers",
    "SELECT email INTO t FROM customers",
]  # fmt: skip

OTHER_REFUSALS = [
    ("EXPLAIN SELECT email FROM customers", "postgres.mask.explain"),
    ("EXPLAIN SELECT id FROM customers WHERE email = 'a'", "postgres.mask.explain"),
    ("EXPLAIN ANALYZE UPDATE customers SET country = 'DE'", "postgres.mask.explain"),
    ("SELECT * FROM secrets", "postgres.mask.opaque"),
    ("SELECT count(*) FROM secrets", "postgres.mask.opaque"),
    ("UPDATE secrets SET id = 1", "postgres.mask.opaque"),
    ("COPY secrets TO STDOUT", "postgres.mask.opaque"),
    ("SELECT id FROM customers WHERE email = 'a' OR " + " OR ".join(f"phone = '{n}'" for n in range(10)),
     "postgres.mask.values"),
    ("SELECT id FROM customers WHERE email IN ('1','2','3','4','5','6') OR phone IN ('1','2','3','4','5')",
     "postgres.mask.values"),
    ("UPDATE customers SET email = lower('A')", "postgres.mask.write"),
    ("UPDATE customers SET email = phone", "postgres.mask.write"),
    ("UPDATE customers SET email = country", "postgres.mask.write"),
    ("UPDATE customers SET email = (SELECT note FROM orders LIMIT 1)", "postgres.mask.write"),
    ("UPDATE customers SET (email, phone) = (SELECT 'a', 'b')", "postgres.mask.write"),
    ("UPDATE customers SET email = x.email FROM customers x WHERE x.id = 7", "postgres.mask.write"),
    ("UPDATE customers SET email = excluded.email FROM customers excluded", "postgres.mask.write"),
    ("INSERT INTO customers (email) SELECT note FROM orders", "postgres.mask.write"),
    ("INSERT INTO customers SELECT * FROM orders", "postgres.mask.write"),
    ("INSERT INTO customers SELECT * FROM customers", "postgres.mask.write"),
    ("INSERT INTO customers TABLE guesses", "postgres.mask.write"),
    ("INSERT INTO customers (email) SELECT 'a' UNION SELECT 'b'", "postgres.mask.write"),
    ("INSERT INTO customers (email) SELECT note FROM orders UNION SELECT note FROM orders", "postgres.mask.write"),
    ("INSERT INTO customers (email) (VALUES ('a') ORDER BY 1)", "postgres.mask.write"),
    ("INSERT INTO customers (id, email) SELECT o.*, 'a' FROM orders o", "postgres.mask.write"),
    ("INSERT INTO customers (email) VALUES (lower('A'))", "postgres.mask.write"),
    ("MERGE INTO customers c USING guesses g ON false WHEN NOT MATCHED THEN INSERT (email) VALUES (g.email)",
     "postgres.mask.write"),
    ("INSERT INTO orders (note) VALUES (pay(1)::text)", "postgres.mask.opaque_call"),
    ("UPDATE orders SET note = public.leak(id)", "postgres.mask.opaque_call"),
    ("CREATE TABLE t AS SELECT leak(1)", "postgres.mask.opaque_call"),
    ("ALTER TABLE orders ALTER note TYPE text USING leak(id)", "postgres.mask.opaque_call"),
    ("ALTER TABLE orders ADD COLUMN x text DEFAULT leak(1)", "postgres.mask.opaque_call"),
    ("SELECT * FROM leak(1)", "postgres.mask.opaque_call"),
    ("EXPLAIN VERBOSE SELECT leak(1)", "postgres.mask.opaque_call"),
    ("ALTER TABLE customers ADD COLUMN e text GENERATED ALWAYS AS (email) STORED", "postgres.mask.definition"),
    ("ALTER TABLE customers ALTER note TYPE text USING email", "postgres.mask.definition"),
    ("ALTER TABLE customers ADD CHECK (email LIKE '%@%')", "postgres.mask.definition"),
    ("ALTER TABLE customers ADD CHECK (customers IS NOT NULL)", "postgres.mask.definition"),
    ("CREATE INDEX ON customers (lower(email))", "postgres.mask.definition"),
    ("CREATE INDEX ON customers (id) WHERE email > 'a'", "postgres.mask.definition"),
    ("CREATE POLICY p ON customers USING (email = current_user)", "postgres.mask.definition"),
    ("CREATE RULE r AS ON DELETE TO customers DO ALSO INSERT INTO orders (note) VALUES (old.email)",
     "postgres.mask.definition"),
    ("CREATE TABLE probe (e text REFERENCES customers (email))", "postgres.mask.definition"),
    ("ALTER TABLE customers ADD FOREIGN KEY (email) REFERENCES guesses (email)", "postgres.mask.definition"),
    ("ALTER TABLE customers RENAME TO kunden", "postgres.mask.definition"),
    ("ALTER TABLE customers RENAME email TO mail", "postgres.mask.definition"),
    ("ALTER TABLE customers SET SCHEMA archive", "postgres.mask.definition"),
    ("ALTER SCHEMA public RENAME TO privat", "postgres.mask.definition"),
    ("ALTER TABLE customers DETACH PARTITION guesses", "postgres.mask.definition"),
    ("ALTER TABLE guesses NO INHERIT customers", "postgres.mask.definition"),
    ("ALTER TABLE customers INHERIT guesses", "postgres.mask.definition"),
    ("ALTER TABLE events ATTACH PARTITION customers DEFAULT", "postgres.mask.definition"),
    ("CLUSTER customers USING customers_email", "postgres.mask.definition"),
    ("CLUSTER", "postgres.mask.definition"),
    ("CREATE OR REPLACE VIEW order_totals AS SELECT id, email FROM customers", "postgres.mask.definition"),
    ("CREATE INDEX ON customer_names (lower(full_name))", "postgres.mask.definition"),
    ("CREATE FUNCTION f() RETURNS text BEGIN ATOMIC SELECT email FROM customers; END", "postgres.mask.definition"),
]  # fmt: skip

WRITES = [
    "INSERT INTO customers (id, email) VALUES (1, 'a'), (2, $1), (3, NULL), (4, DEFAULT), (5, 'b'::text)",
    "INSERT INTO customers VALUES (1, 'a', 'b', 'c')",
    "INSERT INTO customers (id, email) SELECT id, 'a' FROM orders",
    "INSERT INTO customers (id, email) VALUES (1, 'a') ON CONFLICT (id) DO UPDATE SET email = excluded.email",
    "INSERT INTO customers (id, email) VALUES (1, 'a') ON CONFLICT (id) DO NOTHING",
    "UPDATE customers SET email = 'a', phone = $1, full_name = DEFAULT, note = lower(country) WHERE id = 1",
    "UPDATE customers SET (email, note) = ('a', country)",
    "UPDATE customers SET (email, note) = ROW ($1, 'x')",
    "DELETE FROM customers WHERE email IN ('a', 'b')",
    "UPDATE orders SET note = 'x' FROM customers c WHERE c.id = customer_id AND c.email = 'a'",
    "MERGE INTO customers c USING orders o ON o.customer_id = c.id WHEN MATCHED THEN UPDATE SET email = 'a' "
    "WHEN NOT MATCHED THEN INSERT (id, email) VALUES (o.id, $1)",
    "COPY customers FROM STDIN",
    "COPY customers (id, email) FROM STDIN",
]


@pytest.mark.parametrize(("sql", "expected"), OUTPUTS)
def test_outputs(sql: str, expected: str) -> None:
    assert rule_of(sql) is None
    assert shown_outputs(sql) == expected.split()


@pytest.mark.parametrize("sql", MISPLACED)
def test_misplaced(sql: str) -> None:
    assert rule_of(sql) == "postgres.mask.position"


@pytest.mark.parametrize(("sql", "rule"), OTHER_REFUSALS)
def test_refused_by_another_rule(sql: str, rule: str) -> None:
    assert rule_of(sql) == rule


@pytest.mark.parametrize("sql", WRITES)
def test_writing_into_labelled_columns(sql: str) -> None:
    analysis = read(sql)
    assert analysis.facts.refusal is None
    assert analysis.restricted_reads


@pytest.mark.parametrize("sql", [sql for sql in MISPLACED if "customer" in sql and "_view" not in sql])
def test_nothing_is_misplaced_where_nothing_is_labelled(sql: str) -> None:
    rule = rule_of(sql, PLAIN_SHOP)
    assert rule is None or not rule.startswith("postgres.mask."), rule


@pytest.mark.parametrize(
    ("sql", "restricted", "labels"),
    [
        ("SELECT id FROM customers", False, set()),
        ("SELECT email FROM customers", True, {"email"}),
        ("SELECT id FROM customers WHERE phone = 'a'", True, {"phone"}),
        ("SELECT c.id FROM customers c JOIN accounts a USING (email)", True, {"email"}),
        ("SELECT lower(full_name) FROM customers", True, {"full_name"}),
        ("SELECT id FROM orders WHERE id IN (SELECT customer_id FROM cards WHERE number = 'x')", True, {"card"}),
        ("SELECT country FROM customer_report", True, {"email"}),
        ("SELECT total FROM order_totals", False, set()),
        ("UPDATE customers SET country = 'DE'", True, set()),
        ("DELETE FROM customers", True, set()),
        ("COPY customers FROM STDIN", True, {"email", "phone", "full_name"}),
        ("COPY customers (id) FROM STDIN", True, set()),
        ("CREATE UNIQUE INDEX ON customers (email)", True, {"email", "phone", "full_name"}),
        ("CREATE UNIQUE INDEX ON customer_names (full_name)", True, {"full_name"}),
        ("CREATE UNIQUE INDEX ON customer_report (longest)", True, set()),
        ("REFRESH MATERIALIZED VIEW customer_names", True, {"full_name"}),
        ("ALTER TABLE customers RENAME note TO remark", True, {"email", "phone", "full_name"}),
        ("ALTER SCHEMA archive RENAME TO attic", False, set()),
        ("SELECT pay(1)", True, set()),
        ("SELECT query FROM pg_stat_activity", True, {"statement_text"}),
    ],
)
def test_what_is_touched(sql: str, restricted: bool, labels: set[str]) -> None:
    analysis = read(sql)
    assert analysis.facts.refusal is None
    assert analysis.restricted_reads is restricted
    assert analysis.facts.labels == labels


def test_a_label_names_the_origin_that_the_server_must_show() -> None:
    outputs = read("SELECT id, email AS e FROM customers").outputs
    assert outputs is not None
    assert outputs[0].origin is None
    assert outputs[1].origin == (CUSTOMERS, 2)
    assert outputs[1].strategy is SHOP.labels[CUSTOMERS, 2].strategy
    through_view = read("SELECT mail FROM customer_view").outputs
    assert through_view is not None and through_view[0].origin == (2001, 2)


def test_only_text_is_computed_with() -> None:
    """``||`` of arrays fails on some of their values, that of texts on none."""
    number = CatalogColumn(3, "number", 1009)
    relations = tuple(
        replace(r, columns=tuple(number if c.name == "number" else c for c in r.columns)) for r in SHOP.relations
    )
    arrays = replace(SHOP, relations=relations, version="arrays")
    assert shown_outputs("SELECT number FROM cards", arrays) == ["card"]
    assert shown_outputs("SELECT number || 'x' FROM cards") == ["*"]
    assert rule_of("SELECT number || '{x}' FROM cards", arrays) == "postgres.mask.position"


def test_opaque_code_gives_constants_where_columns_are_labelled() -> None:
    assert shown_outputs("SELECT pay(1), 'x'") == ["*", "*"]
    assert shown_outputs("SELECT id FROM orders WHERE pay(id) = 1") == ["*"]
    assert shown_outputs("SELECT x FROM odd_view") == ["*"]
    assert shown_outputs("SELECT a FROM pay(1) AS t(a)") == ["*"]
    assert shown_outputs("SELECT pay(1), 'x'", PLAIN_SHOP) == ["-", "-"]
    assert shown_outputs("SELECT similarity('a', 'b')") == ["-"]
    assert shown_outputs("CALL pay(1)") == []
    assert shown_outputs("CALL pay(1)", PLAIN_SHOP) is None


def test_a_refusal_names_the_column_the_position_and_the_nearest_form() -> None:
    refusal = read("SELECT c.id FROM customers c ORDER BY c.email").facts.refusal
    assert refusal is not None
    assert '"customers.email"' in refusal.message and "ORDER BY" in refusal.message
    assert "email = 'value'" in refusal.next_step
