"""Session roles: their names, their keys, and the SQL that makes, opens and drops one.

Nobody knows a password for such a role, for there is none: its SCRAM-SHA-256 verifier (RFC 5802 §3, in PostgreSQL's
own form) is made from random bytes in place of a salted password, the keys are kept in memory, and the server's log
sees the verifier only, which lets nobody in.
"""

import hashlib
import hmac
import re
import secrets
from base64 import b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from safelight.adapters.postgres_target.quoting import identifier, literal
from safelight.ports.secrets import Secret
from safelight.ports.target_admin import Account, ScramKeys

NAME_PREFIX = "safelight_"
NAME_PATTERN = re.compile(r"safelight_[rw]_[0-9a-f]{16}")
ITERATIONS = 4096
"""Said in the verifier because it must be; there is no password that could be guessed."""
SALT_BYTES = 16


class RoleKind(StrEnum):
    READ = "read"
    WRITE = "write"


@dataclass(frozen=True, slots=True)
class SessionRole:
    """A role on the server, and the keys to log in as it."""

    name: str
    kind: RoleKind
    keys: ScramKeys
    verifier: str

    def account(self, *, enforced_read_only: bool) -> Account:
        return Account(self.name, None, self.keys, ephemeral=True, enforced_read_only=enforced_read_only)


def new_role(kind: RoleKind) -> SessionRole:
    """A fresh name and fresh keys; nothing is on the server yet."""
    salt, salted = secrets.token_bytes(SALT_BYTES), secrets.token_bytes(32)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    stored_key = hashlib.sha256(client_key).digest()
    parts = (b64encode(salt), b64encode(stored_key), b64encode(server_key))
    salt_text, stored_text, server_text = (part.decode() for part in parts)
    return SessionRole(
        name=f"{NAME_PREFIX}{kind.value[0]}_{secrets.token_hex(8)}",
        kind=kind,
        keys=ScramKeys(salt, ITERATIONS, Secret(client_key), Secret(server_key)),
        verifier=f"SCRAM-SHA-256${ITERATIONS}:{salt_text}${stored_text}:{server_text}",
    )


def create_sql(role: SessionRole, member_of: str, tag: str) -> str:
    """It cannot log in yet. ``tag`` says which node's it is, for the sweep after a crash."""
    name = identifier(role.name)
    statements = [
        f"CREATE ROLE {name} NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION INHERIT"
        f" CONNECTION LIMIT 1 PASSWORD {literal(role.verifier)} IN ROLE {identifier(member_of)}",
        f"COMMENT ON ROLE {name} IS {literal(tag)}",
    ]
    if role.kind is RoleKind.READ:
        statements.append(f"ALTER ROLE {name} SET default_transaction_read_only = on")
    return "; ".join(statements)


def open_sql(name: str, until_ms: int) -> str:
    until = datetime.fromtimestamp(until_ms / 1000, UTC).isoformat(sep=" ", timespec="milliseconds")
    return f"ALTER ROLE {identifier(name)} LOGIN VALID UNTIL {literal(until)}"


def close_sql(name: str) -> str:
    return f"ALTER ROLE {identifier(name)} NOLOGIN"


def drop_sql(name: str) -> str:
    return f"DROP ROLE IF EXISTS {identifier(name)}"


def adopt_sql(name: str) -> str:
    """Since PostgreSQL 16 the maker of a role does not have its rights; giving away what it owns needs them."""
    return f"GRANT {identifier(name)} TO CURRENT_USER"


def disown_sql(name: str, heir: str) -> str:
    """What the session made goes to ``heir``; what it was granted is taken back."""
    return f"REASSIGN OWNED BY {identifier(name)} TO {identifier(heir)}; DROP OWNED BY {identifier(name)}"
