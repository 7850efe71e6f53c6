"""Labelled columns through whole statements: what carries them on, what may be found out, what order must hide."""

import pytest

from safelight.domain.masking import LabelUse, Strategy, usual_uses
from tests.protocols.postgres.sql.shop import PLAIN_SHOP, read, rule_of, shown_outputs

CARRIED = [
    # (text, outputs: "-" detect, "*" constant, else the label)
    ("SELECT email FROM (SELECT email FROM customers) s", "email"),
    ("SELECT * FROM (SELECT * FROM customers) s", "- email phone full_name - -"),
    ("SELECT s.b FROM (SELECT id, email FROM customers) s(a, b)", "email"),
    ("SELECT x FROM (SELECT y AS x FROM (SELECT email AS y FROM customers) a) b", "email"),
    ("SELECT x FROM (SELECT lower(email) AS x FROM customers) s", "*"),
    ("SELECT x, y FROM (SELECT lower(email) AS x, id AS y FROM customers) s", "* -"),
    ("SELECT id FROM (SELECT id, lower(email) FROM customers) s", "-"),
    ("WITH x AS (SELECT email FROM customers) SELECT * FROM x", "email"),
    ("WITH x(a) AS (SELECT email FROM customers), y AS (SELECT a AS b FROM x) SELECT b FROM y", "email"),
    ("WITH customers AS (SELECT * FROM customers) SELECT 1 FROM customers", "-"),
    ("WITH x AS (UPDATE customers SET id = 1 RETURNING email) SELECT * FROM x", "email"),
    ("WITH x AS (DELETE FROM customers RETURNING *) SELECT phone FROM x", "phone"),
    ("WITH RECURSIVE x AS (SELECT id, email FROM customers UNION ALL SELECT id, email FROM x) SELECT email FROM x",
     "email"),
    ("SELECT email FROM customers UNION ALL SELECT email FROM accounts", "email"),
    ("SELECT note FROM orders UNION ALL SELECT email FROM customers", "*"),
    ("SELECT email FROM customers UNION ALL SELECT 'x'", "*"),
    ("SELECT email FROM customers UNION ALL SELECT phone FROM customers", "*"),
    ("SELECT id, email FROM customers UNION ALL SELECT id, email FROM accounts ORDER BY id LIMIT 5", "- email"),
    ("SELECT * FROM (SELECT email FROM customers UNION ALL SELECT mail FROM customer_view) s", "email"),
    ("SELECT (SELECT email FROM customers WHERE id = 1)", "email"),
    ("SELECT (SELECT c.email) FROM customers c", "email"),
    ("SELECT (SELECT lower(email) FROM customers WHERE id = 1)", "*"),
    ("SELECT (SELECT count(*) FROM customers), (SELECT max(id) FROM orders)", "- -"),
    ("SELECT s.e FROM customers c, LATERAL (SELECT c.email AS e) s", "email"),
    ("SELECT v.* FROM customers c, LATERAL (VALUES (c.email, 1)) v", "email -"),
    ("SELECT v.* FROM customers c, LATERAL (VALUES (c.email), ('x')) v", "*"),
    ("SELECT v.* FROM customers c, LATERAL (VALUES (c.email), (c.phone)) v", "*"),
    ("SELECT email::varchar, CAST(email AS text) FROM customers", "email email"),
    ("SELECT email COLLATE \"C\" FROM customers", "email"),
    ("SELECT CASE WHEN country = 'DE' THEN email ELSE NULL END FROM customers", "email"),
    ("SELECT CASE WHEN country = 'DE' THEN email ELSE 'guess' END FROM customers", "*"),
    ("SELECT CASE WHEN country = 'DE' THEN email ELSE phone END FROM customers", "*"),
    ("SELECT coalesce(c.email, a.email) FROM customers c FULL JOIN accounts a ON a.id = c.id", "email"),
    ("SELECT coalesce(email, 'guess') FROM customers", "*"),
    ("SELECT email FROM customers FULL JOIN accounts USING (email)", "email"),
    ("SELECT country, max(email) FROM customers GROUP BY country", "- *"),
    ("SELECT id, email FROM customers GROUP BY id", "- email"),
    ("SELECT min(email), max(phone) FROM customers", "* *"),
    ("SELECT email FROM customers HAVING true", "email"),
    ("SELECT DISTINCT ON (id) id, email FROM customers", "- email"),
    ("SELECT country, n, longest FROM customer_report WHERE n > 5 ORDER BY country", "- - *"),
    ("CREATE VIEW v AS SELECT max(email) FROM customers", ""),
]  # fmt: skip

