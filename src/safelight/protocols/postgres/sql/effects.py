"""What calling functions, using operators and naming types adds to a statement's findings.

The verdicts come from the tables of built-ins (:mod:`.functions`); whatever they do not know counts as a change, and
as opaque: code that this product cannot look into.
"""

from postgast import pg_query_pb2 as pg

from safelight.domain.capability import Capability
from safelight.domain.errors import Denied
from safelight.protocols.postgres.analysis import SettingChange
from safelight.protocols.postgres.catalog import Catalog
from safelight.protocols.postgres.sql.findings import Findings
from safelight.protocols.postgres.sql.functions import (
    HARMLESS,
    SYSTEM_SCHEMAS,
    FunctionVerdict,
    Reach,
    builtin_functions,
    judge_call,
    judge_function,
    judge_operator,
    judge_type,
    literal,
)
from safelight.protocols.postgres.sql.tables import sections
from safelight.protocols.postgres.sql.tree import is_constant, qualified, strings


def call_function(call: pg.FuncCall, catalog: Catalog, findings: Findings) -> bool:
    """Judge a call. True when it is pure.

    Raises:
        Denied: the function may not be called, or not with these arguments.
    """
    verdict = _switch(call, catalog) or judge_call(call, catalog)
    _apply(verdict, findings)
    schema, name = qualified(strings(call.funcname))
    findings.opaque |= _is_opaque(schema, name, catalog)
    return verdict.pure


def is_builtin(call: pg.FuncCall, catalog: Catalog) -> bool:
    """Whether the call can be one of PostgreSQL's own functions only, which changes nothing."""
    schema, name = qualified(strings(call.funcname))
    if schema not in (None, "pg_catalog") or name not in builtin_functions():
        return False
    shadowed = schema is None and any((path, name) in catalog.functions for path in catalog.search_path)
    return not shadowed and judge_function(schema, name, catalog).reach is Reach.READ


def compared_setting(call: pg.FuncCall, catalog: Catalog) -> bool:
    """Whether it is ``current_setting($1)``, which may be compared by ``=`` or ``<>`` (SQLAlchemy does, to reflect
    tables) although its name is not known. Elsewhere it is refused: it could show what applications keep there."""
    schema, name = qualified(strings(call.funcname))
    known = name == "current_setting" and judge_function(schema, name, catalog).reach is Reach.READ
    return known and len(call.args) == 1 and is_constant(call.args[0])


def _switch(call: pg.FuncCall, catalog: Catalog) -> FunctionVerdict | None:
    """``set_config('jit', $1, false)`` (asyncpg restores it so): the server takes nothing but on or off."""
    schema, name = qualified(strings(call.funcname))
    if name != "set_config" or schema not in (None, "pg_catalog") or len(call.args) != 3:
        return None
    verdict = judge_function(schema, name, catalog)
    if verdict.reach is Reach.REFUSED and literal(call.args[0]) in sections("names.txt")["boolean settings"]:
        return HARMLESS if call.args[1].HasField("param_ref") and literal(call.args[2]) is not None else None
    return None


def apply_to_row(name: str, catalog: Catalog, findings: Findings) -> bool:
    """``row.name`` where ``name`` may be a function of this database applied to the row. True when there is one."""
    if not any(name == function for _, function in catalog.functions):
        return False
    _apply(judge_function(None, name, catalog), findings)
    findings.opaque |= _is_opaque(None, name, catalog)
    return True


def setting_of(call: pg.FuncCall) -> SettingChange | None:
    """What an allowed call of set_config sets; None for any other call."""
    if qualified(strings(call.funcname))[1] != "set_config" or len(call.args) != 3:
        return None
    name, value, local = (literal(argument) for argument in call.args)
    if name is None or value is None:
        return None
    return SettingChange(name.lower(), value, local != "off")


def use_operator(schema: str | None, name: str, catalog: Catalog, findings: Findings) -> FunctionVerdict:
    """Judge an operator."""
    verdict = judge_operator(schema, name, catalog)
    _apply(verdict, findings)
    findings.opaque |= verdict.reach is not Reach.READ
    return verdict


def name_type(schema: str | None, name: str, catalog: Catalog) -> None:
    """Judge a type that is cast to.

    Raises:
        Denied: it may not be named.
    """
    refusal = judge_type(schema, name, catalog)
    if refusal is not None:
        raise Denied(refusal)


def _is_opaque(schema: str | None, name: str, catalog: Catalog) -> bool:
    """Whether a call may reach code outside of PostgreSQL's own and the trusted extensions."""
    if schema is None:
        others = {(path, name) for path in catalog.search_path} & catalog.functions
        return not others <= catalog.trusted_functions or (not others and name not in builtin_functions())
    return schema not in SYSTEM_SCHEMAS and (schema, name) not in catalog.trusted_functions


def _apply(verdict: FunctionVerdict, findings: Findings) -> None:
    if verdict.refusal is not None:
        raise Denied(verdict.refusal)
    if verdict.reach is Reach.READ:
        return
    findings.need(Capability.ADMIN if verdict.reach is Reach.ADMIN else Capability.WRITE)
    findings.rollback_safe &= verdict.rollback_safe
