"""Everything about a server that somebody who may only read must leave as it was.

Taken by a superuser before and after; compare the two with ``==``, so that a failing test shows which part differs.
What a server changes by itself is left out: the log of changes, statistics, transaction numbers, hint bits.
"""

import hashlib
from pathlib import Path

from tests.rig.servers import Server

_QUERIES = {
    "databases": "SELECT datname, datdba::regrole, datacl, encoding FROM pg_database ORDER BY 1",
    "roles": "SELECT rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication,"
    " rolbypassrls, rolconnlimit, rolpassword, rolvaliduntil FROM pg_authid ORDER BY 1",
    "members": "SELECT roleid::regrole, member::regrole, admin_option FROM pg_auth_members ORDER BY 1, 2",
    "role settings": "SELECT setdatabase, setrole::regrole, setconfig FROM pg_db_role_setting ORDER BY 1, 2",
    "tablespaces": "SELECT spcname, spcacl FROM pg_tablespace ORDER BY 1",
    "slots": "SELECT slot_name, slot_type FROM pg_replication_slots ORDER BY 1",
    "origins": "SELECT roname FROM pg_replication_origin ORDER BY 1",
    "prepared": "SELECT gid FROM pg_prepared_xacts ORDER BY 1",
    "large objects": "SELECT l.oid, lomowner::regrole, lomacl, md5(string_agg(data, '' ORDER BY pageno))"
    " FROM pg_largeobject_metadata l LEFT JOIN pg_largeobject d ON d.loid = l.oid GROUP BY 1, 2, 3 ORDER BY 1",
    "storage": "SELECT oid::regclass, relfilenode, relpersistence FROM pg_class WHERE relfilenode <> 0"
    " AND relnamespace::regnamespace::text !~ '^pg_' ORDER BY 1",
    "extensions": "SELECT extname, extversion FROM pg_extension ORDER BY 1",
}
_OWN_FILES = frozenset(
    {"base", "global", "pg_wal", "pg_stat", "pg_stat_tmp", "pg_xact", "pg_multixact", "pg_subtrans", "pg_notify"}
)
"""Directories of the data directory that the server writes by itself."""


def server_state(server: Server, database: str) -> dict[str, str]:
    """The state of the server and of one of its databases, part by part."""
    one_query = " UNION ALL ".join(
        f"SELECT '{name}', part::text FROM ({query}) part" for name, query in _QUERIES.items()
    )
    rows = [line.partition("|") for line in server.sql(one_query, database).splitlines()]
    parts = {name: "\n".join(row for part, _, row in rows if part in (name, "")) for name in _QUERIES}
    dump = server.run("pg_dump", "--no-sync", "-d", server.dsn(database))
    # Newer versions guard a dump with a random word.
    lines = [line for line in dump.splitlines() if not line.startswith(("\\restrict", "\\unrestrict"))]
    sequences = [line for line in lines if line.startswith("SELECT pg_catalog.setval(")]
    parts["sequences"] = "\n".join(sequences)
    parts["dump"] = "\n".join(line for line in lines if line not in sequences)
    parts["files"] = "\n".join(_files(server.data))
    return parts


def _files(data: Path) -> list[str]:
    """The names of the data directory's files, and a digest of those that configure the server."""
    found = []
    for path in sorted(data.rglob("*")):
        name = path.relative_to(data)
        if name.parts[0] in _OWN_FILES or path.is_dir() or name.name in ("postmaster.pid", "postmaster.opts"):
            continue
        digest = hashlib.sha256(path.read_bytes()).hexdigest() if path.suffix == ".conf" else ""
        found.append(f"{name} {digest}")
    return found
