"""Reading expressions: the effects of everything in them, and guarded columns where they may not stand.

A closed list of nodes: what is not in the table below is refused. Guarded columns are permitted here only inside
of an output that leaves as a constant (:class:`.labelled.Place`); the permitted comparisons are read in
:mod:`.labelled`.
"""

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from google.protobuf.message import Message
from postgast import pg_query_pb2 as pg

from safelight.protocols.postgres.analysis import SettingChange
from safelight.protocols.postgres.sql import effects
from safelight.protocols.postgres.sql.disclosures import disclosed
from safelight.protocols.postgres.sql.findings import Findings, refused
from safelight.protocols.postgres.sql.functions import Reach
from safelight.protocols.postgres.sql.labelled import Place, equate, labelled_column, misplaced, touch
from safelight.protocols.postgres.sql.relations import CatalogIndex
from safelight.protocols.postgres.sql.row_order import check_seen, is_orderless
from safelight.protocols.postgres.sql.scope import Column, Rows, Scope, Side, WholeRow
from safelight.protocols.postgres.sql.tree import TEXT_TYPES, descend, kind, qualified, strings

OPERATORS_OF_KIND = {
    pg.AEXPR_DISTINCT: ("=",),
    pg.AEXPR_NOT_DISTINCT: ("=",),
    pg.AEXPR_NULLIF: ("=",),
    pg.AEXPR_IN: ("=", "<>"),
    pg.AEXPR_BETWEEN: (">=", "<="),
    pg.AEXPR_NOT_BETWEEN: ("<", ">"),
    pg.AEXPR_BETWEEN_SYM: (">=", "<="),
    pg.AEXPR_NOT_BETWEEN_SYM: ("<", ">"),
}
"""Kinds of A_Expr that use operators under another name than the one in the tree."""
NAMED_KINDS = frozenset(
    {pg.AEXPR_OP, pg.AEXPR_OP_ANY, pg.AEXPR_OP_ALL, pg.AEXPR_LIKE, pg.AEXPR_ILIKE, pg.AEXPR_SIMILAR}
)
CHOOSING = frozenset({"min", "max"})
"""Aggregates that cannot fail on any text, and give one of the values."""
STEADY = frozenset(
    {"now", "transaction_timestamp", "statement_timestamp", "date_trunc", "date_part", "extract", "to_char", "round"}
) | frozenset({"trunc", "abs", "ceil", "ceiling", "floor", "substring", "substr", "replace", "split_part", "age"})
"""Functions besides the pure ones that give the same for a row in whatever order rows come."""
DISCLOSING = frozenset({"a_expr", "null_test", "func_call"})
PLAIN_PARTS = frozenset(
    {"JsonValueExpr", "JsonOutput", "JsonReturning", "JsonFormat", "JsonBehavior", "JsonKeyValue"}
) | {
    "JsonAggConstructor",
    "JsonArgument",
    "JsonTablePathSpec",
}
"""Messages without a meaning of their own, which stand in nodes that are read by their children."""


class Subqueries(Protocol):
    """What reads a query inside of an expression."""

    def read_nested(self, node: pg.Node, outer: Scope, *, exists: bool = False) -> Rows: ...