DISCLOSED = [
    # Permitted wherever they stand: their result is not labelled.
    "SELECT email = 'a', email <> 'a', email IN ('a', 'b'), email NOT IN ('a') FROM customers",
    "SELECT email IS NULL, email IS NOT NULL FROM customers",
    "SELECT CASE WHEN email = 'a' THEN 1 / 0 END FROM customers",
    "SELECT count(email), count(DISTINCT email), count(*) FROM customers",
    "SELECT country, count(DISTINCT email) FROM customers GROUP BY country HAVING count(email) > 1 ORDER BY 2",
    "SELECT count(*) FILTER (WHERE email = 'a') FROM customers",
    "SELECT count(email) FILTER (WHERE country = 'DE') FROM customers",
    "SELECT country FROM customers GROUP BY country HAVING bool_or(email = 'a')",
    "SELECT id FROM customers ORDER BY email = 'a'",
    "SELECT id FROM customers WHERE email <> 'a'",
    "SELECT id FROM customers WHERE email IS NULL OR email = ''",
    "SELECT id FROM customers WHERE email IS NOT DISTINCT FROM 'a'",
    "SELECT id FROM customers WHERE email IS DISTINCT FROM $1",
    "SELECT id FROM customers WHERE lower(email) = 'a'",
    "SELECT id FROM customers WHERE lower(email) = lower($1)",
    "SELECT id FROM customers WHERE upper(email) IN ('A', 'B')",
    "SELECT id FROM customers WHERE email = lower('A')",
    "SELECT id FROM customers WHERE email = 'a' || $1",
    "SELECT id FROM customers WHERE email = ANY (ARRAY['a', 'b'])",
    "SELECT id FROM customers WHERE email <> ALL (ARRAY['a', 'b'])",
    "SELECT id FROM customers WHERE (email = 'a') = true AND (email = 'b') IS NOT TRUE",
    "SELECT id FROM customers WHERE (email = 'a')::int = 1",
    "SELECT id FROM customers WHERE CASE WHEN email = 'a' THEN true END",
    "SELECT id FROM customers WHERE coalesce(email = 'a', false)",
    "SELECT id FROM customers WHERE email = 'a'::name::text",
    "SELECT id FROM customers WHERE email IN (SELECT email FROM accounts WHERE plan = 'paid')",
    "SELECT id FROM customers WHERE email NOT IN (SELECT email FROM accounts)",
    "SELECT id FROM orders WHERE EXISTS (SELECT 1 FROM customers c GROUP BY email HAVING count(*) > 1)",
    "SELECT id FROM customers WHERE email IN (SELECT email FROM customers GROUP BY email HAVING count(*) > 1)",
    "SELECT c.email = a.email FROM customers c, accounts a",
    "SELECT c.id FROM customers c JOIN accounts a ON lower(a.email) = lower(c.email)",
    "SELECT e FROM (SELECT id AS e, email AS m FROM customers) s WHERE m = 'a'",
    "WITH x AS (SELECT id, email FROM customers) SELECT x.id FROM x JOIN accounts a ON a.email = x.email",
    "SELECT id FROM patients WHERE born = $1::date",
    "SELECT id, extract(year FROM born), date_trunc('year', born) FROM patients WHERE date_part('year', born) = 1980",
    "SELECT split_part(email, '@', 2), count(*) FROM patients GROUP BY 1 ORDER BY 2 DESC LIMIT 10",
    "SELECT left(postcode, 2), count(*) FROM patients GROUP BY left(postcode, 2)",
]

STEADY = [
    # Grouped by a labelled column, and no order of its values is seen.
    ("SELECT email, count(*) FROM customers GROUP BY email ORDER BY min(id)", "email -"),
    ("SELECT email, count(*), min(id) FROM customers GROUP BY email HAVING count(*) > 1 ORDER BY 2 DESC, 3 LIMIT 10",
     "email - -"),
    ("SELECT email AS e, max(id) AS last FROM customers GROUP BY e ORDER BY last", "email -"),
    ("SELECT email, country, array_agg(id ORDER BY id) FROM customers GROUP BY 1, 2 ORDER BY min(id)", "email - -"),
    ("SELECT c.email, count(o.id) FROM customers c LEFT JOIN orders o ON o.customer_id = c.id GROUP BY c.email "
     "ORDER BY count(o.id) DESC, min(c.id)", "email -"),
    ("SELECT count(*) FROM (SELECT DISTINCT email FROM customers) s", "-"),
    ("SELECT count(*) FROM (SELECT email FROM customers GROUP BY email HAVING count(*) > 1) s", "-"),
    ("SELECT count(*) FROM (SELECT email FROM customers UNION SELECT email FROM accounts) s", "-"),
    ("SELECT count(*) FROM (SELECT email FROM customers EXCEPT SELECT email FROM accounts) s", "-"),
    ("SELECT n, count(*) FROM (SELECT email, count(*) AS n FROM customers GROUP BY email) s GROUP BY n ORDER BY n",
     "- -"),
    ("SELECT max(n) FROM (SELECT count(*) AS n FROM customers GROUP BY email) s", "-"),
    ("SELECT * FROM (SELECT email, min(id) AS id FROM customers GROUP BY email ORDER BY min(id) LIMIT 3) s",
     "email -"),
]  # fmt: skip

