"""Reading queries: SELECT with everything it may contain, and the columns it gives.

A guarded column may be an output of the statement's own plain SELECT only: not of a subquery, a WITH query or a set
operation, and not beside DISTINCT, GROUP BY, windows or its own ORDER BY. FROM is read in :mod:`.from_items`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from postgast import pg_query_pb2 as pg

from safelight.domain.capability import Capability
from safelight.protocols.postgres.catalog import CatalogRelation
from safelight.protocols.postgres.sql.expressions import Expressions
from safelight.protocols.postgres.sql.findings import Findings, refused
from safelight.protocols.postgres.sql.from_items import FORWARD, FromReader
from safelight.protocols.postgres.sql.labelled import Place, misplaced, read_predicate, touch
from safelight.protocols.postgres.sql.output_names import output_name
from safelight.protocols.postgres.sql.relations import CatalogIndex
from safelight.protocols.postgres.sql.scope import Column, Item, Scope, Side, WholeRow
from safelight.protocols.postgres.sql.tree import descend, integer_literal, kind, qualified, strings
from safelight.protocols.postgres.sql.views import view_item

CHANGES = frozenset({"insert_stmt", "update_stmt", "delete_stmt", "merge_stmt"})


@dataclass(frozen=True, slots=True)
class Rows:
    """The columns a query gives. ``open``: their number is not known from the text."""

    columns: tuple[Column, ...]
    open: bool = False


ChangeReader = Callable[["Queries", pg.Node, Scope, bool], Rows]


class Queries:
    """The query reader of one statement. ``change_reader`` reads INSERT, UPDATE, DELETE and MERGE."""

    def __init__(self, index: CatalogIndex, findings: Findings, change_reader: ChangeReader) -> None:
        self.index = index
        self.findings = findings
        self.expressions = Expressions(index, findings, self)
        self.sources = FromReader(self)
        self._change_reader = change_reader

    # --- entry points -----------------------------------------------------------------------------------------

    def read_top(self, node: pg.Node) -> Rows:
        """A statement that gives its rows to the client."""
        return self._read(node, Scope(Side()), top=True, exists=False)

    def read_nested(self, node: pg.Node, outer: Scope, *, exists: bool = False) -> Rows:
        """A query inside of another. ``exists``: only whether it has rows matters, its outputs are never made."""
        return self._read(node, outer, top=False, exists=exists)

    def _read(self, node: pg.Node, outer: Scope, *, top: bool, exists: bool) -> Rows:
        what = kind(node)
        if what in CHANGES:
            return self._change_reader(self, node, outer, top)
        if what != "select_stmt":
            raise refused("postgres.form.unknown", f"{what} cannot stand in a query", "write a SELECT")
        return self.read_select(node.select_stmt, outer, top=top, exists=exists)

    def read_select(self, select: pg.SelectStmt, outer: Scope, *, top: bool, exists: bool = False) -> Rows:
        """A SELECT, VALUES or TABLE."""
        self.findings.need(Capability.READ)
        if select.HasField("into_clause"):
            raise refused("postgres.form.into", "SELECT INTO makes a table", "use CREATE TABLE … AS")
        scope = Scope(Side(), outer)
        if select.HasField("with_clause"):
            self.read_with(select.with_clause, scope)
        if select.op != pg.SETOP_NONE:
            rows = self._set_operation(select, scope)
        elif select.values_lists:
            rows = self._values(select, scope)
        else:
            rows = self._plain(select, scope, top=top, exists=exists)
        self._limits(select, scope)
        return rows

    def view_item(self, relation: CatalogRelation) -> Item:
        """What a view offers, after reading its definition."""
        return view_item(relation, self.index, self.findings)

    # --- WITH -------------------------------------------------------------------------------------------------

    def read_with(self, clause: pg.WithClause, scope: Scope) -> None:
        """Read the WITH queries into ``scope``, in order."""
        queries = [node.common_table_expr for node in clause.ctes]
        if clause.recursive:
            scope.queries.update((query.ctename, FORWARD) for query in queries)
        for query in queries:
            names = strings(query.aliascolnames)
            if clause.recursive and _refers_to_itself(query):
                columns = self._recursive(query, names, scope)
            else:
                if clause.recursive:
                    del scope.queries[query.ctename]
                rows = self.read_nested(query.ctequery, scope)
                columns = Item(query.ctename, rows.columns, rows.open).renamed(query.ctename, names)
            scope.queries[query.ctename] = columns

    def _recursive(self, query: pg.CommonTableExpr, names: list[str], scope: Scope) -> Item:
        """The first branch gives the columns; then the whole is read with them."""
        select = query.ctequery.select_stmt
        if select.op == pg.SETOP_NONE:
            raise refused("postgres.form.unknown", "a recursive query without UNION", "write first UNION ALL next")
        inside = Scope(Side(), scope)
        if select.HasField("with_clause"):
            self.read_with(select.with_clause, inside)
        first = self.read_select(select.larg, inside, top=False)
        added = []
        if query.HasField("search_clause"):
            added.append(query.search_clause.search_seq_column)
        if query.HasField("cycle_clause"):
            added += [query.cycle_clause.cycle_mark_column, query.cycle_clause.cycle_path_column]
        item = Item(query.ctename, first.columns, first.open).renamed(query.ctename, names)
        scope.queries[query.ctename] = item
        self.read_select(select, scope, top=False)
        return replace(item, columns=item.columns + tuple(Column(name) for name in added))

    # --- the three shapes -------------------------------------------------------------------------------------

    def _set_operation(self, select: pg.SelectStmt, scope: Scope) -> Rows:
        branches: list[pg.SelectStmt] = []
        current = select
        while True:
            branches.append(current.rarg)
            current = current.larg
            if current.op == pg.SETOP_NONE or _has_own_clauses(current):
                break  # a union of a thousand branches nests on its left: no recursion
        first = self.read_select(current, scope, top=False)
        for branch in reversed(branches):
            self.read_select(branch, scope, top=False)
        own = Scope(Side(columns=list(first.columns), open=first.open), scope)
        self._order(select, own, first)
        return first

    def _values(self, select: pg.SelectStmt, scope: Scope) -> Rows:
        for row in select.values_lists:
            self.expressions.read_all(row.list.items, scope, Place("VALUES"))
        width = len(select.values_lists[0].list.items)
        rows = Rows(tuple(Column(f"column{number + 1}") for number in range(width)))
        self._order(select, Scope(Side(columns=list(rows.columns)), scope), rows)
        return rows

    def _plain(self, select: pg.SelectStmt, outer: Scope, *, top: bool, exists: bool) -> Rows:
        scope = Scope(self.sources.read_from(select.from_clause, outer), outer)
        if kind(select.where_clause):
            read_predicate(select.where_clause, scope, self.expressions, "WHERE")
        rows = self.read_outputs(select.target_list, scope, top=top, exists=exists)
        if select.group_clause or kind(select.having_clause):
            self._refuse_guarded(rows, "the output of a query with GROUP BY or HAVING")
            self._order_like(select.group_clause, scope, rows, "GROUP BY", aliases_first=False)
        if kind(select.having_clause):
            self.expressions.read(select.having_clause, scope, Place("HAVING"))
        for window in select.window_clause:
            self.expressions.read_window(window.window_def, scope)
        if select.distinct_clause:
            self._refuse_guarded(rows, "the output of a query with DISTINCT")
            named = [node for node in select.distinct_clause if kind(node)]
            self._order_like(named, scope, rows, "DISTINCT ON", aliases_first=True)
        self._order(select, scope, rows)
        if select.locking_clause:
            self.findings.need(Capability.WRITE)
        return rows

    def _refuse_guarded(self, rows: Rows, place: str) -> None:
        for column in rows.columns:
            if column.guarded:
                raise misplaced(column, place)

    # --- outputs ----------------------------------------------------------------------------------------------

    def read_outputs(self, targets: Iterable[pg.Node], scope: Scope, *, top: bool, exists: bool = False) -> Rows:
        """The select list, or RETURNING. Guarded columns leave it as they are only towards the client."""
        columns: list[Column] = []
        opened = False
        for node in targets:
            rows = self._output(node.res_target, scope, top=top)
            opened |= rows.open
            columns += rows.columns
        guarded = next((column for column in columns if column.guarded), None)
        if guarded is not None and exists:
            columns = [Column(column.name) for column in columns]
        elif guarded is not None and not top:
            touch(guarded, self.findings)
            raise misplaced(guarded, "the output of a subquery, a WITH query, a view or a set operation")
        elif guarded is not None and opened:
            raise misplaced(guarded, "a result whose columns cannot be counted")
        for column in columns:
            if column.guarded:
                touch(column, self.findings)
        return Rows(tuple(columns), opened)

    def _output(self, target: pg.ResTarget, scope: Scope, *, top: bool) -> Rows:
        value = target.val
        if kind(value) == "column_ref":
            parts = strings(value.column_ref.fields)
            if parts[-1] == "*":
                return self._star(parts[:-1], scope)
            found = scope.resolve(parts)
            if not isinstance(found, WholeRow) and found.guarded:
                return Rows((replace(found, name=target.name or found.name),))
        place = Place("an expression of the select list", computes=top)
        self.expressions.read(value, scope, place)
        if kind(value) == "a_indirection" and value.a_indirection.indirection[-1].HasField("a_star"):
            return Rows((), open=True)
        name = output_name(target)
        return Rows((Column(name, hidden=place.finish(), shown=place.touched.shown if place.touched else ""),))

    def _star(self, parts: list[str], scope: Scope) -> Rows:
        if not parts:
            return Rows(tuple(scope.side.columns), scope.side.open)
        schema, name = qualified(parts)
        item = scope.item(schema, name)
        if item is None:
            raise refused("postgres.name.table", f'missing FROM-clause entry for table "{name}"', "name it in FROM")
        return Rows(item.columns, item.open)

    # --- ORDER BY, GROUP BY, LIMIT ----------------------------------------------------------------------------

    def _order(self, select: pg.SelectStmt, scope: Scope, rows: Rows) -> None:
        for node in select.sort_clause:
            sort = node.sort_by
            if sort.use_op:
                self.expressions.use_operator(strings(sort.use_op), Place("ORDER BY"))
        nodes = [node.sort_by.node for node in select.sort_clause]
        self._order_like(nodes, scope, rows, "ORDER BY", aliases_first=True)

    def _order_like(
        self, nodes: Iterable[pg.Node], scope: Scope, rows: Rows, clause: str, *, aliases_first: bool
    ) -> None:
        """Expressions that may also name an output by its position or its alias."""
        for node in nodes:
            position = integer_literal(node)
            if position is not None:
                chosen = rows.columns[position - 1 : position] if position > 0 else ()
                self._refuse_guarded(Rows(tuple(chosen)), clause)
                continue
            named = self._outputs_named(node, rows)
            for column in named:
                if column.guarded:
                    raise misplaced(column, clause)
            if not (named and aliases_first):
                self._grouping(node, scope, rows, clause, known=bool(named))

    def _grouping(self, node: pg.Node, scope: Scope, rows: Rows, clause: str, *, known: bool) -> None:
        if kind(node) == "grouping_set":
            self._order_like(node.grouping_set.content, scope, rows, clause, aliases_first=False)
        elif kind(node) == "row_expr" and clause == "GROUP BY":
            self._order_like(node.row_expr.args, scope, rows, clause, aliases_first=False)
        elif known and not scope.knows(strings(node.column_ref.fields)[0]):
            return  # GROUP BY takes an input column first; there is none, so it is the output's alias
        else:
            self.expressions.read(node, scope, Place(clause))

    @staticmethod
    def _outputs_named(node: pg.Node, rows: Rows) -> list[Column]:
        if kind(node) != "column_ref" or len(node.column_ref.fields) != 1:
            return []
        name = strings(node.column_ref.fields)[0]
        return [column for column in rows.columns if column.name == name]

    def _limits(self, select: pg.SelectStmt, scope: Scope) -> None:
        for node in (select.limit_count, select.limit_offset):
            if kind(node):
                self.expressions.read(node, scope, Place("LIMIT"))


def _has_own_clauses(select: pg.SelectStmt) -> bool:
    """Whether a branch of a set operation has more to read than its own branches."""
    fields = (select.sort_clause, select.locking_clause)
    return (
        select.HasField("with_clause") or any(fields) or bool(kind(select.limit_count) or kind(select.limit_offset))
    )


def _refers_to_itself(query: pg.CommonTableExpr) -> bool:
    return any(
        isinstance(part, pg.RangeVar) and not part.schemaname and part.relname == query.ctename
        for part in descend(query.ctequery)
    )


def refuse_changes(queries: Queries, node: pg.Node, outer: Scope, top: bool) -> Rows:
    """The change reader of a view's definition, in which changes have no place."""
    raise refused("postgres.view", "a view's definition changes data", "query the tables below it")
