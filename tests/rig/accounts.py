"""The accounts a target needs for safelight, with no more rights than that takes, on PostgreSQL 15 and 18.

- ``admin``: makes and drops session roles (CREATEROLE), ends their work (pg_signal_backend) and sees it
  (pg_read_all_stats). Since 16, CREATEROLE covers only roles one has the ADMIN OPTION on, so that it gets it for the
  read and write roles; through them it can also count the rows a held statement would touch.
- ``read_role`` and ``write_role``: what session roles are members of. They do not log in.

What PUBLIC may do by default is taken away too: temporary objects, objects in schema public, large objects.
"""

import secrets
from dataclasses import dataclass
from pathlib import Path

from tests.rig.servers import Server

LARGE_OBJECT_FUNCTIONS = (
    "lo_creat(integer)",
    "lo_create(oid)",
    "lo_from_bytea(oid, bytea)",
    "lo_put(oid, bigint, bytea)",
    "lo_unlink(oid)",
    "lo_truncate(integer, integer)",
    "lo_truncate64(integer, bigint)",
    "lowrite(integer, bytea)",
)


@dataclass(frozen=True, slots=True)
class Accounts:
    """Names, and the administrator's password."""

    admin: str
    admin_password: str
    read_role: str
    write_role: str


_MADE: dict[tuple[Path, str], Accounts] = {}
"""By the server's directory and the prefix: whoever shares a server shares its accounts."""


def create_accounts(server: Server, database: str, prefix: str = "safelight") -> Accounts:
    """Create the roles once per server, and give them their rights in ``database`` (tables made later included)."""
    accounts = _MADE.get((server.directory, prefix))
    if accounts is None:
        accounts = Accounts(f"{prefix}_admin", secrets.token_urlsafe(18), f"{prefix}_read", f"{prefix}_write")
        server.sql(roles_sql(accounts))
        _MADE[server.directory, prefix] = accounts
    server.sql(database_sql(accounts, database), database)
    return accounts


def roles_sql(accounts: Accounts) -> str:
    """The SQL a superuser runs once per server."""
    a = accounts
    return f"""
        CREATE ROLE {a.read_role} NOLOGIN;
        CREATE ROLE {a.write_role} NOLOGIN IN ROLE {a.read_role};
        CREATE ROLE {a.admin} LOGIN CREATEROLE NOSUPERUSER NOCREATEDB PASSWORD '{a.admin_password}';
        GRANT pg_signal_backend, pg_read_all_stats TO {a.admin};
        GRANT {a.read_role}, {a.write_role} TO {a.admin} WITH ADMIN OPTION;
    """


def database_sql(accounts: Accounts, database: str) -> str:
    """The SQL a superuser runs once in each database that may be reached."""
    a = accounts
    return f"""
        REVOKE TEMPORARY ON DATABASE "{database}" FROM PUBLIC;
        REVOKE CREATE ON SCHEMA public FROM PUBLIC;
        REVOKE EXECUTE ON FUNCTION {", ".join(LARGE_OBJECT_FUNCTIONS)} FROM PUBLIC;
        GRANT USAGE ON SCHEMA public TO {a.read_role};
        GRANT SELECT ON ALL TABLES IN SCHEMA public TO {a.read_role};
        GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {a.write_role};
        GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {a.write_role};
        ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO {a.read_role};
        ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT INSERT, UPDATE, DELETE ON TABLES TO {a.write_role};
        ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO {a.write_role};
    """
