"""What a statement may find out about labelled columns, wherever in it the expression stands: each a closed form.

An equality with a constant, with a few of them, with a column of the same label; whether a value is there; how many
there are; a declared generalisation. Such an expression tells nothing more inside of a CASE or a FILTER than it does
in WHERE, so its result counts as unlabelled. What is disclosed is counted and bounded (:class:`.findings.Findings`).
The equality must be PostgreSQL's own: one that users have defined could compare in any way, and tell.
"""

from postgast import pg_query_pb2 as pg

from safelight.domain.masking import LabelUse
from safelight.protocols.postgres.sql.labelled import (
    ExpressionReader,
    Place,
    equate,
    labelled_column,
    misplaced,
    touch,
)
from safelight.protocols.postgres.sql.scope import Column, Scope
from safelight.protocols.postgres.sql.tree import descend, integer_literal, is_constant, kind, strings

EQUALITIES = frozenset({"=", "<>"})
FOLDS = frozenset({"lower", "upper"})
"""Under these, equality is still one with few values: those that differ in case only."""
UNFIXED = ("ColumnRef", "SubLink")
DATE_OIDS = frozenset({1082, 1114, 1184})
"""date, timestamp, timestamptz: their year can always be told (pg_type.dat)."""


def disclosed(node: pg.Node, scope: Scope, reader: ExpressionReader, place: Place) -> bool:
    """Whether the node is a permitted disclosure. If so it has been read.

    Raises:
        Denied: it is one in form, and its label does not allow it.
    """
    what = kind(node)
    if what == "a_expr":
        return _comparison(node.a_expr, scope, reader, place)
    if what == "null_test":
        return _presence(node.null_test, scope, reader)
    if what == "func_call":
        return _count(node.func_call, scope, reader) or _generalisation(node.func_call, scope, reader)
    return False


# --- equality -------------------------------------------------------------------------------------------------------


def _comparison(expression: pg.A_Expr, scope: Scope, reader: ExpressionReader, place: Place) -> bool:
    name = strings(expression.name)
    if name[-1] not in EQUALITIES or not kind(expression.lexpr):
        return False
    if expression.kind == pg.AEXPR_IN:
        return _listed(expression, expression.rexpr.list.items, scope, reader, place)
    array = kind(expression.rexpr) == "a_array_expr"
    if array and (expression.kind, name[-1]) in ((pg.AEXPR_OP_ANY, "="), (pg.AEXPR_OP_ALL, "<>")):
        return _listed(expression, expression.rexpr.a_array_expr.elements, scope, reader, place)
    if expression.kind not in (pg.AEXPR_OP, pg.AEXPR_DISTINCT, pg.AEXPR_NOT_DISTINCT):
        return False
    left, left_fold = _operand(expression.lexpr, scope, reader)
    right, right_fold = _operand(expression.rexpr, scope, reader)
    if left is None and right is None:
        return False
    column = left or right
    assert column is not None
    if expression.kind != pg.AEXPR_OP and not column.label_allows(LabelUse.NULLS):
        return False
    _use_equality(name, column, reader, place)
    if left is not None and right is not None:
        if _name_of(left_fold) != _name_of(right_fold):
            return False
        equate(left, right, reader.findings, place.name)
    else:
        other = expression.rexpr if left is not None else expression.lexpr
        _compare(column, [other], scope, reader, place)
    for fold in (left_fold, right_fold):
        if fold is not None:
            reader.call_function(fold)
    return True


def _operand(node: pg.Node, scope: Scope, reader: ExpressionReader) -> tuple[Column | None, pg.FuncCall | None]:
    """The labelled column that is compared, and the call that folds its case."""
    column = labelled_column(node, scope)
    if column is not None or kind(node) != "func_call":
        return column, None
    call = node.func_call
    name = strings(call.funcname)[-1]
    if name not in FOLDS or len(call.args) != 1 or not _is_plain(call) or not reader.is_builtin(call):
        return None, None
    column = labelled_column(call.args[0], scope)
    return (column, call) if column is not None and column.textual else (None, None)


def _listed(
    expression: pg.A_Expr, values: "list[pg.Node]", scope: Scope, reader: ExpressionReader, place: Place
) -> bool:
    column, fold = _operand(expression.lexpr, scope, reader)
    if column is None:
        return False
    _use_equality(strings(expression.name), column, reader, place)
    _compare(column, list(values), scope, reader, place)
    if fold is not None:
        reader.call_function(fold)
    return True