ORDER = [
    "SELECT email FROM customers GROUP BY email",
    "SELECT email FROM customers GROUP BY 1",
    "SELECT email AS e FROM customers GROUP BY e",
    "SELECT count(*) FROM customers GROUP BY email",
    "SELECT email, count(*) FROM customers GROUP BY email ORDER BY 2 DESC",
    "SELECT email, count(*) FROM customers GROUP BY email ORDER BY count(*) DESC LIMIT 1",
    "SELECT email, country FROM customers GROUP BY email, country ORDER BY min(note)",
    "SELECT c.email, o.total FROM customers c, orders o GROUP BY 1, 2 ORDER BY min(c.id)",
    "SELECT c.email FROM customers c, orders o GROUP BY 1 ORDER BY min(o.id)",
    "SELECT c.email FROM customers c, customers d GROUP BY 1 ORDER BY min(d.id)",
    "SELECT email FROM customers GROUP BY email ORDER BY min(id) FILTER (WHERE country = 'DE')",
    'SELECT email FROM customers GROUP BY email ORDER BY min(id) COLLATE "C"',
    "SELECT email FROM customers GROUP BY email ORDER BY count(id)",
    "SELECT count(*) FROM customers GROUP BY ROLLUP (country, email) ORDER BY min(id)",
    "SELECT count(*) FROM customers GROUP BY GROUPING SETS ((email), ())",
    "SELECT id AS email FROM customers GROUP BY email",
    "SELECT o.id AS email FROM customers c, orders o GROUP BY email ORDER BY min(o.id)",
    "SELECT DISTINCT email FROM customers",
    "SELECT DISTINCT email, min(id) FROM customers GROUP BY email ORDER BY min(id)",
    "SELECT DISTINCT id, email FROM customers",
    "SELECT DISTINCT ON (n) n, x FROM (SELECT count(*) AS n, min(id) AS x FROM customers GROUP BY email) s",
    "SELECT bool_or(x = '1') FROM (SELECT DISTINCT ON (n) n, x FROM (SELECT count(*) AS n, min(id) AS x "
    "FROM customers GROUP BY email) a) s",
    "SELECT email FROM customers UNION SELECT email FROM accounts",
    "SELECT email FROM customers INTERSECT ALL SELECT email FROM accounts",
    "SELECT email FROM customers EXCEPT SELECT email FROM accounts LIMIT 1",
    "WITH RECURSIVE x AS (SELECT email FROM customers UNION SELECT email FROM x) SELECT * FROM x",
    "SELECT id FROM (SELECT min(id) AS id FROM customers GROUP BY email) s",
    "SELECT id FROM (SELECT min(id) AS id FROM customers GROUP BY email) s ORDER BY id LIMIT 1",
    "SELECT array_agg(id) FROM (SELECT min(id) AS id FROM customers GROUP BY email) s",
    "SELECT string_agg(id, ',') FROM (SELECT min(id) AS id FROM customers GROUP BY email) s",
    "SELECT string_agg(x, ',' ORDER BY n) FROM (SELECT min(id) AS x, count(*) AS n FROM customers GROUP BY email) s",
    "SELECT sum(n) FROM (SELECT count(*) AS n FROM customers GROUP BY email) s",
    "SELECT max(x) FROM (SELECT round(1, min(id)) AS x FROM customers GROUP BY email) s",
    "SELECT row_number() OVER () FROM (SELECT min(id) AS id FROM customers GROUP BY email) s",
    "SELECT min(x) FROM (SELECT row_number() OVER () AS x FROM customers GROUP BY email) s",
    "SELECT count(x) FROM (SELECT nextval('orders_id_seq') AS x FROM (SELECT DISTINCT email FROM customers) a) s",
    "SELECT count(*) FROM (SELECT DISTINCT email FROM customers) s WHERE random() < 0.5",
    "SELECT email, array_agg(id), min(id) FROM customers GROUP BY email ORDER BY min(id)",
    "SELECT (SELECT id FROM (SELECT min(id) AS id FROM customers GROUP BY email) s LIMIT 1)",
    "SELECT ARRAY(SELECT min(id) FROM customers GROUP BY email)",
    "SELECT count(*) FROM (SELECT email FROM customers GROUP BY email LIMIT 5) s",
    "SELECT count(*) FROM orders o, LATERAL (SELECT DISTINCT email FROM customers OFFSET 1) s",
    "SELECT s.n FROM orders o JOIN (SELECT count(*) AS n FROM customers GROUP BY email) s ON true",
    "INSERT INTO orders (id) SELECT min(id) FROM customers GROUP BY email",
    "CREATE TABLE t AS SELECT count(*) AS n FROM customers GROUP BY email",
    "SELECT count(*) AS n INTO t FROM customers GROUP BY email",
    "UPDATE orders SET note = 'x' FROM (SELECT min(id) AS id FROM customers GROUP BY email) s WHERE s.id = total",
    "COPY (SELECT email FROM customers GROUP BY email) TO STDOUT",
    "SELECT count(*) FROM (SELECT e FROM accounts a, LATERAL (SELECT DISTINCT email AS e FROM customers) b) s "
    "HAVING max(random()) > 0",
]

