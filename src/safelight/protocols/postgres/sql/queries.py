"""Reading queries: SELECT with everything it may contain, and the columns it gives.

A labelled column passes through subqueries, WITH queries and set operations under its label; what is computed from
it passes as a constant. Grouping by it, and leaving out its duplicates, tells how often a value is there: where its
label allows that, the rows are *mixed* from then on (:mod:`.row_order`). FROM is read in :mod:`.from_items`, what
follows the select list in :mod:`.clauses`.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace

from postgast import pg_query_pb2 as pg

from safelight.domain.capability import Capability
from safelight.protocols.postgres.catalog import CatalogRelation
from safelight.protocols.postgres.sql.carriers import carried, read_around
from safelight.protocols.postgres.sql.clauses import Clauses, label_groups
from safelight.protocols.postgres.sql.expressions import Expressions
from safelight.protocols.postgres.sql.findings import Findings, refused
from safelight.protocols.postgres.sql.from_items import FORWARD, FromReader
from safelight.protocols.postgres.sql.labelled import Place, combine, misplaced, touch
from safelight.protocols.postgres.sql.output_names import output_name
from safelight.protocols.postgres.sql.relations import CatalogIndex
from safelight.protocols.postgres.sql.row_order import check_seen
from safelight.protocols.postgres.sql.scope import Column, Item, Rows, Scope, Side, WholeRow
from safelight.protocols.postgres.sql.tree import descend, kind, qualified, strings
from safelight.protocols.postgres.sql.views import view_item

CHANGES = frozenset({"insert_stmt", "update_stmt", "delete_stmt", "merge_stmt"})
ChangeReader = Callable[["Queries", pg.Node, Scope], Rows]


class Queries:
    """The query reader of one statement. ``change_reader`` reads INSERT, UPDATE, DELETE and MERGE. ``lenient``: it is
    a view's definition, whose outputs may compute anything and leave as constants then."""

    def __init__(
        self, index: CatalogIndex, findings: Findings, change_reader: ChangeReader, *, lenient: bool = False
    ) -> None:
        self.index = index
        self.findings = findings
        self.expressions = Expressions(index, findings, self)
        self.sources = FromReader(self)
        self._clauses = Clauses(self.expressions)
        self._change_reader = change_reader
        self._lenient = lenient

    # --- entry points -----------------------------------------------------------------------------------------

    def read_top(self, node: pg.Node) -> Rows:
        """A statement by itself."""
        return self.read_nested(node, Scope(Side()))

    def read_nested(self, node: pg.Node, outer: Scope, *, exists: bool = False) -> Rows:
        """A query inside of another. ``exists``: only whether it has rows matters, its outputs are never made."""
        what = kind(node)
        if what in CHANGES:
            return self._change_reader(self, node, outer)
        if what != "select_stmt":
            raise refused("postgres.form.unknown", f"{what} cannot stand in a query", "write a SELECT")
        return self.read_select(node.select_stmt, outer, exists=exists)

    def read_select(self, select: pg.SelectStmt, outer: Scope, *, exists: bool = False) -> Rows:
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
            rows = self._plain(select, scope, exists=exists)
        self._clauses.limits(select, scope, rows)
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
                columns = self.read_nested(query.ctequery, scope).item(query.ctename, names)
            scope.queries[query.ctename] = columns

    def _recursive(self, query: pg.CommonTableExpr, names: list[str], scope: Scope) -> Item:
        """The first branch gives the columns; then the whole is read with them, and must give the same labels."""
        select = query.ctequery.select_stmt
        if select.op == pg.SETOP_NONE:
            raise refused("postgres.form.unknown", "a recursive query without UNION", "write first UNION ALL next")
        inside = Scope(Side(), scope)
        if select.HasField("with_clause"):
            self.read_with(select.with_clause, inside)
        first = self.read_select(select.larg, inside)
        added = []
        if query.HasField("search_clause"):
            added.append(query.search_clause.search_seq_column)
        if query.HasField("cycle_clause"):
            added += [query.cycle_clause.cycle_mark_column, query.cycle_clause.cycle_path_column]
        item = first.item(query.ctename, names)
        scope.queries[query.ctename] = item
        whole = self.read_select(select, scope)
        for before, after in zip(first.columns, whole.columns, strict=False):
            if (before.label, before.hidden) != (after.label, after.hidden):
                raise misplaced(after if after.guarded else before, "a recursive query that mixes it with others")
        if not first.mixed:
            check_seen(whole, "a recursive query that compares its rows (UNION ALL does not)")
        _refuse_marks(query, item)
        return replace(item, columns=item.columns + tuple(Column(name) for name in added))

    # --- the three shapes -------------------------------------------------------------------------------------

    def _set_operation(self, select: pg.SelectStmt, scope: Scope) -> Rows:
        """A union of a thousand branches nests on its left: no recursion."""
        steps: list[pg.SelectStmt] = []
        current = select
        while True:
            steps.append(current)
            current = current.larg
            if current.op == pg.SETOP_NONE or _has_own_clauses(current):
                break
        rows = self.read_select(current, scope)
        for step in reversed(steps):
            rows = self._combined(step, rows, self.read_select(step.rarg, scope))
        own = Scope(Side(columns=list(rows.columns), open=rows.open), scope)
        self._clauses.order(select, own, rows)
        return rows

    def _combined(self, step: pg.SelectStmt, left: Rows, right: Rows) -> Rows:
        """What a set operation makes of the rows of its branches, column by column."""
        guarded = [column for column in left.columns + right.columns if column.guarded]
        if not guarded:
            return Rows(left.columns, left.open or right.open, left.mixed or right.mixed)
        if left.open or right.open or len(left.columns) != len(right.columns):
            touch(guarded[0], self.findings)
            raise misplaced(guarded[0], "a set operation whose columns cannot be counted")
        columns = tuple(map(combine, left.columns, right.columns))
        mixed = left.mixed or right.mixed
        if step.op != pg.SETOP_UNION or not step.all:
            for column in columns:
                mixed |= label_groups(column, "a set operation that compares rows (UNION ALL does not)")
        return Rows(columns, False, mixed)

    def _values(self, select: pg.SelectStmt, scope: Scope) -> Rows:
        columns: list[Column] = []
        for row in select.values_lists:
            values = [self._carried(value, scope, "VALUES") for value in row.list.items]
            columns = (
                values if not columns else [combine(one, two) for one, two in zip(columns, values, strict=False)]
            )
        named = (replace(column, name=f"column{number}") for number, column in enumerate(columns, start=1))
        rows = Rows(tuple(named))
        self._clauses.order(select, Scope(Side(columns=list(rows.columns)), scope), rows)
        return rows

    def _carried(self, value: pg.Node, scope: Scope, place: str) -> Column:
        """A value that is a labelled column, carried unchanged, or has nothing to do with one."""
        column = carried(value, scope)
        if column is None:
            self.expressions.read(value, scope, Place(place))
            return Column("")
        touch(column, self.findings)
        read_around(value, scope, self.expressions)
        return replace(column, origin=None, unique=False)

    def _plain(self, select: pg.SelectStmt, outer: Scope, *, exists: bool) -> Rows:
        scope = Scope(self.sources.read_from(select.from_clause, outer), outer)
        if kind(select.where_clause):
            self.expressions.read(select.where_clause, scope, Place("WHERE"))
        rows = self.read_outputs(select.target_list, scope, exists=exists)
        if select.locking_clause:
            self.findings.need(Capability.WRITE)
        return self._clauses.read(select, scope, rows)

    # --- outputs ----------------------------------------------------------------------------------------------

    def read_outputs(self, targets: Iterable[pg.Node], scope: Scope, *, exists: bool = False) -> Rows:
        """The select list, or RETURNING. ``exists``: nobody sees what it gives."""
        columns: list[Column] = []
        opened = False
        for node in targets:
            rows = self._output(node.res_target, scope)
            opened |= rows.open
            columns += rows.columns
        if exists:
            return Rows(tuple(Column(column.name) for column in columns), opened)
        for column in columns:
            if column.guarded:
                touch(column, self.findings)
                if opened:
                    raise misplaced(column, "a result whose columns cannot be counted")
        return Rows(tuple(columns), opened)

    def _output(self, target: pg.ResTarget, scope: Scope) -> Rows:
        value = target.val
        name = target.name or output_name(target)
        if kind(value) == "column_ref":
            parts = strings(value.column_ref.fields)
            if parts[-1] == "*":
                return self._star(parts[:-1], scope)
            found = scope.resolve(parts)
            if not isinstance(found, WholeRow) and found.guarded:
                return Rows((replace(found, name=name, unique=False),))
        column = carried(value, scope) or self._given(value, scope)
        if column is not None:
            read_around(value, scope, self.expressions)
            return Rows((replace(column, name=name),))
        place = Place("an expression of the select list", computes=True, lenient=self._lenient)
        self.expressions.read(value, scope, place)
        if kind(value) == "a_indirection" and value.a_indirection.indirection[-1].HasField("a_star"):
            return Rows((), open=True)
        sources = place.finish()
        if sources is None:
            return Rows((Column(name, counted=self._counts(value)),))
        return Rows((Column(name, hidden=True, shown=place.met[0].shown, sources=sources),))

    def _given(self, value: pg.Node, scope: Scope) -> Column | None:
        """What a subquery gives as a value: the server does not say where it comes from."""
        if kind(value) != "sub_link" or value.sub_link.sub_link_type != pg.EXPR_SUBLINK:
            return None
        rows = self.read_nested(value.sub_link.subselect, scope)
        guarded = next((column for column in rows.columns if column.guarded), None)
        if guarded is None:
            return Column("")
        return replace(guarded, origin=None, unique=False, hidden=guarded.hidden or len(rows.columns) > 1)

    def _counts(self, value: pg.Node) -> bool:
        counts = kind(value) == "func_call" and strings(value.func_call.funcname)[-1] == "count"
        return counts and self.expressions.is_builtin(value.func_call)

    def _star(self, parts: list[str], scope: Scope) -> Rows:
        if not parts:
            return Rows(tuple(scope.side.columns), scope.side.open)
        schema, name = qualified(parts)
        item = scope.item(schema, name)
        if item is None:
            raise refused("postgres.name.table", f'missing FROM-clause entry for table "{name}"', "name it in FROM")
        return Rows(item.columns, item.open)


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


def _refuse_marks(query: pg.CommonTableExpr, item: Item) -> None:
    """SEARCH and CYCLE keep the columns they name in arrays of rows."""
    named = strings(query.search_clause.search_col_list) + strings(query.cycle_clause.cycle_col_list)
    for name in named:
        column = item.find(name)
        if column is not None and column.guarded:
            raise misplaced(column, "SEARCH or CYCLE")


def refuse_changes(queries: Queries, node: pg.Node, outer: Scope) -> Rows:
    """The change reader of a view's definition, in which changes have no place."""
    raise refused("postgres.view", "a view's definition changes data", "query the tables below it")
