"""Reading FROM: tables, views, subqueries, functions and joins, and the columns each of them offers."""

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from postgast import pg_query_pb2 as pg

from safelight.protocols.postgres.sql.findings import refused
from safelight.protocols.postgres.sql.labelled import Place, combine, equate, misplaced, touch
from safelight.protocols.postgres.sql.relations import (
    VIEW_KINDS,
    record_relation,
    resolve_relation,
    system_item,
    system_schema,
    table_item,
)
from safelight.protocols.postgres.sql.scope import Column, Item, Rows, Scope, Side
from safelight.protocols.postgres.sql.tree import kind, strings

if TYPE_CHECKING:
    from safelight.protocols.postgres.sql.queries import Queries

SAMPLERS = frozenset({"bernoulli", "system"})
FORWARD = Item("", (), open=True, schema="forward")
"""Stands for a WITH RECURSIVE query that is used before it is read."""


class FromReader:
    """The reader of one statement's FROM clauses."""

    def __init__(self, queries: "Queries") -> None:
        self._queries = queries
        self._index = queries.index
        self._findings = queries.findings
        self._expressions = queries.expressions

    def read_from(self, nodes: Iterable[pg.Node], outer: Scope) -> Side:
        """All items of a FROM (or USING) clause."""
        side = Side()
        for node in nodes:
            side = side.beside(self._read(node, outer, side))
        return side

    def _read(self, node: pg.Node, outer: Scope, before: Side) -> Side:
        """One item. ``before``: what a LATERAL item can also see."""
        what = kind(node)
        if what == "range_var":
            return Side.of(self.relation(node.range_var, outer))
        if what == "join_expr":
            return self._join(node.join_expr, outer, before)
        if what == "range_subselect":
            return self._subselect(node.range_subselect, outer, before)
        if what == "range_function":
            return self._function(node.range_function, Scope(before, outer))
        if what == "range_table_func":
            return self._xml_table(node.range_table_func, Scope(before, outer))
        if what == "json_table":
            return self._json_table(node.json_table, Scope(before, outer))
        if what == "range_table_sample":
            return self._sample(node.range_table_sample, outer, before)
        raise refused("postgres.form.unknown", f"{what} in FROM is not read by safelight", "write it another way")

    # --- relations --------------------------------------------------------------------------------------------

    def relation(self, variable: pg.RangeVar, scope: Scope) -> Item:
        """A table, a view, a system relation or a WITH query, under its alias."""
        item = self._unaliased(variable, scope)
        if variable.HasField("alias"):
            return item.renamed(variable.alias.aliasname, strings(variable.alias.colnames))
        return item

    def _unaliased(self, variable: pg.RangeVar, scope: Scope) -> Item:
        if not variable.schemaname:
            query = scope.with_query(variable.relname)
            if query is FORWARD:
                raise refused(
                    "postgres.name.forward",
                    f'WITH query "{variable.relname}" is used before it is defined',
                    "put the queries in the order in which they use each other",
                )
            if query is not None:
                return replace(query, schema=None)
        schema = system_schema(variable, self._index)
        if schema is not None:
            return system_item(variable, schema, self._index, self._findings)
        relation = resolve_relation(variable, self._index)
        record_relation(relation, self._findings)
        if relation.kind in VIEW_KINDS:
            return self._queries.view_item(relation)
        return table_item(relation, self._index)

    def _sample(self, sample: pg.RangeTableSample, outer: Scope, before: Side) -> Side:
        if strings(sample.method)[-1] not in SAMPLERS or len(sample.method) > 1:
            raise refused("postgres.form.unknown", "this sampling method is not known", "use SYSTEM or BERNOULLI")
        side = self._read(sample.relation, outer, before)
        scope = Scope(before, outer)
        self._expressions.read_all(sample.args, scope, Place("TABLESAMPLE"))
        if kind(sample.repeatable):
            self._expressions.read(sample.repeatable, scope, Place("TABLESAMPLE"))
        return side

    # --- subqueries and functions -----------------------------------------------------------------------------

    def _subselect(self, subselect: pg.RangeSubselect, outer: Scope, before: Side) -> Side:
        scope = Scope(before, outer) if subselect.lateral else outer
        rows = self._queries.read_nested(subselect.subquery, scope)
        alias = subselect.alias
        return Side.of(rows.item(alias.aliasname, strings(alias.colnames)))

    def _function(self, function: pg.RangeFunction, scope: Scope) -> Side:
        columns: list[Column] = []
        opened = False
        name = ""
        for entry in function.functions:
            call, definitions = entry.list.items[0], entry.list.items[1:]
            self._expressions.read(call, scope, Place("a function in FROM"))
            name = name or (strings(call.func_call.funcname)[-1] if call.HasField("func_call") else "")
            defined = [d for node in definitions if kind(node) for d in node.list.items]
            columns += self._defined(defined, scope)
            opened |= not defined
        columns += self._defined(function.coldeflist, scope)
        opened &= not function.coldeflist
        if function.ordinality and not opened:
            columns.append(Column("ordinality"))
        alias = function.alias
        item = Item(alias.aliasname or name, tuple(columns), opened)
        return Side.of(item.renamed(item.name, strings(alias.colnames)))

    def _defined(self, definitions: Iterable[pg.Node], scope: Scope) -> list[Column]:
        columns = []
        for node in definitions:
            self._expressions.read_type(node.column_def.type_name, scope, Place("a column definition"))
            columns.append(Column(node.column_def.colname))
        return columns

    def _xml_table(self, table: pg.RangeTableFunc, scope: Scope) -> Side:
        place = Place("XMLTABLE")
        parts = [table.docexpr, table.rowexpr, *(node.res_target.val for node in table.namespaces)]
        columns = []
        for node in table.columns:
            column = node.range_table_func_col
            parts += [column.colexpr, column.coldefexpr]
            if not column.for_ordinality:
                self._expressions.read_type(column.type_name, scope, place)
            columns.append(Column(column.colname))
        self._expressions.read_all([part for part in parts if kind(part)], scope, place)
        return self._named(table.alias, columns)

    def _json_table(self, table: pg.JsonTable, scope: Scope) -> Side:
        place = Place("JSON_TABLE")
        self._expressions.read(table.context_item.raw_expr, scope, place)
        self._expressions.read_all(table.passing, scope, place)
        if kind(table.on_error.expr):
            self._expressions.read(table.on_error.expr, scope, place)
        return self._named(table.alias, self._json_columns(table.columns, scope, place))

    def _json_columns(self, nodes: Iterable[pg.Node], scope: Scope, place: Place) -> list[Column]:
        columns = []
        for node in nodes:
            column = node.json_table_column
            if column.HasField("type_name"):
                self._expressions.read_type(column.type_name, scope, place)
            for behavior in (column.on_empty, column.on_error):
                if kind(behavior.expr):
                    self._expressions.read(behavior.expr, scope, place)
            if column.columns:
                columns += self._json_columns(column.columns, scope, place)
            else:
                columns.append(Column(column.name))
        return columns

    def _named(self, alias: pg.Alias, columns: list[Column]) -> Side:
        item = Item(alias.aliasname, tuple(columns))
        return Side.of(item.renamed(alias.aliasname, strings(alias.colnames)))

    # --- joins ------------------------------------------------------------------------------------------------

    def _join(self, join: pg.JoinExpr, outer: Scope, before: Side) -> Side:
        left = self._read(join.larg, outer, before)
        right = self._read(join.rarg, outer, before.beside(left))
        if join.is_natural:
            side = self._natural(left, right, join.jointype)
        elif join.using_clause:
            side = self._merge(left, right, strings(join.using_clause), join.jointype)
        else:
            side = left.beside(right)
        if kind(join.quals):
            self._expressions.read(join.quals, Scope(left.beside(right), outer), Place("ON"))
        if join.HasField("join_using_alias"):
            merged = side.columns[: len(join.using_clause)]
            side.items.append(Item(join.join_using_alias.aliasname, tuple(merged)))
        if join.HasField("alias"):
            rows = Rows(tuple(side.columns), side.open, side.mixed)
            return Side.of(rows.item(join.alias.aliasname, strings(join.alias.colnames)))
        return side

    def _natural(self, left: Side, right: Side, how: "pg.JoinType") -> Side:
        if left.open or right.open:
            guarded = next((c for c in left.columns + right.columns if c.guarded), None)
            if guarded is not None:
                touch(guarded, self._findings)
                raise misplaced(guarded, "a NATURAL JOIN with columns that are not known")
            return left.beside(right)
        shared = [c.name for c in left.columns if any(c.name == other.name for other in right.columns)]
        return self._merge(left, right, shared, how)

    def _merge(self, left: Side, right: Side, names: list[str], how: "pg.JoinType") -> Side:
        """USING: each named column of both sides becomes one, in front (SQL's rule)."""
        self._expressions.use_operator(["="], Place("USING"))
        merged = []
        for name in names:
            ours, theirs = _named_in(left, name), _named_in(right, name)
            if ours.guarded or theirs.guarded:
                equate(ours, theirs, self._findings, "USING")
            merged.append(_merged(ours, theirs, how))
        rest = [c for c in left.columns + right.columns if c.name not in names]
        both = left.beside(right)
        return Side(both.items, merged + rest, both.open, both.mixed)


def _merged(ours: Column, theirs: Column, how: "pg.JoinType") -> Column:
    """The one column that USING makes of two: that of the side whose rows are all kept; of a full join, something
    computed from both (parse_clause.c, buildMergedJoinVar)."""
    if how == pg.JOIN_RIGHT:
        return theirs
    if how == pg.JOIN_FULL and (ours.guarded or theirs.guarded):
        return combine(ours, theirs)
    return ours


def _named_in(side: Side, name: str) -> Column:
    found = [column for column in side.columns if column.name == name]
    if not found and not side.open:
        raise refused("postgres.name.column", f'column "{name}" specified in USING does not exist', "check the join")
    return next((column for column in found if column.guarded), found[0] if found else Column(name))