MISPLACED = [
    "SELECT DISTINCT phone FROM customers",
    "SELECT count(DISTINCT phone) FROM customers",
    "SELECT phone FROM customers GROUP BY phone ORDER BY min(id)",
    "SELECT phone FROM customers UNION SELECT phone FROM customers",
    "SELECT email FROM customers UNION SELECT note FROM orders",
    "SELECT lower(email) FROM customers UNION SELECT 'x'",
    "SELECT count(*) FROM (SELECT lower(email) AS e FROM customers) s GROUP BY e",
    "SELECT id FROM (SELECT id, email AS e FROM customers) s ORDER BY e",
    "SELECT id FROM (SELECT id, lower(email) AS e FROM customers) s WHERE e = 'a'",
    "SELECT id FROM (SELECT id, lower(email) AS e FROM customers) s WHERE e IS NULL",
    "SELECT id FROM (SELECT id, email AS e FROM customers) s WHERE e LIKE 'a%'",
    "SELECT id FROM (SELECT id, CASE WHEN id = '1' THEN email END AS e FROM customers) s WHERE e > 'a'",
    "WITH x AS (SELECT email FROM customers) SELECT 1 FROM x ORDER BY email",
    "WITH x AS (SELECT email AS e FROM customers) SELECT note FROM orders, x WHERE note = e",
    "SELECT x FROM (SELECT lower(email) AS x FROM customers) s WHERE x IN (SELECT email FROM guesses)",
    "SELECT ARRAY(SELECT email FROM customers)",
    "SELECT JSON_ARRAY(SELECT email FROM customers)",
    "SELECT upper((SELECT email FROM customers WHERE id = 1))",
    "SELECT (SELECT email FROM customers WHERE id = 1) LIKE 'a%'",
    "SELECT 1 FROM orders WHERE (SELECT email FROM customers WHERE id = 1) > 'a'",
    "SELECT id FROM customers WHERE email IN (SELECT email FROM guesses)",
    "SELECT id FROM customers WHERE email IN (SELECT phone FROM customers)",
    "SELECT id FROM guesses WHERE email IN (SELECT email FROM customers)",
    "SELECT id FROM customers WHERE email > ANY (SELECT email FROM accounts)",
    "SELECT id FROM customers WHERE lower(email) = upper(email)",
    "SELECT c.id FROM customers c JOIN accounts a ON lower(a.email) = c.email",
    "SELECT id FROM customers WHERE lower(email) > 'a'",
    "SELECT id FROM customers WHERE trim(email) = 'a'",
    "SELECT id FROM customers WHERE email = md5(random()::text)",
    "SELECT id FROM customers WHERE email = (SELECT note FROM orders WHERE id = '1')",
    "SELECT id FROM customers WHERE email = ANY (ARRAY[note])",
    "SELECT id FROM customers WHERE email = ANY ('{a,b}')",
    "SELECT id FROM customers WHERE email < ANY (ARRAY['a'])",
    "SELECT id FROM customers WHERE email = ALL (ARRAY['a'])",
    "SELECT CASE email WHEN 'a' THEN 1 END FROM customers WHERE id = 'x' AND email LIKE 'b'",
    "SELECT id FROM patients WHERE secret = 'a'",
    "SELECT id FROM patients WHERE secret IS NULL",
    "SELECT p.id FROM patients p JOIN patients q USING (secret)",
    "SELECT count(secret) FROM patients",
    "SELECT id FROM patients ORDER BY born",
    "SELECT extract(month FROM born) FROM patients",
    "SELECT date_trunc('month', born) FROM patients",
    "SELECT count(*) FROM patients GROUP BY split_part(email, '@', 1)",
    "SELECT count(*) FROM patients GROUP BY split_part(email, 'a', 2)",
    "SELECT count(*) FROM patients GROUP BY left(postcode, 3)",
    "SELECT count(*) FROM patients GROUP BY left(postcode, -2)",
    "SELECT count(*) FROM patients GROUP BY left(postcode, id)",
    "SELECT id FROM customers WHERE split_part(email, '@', 2) = 'example.com'",
    "WITH RECURSIVE x(a) AS (SELECT 'g' UNION ALL SELECT email FROM customers, x) SELECT a FROM x",
    "WITH RECURSIVE x AS (SELECT id, email FROM customers UNION ALL SELECT id, email FROM x) SEARCH DEPTH FIRST BY "
    "email SET o SELECT id FROM x ORDER BY o",
    "WITH RECURSIVE x AS (SELECT id, email FROM customers UNION ALL SELECT id, email FROM x) CYCLE email SET c USING "
    "p SELECT p FROM x",
    "INSERT INTO orders (note) SELECT e FROM (SELECT lower(email) AS e FROM customers) s",
    "CREATE TABLE t AS SELECT lower(email) AS e FROM customers",
    "CREATE TABLE t AS WITH x AS (SELECT email FROM customers) SELECT * FROM x",
]


