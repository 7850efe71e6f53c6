"""Reading what follows the select list: GROUP BY, HAVING, WINDOW, DISTINCT, ORDER BY and LIMIT.

All of them decide which rows come, how many and in which order, so a guarded column stands here only where its label
allows to be grouped by; the rows are mixed then (:mod:`.row_order`).
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from postgast import pg_query_pb2 as pg

from safelight.domain.masking import LabelUse
from safelight.protocols.postgres.sql.labelled import Place, labelled_column, misplaced, touch
from safelight.protocols.postgres.sql.row_order import check_seen, disturbed, is_sorted, meant
from safelight.protocols.postgres.sql.scope import Column, Rows, Scope
from safelight.protocols.postgres.sql.tree import integer_literal, kind, strings

if TYPE_CHECKING:
    from safelight.protocols.postgres.sql.expressions import Expressions

GroupKeys = list[tuple[pg.Node, Column | None]]
"""The expressions of GROUP BY, each with the labelled column that it is."""


def label_groups(column: Column, place: str) -> bool:
    """Whether rows are told apart by a labelled column. It is True for one that may be grouped by.

    Raises:
        Denied: it may not be.
    """
    if not column.guarded:
        return False
    if column.hidden or not column.label_allows(LabelUse.GROUP):
        raise misplaced(column, place)
    return True


class Clauses:
    """The reader of one statement's clauses."""

    def __init__(self, expressions: "Expressions") -> None:
        self._expressions = expressions
        self._findings = expressions.findings

    def read(self, select: pg.SelectStmt, scope: Scope, rows: Rows) -> Rows:
        """The clauses of a plain SELECT; the rows as they come out of them."""
        keys: GroupKeys = []
        self._group(select.group_clause, select, scope, rows, keys)
        if kind(select.having_clause):
            self._expressions.read(select.having_clause, scope, Place("HAVING"))
        for window in select.window_clause:
            self._expressions.read_window(window.window_def, scope)
        grouped = any(column is not None for _, column in keys)
        mixed = grouped or (scope.side.mixed and not (scope.aggregated and not select.group_clause))
        if select.distinct_clause:
            mixed |= self._distinct(select, scope, replace(rows, mixed=mixed))
        self.order(select, scope, rows)
        if (scope.side.mixed or grouped) and scope.unsteady:
            raise disturbed(scope.unsteady)
        return replace(rows, mixed=mixed and not is_sorted(select, scope, keys))

    # --- GROUP BY and DISTINCT ------------------------------------------------------------------------------------

    def _group(
        self, nodes: Iterable[pg.Node], select: pg.SelectStmt, scope: Scope, rows: Rows, keys: GroupKeys
    ) -> None:
        for node in nodes:
            what = kind(node)
            position = integer_literal(node)
            named = _outputs_named(node, rows)
            if what == "grouping_set":
                self._group(node.grouping_set.content, select, scope, rows, keys)
            elif what == "row_expr":
                self._group(node.row_expr.args, select, scope, rows, keys)
            elif position is not None:
                chosen = rows.columns[position - 1 : position] if position > 0 else ()
                self._output_keys(meant(node, select), chosen, keys)
            else:
                self._output_keys(meant(node, select), named, keys)
                if not named or scope.knows(strings(node.column_ref.fields)[0]):
                    self._input_key(node, scope, keys)  # it takes an input column before an output's alias

    def _input_key(self, node: pg.Node, scope: Scope, keys: GroupKeys) -> None:
        column = labelled_column(node, scope)
        if column is not None:
            touch(column, self._findings)
            label_groups(column, "GROUP BY")
            keys.append((node, column))
            return
        self._expressions.read(node, scope, Place("GROUP BY"))
        keys.append((node, None))

    def _output_keys(self, node: pg.Node, columns: Iterable[Column], keys: GroupKeys) -> None:
        for column in columns:
            keys.append((node, column if label_groups(column, "GROUP BY") else None))

    def _distinct(self, select: pg.SelectStmt, scope: Scope, rows: Rows) -> bool:
        """Whether duplicates are told by labelled columns."""
        named = [node for node in select.distinct_clause if kind(node)]
        if named:
            self._like_order(named, scope, rows, "DISTINCT ON")
            check_seen(rows, "DISTINCT ON")
            return False
        told = [label_groups(column, "the output of a query with DISTINCT") for column in rows.columns]
        return any(told)

    # --- ORDER BY and LIMIT ---------------------------------------------------------------------------------------

    def order(self, select: pg.SelectStmt, scope: Scope, rows: Rows) -> None:
        """ORDER BY of a SELECT, VALUES or set operation."""
        for node in select.sort_clause:
            if node.sort_by.use_op:
                self._expressions.use_operator(strings(node.sort_by.use_op), Place("ORDER BY"))
        self._like_order([node.sort_by.node for node in select.sort_clause], scope, rows, "ORDER BY")

    def _like_order(self, nodes: Iterable[pg.Node], scope: Scope, rows: Rows, clause: str) -> None:
        """Expressions that may also name an output by its position or its alias, which comes first."""
        for node in nodes:
            position = integer_literal(node)
            named = _outputs_named(node, rows)
            if position is not None:
                named = list(rows.columns[position - 1 : position]) if position > 0 else []
            for column in named:
                if column.guarded:
                    raise misplaced(column, clause)
            if position is None and not named:
                self._expressions.read(node, scope, Place(clause))

    def limits(self, select: pg.SelectStmt, scope: Scope, rows: Rows) -> None:
        """LIMIT, OFFSET and FETCH."""
        for node in (select.limit_count, select.limit_offset):
            if kind(node):
                check_seen(rows, "LIMIT or OFFSET")
                self._expressions.read(node, scope, Place("LIMIT"))


def _outputs_named(node: pg.Node, rows: Rows) -> list[Column]:
    if kind(node) != "column_ref" or len(node.column_ref.fields) != 1:
        return []
    name = strings(node.column_ref.fields)[0]
    return [column for column in rows.columns if column.name == name]
