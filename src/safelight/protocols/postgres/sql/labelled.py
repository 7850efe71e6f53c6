"""The closed list of positions in which a labelled column may stand (DESIGN 6, masking layer 2).

A guarded column is a bare output column of a plain SELECT or of RETURNING, or it is compared in WHERE or ON: with
a constant or a parameter by ``=``, with a few of them by IN, with a column of the same label by ``=``. An output
computed from it by pure parts only is one constant. Everything else is refused here, never guessed.
"""

from dataclasses import dataclass
from typing import Protocol

from postgast import pg_query_pb2 as pg

from safelight.domain.errors import Denied
from safelight.protocols.postgres.sql.findings import Findings, refused
from safelight.protocols.postgres.sql.scope import Column, Scope
from safelight.protocols.postgres.sql.tree import is_constant, kind, strings

MAX_LISTED_VALUES = 10


@dataclass(slots=True)
class Place:
    """Where an expression stands. ``computes``: an output of which guarded columns may be a part, when all of it is
    pure. While it is read, ``touched`` says that a guarded column is in it and ``impure`` names what is not pure."""

    name: str
    computes: bool = False
    touched: Column | None = None
    impure: str = ""

    def meet(self, column: Column, findings: Findings) -> None:
        """A guarded column stands here.

        Raises:
            Denied: it may not.
        """
        touch(column, findings)
        if not self.computes or not column.textual:
            raise misplaced(column, self.name)
        self.touched = column

    def finish(self) -> bool:
        """After reading: whether the output is computed from guarded columns, so that it leaves as a constant.

        Raises:
            Denied: it is, and not by pure parts only (an error or a delay could tell the value).
        """
        if self.touched is not None and self.impure:
            raise misplaced(self.touched, f"{self.name} together with {self.impure}")
        return self.touched is not None


class ExpressionReader(Protocol):
    """What reads everything that is not one of the permitted comparisons."""

    @property
    def findings(self) -> Findings: ...

    def read(self, node: pg.Node, scope: Scope, place: Place) -> None: ...

    def use_operator(self, name: list[str], place: Place) -> bool: ...


def touch(column: Column, findings: Findings) -> None:
    """Note that a guarded column is referenced."""
    findings.restricted = True
    if column.label is not None:
        findings.touch(column.label.label)


def misplaced(column: Column, place: str) -> Denied:
    """The refusal of a labelled column in a position that is not on the list."""
    shown = column.shown or column.name
    if column.label is None or column.hidden:
        return refused(
            "postgres.mask.position",
            f'column "{shown}" leaves as a constant only, and may not stand in {place}',
            "name the column itself in the select list, and compare other columns",
        )
    return refused(
        "postgres.mask.position",
        f'labelled column "{shown}" may not stand in {place}',
        f"name {column.name} itself in the select list, or compare it in WHERE: {column.name} = 'value', "
        f"{column.name} IN ('a', 'b') (at most {MAX_LISTED_VALUES}), or = with a column of the same label",
    )


def guarded_column(node: pg.Node, scope: Scope) -> Column | None:
    """The guarded column that a node is a bare reference to, if it is one."""
    if kind(node) != "column_ref":
        return None
    parts = strings(node.column_ref.fields)
    if parts[-1] == "*":
        return None
    found = scope.resolve(parts)
    return found if isinstance(found, Column) and found.guarded else None


def read_predicate(node: pg.Node, scope: Scope, reader: ExpressionReader, clause: str) -> None:
    """Read a condition of WHERE or ON: the permitted comparisons under AND, OR and NOT; the rest as expressions.

    Raises:
        Denied: a guarded column stands elsewhere in it.
    """
    what = kind(node)
    if what == "bool_expr":
        for argument in node.bool_expr.args:
            read_predicate(argument, scope, reader, clause)
        return
    if what == "a_expr":
        expression = node.a_expr
        if expression.kind == pg.AEXPR_OP and strings(expression.name)[-1] == "=" and expression.HasField("lexpr"):
            if _compared(expression, scope, reader, clause):
                return
        elif expression.kind == pg.AEXPR_IN and _listed(expression, scope, reader, clause):
            return
    reader.read(node, scope, Place(f"{clause} other than by = or IN"))


def _compared(expression: pg.A_Expr, scope: Scope, reader: ExpressionReader, clause: str) -> bool:
    left, right = guarded_column(expression.lexpr, scope), guarded_column(expression.rexpr, scope)
    if left is None and right is None:
        return False
    _builtin_equality(strings(expression.name), left or right, reader, clause)
    if left is not None and right is not None:
        equate(left, right, reader.findings, clause)
        return True
    column = left or right
    assert column is not None
    touch(column, reader.findings)
    other = expression.rexpr if left is not None else expression.lexpr
    if column.hidden or not is_constant(other):
        raise misplaced(column, f"{clause} other than = with a constant, a parameter or a column of the same label")
    reader.read(other, scope, Place(clause))
    reader.findings.compare(1)
    return True


def _listed(expression: pg.A_Expr, scope: Scope, reader: ExpressionReader, clause: str) -> bool:
    column = guarded_column(expression.lexpr, scope)
    if column is None:
        return False
    _builtin_equality(["="], column, reader, clause)
    touch(column, reader.findings)
    values = expression.rexpr.list.items
    if column.hidden or len(values) > MAX_LISTED_VALUES or not all(is_constant(value) for value in values):
        raise misplaced(
            column, f"{clause} in a list of other than {MAX_LISTED_VALUES} constants or parameters at most"
        )
    for value in values:
        reader.read(value, scope, Place(clause))
    reader.findings.compare(len(values))
    return True


def _builtin_equality(name: list[str], column: Column | None, reader: ExpressionReader, clause: str) -> None:
    """An ``=`` that users have defined could compare in any way, and tell."""
    if not reader.use_operator(name, Place(clause)) and column is not None:
        raise misplaced(column, f"{clause} under an operator that is not PostgreSQL's own")


def equate(left: Column, right: Column, findings: Findings, clause: str) -> None:
    """Two columns are equated, one of which is guarded.

    Raises:
        Denied: unless both carry the same label: the other would give the labelled values away.
    """
    for column in (left, right):
        if column.guarded:
            touch(column, findings)
    same = left.label is not None and right.label is not None and left.label.label == right.label.label
    if not same or left.hidden or right.hidden:
        raise misplaced(left if left.guarded else right, f"{clause} equated with a column of another label")
