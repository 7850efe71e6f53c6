"""The shop on a real server, and its catalog as the server tells it: reading SQL is checked against PostgreSQL."""

import hashlib
from collections.abc import Mapping
from typing import Any

import psycopg

from safelight.domain.masking import Strategy
from safelight.protocols.postgres.catalog import Catalog, CatalogColumn, CatalogRelation, LabelledColumn

SCHEMA = """
CREATE TABLE customers (id int PRIMARY KEY, email text, phone text, dropped int, full_name text, country text,
  note text);
ALTER TABLE customers DROP COLUMN dropped;
CREATE TABLE cards (id int PRIMARY KEY, customer_id int REFERENCES customers, number text, expires date);
CREATE TABLE accounts (id int PRIMARY KEY, email text, plan text);
CREATE TABLE orders (id serial PRIMARY KEY, customer_id int REFERENCES customers, total numeric,
  placed_at timestamptz, note text);
CREATE INDEX ON orders (placed_at);
CREATE TABLE events (id int, at date, kind text) PARTITION BY RANGE (at);
CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE VIEW customer_view AS SELECT c.id, c.email AS mail, c.country FROM customers c WHERE c.country <> 'XX';
CREATE VIEW customer_report AS SELECT country, count(*) AS n, max(email) AS longest FROM customers GROUP BY country;
CREATE VIEW order_totals AS SELECT customer_id, sum(total) AS total FROM orders GROUP BY customer_id;
CREATE MATERIALIZED VIEW customer_names AS SELECT c.id, c.full_name FROM customers c;
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE FUNCTION pay(int) RETURNS int LANGUAGE sql AS 'SELECT $1';
"""
LABELS: Mapping[tuple[str, str], LabelledColumn] = {
    ("customers", "email"): LabelledColumn("email", Strategy.PSEUDONYM),
    ("customers", "phone"): LabelledColumn("phone", Strategy.PARTIAL),
    ("customers", "full_name"): LabelledColumn("full_name", Strategy.REDACT),
    ("cards", "number"): LabelledColumn("card", Strategy.PARTIAL),
    ("accounts", "email"): LabelledColumn("email", Strategy.PSEUDONYM),
}
RELATIONS = """
SELECT c.oid, n.nspname, c.relname, c.relkind::text,
  CASE WHEN c.relkind IN ('v', 'm') AND n.nspname = 'public' THEN pg_get_viewdef(c.oid) END,
  array(SELECT a.attnum || ':' || a.atttypid || ':' || (a.attname = 'id' AND a.attnotnull) || ':' || a.attname
        FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND n.nspname !~ '^pg_(toast|temp)'
"""


def load_catalog(connection: "psycopg.Connection[Any]") -> Catalog:
    """The connection's database as a catalog, with the shop's labels."""
    connection.execute("SET search_path = ''")
    rows = connection.execute(RELATIONS).fetchall()
    functions = _pairs(
        connection, "SELECT n.nspname, p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace"
    )
    connection.execute("RESET search_path")
    relations = tuple(
        CatalogRelation(oid, schema, name, kind, tuple(_column(text) for text in columns), definition, ())
        for oid, schema, name, kind, definition, columns in rows
    )
    labels = {
        (relation.oid, column.number): LABELS[relation.name, column.name]
        for relation in relations
        for column in relation.columns
        if relation.schema == "public" and (relation.name, column.name) in LABELS
    }
    version = connection.execute("SELECT current_setting('server_version_num')::int").fetchone()
    assert version is not None
    return Catalog(
        version=hashlib.sha256(repr((relations, version)).encode()).hexdigest(),
        target="live",
        database=connection.info.dbname,
        server_version_num=version[0],
        relations=relations,
        functions=frozenset(functions),
        trusted_functions=frozenset(),
        operators=frozenset(),
        trusted_operators=frozenset(),
        types=frozenset({("public", "mood")}),
        labels=labels,
        opaque=frozenset(),
        search_path=("public",),
        harmless_types=frozenset({("public", "mood")}),
    )


def _pairs(connection: "psycopg.Connection[Any]", query: str) -> list[tuple[str, str]]:
    found = connection.execute(query).fetchall()
    return [(schema, name) for schema, name in found if schema not in ("pg_catalog", "information_schema")]


def _column(text: str) -> CatalogColumn:
    number, type_oid, key, name = text.split(":", 3)
    return CatalogColumn(int(number), name, int(type_oid), key == "true")
