"""Expressions that carry a label's own value unchanged: their output leaves under the label's strategy.

The column itself; a cast between text types that cannot cut it; COLLATE; a choice (CASE, COALESCE) between values of
one label; a subquery that gives one. Never a constant beside it: under the label's key it would show the pseudonym of
a guess.
"""

from typing import TYPE_CHECKING

from postgast import pg_query_pb2 as pg

from safelight.domain.masking import LabelUse
from safelight.protocols.postgres.sql.labelled import Place, combine, labelled_column
from safelight.protocols.postgres.sql.scope import Column, Scope
from safelight.protocols.postgres.sql.tree import kind, qualified, strings

if TYPE_CHECKING:
    from safelight.protocols.postgres.sql.expressions import Expressions

UNCUT = frozenset({"text", "varchar"})


def carried(node: pg.Node, scope: Scope) -> Column | None:
    """The labelled value that the expression passes on, if that is all it does. Reads nothing: see :func:`finish`."""
    what = kind(node)
    if what == "column_ref":
        return labelled_column(node, scope)
    if what == "type_cast":
        return _cast(node.type_cast, scope)
    if what == "collate_clause":
        return _anonymous(carried(node.collate_clause.arg, scope))
    if what == "coalesce_expr":
        return _choice(list(node.coalesce_expr.args), scope)
    if what == "case_expr":
        case = node.case_expr
        results = [when.case_when.result for when in case.args]
        return _choice([*results, case.defresult] if kind(case.defresult) else results, scope)
    return None


def read_around(node: pg.Node, scope: Scope, reader: "Expressions") -> None:
    """Read what stands around a carried value: the conditions of a CASE.

    Raises:
        Denied: they are refused.
    """
    what = kind(node)
    if what == "type_cast":
        reader.read_type(node.type_cast.type_name, scope, Place("a cast"))
        read_around(node.type_cast.arg, scope, reader)
    elif what == "collate_clause":
        read_around(node.collate_clause.arg, scope, reader)
    elif what == "coalesce_expr":
        for argument in node.coalesce_expr.args:
            read_around(argument, scope, reader)
    elif what == "case_expr":
        case = node.case_expr
        if case.HasField("arg"):
            reader.use_operator(["="], Place("CASE"))
            reader.read(case.arg, scope, Place("CASE"))
        for when in case.args:
            reader.read(when.case_when.expr, scope, Place("the condition of a CASE"))
            read_around(when.case_when.result, scope, reader)
        if kind(case.defresult):
            read_around(case.defresult, scope, reader)


def _cast(cast: pg.TypeCast, scope: Scope) -> Column | None:
    schema, name = qualified(strings(cast.type_name.names))
    cut = bool(cast.type_name.typmods) or bool(cast.type_name.array_bounds) or cast.type_name.setof
    if schema not in (None, "pg_catalog") or name not in UNCUT or cut:
        return None
    column = carried(cast.arg, scope)
    return _anonymous(column) if column is not None and column.textual else None


def _choice(values: list[pg.Node], scope: Scope) -> Column | None:
    """NULL beside the values tells only that none of them is there."""
    found: Column | None = None
    for value in values:
        if kind(value) == "a_const" and value.a_const.isnull:
            continue
        column = carried(value, scope)
        if column is None or not column.label_allows(LabelUse.NULLS):
            return None
        combined = _anonymous(column) if found is None else combine(found, column)
        if combined is None or combined.hidden:
            return None
        found = combined
    return found


def _anonymous(column: Column | None) -> Column | None:
    """The value of a column without its place: the server does not tell where a computed column comes from."""
    if column is None or column.label is None:
        return None
    oid = column.type_oid
    return Column(
        column.name, column.label, None, False, column.shown, column.textual, type_oid=oid, sources=column.sources
    )
