"""What a target's accounts can and cannot guarantee, in plain words, each with the SQL that gives more.

Asked before a target is used and by `safelight doctor`. The SQL is for a person to read and run as the database's
owner; the gateway never runs it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from safelight.adapters.postgres_target.privileges import Attributes, Privileges
from safelight.adapters.postgres_target.quoting import identifier
from safelight.domain.target import AccountMode, Target, TlsMode
from safelight.ports.target_admin import Finding, Severity

OLDEST_VERSION_NUM = 140000
NEWEST_KNOWN_MAJOR = 18

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
class Observed:
    """What was read from the server. ``account`` is the static account or the role that read sessions belong to;
    ``may_grant`` says of the read and write roles whether the administrator can make members of them."""

    version_num: int
    standby: bool
    administrator: str
    administrator_attributes: Attributes
    may_signal: bool
    sees_activity: bool
    account: str
    account_attributes: Attributes | None
    privileges: Mapping[str, Privileges | None]
    may_grant: Mapping[str, bool]
    missing_roles: tuple[str, ...]


READING_ACCOUNT = """-- give sessions an account that can only read, and name it in the target's configuration
CREATE ROLE safelight_read NOLOGIN;
GRANT USAGE ON SCHEMA public TO safelight_read;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO safelight_read;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO safelight_read;"""


def findings(target: Target, seen: Observed) -> list[Finding]:
    """All findings, the gravest first; one OK when nothing is missing."""
    found = [
        *_server(target, seen),
        *_administrator(target, seen),
        *_account(target, seen),
        *(finding for database in seen.privileges for finding in _database(target, seen, database)),
    ]
    order = (Severity.ERROR, Severity.WARNING, Severity.NOTE, Severity.OK)
    found.sort(key=lambda finding: order.index(finding.severity))
    if found:
        return found
    message = "the accounts of this target give every guarantee: read sessions can change nothing, work can be ended"
    return [Finding(Severity.OK, "everything", message, None)]


def unreachable(why: str) -> Finding:
    return Finding(Severity.ERROR, "reachable", f"the target cannot be used now: {why}", None)


def _server(target: Target, seen: Observed) -> Iterator[Finding]:
    major = seen.version_num // 10000
    if seen.version_num < OLDEST_VERSION_NUM:
        yield Finding(Severity.ERROR, "version", f"PostgreSQL {major} is too old: 14 is the oldest supported", None)
    elif major > NEWEST_KNOWN_MAJOR:
        message = f"PostgreSQL {major} is newer than this release knows: its new syntax is refused"
        yield Finding(Severity.NOTE, "version", message, None)
    if target.tls is TlsMode.DISABLE:
        message = "the connection to the target is not encrypted; anybody between can read and change it"
        yield Finding(Severity.WARNING, "encryption", message, None)
    if seen.standby and target.account_mode is AccountMode.EPHEMERAL:
        message = "this is a standby: roles can only be made on the primary; use a static account here"
        yield Finding(Severity.ERROR, "account per session", message, None)


def _administrator(target: Target, seen: Observed) -> Iterator[Finding]:
    admin, name = seen.administrator_attributes, identifier(seen.administrator)
    if admin.superuser:
        message = f"the administrator account {seen.administrator} is a superuser: far more than is needed"
        yield Finding(
            Severity.WARNING,
            "least privilege",
            message,
            f"CREATE ROLE safelight_admin LOGIN CREATEROLE PASSWORD '…';\n"
            f"GRANT pg_signal_backend, pg_read_all_stats TO safelight_admin;{_grants(target, 'safelight_admin')}",
        )
    if target.account_mode is AccountMode.EPHEMERAL:
        yield from _making_roles(target, seen, name)
    if not seen.may_signal:
        yield Finding(
            Severity.ERROR if target.account_mode is AccountMode.EPHEMERAL else Severity.WARNING,
            "work ends on the server",
            f"{seen.administrator} may not end other accounts' work: a kill could leave a query running",
            f"GRANT pg_signal_backend TO {name};",
        )
    if not seen.sees_activity:
        yield Finding(
            Severity.WARNING,
            "the right work ends",
            f"{seen.administrator} does not see when a server process began: a reused process id could be hit",
            f"GRANT pg_read_all_stats TO {name};",
        )


def _making_roles(target: Target, seen: Observed, name: str) -> Iterator[Finding]:
    for role in seen.missing_roles:
        message = f"the role {role} does not exist"
        what = f"CREATE ROLE {identifier(role)} NOLOGIN;  -- and grant it what its sessions need"
        yield Finding(Severity.ERROR, "account per session", message, what)
    if not (seen.administrator_attributes.creates_roles or seen.administrator_attributes.superuser):
        message = f"{seen.administrator} may not make roles (CREATEROLE), so that no session has an account"
        yield Finding(Severity.ERROR, "account per session", message, f"ALTER ROLE {name} CREATEROLE;")
    for role, may in seen.may_grant.items():
        if not may:
            message = f"{seen.administrator} may not make members of {role}"
            what = f"GRANT {identifier(role)} TO {name} WITH ADMIN OPTION;"
            yield Finding(Severity.ERROR, "account per session", message, what)
    if target.write_role is None:
        message = "no write_role is configured: nobody can write to this target through the gateway"
        yield Finding(Severity.NOTE, "writing", message, None)


def _account(target: Target, seen: Observed) -> Iterator[Finding]:
    attributes, name = seen.account_attributes, identifier(seen.account)
    if target.account_mode is AccountMode.STATIC:
        message = f"all sessions share the account {seen.account}: on the server they cannot be told apart"
        yield Finding(
            Severity.NOTE,
            "account per session",
            message,
            '-- set account.mode = "ephemeral" with a read_role and an administrator account',
        )
    if attributes is None:
        if seen.account not in seen.missing_roles:
            yield Finding(Severity.ERROR, "account", f"the role {seen.account} does not exist", None)
        return
    if attributes.superuser:
        message = f"{seen.account} is a superuser: the server itself refuses its sessions nothing"
        yield Finding(Severity.WARNING, "reads change nothing", message, READING_ACCOUNT)
    elif attributes.creates_roles or attributes.creates_databases or attributes.replicates:
        what = f"ALTER ROLE {name} NOCREATEROLE NOCREATEDB NOREPLICATION;"
        message = f"{seen.account} may make roles or databases, or replicate"
        yield Finding(Severity.WARNING, "reads change nothing", message, what)
    elif attributes.powerful_member:
        message = f"{seen.account} belongs to a predefined role that changes things or reaches the server's files"
        yield Finding(Severity.WARNING, "reads change nothing", message, None)
    if attributes.bypasses_row_security and not attributes.superuser:
        message = f"{seen.account} is exempt from row security"
        yield Finding(Severity.NOTE, "row security", message, f"ALTER ROLE {name} NOBYPASSRLS;")


def _database(target: Target, seen: Observed, database: str) -> Iterator[Finding]:
    """What reading sessions could still change in one database."""
    privileges = seen.privileges[database]
    if privileges is None or seen.account_attributes is None or seen.account_attributes.superuser:
        return
    name, quoted = identifier(seen.account), identifier(database)
    severity = Severity.WARNING if target.account_mode is AccountMode.EPHEMERAL else Severity.NOTE

    def finding(message: str, what_to_run: str | None) -> Finding:
        return Finding(severity, "reads change nothing", f"in {database}, {message}", what_to_run)

    if privileges.owned:
        yield finding(f"{seen.account} owns {_count(privileges.owned, 'object')}, and may do anything to them", None)
    if privileges.writable_tables:
        yield finding(
            f"{seen.account} may write to {_count(privileges.writable_tables, 'table')}",
            f"REVOKE INSERT, UPDATE, DELETE, TRUNCATE, TRIGGER ON ALL TABLES IN SCHEMA public FROM PUBLIC, {name};",
        )
    if privileges.writable_sequences:
        yield finding(
            f"{seen.account} may advance {_count(privileges.writable_sequences, 'sequence')}",
            f"REVOKE USAGE, UPDATE ON ALL SEQUENCES IN SCHEMA public FROM PUBLIC, {name};",
        )
    if privileges.schemas_to_create_in:
        yield finding(
            f"{seen.account} may make objects in {_count(privileges.schemas_to_create_in, 'schema')}",
            f"REVOKE CREATE ON SCHEMA public FROM PUBLIC, {name};",
        )
    if privileges.creates_schemas:
        yield finding(f"{seen.account} may make schemas", f"REVOKE CREATE ON DATABASE {quoted} FROM PUBLIC, {name};")
    if privileges.temporary:
        yield finding(
            f"{seen.account} may make temporary tables",
            f"REVOKE TEMPORARY ON DATABASE {quoted} FROM PUBLIC, {name};",
        )
    if privileges.large_object_functions:
        yield finding(
            f"{seen.account} may write large objects",
            f"REVOKE EXECUTE ON FUNCTION {', '.join(LARGE_OBJECT_FUNCTIONS)} FROM PUBLIC;",
        )


def _grants(target: Target, name: str) -> str:
    granted: Sequence[str] = [identifier(role) for role in (target.read_role, target.write_role) if role]
    return f"\nGRANT {', '.join(granted)} TO {name} WITH ADMIN OPTION;" if granted else ""


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