class Expressions:
    """The expression reader of one statement."""

    def __init__(self, index: CatalogIndex, findings: Findings, subqueries: Subqueries) -> None:
        self.index = index
        self.findings = findings
        self.setting: SettingChange | None = None
        self._subqueries = subqueries

    def read(self, node: pg.Node, scope: Scope, place: Place) -> None:
        """Read one expression.

        Raises:
            Denied: something in it is refused, or a guarded column stands where it may not.
        """
        what = kind(node)
        if what in DISCLOSING and disclosed(node, scope, self, place):
            return
        handler = HANDLERS.get(what)
        if handler is None:
            raise refused(
                "postgres.form.unknown",
                f"this part of SQL ({what or 'nothing'}) is not read by safelight",
                "write the statement without it",
            )
        handler(self, getattr(node, what), scope, place)

    def read_all(self, nodes: Iterable[pg.Node], scope: Scope, place: Place) -> None:
        """Read several expressions of one place."""
        for node in nodes:
            self.read(node, scope, place)

    def use_operator(self, name: list[str], place: Place) -> bool:
        """An operator is used, by name or implicitly. True when it is PostgreSQL's own or a trusted extension's."""
        schema, symbol = qualified(name)
        verdict = effects.use_operator(schema, symbol, self.index.catalog, self.findings)
        if not verdict.pure:
            place.impure = f"operator {symbol}"
        return verdict.reach is Reach.READ

    def is_builtin(self, call: pg.FuncCall) -> bool:
        """Whether a call can only be of PostgreSQL's own."""
        return effects.is_builtin(call, self.index.catalog)

    def call_function(self, call: pg.FuncCall) -> bool:
        """A function is called. True when it is pure."""
        return effects.call_function(call, self.index.catalog, self.findings)

    def read_call(self, call: pg.FuncCall) -> None:
        """The call of a CALL statement: its arguments, and the effects of those."""
        self.read_all(call.args, Scope(Side()), Place("CALL"))

    def read_type(self, name: pg.TypeName, scope: Scope, place: Place) -> None:
        """A type is named.

        Raises:
            Denied: it may not be.
        """
        schema, plain = qualified(strings(name.names))
        effects.name_type(schema, plain, self.index.catalog)
        self.read_all(name.typmods, scope, place)

    # --- leaves -----------------------------------------------------------------------------------------------

    def _nothing(self, message: Message, scope: Scope, place: Place) -> None:
        """A literal, a parameter, a part of a name: nothing to find."""

    def _column(self, reference: pg.ColumnRef, scope: Scope, place: Place) -> None:
        parts = strings(reference.fields)
        if parts[-1] == "*":
            self._row(parts[:-1], scope, place)
            return
        found = scope.resolve(parts)
        if isinstance(found, WholeRow):
            self._whole(found, place)
        elif found.guarded:
            place.meet(found, self.findings)
        elif found.assumed and effects.apply_to_row(found.name, self.index.catalog, self.findings):
            place.impure = f"{found.name}, which may be a function of the row"

    def _row(self, parts: list[str], scope: Scope, place: Place) -> None:
        """``t.*`` inside of an expression."""
        if not parts:
            return  # the star of count(*) is not a reference; others the server refuses
        schema, name = qualified(parts)
        item = scope.item(schema, name)
        if item is None:
            raise refused("postgres.name.table", f'missing FROM-clause entry for table "{name}"', "name it in FROM")
        self._whole(WholeRow(item), place)

    def _whole(self, row: WholeRow, place: Place) -> None:
        place.impure = "a whole row"
        for guarded in row.item.columns:
            if guarded.guarded and not place.lenient:
                touch(guarded, self.findings)
                raise misplaced(guarded, f"a reference to the whole row of {row.item.name}")
            if guarded.guarded:
                place.meet(guarded, self.findings)

    # --- operators, casts, conditions -------------------------------------------------------------------------

    def _operator(self, expression: pg.A_Expr, scope: Scope, place: Place) -> None:
        spine = []
        while True:
            self._operator_itself(expression, place)
            spine.append(expression)
            if kind(expression.lexpr) != "a_expr" or disclosed(expression.lexpr, scope, self, place):
                break
            expression = expression.lexpr.a_expr  # a sum of a thousand terms nests on its left: no recursion
        for part in reversed(spine):
            if part is spine[-1] and part.HasField("lexpr") and kind(part.lexpr) != "a_expr":
                self._operand(part, part.lexpr, scope, place)
            if part.HasField("rexpr"):
                self._operand(part, part.rexpr, scope, place)

    def _operand(self, expression: pg.A_Expr, operand: pg.Node, scope: Scope, place: Place) -> None:
        equality = expression.kind == pg.AEXPR_OP and strings(expression.name)[-1] in ("=", "<>")
        catalog = self.index.catalog
        if equality and kind(operand) == "func_call" and effects.compared_setting(operand.func_call, catalog):
            place.impure = "a setting"
            self.read_all(operand.func_call.args, scope, Place("current_setting"))
        else:
            self.read(operand, scope, place)

    def _operator_itself(self, expression: pg.A_Expr, place: Place) -> None:
        implied = OPERATORS_OF_KIND.get(expression.kind)
        if implied is None and expression.kind not in NAMED_KINDS:
            raise refused("postgres.form.unknown", "this kind of comparison is not read", "write it another way")
        for name in [[symbol] for symbol in implied] if implied else [strings(expression.name)]:
            self.use_operator(name, place)
        if expression.kind in (pg.AEXPR_OP_ANY, pg.AEXPR_OP_ALL):
            place.impure = "ANY or ALL"

    def _cast(self, cast: pg.TypeCast, scope: Scope, place: Place) -> None:
        schema, name = qualified(strings(cast.type_name.names))
        if schema not in (None, "pg_catalog") or name not in TEXT_TYPES or cast.type_name.array_bounds:
            place.impure = f"a cast to {name}"
        self.read_type(cast.type_name, scope, place)
        self.read(cast.arg, scope, place)

    def _indirection(self, selection: pg.A_Indirection, scope: Scope, place: Place) -> None:
        """``(x).name``: a field, or a function applied to the row."""
        place.impure = "a field of a row"
        for part in selection.indirection:
            effects.apply_to_row(part.string.sval, self.index.catalog, self.findings)
        self._children(selection, scope, place)

    def _conditional(self, message: Message, scope: Scope, place: Place) -> None:
        """AND, OR, NOT, COALESCE, GREATEST, IS NULL, IS TRUE, COLLATE, lists: pure by themselves."""
        self._children(message, scope, place)

    def _case(self, expression: pg.CaseExpr, scope: Scope, place: Place) -> None:
        if expression.HasField("arg"):
            self.use_operator(["="], place)
        self._children(expression, scope, place)

    def _by_children(self, message: Message, scope: Scope, place: Place) -> None:
        """Constructors and predicates that need no verdict of their own, and are not pure."""
        place.impure = message.DESCRIPTOR.name
        self._children(message, scope, place)

    def _children(self, message: Message, scope: Scope, place: Place) -> None:
        for field, value in message.ListFields():
            if field.message_type is None:
                continue
            for child in [value] if isinstance(value, Message) else value:
                self._child(child, scope, place)

    def _child(self, child: Any, scope: Scope, place: Place) -> None:
        name = child.DESCRIPTOR.name
        if name == "Node":
            self.read(child, scope, place)
        elif name == "TypeName":
            self.read_type(child, scope, place)
        elif name == "WindowDef":
            self._window(child, scope, place)
        elif name in PLAIN_PARTS:
            self._children(child, scope, place)
        else:
            raise refused("postgres.form.unknown", f"{name} is not read by safelight", "write it another way")

    # --- calls ------------------------------------------------------------------------------------------------

    def _call(self, call: pg.FuncCall, scope: Scope, place: Place) -> None:
        name = strings(call.funcname)[-1]
        orderless = is_orderless(call, scope)
        pure = self.call_function(call)
        if not pure and not (name in CHOOSING and self.is_builtin(call)):
            place.impure = f"function {name}"
        if orderless and self._is_own(call, scope):
            scope.aggregated = True
        elif not pure and not orderless and name not in STEADY:
            scope.disturb(f"function {name}")
        self.setting = effects.setting_of(call) or self.setting
        if call.agg_order or call.agg_within_group or call.agg_distinct or call.func_variadic or call.agg_star:
            place.impure = f"function {name}"
        if call.HasField("agg_filter") or call.HasField("over"):
            place.impure = f"function {name}"
        self.read_all(call.args, scope, place.within(f"an argument of {name}"))
        self.read_all(call.agg_order, scope, place.beside(f"the ORDER BY of {name}"))
        if call.HasField("agg_filter"):
            self.read(call.agg_filter, scope, place.beside("FILTER"))
        if call.HasField("over"):
            self._window(call.over, scope, place)

    @staticmethod
    def _is_own(call: pg.FuncCall, scope: Scope) -> bool:
        """Whether an aggregate is of this scope's rows, and not of those further out (``count(outer.column)``)."""
        references = [p for argument in call.args for p in descend(argument) if isinstance(p, pg.ColumnRef)]
        return call.agg_star or any(scope.own_item(strings(p.fields)) is not None for p in references)

    def _window(self, window: pg.WindowDef, scope: Scope, place: Place) -> None:
        place.impure = "a window"
        scope.disturb("a window")
        inside = place.beside("a window")
        self.read_all(window.partition_clause, scope, inside)
        self.read_all(window.order_clause, scope, inside)
        for bound in (window.start_offset, window.end_offset):
            if kind(bound):
                self.read(bound, scope, inside)

    def read_window(self, window: pg.WindowDef, scope: Scope) -> None:
        """A WINDOW clause."""
        self._window(window, scope, Place("a window"))

    def _sort(self, sort: pg.SortBy, scope: Scope, place: Place) -> None:
        if sort.use_op:
            self.use_operator(strings(sort.use_op), place)
        self.read(sort.node, scope, place)

    def _sublink(self, link: pg.SubLink, scope: Scope, place: Place) -> None:
        place.impure = "a subquery"
        name = strings(link.oper_name) or ["="]
        builtin = True
        if link.sub_link_type in (pg.ANY_SUBLINK, pg.ALL_SUBLINK):
            builtin = self.use_operator(name, place)
        rows = self._subqueries.read_nested(link.subselect, scope, exists=link.sub_link_type == pg.EXISTS_SUBLINK)
        if link.sub_link_type == pg.ARRAY_SUBLINK:
            check_seen(rows, "ARRAY(SELECT …)")
        member = link.sub_link_type == pg.ANY_SUBLINK and name[-1] == "=" and builtin
        if member and self._is_member(link.testexpr, rows, scope, place):
            return
        if kind(link.testexpr):
            self.read(link.testexpr, scope, place.beside("a comparison with a subquery"))
        for column in rows.columns:
            if column.guarded:
                place.meet(column, self.findings)

    def _is_member(self, tested: pg.Node, rows: Rows, scope: Scope, place: Place) -> bool:
        """``column IN (SELECT other …)`` joins two columns of one label."""
        column = labelled_column(tested, scope)
        others: tuple[Column, ...] = rows.columns
        if column is None or len(others) != 1 or rows.open:
            return False
        equate(column, others[0], self.findings, f"{place.name}: IN (SELECT …)")
        return True

    def _json_array_query(self, query: pg.JsonArrayQueryConstructor, scope: Scope, place: Place) -> None:
        place.impure = "a subquery"
        rows = self._subqueries.read_nested(query.query, scope, exists=False)
        check_seen(rows, "JSON_ARRAY(SELECT …)")
        for column in rows.columns:
            if column.guarded:
                place.meet(column, self.findings)
        if query.HasField("output"):
            self._children(query.output, scope, place)


