"""The queries that read a database's catalog. All run in one snapshot, where names mean built-ins only.

Other sessions' temporary objects are left out: they are nobody else's, come and go, and cannot be named through the
gateway. Every list is ordered, so that equal catalogs give equal bytes.
"""

SERVER = (
    "SELECT current_setting('server_version_num'), (SELECT reset_val FROM pg_settings WHERE name = 'search_path')"
)
"""The connection asks for no search_path of its own, so that its reset value is the server's default (or the
administrator's or the database's: PATHS says)."""

FINGERPRINT = """
    SELECT md5(concat_ws('|',
      (SELECT concat(count(*), ':', sum(hashtextextended(concat(oid, '.', xmin), 0))) FROM pg_namespace
        WHERE nspname !~ '^pg_(toast_)?temp_'),
      (SELECT concat(count(*), ':', sum(hashtextextended(concat(oid, '.', xmin), 0))) FROM pg_class
        WHERE relpersistence <> 't' AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S')),
      (SELECT concat(count(*), ':', sum(hashtextextended(concat(a.attrelid, '.', a.attnum, '.', a.xmin), 0)))
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        WHERE a.attrelid >= 16384 AND a.attnum > 0 AND c.relpersistence <> 't'
          AND c.relkind IN ('r', 'p', 'v', 'm', 'f')),
      (SELECT concat(count(*), ':', sum(hashtextextended(concat(ev_class, '.', oid, '.', xmin), 0))) FROM pg_rewrite
        WHERE ev_class >= 16384),
      (SELECT concat(count(*), ':', sum(hashtextextended(concat(inhrelid, '.', inhparent, '.', xmin), 0)))
        FROM pg_inherits),
      (SELECT concat(count(*), ':', sum(hashtextextended(concat(i.indrelid, '.', i.indkey, '.', i.indisvalid), 0)))
        FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
        WHERE i.indisunique AND i.indrelid >= 16384 AND c.relpersistence <> 't'),
      (SELECT concat(count(*), ':', sum(hashtextextended(concat(oid, '.', xmin), 0))) FROM pg_proc
        WHERE oid >= 16384),
      (SELECT concat(count(*), ':', sum(hashtextextended(concat(oid, '.', xmin), 0))) FROM pg_operator
        WHERE oid >= 16384),
      (SELECT concat(count(*), ':', sum(hashtextextended(concat(t.oid, '.', t.xmin), 0)))
        FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
        WHERE t.oid >= 16384 AND n.nspname !~ '^pg_(toast|temp)'),
      (SELECT concat(count(*), ':', sum(hashtextextended(concat(oid, '.', xmin), 0))) FROM pg_extension),
      (SELECT concat(count(*), ':', sum(hashtextextended(concat(setdatabase, '.', setrole, '.', xmin), 0)))
        FROM pg_db_role_setting WHERE setrole = 0 OR setrole IN (SELECT oid FROM pg_roles WHERE rolname IN ($1, $2))),
      current_setting('server_version_num')))
"""
"""Changes whenever a load would differ. A row's xmin is the transaction that wrote it; ANALYZE writes in place.
$1 and $2 are account and administrator: session roles come and go."""

RELATIONS = """
    SELECT c.oid, n.nspname, c.relname, c.relkind,
           coalesce(json_agg(json_build_array(a.attnum, a.attname, a.atttypid::bigint,
                                             a.attnotnull AND u.oid IS NOT NULL) ORDER BY a.attnum)
                    FILTER (WHERE a.attnum IS NOT NULL), '[]'),
           CASE WHEN c.relkind IN ('v', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
                THEN pg_get_viewdef(c.oid) END
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN (SELECT i.indrelid AS oid, i.indkey[0] AS attnum FROM pg_index i
               WHERE i.indisunique AND i.indisvalid AND i.indimmediate AND i.indnkeyatts = 1
                     AND i.indpred IS NULL AND i.indexprs IS NULL
                     AND NOT EXISTS (SELECT FROM pg_inherits h JOIN pg_class p ON p.oid = h.inhparent
                                     WHERE h.inhparent = i.indrelid AND p.relkind = 'r')
               GROUP BY 1, 2) u ON u.oid = c.oid AND u.attnum = a.attnum
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND c.relpersistence <> 't' AND n.nspname !~ '^pg_toast'
    GROUP BY c.oid, n.nspname, c.relname, c.relkind
    ORDER BY c.oid
"""

