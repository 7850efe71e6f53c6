"""Reading INSERT, UPDATE, DELETE and MERGE.

Into a labelled column goes a constant or a parameter only (or, in ON CONFLICT, the value proposed for it). A
change of a table with labelled columns is always restricted: an error may show the whole row ("Failing row
contains …").
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from postgast import pg_query_pb2 as pg

from safelight.domain.capability import Capability
from safelight.domain.errors import Denied
from safelight.protocols.postgres.sql.findings import refused
from safelight.protocols.postgres.sql.labelled import Place, guarded_column, misplaced, touch
from safelight.protocols.postgres.sql.relations import system_schema
from safelight.protocols.postgres.sql.row_order import check_seen
from safelight.protocols.postgres.sql.scope import Column, Item, Rows, Scope, Side
from safelight.protocols.postgres.sql.tree import inner, is_constant, kind, strings

if TYPE_CHECKING:
    from safelight.protocols.postgres.sql.queries import Queries

WRITTEN = "a value to write"


class Changes:
    """The reader of one data-modifying statement or WITH query."""

    def __init__(self, queries: "Queries") -> None:
        self._queries = queries
        self._findings = queries.findings
        self._expressions = queries.expressions

    def read(self, node: pg.Node, outer: Scope) -> Rows:
        """Read it; its rows are those of RETURNING."""
        statement = inner(node)
        scope = Scope(Side(), outer)
        if statement.HasField("with_clause"):
            self._queries.read_with(statement.with_clause, scope)
        target = self.target(statement.relation)
        self._findings.writes |= not isinstance(statement, pg.DeleteStmt)
        if isinstance(statement, pg.InsertStmt):
            visible = self._insert(statement, target, scope)
        elif isinstance(statement, pg.UpdateStmt):
            visible = self._update(statement, target, scope)
        elif isinstance(statement, pg.DeleteStmt):
            visible = self._delete(statement, target, scope)
        else:
            visible = self._merge(statement, target, scope)
        check_seen(Rows((), mixed=visible.mixed), "a change of rows")
        return self._returning(statement, target, visible, scope)

    def target(self, variable: pg.RangeVar) -> Item:
        """The relation that is written to."""
        if system_schema(variable, self._queries.index) is not None:
            raise refused("postgres.system.change", "system relations may not be changed", "use DDL statements")
        before = set(self._findings.capabilities)
        item = self._queries.sources.relation(variable, Scope(Side()))
        self._findings.capabilities &= before | {Capability.WRITE, Capability.ADMIN}
        self._findings.need(Capability.WRITE)
        guarded = next((column for column in item.columns if column.guarded), None)
        if guarded is not None:
            self._findings.restricted = True
        return item

    # --- the four statements ----------------------------------------------------------------------------------

    def _insert(self, insert: pg.InsertStmt, target: Item, scope: Scope) -> Side:
        targets = [node.res_target for node in insert.cols]
        columns = [self._written(target, res) for res in targets] if targets else list(target.columns)
        if kind(insert.select_stmt):
            select = insert.select_stmt.select_stmt
            if select.values_lists and not _has_clauses(select):
                for row in select.values_lists:
                    self._row(columns, row.list.items, scope)
            else:
                self._insert_query(select, columns, insert.select_stmt, scope)
        own = Side.of(target)
        if insert.HasField("on_conflict_clause"):
            self._on_conflict(insert.on_conflict_clause, target, columns, own, scope)
        return own

    def _row(self, columns: Sequence[Column], values: Sequence[pg.Node], scope: Scope) -> None:
        for position, value in enumerate(values):
            column = columns[position] if position < len(columns) else Column("")
            self._value(column, value, scope)

    def _insert_query(self, select: pg.SelectStmt, columns: Sequence[Column], node: pg.Node, scope: Scope) -> None:
        """INSERT … SELECT: what goes into a labelled column must be a constant of the select list."""
        rows = self._queries.read_nested(node, scope)
        check_seen(rows, "writing rows")
        for position, given in enumerate(rows.columns):
            if given.guarded and not (position < len(columns) and columns[position].guarded):
                raise misplaced(given, WRITTEN)
        listed = [target.res_target.val for target in select.target_list]
        plain = (
            select.op == pg.SETOP_NONE and not select.values_lists and not any(_is_star(value) for value in listed)
        )
        for position, column in enumerate(columns):
            if not column.guarded or (plain and position >= len(listed)):
                continue  # beyond the list nothing is written
            if not plain or not is_constant(listed[position]):
                raise self._unwritable(column)
            touch(column, self._findings)

    def _on_conflict(
        self, clause: pg.OnConflictClause, target: Item, columns: Sequence[Column], own: Side, scope: Scope
    ) -> None:
        infer = clause.infer
        written = next((column for column in columns if column.guarded), None)
        if not infer.index_elems and written is not None:
            raise misplaced(written, "ON CONFLICT without a list of other columns")
        for node in infer.index_elems:
            element = node.index_elem
            column = target.find(element.name) if element.name else None
            if column is not None and column.guarded:
                raise misplaced(column, "ON CONFLICT")
            if kind(element.expr):
                self._expressions.read(element.expr, Scope(own, scope), Place("ON CONFLICT"))
        if kind(infer.where_clause):
            self._expressions.read(infer.where_clause, Scope(own, scope), Place("ON CONFLICT"))
        excluded = Item("excluded", target.columns, target.open, None, table=target.table)
        both = Scope(Side([*own.items, excluded], own.columns, own.open), scope)
        self._assignments(clause.target_list, target, both, conflict=True)
        if kind(clause.where_clause):
            self._expressions.read(clause.where_clause, both, Place("WHERE"))

    def _update(self, update: pg.UpdateStmt, target: Item, scope: Scope) -> Side:
        own = Side.of(target).beside(self._queries.sources.read_from(update.from_clause, scope))
        visible = Scope(own, scope)
        self._assignments(update.target_list, target, visible)
        if kind(update.where_clause):
            self._expressions.read(update.where_clause, visible, Place("WHERE"))
        if update.from_clause:
            self._findings.need(Capability.READ)
        return own

    def _delete(self, delete: pg.DeleteStmt, target: Item, scope: Scope) -> Side:
        own = Side.of(target).beside(self._queries.sources.read_from(delete.using_clause, scope))
        if kind(delete.where_clause):
            self._expressions.read(delete.where_clause, Scope(own, scope), Place("WHERE"))
        if delete.using_clause:
            self._findings.need(Capability.READ)
        return own

    def _merge(self, merge: pg.MergeStmt, target: Item, scope: Scope) -> Side:
        source = self._queries.sources.read_from([merge.source_relation], scope)
        self._findings.need(Capability.READ)
        both = source.beside(Side.of(target))  # the order of RETURNING *
        visible = Scope(both, scope)
        self._expressions.read(merge.join_condition, visible, Place("ON"))
        for node in merge.merge_when_clauses:
            clause = node.merge_when_clause
            if kind(clause.condition):
                self._expressions.read(clause.condition, visible, Place("WHEN"))
            if clause.command_type == pg.CMD_INSERT:
                targets = [target_node.res_target for target_node in clause.target_list]
                columns = [self._written(target, res) for res in targets] if targets else list(target.columns)
                self._row(columns, clause.values, visible)
            else:
                self._assignments(clause.target_list, target, visible)
        return both

    # --- values -----------------------------------------------------------------------------------------------

    def _written(self, target: Item, res: pg.ResTarget) -> Column:
        column = target.find(res.name)
        if column is None and not target.open:
            raise refused(
                "postgres.name.column",
                f'column "{res.name}" of relation "{target.name}" does not exist',
                "check the spelling",
            )
        if column is not None and column.guarded and res.indirection:
            raise self._unwritable(column)
        return column or Column(res.name)

    def _assignments(self, nodes: Iterable[pg.Node], target: Item, scope: Scope, *, conflict: bool = False) -> None:
        """``SET column = value, (a, b) = (1, 2), (a, b) = (SELECT …)``. ``conflict``: under ON CONFLICT."""
        for node in nodes:
            res = node.res_target
            column = self._written(target, res)
            self._expressions.read_all([i for i in res.indirection if i.HasField("a_indices")], scope, Place(WRITTEN))
            if res.val.HasField("multi_assign_ref"):
                self._one_of_several(column, res.val.multi_assign_ref, scope)
            elif not (conflict and self._proposed(column, res.val, scope)):
                self._value(column, res.val, scope)

    def _proposed(self, column: Column, value: pg.Node, scope: Scope) -> bool:
        """``SET email = excluded.email``: the value that the INSERT proposed for the same column."""
        source = guarded_column(value, scope)
        if source is None or strings(value.column_ref.fields)[0] != "excluded":
            return False
        touch(source, self._findings)
        return column.label is not None and column.origin == source.origin

    def _one_of_several(self, column: Column, reference: pg.MultiAssignRef, scope: Scope) -> None:
        source = reference.source
        if source.HasField("row_expr") and len(source.row_expr.args) == reference.ncolumns:
            self._value(column, source.row_expr.args[reference.colno - 1], scope)
        elif column.guarded:
            raise self._unwritable(column)
        elif reference.colno == 1 or not source.HasField("sub_link"):
            self._expressions.read(source, scope, Place(WRITTEN))

    def _value(self, column: Column, value: pg.Node, scope: Scope) -> None:
        if not column.guarded:
            self._expressions.read(value, scope, Place(WRITTEN))
            return
        touch(column, self._findings)
        if column.hidden:
            raise self._unwritable(column)
        if is_constant(value) or value.HasField("set_to_default"):
            self._expressions.read(value, scope, Place(WRITTEN))
            return
        raise self._unwritable(column)

    def _unwritable(self, column: Column) -> Denied:
        touch(column, self._findings)
        return refused(
            "postgres.mask.write",
            f'labelled column "{column.shown or column.name}" may be set to a constant or a parameter only',
            f"set {column.name} to a value, one statement for each",
        )

    # --- RETURNING --------------------------------------------------------------------------------------------

    def _returning(self, statement: pg.InsertStmt, target: Item, visible: Side, scope: Scope) -> Rows:
        if not statement.HasField("returning_clause"):
            return Rows(())
        self._findings.need(Capability.READ)
        named = {node.returning_option.value for node in statement.returning_clause.options} | {"old", "new"}
        aliases = [Item(name, target.columns, target.open, None, target.table) for name in sorted(named)]
        side = Side(visible.items + aliases, visible.columns, visible.open)
        return self._queries.read_outputs(statement.returning_clause.exprs, Scope(side, scope))


def _has_clauses(select: pg.SelectStmt) -> bool:
    ordered = bool(select.sort_clause) or bool(kind(select.limit_count)) or bool(kind(select.limit_offset))
    return ordered or select.HasField("with_clause")


def _is_star(node: pg.Node) -> bool:
    if kind(node) == "column_ref":
        return strings(node.column_ref.fields)[-1] == "*"
    return kind(node) == "a_indirection" and node.a_indirection.indirection[-1].HasField("a_star")


def read_change(queries: "Queries", node: pg.Node, outer: Scope) -> Rows:
    """Read a data-modifying statement."""
    return Changes(queries).read(node, outer)
