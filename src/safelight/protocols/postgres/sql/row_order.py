"""Rows that were sorted or hashed by labelled values: the order in which they come would tell an order of the values.

Such rows are *mixed* (:class:`.scope.Rows`): their order may be seen nowhere. Not at the client, not by a LIMIT, a
window, an aggregate that depends on it, nor by a function that gives another value each time. A SELECT makes them
steady again by making one row of them, or by sorting them so that no two rows can tie: by the smallest key of each
group.
"""

from collections.abc import Sequence

from postgast import pg_query_pb2 as pg

from safelight.domain.errors import Denied
from safelight.protocols.postgres.sql.findings import refused
from safelight.protocols.postgres.sql.scope import Column, Rows, Scope
from safelight.protocols.postgres.sql.tree import integer_literal, kind, qualified, strings

ORDERLESS = frozenset({"count", "min", "max", "bool_and", "bool_or", "every"})
"""Aggregates that give the same in whatever order rows come. ``sum`` and ``avg`` of floats do not."""
EXTREMES = frozenset({"min", "max"})
RULE = "postgres.mask.order"


def check_seen(rows: Rows, what: str) -> None:
    """Mixed rows reach a place at which their order is seen.

    Raises:
        Denied: always then.
    """
    if rows.mixed:
        raise refused(
            RULE,
            f"{what} would show the order of labelled values",
            "sort each group by its smallest key (GROUP BY email … ORDER BY min(id)), or count the rows instead",
        )


def disturbed(what: str) -> Denied:
    """The refusal of an expression that shows the order of mixed rows."""
    return refused(
        RULE,
        f"{what} beside rows that are grouped by a labelled column would show the order of its values",
        "leave it out, or sort its own values: array_agg(id ORDER BY id)",
    )


def is_orderless(call: pg.FuncCall, scope: Scope) -> bool:
    """Whether an aggregate does not depend on the order of rows: by itself, or because it sorts its own values. The
    smallest of several values that are equal and look different (1.0, 1.00) does, unless they are a table's own."""
    if call.HasField("over") or call.agg_within_group:
        return False
    schema, name = qualified(strings(call.funcname))
    if schema in (None, "pg_catalog") and name in ORDERLESS and not call.agg_order:
        return name not in EXTREMES or _is_stored(call, scope)
    ordered = len(call.agg_order) == 1 and len(call.args) > 0
    if not ordered or not _is_reference(call.args[0], call.agg_order[0].sort_by.node):
        return False
    return all(kind(argument) == "a_const" for argument in call.args[1:]) and _is_stored(call, scope)


def _is_reference(node: pg.Node, other: pg.Node) -> bool:
    """Whether both are references to one column, written alike."""
    same = kind(node) == "column_ref" and kind(other) == "column_ref"
    return same and strings(node.column_ref.fields) == strings(other.column_ref.fields)


def _is_stored(call: pg.FuncCall, scope: Scope) -> bool:
    """Whether the first argument is a table's own column, or a count."""
    if not call.args or kind(call.args[0]) != "column_ref":
        return False
    parts = strings(call.args[0].column_ref.fields)
    item = scope.own_item(parts)
    column = item.find(parts[-1]) if item is not None else None
    return column is not None and (column.counted or bool(item and item.table))


def is_sorted(select: pg.SelectStmt, scope: Scope, keys: Sequence[tuple[pg.Node, Column | None]]) -> bool:
    """Whether ORDER BY leaves no two rows of a grouped query tied: in all its group keys, when these are counts, or
    in the smallest key of each group."""
    sets = any(kind(node) == "grouping_set" for node in select.group_clause)
    if not keys or sets or select.distinct_clause or any(node.sort_by.use_op for node in select.sort_clause):
        return False
    sorts = [meant(node.sort_by.node, select) for node in select.sort_clause]
    if all(_is_count(node, scope) and any(_is_reference(node, sort) for sort in sorts) for node, _ in keys):
        return True
    return not scope.side.mixed and _by_smallest_key(sorts, scope, [node for node, _ in keys])


def _is_count(node: pg.Node, scope: Scope) -> bool:
    if kind(node) != "column_ref":
        return False
    found = scope.resolve(strings(node.column_ref.fields))
    return isinstance(found, Column) and found.counted


def _by_smallest_key(sorts: Sequence[pg.Node], scope: Scope, keys: Sequence[pg.Node]) -> bool:
    """``ORDER BY min(key)``, with a key of the one table that all group keys are of: each of its rows is in one group
    only."""
    if any(kind(node) != "column_ref" for node in keys):
        return False
    items = [scope.own_item(strings(node.column_ref.fields)) for node in keys]
    table = items[0]
    if table is None or not table.table or any(item is not table for item in items):
        return False
    for node in sorts:
        call = _extreme(node)
        if call is not None:
            parts = strings(call.args[0].column_ref.fields)
            column = table.find(parts[-1])
            if scope.own_item(parts) is table and column is not None and column.unique:
                return True
    return False


def meant(node: pg.Node, select: pg.SelectStmt) -> pg.Node:
    """The expression that a key of ORDER BY or GROUP BY stands for: an output's, by its position or its alias."""
    targets = [target.res_target for target in select.target_list]
    position = integer_literal(node)
    starred = any(kind(t.val) == "column_ref" and strings(t.val.column_ref.fields)[-1] == "*" for t in targets)
    if position is not None:
        return targets[position - 1].val if not starred and 0 < position <= len(targets) else node
    if kind(node) == "column_ref" and len(node.column_ref.fields) == 1:
        name = strings(node.column_ref.fields)[0]
        named = [target.val for target in targets if target.name == name]
        return named[0] if len(named) == 1 else node
    return node


def _extreme(node: pg.Node) -> pg.FuncCall | None:
    """``min(column)`` or ``max(column)``, plain."""
    if kind(node) != "func_call":
        return None
    call = node.func_call
    schema, name = qualified(strings(call.funcname))
    plain = name in EXTREMES and schema in (None, "pg_catalog") and len(call.args) == 1
    if not plain or call.HasField("agg_filter") or call.HasField("over") or call.func_variadic:
        return None
    return call if kind(call.args[0]) == "column_ref" else None