Handler = Callable[[Expressions, Any, Scope, Place], None]


HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(
        ("a_const", "param_ref", "integer", "float", "boolean", "string", "bit_string", "set_to_default", "a_star"),
        Expressions._nothing,
    ),
    **dict.fromkeys(
        (
            "bool_expr", "coalesce_expr", "min_max_expr", "null_test", "boolean_test", "collate_clause", "case_when",
            "list",
        ),
        Expressions._conditional,
    ),
    **dict.fromkeys(
        (
            "row_expr", "a_array_expr", "a_indices", "named_arg_expr", "sqlvalue_function",
            "grouping_func", "grouping_set", "xml_expr", "xml_serialize", "multi_assign_ref", "merge_support_func",
            "json_func_expr", "json_value_expr", "json_argument", "json_parse_expr", "json_scalar_expr",
            "json_serialize_expr", "json_object_constructor", "json_array_constructor", "json_object_agg",
            "json_array_agg", "json_is_predicate", "json_key_value", "json_behavior", "json_table_path_spec",
        ),
        Expressions._by_children,
    ),
    "column_ref": Expressions._column,
    "a_expr": Expressions._operator,
    "type_cast": Expressions._cast,
    "a_indirection": Expressions._indirection,
    "case_expr": Expressions._case,
    "func_call": Expressions._call,
    "window_def": Expressions._window,
    "sort_by": Expressions._sort,
    "sub_link": Expressions._sublink,
    "json_array_query_constructor": Expressions._json_array_query,
}  # fmt: skip
"""The closed list. ``res_target`` and ``range_*`` belong to the query reader; ``current_of_expr`` needs cursors."""
