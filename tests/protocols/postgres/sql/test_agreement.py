"""Our reading against PostgreSQL's own, on the real shop: introspection passes, results have the columns we foretell,
and two databases that differ only in labelled values cannot be told apart (noninterference).
"""

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from safelight.domain.capability import Capability
from safelight.protocols.postgres.analysis import Output
from safelight.protocols.postgres.catalog import Catalog
from safelight.protocols.postgres.sql.analyse import analyse
from tests.protocols.postgres.sql.generated import statements
from tests.protocols.postgres.sql.live import SCHEMA, load_catalog
from tests.protocols.postgres.sql.test_labelled import OUTPUTS
from tests.protocols.postgres.sql.test_lineage import CARRIED, STEADY
from tests.protocols.postgres.sql.test_names import COLUMNS
from tests.rig.servers import Server

VECTORS = Path(__file__).parents[3] / "vectors" / "postgres" / "introspection"
CLOSED = ("pg_db_role_setting", "pg_user_mappings", "pg_subscription", "current_setting(s.name)")
"""What psql asks for in vain: roles' settings, user mappings, subscriptions (\\drds, \\deu, \\dRs, \\dconfig)."""
Connection = psycopg.Connection[Any]


@dataclass(frozen=True)
class Live:
    """A database of the shop, and its catalog."""

    connection: Connection
    catalog: Catalog


@pytest.fixture(scope="module", params=[15, 18])
def server(request: pytest.FixtureRequest) -> Server:
    """Both majors."""
    found: Server = request.getfixturevalue(f"postgres{request.param}")
    return found


@pytest.fixture(scope="module")
def shop(server: Server) -> Iterator[Live]:
    """An empty shop."""
    name = server.create_database()
    server.sql(SCHEMA, name)
    with psycopg.connect(server.dsn(name), autocommit=True) as connection:
        yield Live(connection, load_catalog(connection))


@pytest.fixture(scope="module")
def twins(server: Server) -> Iterator[tuple[Live, Live]]:
    """Two shops that differ only in labelled values, which are equal where they are equal in the other."""
    with (
        psycopg.connect(server.dsn(_filled(server, 0)), autocommit=True) as one,
        psycopg.connect(server.dsn(_filled(server, 1)), autocommit=True) as other,
    ):
        yield Live(one, load_catalog(one)), Live(other, load_catalog(other))


def _filled(server: Server, twin: int) -> str:
    """Labelled values of the twins differ in length, order and digits. Their notes guess at some values of either."""
    name = server.create_database()
    server.sql(SCHEMA, name)
    marks = ["alpha@x.example", "B%_9'z"][twin]
    mail = f"'{marks.replace(chr(39), chr(39) * 2)}' || ((n * {[7, -13][twin]}) % 40)"
    guess = "(ARRAY['alpha@x.example7', '+499', 'Ann 5', 'B%_9''z27', 'www', '97', 'note'])[n % 7 + 1]"
    server.sql(
        f"""
        INSERT INTO customers SELECT n, {mail}, {["'+49' || n", "repeat('w', n)"][twin]},
          {["'Ann ' || n", "(100 - n)::text"][twin]}, (ARRAY['DE', 'FR', 'XX'])[n % 3 + 1], {guess}
          FROM generate_series(1, 60) n;
        INSERT INTO accounts SELECT n, {mail}, (ARRAY['free', 'paid'])[n % 2 + 1] FROM generate_series(1, 30) n;
        INSERT INTO cards SELECT n, n % 60 + 1, {["'4' || n", "'-' || (9 - n % 9)"][twin]}, '2030-01-01'::date + n
          FROM generate_series(1, 40) n;
        INSERT INTO orders SELECT n, n % 60 + 1, n % 7, '2024-01-01'::timestamptz + n * interval '1 day', {guess}
          FROM generate_series(1, 80) n;
        REFRESH MATERIALIZED VIEW customer_names; ANALYZE;""",
        name,
    )
    return name


def outputs_of(sql: str, catalog: Catalog) -> tuple[Output, ...] | str | None:
    """The outputs of an allowed single statement, or the rule that refuses it."""
    whole = analyse(sql.encode(), catalog, extended=False)
    refusal = whole.refusal or whole.statements[0].facts.refusal
    return refusal.rule if refusal is not None else whole.statements[0].outputs