def _compare(column: Column, values: list[pg.Node], scope: Scope, reader: ExpressionReader, place: Place) -> None:
    """Compare it with values that the text gives, each the same for every row."""
    assert column.label is not None
    touch(column, reader.findings)
    if not column.label.allows(LabelUse.COMPARE):
        raise misplaced(column, f"a comparison (its label is not to be compared), in {place.name}")
    if len(values) > column.label.values:
        raise misplaced(column, f"a list of more than {column.label.values} constants or parameters")
    for value in values:
        if not is_constant(value) and any(part.DESCRIPTOR.name in UNFIXED for part in descend(value)):
            raise misplaced(column, f"{place.name} compared with other than a constant, a parameter or its own label")
        inside = Place("a value that a labelled column is compared with", computes=True)
        while kind(value) == "type_cast":  # of what the text gives: it fails for every row, or for none
            reader.read_type(value.type_cast.type_name, scope, inside)
            value = value.type_cast.arg
        reader.read(value, scope, inside)
        if inside.impure:
            raise misplaced(column, f"{place.name} compared with {inside.impure}")
    reader.findings.compare(column.label, len(values))


def _use_equality(name: list[str], column: Column, reader: ExpressionReader, place: Place) -> None:
    if not reader.use_operator(name, Place(place.name)):
        raise misplaced(column, f"{place.name} under an operator that is not PostgreSQL's own")


# --- presence, counts, generalisations ------------------------------------------------------------------------------


def _presence(test: pg.NullTest, scope: Scope, reader: ExpressionReader) -> bool:
    column = labelled_column(test.arg, scope)
    if column is None or not column.label_allows(LabelUse.NULLS):
        return False
    touch(column, reader.findings)
    return True


def _count(call: pg.FuncCall, scope: Scope, reader: ExpressionReader) -> bool:
    """``count(column)`` tells how many are there, ``count(DISTINCT column)`` how many different ones."""
    if strings(call.funcname)[-1] != "count" or len(call.args) != 1 or call.HasField("over"):
        return False
    column = labelled_column(call.args[0], scope)
    use = LabelUse.GROUP if call.agg_distinct else LabelUse.NULLS
    refused = call.agg_order or call.func_variadic or not reader.is_builtin(call)
    if column is None or not column.label_allows(use) or refused:
        return False
    touch(column, reader.findings)
    reader.call_function(call)
    if call.HasField("agg_filter"):
        reader.read(call.agg_filter, scope, Place("FILTER"))
    scope.aggregated = scope.aggregated or scope.own_item(strings(call.args[0].column_ref.fields)) is not None
    return True


def _generalisation(call: pg.FuncCall, scope: Scope, reader: ExpressionReader) -> bool:
    name = strings(call.funcname)[-1]
    if not call.args or not _is_plain(call) or not reader.is_builtin(call):
        return False
    for position, argument in enumerate(call.args):
        column = labelled_column(argument, scope)
        if column is not None and column.label is not None:
            if any(_is_form(how, name, call, position, column) for how in column.label.generalisations):
                touch(column, reader.findings)
                reader.call_function(call)
                return True
            return False
    return False


def _is_form(how: str, name: str, call: pg.FuncCall, position: int, column: Column) -> bool:
    """Whether the call is the written form of a declared generalisation of the column in that position."""
    others = [argument for number, argument in enumerate(call.args) if number != position]
    if how == "domain":
        fixed = len(others) == 2 and _text(others[0]) == "@" and integer_literal(others[1]) == 2
        return name == "split_part" and position == 0 and fixed and column.textual
    if how == "year":
        fixed = len(others) == 1 and _text(others[0]) == "year"
        return name in ("extract", "date_part", "date_trunc") and position == 1 and fixed and _is_date(column)
    length = integer_literal(others[0]) if len(others) == 1 else None
    most = int(how.removeprefix("prefix:"))
    return name == "left" and position == 0 and length is not None and 0 <= length <= most and column.textual


def _name_of(fold: pg.FuncCall | None) -> str:
    return strings(fold.funcname)[-1] if fold is not None else ""


def _is_date(column: Column) -> bool:
    return column.type_oid in DATE_OIDS


def _text(node: pg.Node) -> str | None:
    return node.a_const.sval.sval.lower() if node.HasField("a_const") and node.a_const.HasField("sval") else None


def _is_plain(call: pg.FuncCall) -> bool:
    """Whether the call has nothing but arguments."""
    aggregate = call.agg_order or call.agg_within_group or call.agg_distinct or call.agg_star
    return not (aggregate or call.func_variadic or call.HasField("agg_filter") or call.HasField("over"))