@pytest.mark.parametrize(("sql", "expected"), CARRIED)
def test_carried(sql: str, expected: str) -> None:
    assert rule_of(sql) is None, read(sql).facts.refusal
    assert shown_outputs(sql) == expected.split()


@pytest.mark.parametrize("sql", DISCLOSED)
def test_disclosed(sql: str) -> None:
    assert rule_of(sql) is None, read(sql).facts.refusal
    assert set(shown_outputs(sql) or ()) == {"-"}


@pytest.mark.parametrize(("sql", "expected"), STEADY)
def test_grouped_and_steady(sql: str, expected: str) -> None:
    assert rule_of(sql) is None, read(sql).facts.refusal
    assert shown_outputs(sql) == expected.split()


@pytest.mark.parametrize("sql", ORDER)
def test_order_is_not_shown(sql: str) -> None:
    assert rule_of(sql) == "postgres.mask.order"


@pytest.mark.parametrize("sql", MISPLACED)
def test_misplaced(sql: str) -> None:
    assert rule_of(sql) == "postgres.mask.position"


@pytest.mark.parametrize("sql", [*ORDER, *MISPLACED])
def test_nothing_is_refused_where_nothing_is_labelled(sql: str) -> None:
    rule = rule_of(sql, PLAIN_SHOP)
    assert rule is None or not rule.startswith("postgres.mask."), rule


def test_an_output_names_the_columns_it_comes_from() -> None:
    outputs = read(
        "SELECT x, y, z FROM (SELECT lower(email) || number AS x, phone AS y, c.id AS z FROM customers c, cards) s"
    ).outputs
    assert outputs is not None
    assert [output.sources for output in outputs] == [("cards.number", "customers.email"), ("customers.phone",), ()]
    mixed = read("SELECT email FROM customers UNION ALL SELECT phone FROM customers").outputs
    assert mixed is not None and mixed[0].sources == ("customers.email", "customers.phone")


def test_the_smallest_bound_of_the_labels_counts() -> None:
    many = " OR ".join(f"email = '{number}'" for number in range(10))
    assert rule_of(f"SELECT id FROM customers WHERE {many}") is None
    assert rule_of(f"SELECT id FROM customers WHERE {many} OR phone = 'x'") == "postgres.mask.values"


def test_usual_uses_follow_what_the_strategy_shows_anyway() -> None:
    assert usual_uses(Strategy.PSEUDONYM) == frozenset(LabelUse)
    assert LabelUse.GROUP not in usual_uses(Strategy.REDACT)
    assert LabelUse.NULLS not in usual_uses(Strategy.NULL)
