"""Refusals that depend on where in the conversation a statement comes, not on policy alone."""

from safelight import _native
from safelight.domain.errors import Refusal
from safelight.protocols.postgres.plan import MessagePlan

WRITE_BACK = Refusal(
    "postgres.mask.write_back",
    "a masked value would be written into the target",
    "leave masked columns out of the change, or write the real value",
)
HOLD_IN_BLOCK = Refusal(
    "postgres.hold.transaction",
    "this statement needs a second person's approval, and a transaction is open already",
    "send it on its own, outside of BEGIN … COMMIT",
)
STANDS_ALONE = Refusal(
    "postgres.order.alone",
    "a statement that changes how later text is read must finish before anything follows it",
    "send it on its own and wait for its result",
)
COPY_ALONE = Refusal(
    "postgres.order.copy",
    "a COPY that takes data is carried on its own only",
    "send it without other statements in the same message",
)
SEVERAL = Refusal(
    "postgres.parse.several",
    "a prepared statement is one statement",
    "prepare each statement on its own",
)
FUNCTION_CALL = Refusal(
    "postgres.function_call", "the function call message is not carried", "call the function in a SELECT"
)
NO_STATEMENT = Refusal(
    "postgres.name.unknown_statement", "this session knows no such prepared statement", "prepare it with Parse"
)
NO_PORTAL = Refusal(
    "postgres.name.unknown_portal",
    "this session knows no such portal",
    "bind it first; cursors of SQL are not carried yet",
)


PARAMETER_TYPE = Refusal(
    "postgres.parameter.type",
    "a parameter is declared to be of a type whose input may run code of the database's own",
    "leave its type to the server, or declare a built-in type such as text",
)
FIRST_USER_OID = 16_384
"""Types below are the system's own."""


def refusal_of_types(types: tuple[int, ...], plan: MessagePlan) -> Refusal | None:
    """Why a statement may not be prepared with parameters of these types. The text has been read without them, as if
    they were literals; a domain's checks would run as soon as a value is bound."""
    if all(oid < FIRST_USER_OID for oid in types):
        return None
    harmless = frozenset[int]().union(*(s.catalog.harmless_type_oids for s in plan.statements))
    return None if all(oid < FIRST_USER_OID or oid in harmless for oid in types) else PARAMETER_TYPE


def refusal_of(
    plan: MessagePlan, text: bytes, parameters: tuple[bytes | None, ...], *, in_transaction: bool
) -> Refusal | None:
    """Why this message may not run here, or None."""
    if plan.refusal is not None:
        return plan.refusal
    if plan.simple_read:
        return None
    if plan.hold and in_transaction:
        return HOLD_IN_BLOCK
    if len(plan.statements) > 1:
        if stands_alone(plan):
            return STANDS_ALONE
        if copies_in(plan):
            return COPY_ALONE
    changes = any(not s.analysis.facts.harmless_to_lose for s in plan.statements)
    if changes and (_native.carries_masked(text) or any(p and _native.carries_masked(p) for p in parameters)):
        return WRITE_BACK
    return None


def stands_alone(plan: MessagePlan) -> bool:
    return any(s.analysis.facts.stands_alone for s in plan.statements)


def copies_in(plan: MessagePlan) -> bool:
    return any(s.analysis.copy is not None and s.analysis.copy.direction == "in" for s in plan.statements)