PARENTS = "SELECT inhrelid, inhparent FROM pg_inherits ORDER BY inhrelid, inhparent"

FUNCTIONS = """
    SELECT n.nspname, p.proname, bool_and(e.extname IS NOT NULL AND e.extname = ANY ($1::name[])
           AND l.lanname IN ('c', 'internal', 'sql') AND NOT p.prosecdef
           AND (p.provolatile IN ('i', 's') OR p.proname = ANY ($2::name[])))
    FROM pg_proc p
    JOIN pg_namespace n ON n.oid = p.pronamespace
    JOIN pg_language l ON l.oid = p.prolang
    LEFT JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid
         AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
    LEFT JOIN pg_extension e ON e.oid = d.refobjid
    WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
    GROUP BY n.nspname, p.proname ORDER BY n.nspname, p.proname
"""
"""$1: extensions known to be harmless; $2: their volatile functions that are too."""

OPERATORS = """
    SELECT o.oprname, bool_and(e.extname IS NOT NULL AND e.extname = ANY ($1::name[])
           AND p.provolatile IN ('i', 's') AND NOT p.prosecdef AND l.lanname IN ('c', 'internal', 'sql'))
    FROM pg_operator o
    JOIN pg_namespace n ON n.oid = o.oprnamespace
    LEFT JOIN pg_proc p ON p.oid = o.oprcode
    LEFT JOIN pg_language l ON l.oid = p.prolang
    LEFT JOIN pg_depend d ON d.classid = 'pg_operator'::regclass AND d.objid = o.oid
         AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
    LEFT JOIN pg_extension e ON e.oid = d.refobjid
    WHERE n.nspname <> 'pg_catalog'
    GROUP BY o.oprname ORDER BY o.oprname
"""

TYPES = """
    SELECT n.nspname, t.typname,
           t.typtype = 'e'
           OR (t.typtype IN ('b', 'r', 'm') AND e.extname IS NOT NULL AND e.extname = ANY ($1::name[])),
           t.oid, t.typarray
    FROM pg_type t
    JOIN pg_namespace n ON n.oid = t.typnamespace
    LEFT JOIN pg_depend d ON d.classid = 'pg_type'::regclass AND d.objid = t.oid
         AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
    LEFT JOIN pg_extension e ON e.oid = d.refobjid
    WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
    ORDER BY n.nspname, t.typname
"""
"""The third column: its input runs nothing of a user's (an enum, or a type of a trusted extension)."""

PATHS = """
    SELECT
      (SELECT split FROM pg_db_role_setting s, unnest(s.setconfig) AS split
        WHERE split LIKE 'search_path=%' AND s.setdatabase IN (0, d.oid)
          AND s.setrole IN (0, (SELECT oid FROM pg_roles WHERE rolname = $1))
        ORDER BY s.setrole = 0, s.setdatabase = 0 LIMIT 1),
      EXISTS (SELECT FROM pg_db_role_setting s, unnest(s.setconfig) AS split
        WHERE split LIKE 'search_path=%' AND s.setdatabase IN (0, d.oid)
          AND s.setrole = (SELECT oid FROM pg_roles WHERE rolname = current_user))
    FROM pg_database d WHERE d.datname = current_database()
"""
"""What a new session of the account $1 gets as search_path: its own in this database, its own, the database's.
The last column: the administrator has one of its own, so that its session does not show the server's default."""

USABLE_SCHEMAS = """
    SELECT n.nspname FROM pg_namespace n
    WHERE has_schema_privilege((SELECT oid FROM pg_roles WHERE rolname = $1), n.oid, 'USAGE')
"""
"""None when there is no such account."""