def introspection(major: int) -> list[str]:
    """What psql of that major sends for its backslash commands and Tab, and drivers for themselves."""
    found = [
        text for path in sorted(VECTORS.glob(f"*{major}*.sql")) if "pgbench" not in path.name for text in logged(path)
    ]
    assert len(found) > 150
    return [statement for statement in found if not any(name in statement for name in CLOSED)]


def logged(path: Path) -> list[str]:
    """The statements of a file of a server's log."""
    return path.read_text().split("\n", 1)[1].rstrip("\n").split("\n----\n")


def test_introspection_is_a_plain_read(shop: Live) -> None:
    major = shop.catalog.server_version_num // 10000
    for sql in introspection(major):
        whole = analyse(sql.encode(), shop.catalog, extended=False)
        assert whole.refusal is None, sql
        for statement in whole.statements:
            assert statement.facts.refusal is None, (statement.facts.refusal, sql)
            assert statement.facts.capabilities == {Capability.READ}, sql


def test_pgbench_needs_no_more_than_its_statements_say(server: Server) -> None:
    name = server.create_database()
    server.run("pgbench", "-i", "-I", "dtp", "-q", server.dsn(name))
    with psycopg.connect(server.dsn(name), autocommit=True) as connection:
        catalog = load_catalog(connection)
    for sql in logged(VECTORS / f"pgbench{server.major}.sql"):
        whole = analyse(sql.encode(), catalog, extended=True)
        assert whole.refusal is None
        facts = whole.statements[0].facts
        assert facts.refusal is None, (facts.refusal, sql)
        first = sql.split()[0].lower()
        needed = {"read"} if first in ("select", "begin", "begin;", "commit", "end", "end;") else {"write", "ddl"}
        assert {capability.value for capability in facts.capabilities} & needed, sql


@pytest.mark.parametrize("text", ["outputs", "carried", "columns", "introspection", "drivers"])
def test_results_have_the_columns_that_were_foretold(shop: Live, text: str) -> None:
    major = shop.catalog.server_version_num // 10000
    texts = {
        "outputs": [sql for sql, _ in OUTPUTS if not sql.startswith("COPY")],
        "carried": [sql for sql, _ in [*CARRIED, *STEADY] if not sql.startswith("CREATE")],
        "columns": COLUMNS,
        "introspection": introspection(major),
        "drivers": DRIVERS,
    }
    compared = 0
    for sql in texts[text]:
        outputs = outputs_of(sql, shop.catalog)
        if outputs is None or isinstance(outputs, str):
            continue
        described = describe(shop.connection, sql)
        if described is None:
            continue  # what this major does not have, or this schema
        compared += 1
        assert len(described) == len(outputs), sql
        for origin, output in zip(described, outputs, strict=True):
            label = shop.catalog.labels.get(origin)
            if output.rule == "detect":
                assert label is None, sql
            elif output.rule == "label" and label is not None:
                assert output.label == label.label, sql
                assert output.origin in (None, origin), sql  # None: of what is carried through an expression
    assert compared >= len(texts[text]) * 2 // 3


def describe(connection: Connection, sql: str) -> list[tuple[int, int]] | None:
    """The (table, attribute) of each result column, as the server describes them."""
    raw = connection.pgconn
    if raw.prepare(b"", sql.encode()).status != psycopg.pq.ExecStatus.COMMAND_OK:
        return None
    result = raw.describe_prepared(b"")
    return [(result.ftable(column), result.ftablecol(column)) for column in range(result.nfields)]


