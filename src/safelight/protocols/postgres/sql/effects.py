"""What calling functions, using operators and naming types adds to a statement's findings.

The verdicts come from the tables of built-ins (``functions``); whatever they do not know counts as a change.
"""

from safelight.domain.capability import Capability
from safelight.domain.errors import Denied
from safelight.protocols.postgres.catalog import Catalog
from safelight.protocols.postgres.sql.findings import Findings
from safelight.protocols.postgres.sql.functions import (
    FunctionVerdict,
    Reach,
    judge_function,
    judge_operator,
    judge_type,
)


def call_function(schema: str | None, name: str, catalog: Catalog, findings: Findings) -> bool:
    """Judge a call. True when it is pure.

    Raises:
        Denied: the function may not be called at all.
    """
    verdict = judge_function(schema, name, catalog)
    _apply(verdict, findings)
    if is_opaque(schema, name, catalog):
        findings.opaque = True
    return verdict.pure


def use_operator(schema: str | None, name: str, catalog: Catalog, findings: Findings) -> bool:
    """Judge an operator. True when it is pure."""
    verdict = judge_operator(schema, name, catalog)
    _apply(verdict, findings)
    if verdict.reach is not Reach.READ:
        findings.opaque = True
    return verdict.pure


def name_type(schema: str | None, name: str, catalog: Catalog) -> None:
    """Judge a type that is cast to.

    Raises:
        Denied: it may not be named.
    """
    refusal = judge_type(schema, name, catalog)
    if refusal is not None:
        raise Denied(refusal)


def is_opaque(schema: str | None, name: str, catalog: Catalog) -> bool:
    """Whether a call may reach code outside of PostgreSQL's own and the trusted extensions."""
    if schema in ("pg_catalog", "information_schema"):
        return False
    candidates = {pair for pair in catalog.functions if pair[1] == name and schema in (None, pair[0])}
    return not candidates <= catalog.trusted_functions


def _apply(verdict: FunctionVerdict, findings: Findings) -> None:
    if verdict.refusal is not None:
        raise Denied(verdict.refusal)
    if verdict.reach is Reach.READ:
        return
    findings.need(Capability.ADMIN if verdict.reach is Reach.ADMIN else Capability.WRITE)
    findings.rollback_safe &= verdict.rollback_safe
