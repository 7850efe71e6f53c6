"""What calling a function, using an operator or naming a type may do: built-ins one by one, everything else closed.

The built-ins of PostgreSQL 15 and 18 stand in ``functions.txt``, each under the section of what a call of it may do.
Volatility is not enough for that: ``query_to_xml`` is volatile, ``table_to_xml`` only stable, and both read relations
that the tree does not show; ``random`` is volatile and harmless. What is not in the table is a write (I4).

A name is the built-in's only when nothing else of that name can be meant: functions resolve by their arguments over
the whole search_path, so that a user's ``public.lower(email_address)`` makes ``lower`` opaque unless it is trusted.
Types do not: pg_catalog comes first for them, as long as the search_path does not name it (settings.py).
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from postgast import pg_query_pb2 as pg

from safelight.domain.errors import Refusal
from safelight.protocols.postgres.catalog import Catalog
from safelight.protocols.postgres.sql.settings import check_read_setting, check_set_config
from safelight.protocols.postgres.sql.tables import sections

SYSTEM_SCHEMAS = frozenset({"pg_catalog", "information_schema"})


class Reach(StrEnum):
    """What a call needs. ``WRITE`` is also the answer to anything unknown."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class FunctionVerdict:
    """``refusal`` is set for REFUSED only. ``rollback_safe``: everything the call does is undone by a rollback.
    ``pure``: immutable, and unable to raise an error that depends on the value of a *text* argument."""

    reach: Reach
    refusal: Refusal | None
    rollback_safe: bool
    pure: bool


HARMLESS = FunctionVerdict(Reach.READ, None, rollback_safe=True, pure=False)
PURE = FunctionVerdict(Reach.READ, None, rollback_safe=True, pure=True)
UNKNOWN = FunctionVerdict(Reach.WRITE, None, rollback_safe=False, pure=False)
WRITE_UNDONE = FunctionVerdict(Reach.WRITE, None, rollback_safe=True, pure=False)
ADMIN = FunctionVerdict(Reach.ADMIN, None, rollback_safe=False, pure=False)
_SECTIONS = {"pure": PURE, "harmless": HARMLESS, "write_undone": WRITE_UNDONE, "write": UNKNOWN, "admin": ADMIN}

_REFUSALS = {
    "files": ("it reads files of the server", "ask an administrator of the server for the file"),
    "text": ("it reads what a text names, out of sight of the masking rules", "SELECT from the relation itself"),
    "large_objects": ("large objects cannot be labelled or masked", "read the data from a table's column"),
    "statements": (
        "it shows the text of statements or the addresses of their clients",
        "SELECT from pg_stat_activity: the texts come out as constants, the rest is readable",
    ),
    "values": ("it shows stored values without their columns", "SELECT from the relation itself"),
    "settings": (
        "only literal names and values on the list of settings may be set",
        "use SET, for example: SET statement_timeout = '5s'",
    ),
    "internal": ("it is called by the server itself only", "leave the call out"),
}


def refused(kind: str, name: str) -> FunctionVerdict:
    """A REFUSED verdict of one of the table's kinds."""
    why, next_step = _REFUSALS[kind]
    refusal = Refusal(f"postgres.function.{kind}", f"function {name} may not be called: {why}", next_step)
    return FunctionVerdict(Reach.REFUSED, refusal, rollback_safe=False, pure=False)


def judge_function(schema: str | None, name: str, catalog: Catalog) -> FunctionVerdict:
    """The verdict on a call of ``name``, with its schema as written (None: found by search_path). It does not see
    the arguments: use :func:`judge_call` for a call in a tree."""
    if schema is not None and schema not in SYSTEM_SCHEMAS:
        return HARMLESS if (schema, name) in catalog.trusted_functions else UNKNOWN
    if schema is None:
        shadows = {(path, name) for path in catalog.search_path} & catalog.functions
        if shadows - catalog.trusted_functions:
            return UNKNOWN
        if shadows:
            # Either the built-in or a trusted function of that name; a built-in that is not harmless stays so.
            verdict = builtin_functions().get(name, HARMLESS)
            return HARMLESS if verdict is PURE else verdict
    if schema == "information_schema" and not name.startswith("_pg_"):
        return UNKNOWN
    return builtin_functions().get(name, UNKNOWN)