DRIVERS = [
    "select pg_catalog.version()",
    "show standard_conforming_strings",
    "SELECT t.oid, typarray FROM pg_type t WHERE t.oid = to_regtype($1)",
    "SELECT typname AS name, oid, typarray AS array_oid, oid::regtype::text AS regtype, typdelim AS delimiter "
    "FROM pg_type t WHERE t.oid = to_regtype($1) ORDER BY t.oid",
    "SELECT current_database(), current_schema(), current_user, inet_server_port(), pg_backend_pid()",
    "select oid, typname from pg_type where typname = any($1)",
    "SELECT pg_catalog.pg_class.relname FROM pg_catalog.pg_class JOIN pg_catalog.pg_namespace ON "
    "pg_catalog.pg_namespace.oid = pg_catalog.pg_class.relnamespace WHERE pg_catalog.pg_class.relname = $1::VARCHAR "
    "AND pg_catalog.pg_class.relkind = ANY (ARRAY['r', 'p', 'f', 'v', 'm']) AND "
    "pg_catalog.pg_table_is_visible(pg_catalog.pg_class.oid) AND pg_catalog.pg_namespace.nspname != 'pg_catalog'",
    "SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), (SELECT pg_catalog.pg_get_expr(d.adbin, "
    "d.adrelid) FROM pg_catalog.pg_attrdef d WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum AND a.atthasdef) AS "
    "d, a.attnotnull, pgd.description FROM pg_catalog.pg_attribute a LEFT JOIN pg_catalog.pg_description pgd ON "
    "(pgd.objoid = a.attrelid AND pgd.objsubid = a.attnum) WHERE a.attrelid = $1::oid AND a.attnum > 0",
    "WITH RECURSIVE typeinfo_tree(oid, ns, name, kind, basetype, elemtype, depth) AS (SELECT ti.oid, n.nspname, "
    "ti.typname, ti.typtype, ti.typbasetype, ti.typelem, 0 FROM pg_catalog.pg_type ti JOIN pg_catalog.pg_namespace n "
    "ON n.oid = ti.typnamespace WHERE ti.oid = any($1::oid[]) UNION ALL SELECT ti.oid, n.nspname, ti.typname, "
    "ti.typtype, ti.typbasetype, ti.typelem, tt.depth + 1 FROM pg_catalog.pg_type ti JOIN pg_catalog.pg_namespace n "
    "ON n.oid = ti.typnamespace, typeinfo_tree tt WHERE tt.elemtype != 0 AND ti.oid = tt.elemtype) "
    "SELECT DISTINCT *, basetype::regtype::text AS basetype_name FROM typeinfo_tree ORDER BY depth DESC",
    "SELECT db.oid AS did, db.datname AS name, ta.spcname AS spcname, db.datallowconn, "
    "has_database_privilege(db.oid, 'CREATE') AS cancreate FROM pg_catalog.pg_database db LEFT OUTER JOIN "
    "pg_catalog.pg_tablespace ta ON db.dattablespace = ta.oid WHERE db.oid > 0::OID ORDER BY datname",
    "SELECT c.oid, c.*, d.description, pg_catalog.pg_get_expr(c.relpartbound, c.oid) AS partition_expr FROM "
    "pg_catalog.pg_class c LEFT OUTER JOIN pg_catalog.pg_description d ON d.objoid = c.oid AND d.objsubid = 0 AND "
    "d.classoid = 'pg_class'::regclass WHERE c.relnamespace = $1 AND c.relkind NOT IN ('i', 'I', 'c')",
    "select * from pg_stat_activity",
    "select table_name, column_name, data_type from information_schema.columns where table_schema = 'public'",
]


@pytest.mark.parametrize("sql", DRIVERS)
def test_what_drivers_and_tools_ask_is_a_plain_read(shop: Live, sql: str) -> None:
    whole = analyse(sql.encode(), shop.catalog, extended=True)
    assert whole.refusal is None
    assert whole.statements[0].facts.refusal is None
    assert whole.statements[0].facts.capabilities == {Capability.READ}


def transcript(live: Live, sql: str, outputs: tuple[Output, ...] | None) -> object:
    """What a client would see, bare labelled values and constants aside. Rows without an order are a multiset; those
    that are grouped by labelled values and sorted by a key have one."""
    try:
        rows = live.connection.execute(sql.encode()).fetchall()
    except psycopg.Error as error:
        return error.sqlstate
    if outputs is None:
        return sorted(map(repr, rows))
    assert all(len(row) == len(outputs) for row in rows), sql
    shown = [tuple(v if o.rule == "detect" else o.rule for v, o in zip(row, outputs, strict=True)) for row in rows]
    return list(map(repr, shown)) if "ORDER BY min(" in sql else sorted(map(repr, shown))


def test_labelled_values_make_no_difference(twins: tuple[Live, Live]) -> None:
    one, other = twins
    seed = 20241125
    allowed = refused = 0
    for sql in itertools.islice(statements(random.Random(seed)), 6000):
        outputs = outputs_of(sql, one.catalog)
        if isinstance(outputs, str):
            refused += 1
            continue
        allowed += 1
        assert transcript(one, sql, outputs) == transcript(other, sql, outputs), sql
    assert allowed > 1000 and refused > 1000
