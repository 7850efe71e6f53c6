"""What DBeaver and pgAdmin ask before a table can be seen: the same catalogs, functions and kinds of expressions, in
words of our own. Refusals here would show as an empty tree.
"""

import psycopg
import pytest

from tests.e2e.conftest import Connect
from tests.e2e.shop import leaks

DESCRIBED = """LEFT JOIN pg_catalog.pg_description AS d
    ON d.objoid = {0}.oid AND d.objsubid = 0 AND d.classoid = '{1}'::regclass"""
DBEAVER = {
    "session": "SELECT current_schema(), session_user, current_database(), version()",
    "search path": "SHOW search_path",
    "settings": "SET extra_float_digits = 3",
    "name": "SET application_name = 'DBeaver 26 - Metadata'",
    "database": "SELECT db.oid, db.* FROM pg_catalog.pg_database AS db WHERE datname = 'e2e_shop'",
    "keywords": """SELECT string_agg(word, ',') FROM pg_catalog.pg_get_keywords()
        WHERE word <> ALL ('{all,select}'::text[])""",
    "roles": "SELECT a.oid, a.* FROM pg_catalog.pg_roles AS a ORDER BY a.rolname",
    "schemas": f"""SELECT n.oid, n.*, d.description FROM pg_catalog.pg_namespace AS n
        {DESCRIBED.format("n", "pg_namespace")}""",
    "tables": f"""SELECT c.oid, c.*, d.description, pg_catalog.pg_get_expr(c.relpartbound, c.oid) AS partition_bound,
        pg_catalog.pg_get_partkeydef(c.oid) AS partition_key FROM pg_catalog.pg_class AS c
        {DESCRIBED.format("c", "pg_class")}
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind NOT IN ('i', 'I', 'c')""",
    "columns": """SELECT c.relname, a.*, pg_catalog.pg_get_expr(ad.adbin, ad.adrelid, true) AS def_value,
        dsc.description, dep.objid FROM pg_catalog.pg_attribute AS a
        JOIN pg_catalog.pg_class AS c ON a.attrelid = c.oid
        LEFT JOIN pg_catalog.pg_attrdef AS ad ON a.attrelid = ad.adrelid AND a.attnum = ad.adnum
        LEFT JOIN pg_catalog.pg_description AS dsc ON c.oid = dsc.objoid AND a.attnum = dsc.objsubid
        LEFT JOIN pg_catalog.pg_depend AS dep ON dep.refobjid = a.attrelid AND dep.deptype = 'i'
          AND dep.refobjsubid = a.attnum AND dep.classid = dep.refclassid
        WHERE NOT a.attisdropped AND c.relname = 'customers' ORDER BY a.attnum""",
    "constraints": """SELECT c.oid, c.*, t.relname, rt.relnamespace, pg_catalog.pg_get_constraintdef(c.oid, true)
        FROM pg_catalog.pg_constraint AS c JOIN pg_catalog.pg_class AS t ON t.oid = c.conrelid
        LEFT JOIN pg_catalog.pg_class AS rt ON rt.oid = c.confrelid WHERE t.relname = 'orders' ORDER BY c.oid""",
    "indexes": """SELECT i.*, i.indkey AS keys, c.relname, c.relam, tc.relname AS of_table,
        pg_catalog.pg_get_expr(i.indpred, i.indrelid) AS predicate, pg_catalog.pg_relation_size(i.indexrelid),
        pg_catalog.pg_stat_get_numscans(i.indexrelid) FROM pg_catalog.pg_index AS i
        JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid JOIN pg_catalog.pg_class AS tc ON tc.oid = i.indrelid
        WHERE tc.relname = 'orders' ORDER BY tc.relname, c.relname""",
    "types": """SELECT t.oid, t.*, c.relkind, format_type(nullif(t.typbasetype, 0), t.typtypmod) AS base
        FROM pg_catalog.pg_type AS t LEFT JOIN pg_catalog.pg_class AS c ON c.oid = t.typrelid
        WHERE c.relkind IS NULL OR c.relkind = 'c' ORDER BY t.oid""",
    "sizes": """SELECT pg_catalog.pg_total_relation_size('orders'::regclass),
        pg_catalog.pg_relation_size('orders'::regclass)""",
    "source": "SELECT pg_catalog.pg_get_viewdef('mailing'::regclass, true)",
    "rows": "SELECT * FROM public.customers LIMIT 200",
}
PGADMIN = {
    "settings, in one message": """SET DateStyle = ISO; SET client_min_messages = notice;
        SELECT set_config('bytea_output', 'hex', false) FROM pg_show_all_settings() WHERE name = 'bytea_output';
        SET client_encoding = 'utf-8'""",
    "database": """SELECT db.oid AS did, db.datname, db.datallowconn, pg_encoding_to_char(db.encoding) AS encoding,
        has_database_privilege(db.oid, 'CREATE') AS may_create, datistemplate
        FROM pg_catalog.pg_database AS db WHERE db.datname = current_database()""",
    "myself": """SELECT r.oid AS id, r.rolname, r.rolsuper, CASE WHEN r.rolsuper THEN true ELSE r.rolcreaterole END,
        CASE WHEN r.rolsuper THEN true ELSE r.rolcreatedb END, 'pg_signal_backend' = ANY (ARRAY(
          SELECT g.rolname FROM pg_catalog.pg_auth_members AS m JOIN pg_catalog.pg_roles AS g ON g.oid = m.roleid
          WHERE m.member = r.oid)) FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user""",
    "tables": """SELECT rel.oid, rel.relname AS name, (SELECT count(*) FROM pg_catalog.pg_trigger
          WHERE tgrelid = rel.oid AND NOT tgisinternal) AS triggers, rel.relpersistence, des.description
        FROM pg_catalog.pg_class AS rel
        LEFT JOIN pg_catalog.pg_description AS des ON des.objoid = rel.oid AND des.objsubid = 0
        WHERE rel.relkind IN ('r', 's', 't', 'p') AND rel.relnamespace = 2200::oid AND NOT rel.relispartition""",
    "columns": """SELECT att.attname AS name, att.attnum, format_type(ty.oid, att.atttypmod) AS datatype,
        CASE WHEN ty.typelem > 0 THEN ty.typelem ELSE ty.oid END, pg_catalog.col_description(att.attrelid, att.attnum)
        FROM pg_catalog.pg_attribute AS att JOIN pg_catalog.pg_type AS ty ON ty.oid = att.atttypid
        WHERE att.attrelid = 'orders'::regclass::oid AND att.attnum > 0 AND NOT att.attisdropped
        ORDER BY att.attnum""",
    "locks": """SELECT pid, locktype, relation::regclass, mode, granted FROM pg_catalog.pg_locks
        WHERE pid = pg_backend_pid()""",
    "counters": """SELECT 'tuples' AS chart, row_to_json(t) FROM (SELECT sum(tup_inserted) AS a, sum(tup_updated) AS b
        FROM pg_catalog.pg_stat_database WHERE datname = current_database()) AS t""",
    "table's counters": """SELECT seq_scan, n_live_tup, last_analyze FROM pg_catalog.pg_stat_all_tables
        WHERE relname = 'orders'""",
    "rows": "SELECT * FROM public.orders ORDER BY id ASC LIMIT 100",
}
ASKED = [("DBeaver", name, text, True) for name, text in DBEAVER.items()]
ASKED += [("DBeaver", name, text, False) for name, text in DBEAVER.items()]
ASKED += [("pgAdmin", name, text, False) for name, text in PGADMIN.items()]


@pytest.mark.parametrize("target", ["orders-db", "orders-15"])
@pytest.mark.parametrize(
    ("text", "prepared"),
    [pytest.param(text, prepared, id=f"{tool} {name} {prepared}") for tool, name, text, prepared in ASKED],
)
def test_it_is_answered(connect: Connect, target: str, text: str, prepared: bool) -> None:
    """DBeaver prepares what it asks, or does not, as it is set up; pgAdmin never does."""
    session = connect(target)
    cursor = session.cursor() if prepared else psycopg.ClientCursor(session)
    cursor.execute(text)
    if cursor.description is not None:
        rows = cursor.fetchall()
        assert rows and not leaks(rows)
