"""What an account can change on the server, by the server's own records.

Read sessions are called read-only only when the server itself refuses every change: this lists how it would not.
Each is a privilege or an attribute (PostgreSQL documentation, "Privileges" and "Database Roles"); what an account
inherits through other roles counts as its own, as the `has_…_privilege` functions see it.
"""

from dataclasses import dataclass

from safelight.adapters.postgres_target.wire import Wire

_ATTRIBUTES = """
    SELECT r.rolsuper, r.rolcreaterole, r.rolcreatedb, r.rolreplication, r.rolbypassrls,
           EXISTS (SELECT FROM pg_roles m WHERE m.rolname IN
                   ('pg_write_all_data', 'pg_write_server_files', 'pg_execute_server_program', 'pg_read_server_files',
                    'pg_maintain', 'pg_checkpoint', 'pg_signal_backend', 'pg_create_subscription')
                   AND pg_has_role(r.oid, m.oid, 'MEMBER'))
    FROM pg_roles r WHERE r.rolname = $1
"""
_IN_DATABASE = """
    WITH who AS (SELECT oid FROM pg_roles WHERE rolname = $1)
    SELECT
      (SELECT count(*) FROM pg_class c, who
        WHERE c.relkind IN ('r', 'p', 'v', 'f') AND c.relpersistence <> 't' AND c.oid >= 16384
          AND (has_table_privilege(who.oid, c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, TRIGGER')
               OR has_any_column_privilege(who.oid, c.oid, 'INSERT, UPDATE'))),
      (SELECT count(*) FROM pg_class c, who
        WHERE c.relkind = 'S' AND c.relpersistence <> 't'
          AND has_sequence_privilege(who.oid, c.oid, 'USAGE, UPDATE')),
      (SELECT count(*) FROM pg_class c, who
        WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND c.oid >= 16384 AND c.relpersistence <> 't'
          AND pg_has_role(who.oid, c.relowner, 'USAGE')),
      (SELECT count(*) FROM pg_namespace n, who
        WHERE n.nspname !~ '^pg_(toast|temp)' AND has_schema_privilege(who.oid, n.oid, 'CREATE')),
      (SELECT has_database_privilege(who.oid, current_database(), 'TEMPORARY') FROM who),
      (SELECT has_database_privilege(who.oid, current_database(), 'CREATE') FROM who),
      (SELECT count(*) FROM pg_proc p, who
        WHERE p.pronamespace = 'pg_catalog'::regnamespace
          AND p.proname IN ('lo_creat', 'lo_create', 'lo_from_bytea', 'lo_put', 'lo_unlink', 'lo_truncate',
                            'lo_truncate64', 'lowrite', 'lo_import')
          AND has_function_privilege(who.oid, p.oid, 'EXECUTE'))
"""


@dataclass(frozen=True, slots=True)
class Attributes:
    """A role's own powers over the whole server. ``powerful_member``: of a predefined role that changes things."""

    superuser: bool
    creates_roles: bool
    creates_databases: bool
    replicates: bool
    bypasses_row_security: bool
    powerful_member: bool

    @property
    def changes_nothing(self) -> bool:
        return not (
            self.superuser or self.creates_roles or self.creates_databases or self.replicates or self.powerful_member
        )


@dataclass(frozen=True, slots=True)
class Privileges:
    """What a role can change in one database: counts of objects, and yes or no."""

    writable_tables: int
    writable_sequences: int
    owned: int
    schemas_to_create_in: int
    temporary: bool
    creates_schemas: bool
    large_object_functions: int

    @property
    def changes_nothing(self) -> bool:
        return self == Privileges(0, 0, 0, 0, temporary=False, creates_schemas=False, large_object_functions=0)


async def attributes_of(wire: Wire, role: str) -> Attributes | None:
    """None when there is no such role. Raises: as a query."""
    rows = await wire.query(_ATTRIBUTES, role)
    return Attributes(*(value == "t" for value in rows[0])) if rows else None


async def privileges_of(wire: Wire, role: str) -> Privileges | None:
    """In the wire's database; None when there is no such role. Raises: as a query."""
    (row,) = await wire.query(_IN_DATABASE, role)
    tables, sequences, owned, schemas, temporary, create, large_objects = row
    if temporary is None or create is None:
        return None
    return Privileges(
        writable_tables=int(tables or 0),
        writable_sequences=int(sequences or 0),
        owned=int(owned or 0),
        schemas_to_create_in=int(schemas or 0),
        temporary=temporary == "t",
        creates_schemas=create == "t",
        large_object_functions=int(large_objects or 0),
    )
