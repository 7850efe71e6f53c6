"""Where a guarded column may stand (DESIGN 6, masking layer 2), apart from what :mod:`.disclosures` permits anywhere.

A guarded column, carried unchanged, is an output under its label's strategy (:mod:`.carriers`). An output computed
from it by pure parts only is one constant. Everything else is refused here, never guessed.
"""

from dataclasses import dataclass, field
from typing import Protocol

from postgast import pg_query_pb2 as pg

from safelight.domain.errors import Denied
from safelight.domain.masking import LabelUse
from safelight.protocols.postgres.sql.findings import Findings, refused
from safelight.protocols.postgres.sql.nearest import nearest_form
from safelight.protocols.postgres.sql.scope import Column, Scope
from safelight.protocols.postgres.sql.tree import kind, strings


@dataclass(slots=True)
class Place:
    """Where an expression stands. ``computes``: an output of which guarded columns may be a part, when all of it is
    pure. ``lenient``: an output of a view's definition, which nobody who is held off wrote: pure or not. While it is
    read, ``met`` are the guarded columns in it and ``impure`` names what is not pure."""

    name: str
    computes: bool = False
    lenient: bool = False
    met: list[Column] = field(default_factory=list)
    impure: str = ""

    def meet(self, column: Column, findings: Findings) -> None:
        """A guarded column stands here.

        Raises:
            Denied: it may not.
        """
        touch(column, findings)
        if not self.lenient and not (self.computes and column.textual):
            raise misplaced(column, self.name)
        self.met.append(column)

    def within(self, name: str) -> "Place":
        """The place of an argument: the same output, if it is one."""
        return self if self.computes else Place(name)

    def beside(self, name: str) -> "Place":
        """The place of what decides over rows, which no output may leave to guarded columns."""
        return self if self.lenient else Place(name)

    def finish(self) -> frozenset[str] | None:
        """After reading: the sources of an output that leaves as a constant; None when no guarded column is in it.

        Raises:
            Denied: it is computed from them, and not by pure parts only (an error or a delay could tell the value).
        """
        if not self.met:
            return None
        if self.impure and not self.lenient:
            raise misplaced(self.met[0], f"{self.name} together with {self.impure}")
        return frozenset().union(*(column.sources for column in self.met))


class ExpressionReader(Protocol):
    """What reads everything that is not one of the permitted disclosures."""

    @property
    def findings(self) -> Findings: ...

    def read(self, node: pg.Node, scope: Scope, place: Place) -> None: ...

    def use_operator(self, name: list[str], place: Place) -> bool: ...

    def read_type(self, name: pg.TypeName, scope: Scope, place: Place) -> None: ...

    def is_builtin(self, call: pg.FuncCall) -> bool: ...

    def call_function(self, call: pg.FuncCall) -> bool: ...


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
    message = f'labelled column "{shown}" may not stand like this in {place}'
    return refused("postgres.mask.position", message, nearest_form(column, place))


def guarded_column(node: pg.Node, scope: Scope) -> Column | None:
    """The guarded column that a node is a bare reference to, if it is one."""
    if kind(node) != "column_ref":
        return None
    parts = strings(node.column_ref.fields)
    if parts[-1] == "*":
        return None
    found = scope.resolve(parts)
    return found if isinstance(found, Column) and found.guarded else None


def labelled_column(node: pg.Node, scope: Scope) -> Column | None:
    """The same, if what it refers to is a label's own value."""
    column = guarded_column(node, scope)
    return None if column is None or column.label is None or column.hidden else column


def equate(left: Column, right: Column, findings: Findings, clause: str) -> None:
    """Two columns are equated, one of which is guarded.

    Raises:
        Denied: unless both carry the same label, which may be joined on: the other would give the values away.
    """
    for column in (left, right):
        if column.guarded:
            touch(column, findings)
    same = left.label is not None and right.label is not None and left.label.label == right.label.label
    joined = same and all(c.label is not None and c.label.allows(LabelUse.JOIN) for c in (left, right))
    if not joined or left.hidden or right.hidden:
        raise misplaced(left if left.guarded else right, f"{clause} equated with a column of another label")


def combine(left: Column, right: Column) -> Column:
    """The column of a set operation's two branches, or the one that two values of a choice become: a label's own
    value when both are; plain when both are; otherwise a constant."""
    if not left.guarded and not right.guarded:
        return Column(left.name)
    same = (
        left.label is not None
        and right.label is not None
        and left.label == right.label
        and not left.hidden
        and not right.hidden
        and ((left.textual and right.textual) or (left.type_oid and left.type_oid == right.type_oid))
    )
    guarded = left if left.guarded else right
    sources = left.sources | right.sources
    if same:
        oid = left.type_oid if left.type_oid == right.type_oid else 0
        return Column(left.name, left.label, None, False, left.shown, left.textual, type_oid=oid, sources=sources)
    return Column(left.name, hidden=True, shown=guarded.shown, sources=sources)
