"""How a refusal looks in this protocol: an ErrorResponse that names the rule and the next step.

A refused statement is not answered locally: what the server cannot parse is put in its place, and the server's error
is replaced by ours. So order, transaction status and the rollback of what came before are the server's own.
"""

from safelight.domain.errors import Refusal
from safelight.protocols.postgres import messages as m

UNPARSEABLE = b"safelight refused a statement here"
"""Sent in place of a refused statement. No grammar of PostgreSQL accepts it, in any setting."""

INSUFFICIENT_PRIVILEGE = "42501"
QUERY_CANCELED = "57014"
ADMIN_SHUTDOWN = "57P01"
SYNTAX_ERROR = "42601"
PROGRAM_LIMIT_EXCEEDED = "54000"
SQLSTATES = {
    "postgres.form.several": SYNTAX_ERROR,
    "postgres.hold.timeout": QUERY_CANCELED,
    "postgres.hold.withdrawn": QUERY_CANCELED,
    "postgres.name.column": "42703",
    "postgres.name.kind": "42809",
    "postgres.name.table": "42P01",
    "postgres.name.unknown": "42P01",
    "postgres.name.unknown_portal": "34000",
    "postgres.name.unknown_statement": "26000",
    "postgres.parse.several": SYNTAX_ERROR,
    "postgres.parser": "54001",
    "postgres.text.size": PROGRAM_LIMIT_EXCEEDED,
    "target.unavailable": "08006",
}
"""SQLSTATEs of refusals that have a better one than insufficient_privilege: the server's own for the same."""


def sqlstate_of(refusal: Refusal) -> str:
    return SQLSTATES.get(refusal.rule, INSUFFICIENT_PRIVILEGE)


def refusal_error(refusal: Refusal, *, severity: str = "ERROR", sqlstate: str = INSUFFICIENT_PRIVILEGE) -> bytes:
    """The refusal for the person who can act on it: sentence, rule as DETAIL, next step as HINT."""
    return m.error(
        severity,
        sqlstate,
        f"safelight: {refusal.message}",
        detail=f"Rule: {refusal.rule}.",
        hint=refusal.next_step,
    )


def session_ended(reason: str) -> bytes:
    """FATAL 57P01, as when an administrator ends a server process; clients know it."""
    return m.error("FATAL", ADMIN_SHUTDOWN, f"terminating connection due to administrator command: {reason}")


def withheld_error(severity: bytes, sqlstate: bytes) -> bytes:
    """An error of a statement that reads labelled columns: its SQLSTATE with our text (its own could tell values)."""
    code = sqlstate.decode("ascii", "replace")[:5] or "XX000"
    level = severity.decode("ascii", "replace") if severity in (b"ERROR", b"FATAL", b"PANIC") else "ERROR"
    return m.error(
        level,
        code,
        f"the statement failed with SQLSTATE {code}",
        detail="The server's own text is withheld, because the statement touches labelled columns.",
        hint="Rule: postgres.mask.error. Leave the labelled columns out to see the whole error.",
    )