def judge_call(call: pg.FuncCall, catalog: Catalog) -> FunctionVerdict:
    """The verdict on a call in a tree, its arguments included where they decide."""
    schema, name = _qualified(call.funcname)
    verdict = judge_function(schema, name, catalog)
    if verdict is UNKNOWN or schema not in (None, "pg_catalog"):
        return verdict
    arguments = [literal(argument) for argument in call.args]
    if name == "set_config":
        values = (arguments[0], arguments[1]) if len(arguments) == 3 and not _named(call) else (None, None)
        refusal = check_set_config(*values)
        return HARMLESS if refusal is None else FunctionVerdict(Reach.REFUSED, refusal, False, False)
    if name == "current_setting":
        refusal = check_read_setting(arguments[0] if arguments and not _named(call) else None)
        return HARMLESS if refusal is None else FunctionVerdict(Reach.REFUSED, refusal, False, False)
    if name in ("pg_terminate_backend", "pg_cancel_backend") and len(call.args) == 1:
        return HARMLESS if _is_own_pid(call.args[0], catalog) else verdict
    return verdict


def judge_operator(schema: str | None, name: str, catalog: Catalog) -> FunctionVerdict:
    """The verdict on the use of an operator. Operators resolve by their arguments, as functions do."""
    if schema is not None and schema != "pg_catalog":
        return HARMLESS if name in catalog.trusted_operators else UNKNOWN
    if schema is None and name in catalog.operators and name not in catalog.trusted_operators:
        return UNKNOWN
    if name not in _names("operators"):
        return HARMLESS if schema is None and name in catalog.trusted_operators else UNKNOWN
    return PURE if name in _names("pure operators") and name not in catalog.operators else HARMLESS


def judge_type(schema: str | None, name: str, catalog: Catalog) -> Refusal | None:
    """Why a type may not be named in a cast or a column definition, or None. ``name`` is the element's name for an
    array. Input of a domain runs its checks, and a row type names a relation: both are refused."""
    plain = name.removeprefix("_")
    if schema in (None, "pg_catalog") and plain in _names("types"):
        return None
    if schema == "information_schema" and plain in _names("information_schema domains"):
        return None
    schemas = catalog.search_path if schema is None else (schema,)
    if any((path, name) in catalog.harmless_types for path in schemas):
        return None
    shown = name if schema is None else f"{schema}.{name}"
    return Refusal(
        "postgres.type",
        f"type {shown} is not a built-in type and not known to be harmless",
        "compare with a literal without a cast, or cast to a built-in type such as text",
    )


def literal(node: pg.Node) -> str | None:
    """The value of a string, number or boolean literal, a cast to text included; None for anything else, and NULL."""
    if node.WhichOneof("node") == "type_cast":
        cast = node.type_cast
        names = [part.string.sval for part in cast.type_name.names]
        if names not in (["text"], ["pg_catalog", "text"]) or cast.type_name.array_bounds:
            return None
        node = cast.arg
    if node.WhichOneof("node") != "a_const" or node.a_const.isnull:
        return None
    kind = node.a_const.WhichOneof("val")
    if kind == "sval":
        return str(node.a_const.sval.sval)
    if kind == "ival":
        return str(node.a_const.ival.ival)
    if kind == "fval":
        return str(node.a_const.fval.fval)
    if kind == "boolval":
        return "on" if node.a_const.boolval.boolval else "off"
    return None


def _qualified(names: "list[pg.Node]") -> tuple[str | None, str]:
    """Schema and name as written. Three parts name the database too; that is never a built-in's name."""
    parts = [part.string.sval for part in names]
    if len(parts) == 1:
        return None, parts[0]
    return (parts[0], parts[1]) if len(parts) == 2 else (".".join(parts[:-1]), parts[-1])


def _named(call: pg.FuncCall) -> bool:
    return any(argument.WhichOneof("node") == "named_arg_expr" for argument in call.args) or call.func_variadic


def _is_own_pid(node: pg.Node, catalog: Catalog) -> bool:
    if node.WhichOneof("node") != "func_call" or node.func_call.args:
        return False
    schema, name = _qualified(node.func_call.funcname)
    if name != "pg_backend_pid" or schema not in (None, "pg_catalog"):
        return False
    return judge_function(schema, name, catalog) is HARMLESS


@cache
def builtin_functions() -> dict[str, FunctionVerdict]:
    """Every built-in's name and its verdict, from the table."""
    table: dict[str, FunctionVerdict] = {}
    for section, names in sections("functions.txt").items():
        for name in names:
            table[name] = _SECTIONS.get(section) or refused(section.removeprefix("refused "), name)
    return table


@cache
def _names(section: str) -> frozenset[str]:
    return frozenset(sections("names.txt")[section])
