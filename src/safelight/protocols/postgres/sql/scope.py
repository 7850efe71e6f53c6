"""Names in a query: the columns each item of FROM offers, and how a column reference finds one of them.

PostgreSQL's rules (parse_relation.c): inner scopes first; a bare name is a column before it is a whole row. Where the
columns of an item are not known (a function in FROM) a name that is found nowhere else is taken to be its own; but
then a guarded column of an outer scope by that name counts as meant.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from safelight.domain.errors import Denied
from safelight.domain.masking import LabelUse
from safelight.protocols.postgres.catalog import LabelledColumn
from safelight.protocols.postgres.sql.findings import refused

SYSTEM_COLUMNS = frozenset({"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"})


@dataclass(frozen=True, slots=True)
class Column:
    """A column that an item of FROM offers.

    ``label`` is set for a labelled column, with its ``origin`` (table OID, attribute number). ``hidden``: computed
    from labelled data, or a statement's text: it may leave as a constant only. ``shown`` is its name in messages.
    ``textual``: of a plain text type; functions of other types can fail on some of their values. ``type_oid`` is the
    declared type, 0 when unknown. ``unique``: a key of the item's rows. ``counted``: what count() gave. ``sources``:
    the labelled columns in it. ``assumed``: its item is open, so that nobody knows whether it is a column or a
    function applied to the row.
    """

    name: str
    label: LabelledColumn | None = None
    origin: tuple[int, int] | None = None
    hidden: bool = False
    shown: str = ""
    textual: bool = False
    assumed: bool = False
    type_oid: int = 0
    unique: bool = False
    counted: bool = False
    sources: frozenset[str] = frozenset()

    @property
    def guarded(self) -> bool:
        """Whether the closed list of positions applies to it."""
        return self.label is not None or self.hidden

    def label_allows(self, use: LabelUse) -> bool:
        """Whether the column's label may be used so."""
        return self.label is not None and self.label.allows(use)


@dataclass(frozen=True, slots=True)
class Item:
    """An item of FROM under the name by which it is referred to. ``open``: there may be more columns than are known.
    ``schema`` is set for a relation without an alias (``public.orders.id``). ``table``: has system columns.
    ``mixed``: see :class:`Rows`."""

    name: str
    columns: tuple[Column, ...]
    open: bool = False
    schema: str | None = None
    table: bool = False
    mixed: bool = False

    def find(self, name: str) -> Column | None:
        """The column of that name. A guarded one wins, should the server find the name ambiguous."""
        found = None
        for column in self.columns:
            if column.name == name and (found is None or column.guarded):
                found = column
        if found is None and self.table and name in SYSTEM_COLUMNS:
            return Column(name)
        return found

    @property
    def guarded(self) -> bool:
        """Whether any of its columns is guarded."""
        return any(column.guarded for column in self.columns)

    def renamed(self, name: str, names: Sequence[str]) -> "Item":
        """The item under an alias, with the alias's column names in front."""
        columns = list(self.columns)
        for position, new in enumerate(names):
            if position < len(columns):
                columns[position] = replace(columns[position], name=new)
            else:
                columns.append(Column(new))
        return Item(name, tuple(columns), self.open, None, self.table, self.mixed)


@dataclass(frozen=True, slots=True)
class Rows:
    """The columns a query gives. ``open``: their number is not known from the text. ``mixed``: the order of the rows
    may follow labelled values (they were sorted or hashed by them), so it must not be seen."""

    columns: tuple[Column, ...]
    open: bool = False
    mixed: bool = False

    def item(self, name: str, names: Sequence[str]) -> Item:
        """These rows as an item of FROM. A key is one within its own table only."""
        columns = tuple(replace(column, unique=False) for column in self.columns)
        return Item(name, columns, self.open, mixed=self.mixed).renamed(name, names)


@dataclass(slots=True)
class Side:
    """One side of a join, or all of FROM: its items for qualified names, its columns for bare names and stars
    (merged by USING, in order)."""

    items: list[Item] = field(default_factory=list)
    columns: list[Column] = field(default_factory=list)
    open: bool = False
    mixed: bool = False

    @classmethod
    def of(cls, item: Item) -> "Side":
        """A side of a single item."""
        return cls([item], list(item.columns), item.open, item.mixed)

    def beside(self, other: "Side") -> "Side":
        """Both, as a comma or a cross join puts them."""
        items, columns = self.items + other.items, self.columns + other.columns
        return Side(items, columns, self.open or other.open, self.mixed or other.mixed)

    @property
    def guarded(self) -> bool:
        """Whether any column is guarded."""
        return any(column.guarded for column in self.columns)


@dataclass(frozen=True, slots=True)
class WholeRow:
    """A reference to a row of an item as one value."""

    item: Item


@dataclass(slots=True)
class Scope:
    """What names mean at one place. ``queries`` are the WITH queries visible here, innermost last. ``aggregated`` and
    ``unsteady`` are found while the expressions of the scope's own SELECT are read: that an aggregate makes one row
    of its rows, and what in it would show the order in which rows come."""

    side: Side
    outer: "Scope | None" = None
    queries: "dict[str, Item]" = field(default_factory=dict)
    aggregated: bool = False
    unsteady: str = ""

    def disturb(self, what: str) -> None:
        """Something that shows the order of rows stands here, and so in whatever this stands in."""
        scope: Scope | None = self
        while scope is not None:
            scope.unsteady = scope.unsteady or what
            scope = scope.outer

    def own_item(self, parts: Sequence[str]) -> Item | None:
        """The item of this scope itself that a column reference names, when it can be only one."""
        if len(parts) > 1:
            schema = parts[-3] if len(parts) > 2 else None
            found = [i for i in self.side.items if i.name == parts[-2] and schema in (None, i.schema)]
        else:
            found = [i for i in self.side.items if any(column.name == parts[0] for column in i.columns)]
        return found[0] if len(found) == 1 else None

    def with_query(self, name: str) -> Item | None:
        """The WITH query of that name, from the innermost scope outwards."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.queries:
                return scope.queries[name]
            scope = scope.outer
        return None

    def item(self, schema: str | None, name: str) -> Item | None:
        """The item of that name. A guarded one wins, should the server find the name ambiguous."""
        scope: Scope | None = self
        while scope is not None:
            found = [i for i in scope.side.items if i.name == name and schema in (None, i.schema)]
            if found:
                return found[0] if len(found) == 1 else next((i for i in found if i.guarded), found[0])
            scope = scope.outer
        return None

    def resolve(self, parts: Sequence[str]) -> Column | WholeRow:
        """What a column reference (not a star) means.

        Raises:
            Denied: nothing that is known.
        """
        if len(parts) == 1:
            return self._bare(parts[0])
        schema = parts[-3] if len(parts) > 2 else None
        item = self.item(schema, parts[-2])
        if item is None:
            raise unknown_column(".".join(parts))
        column = item.find(parts[-1])
        if column is None and item.open:
            return Column(parts[-1], assumed=True)
        if column is None:
            raise unknown_column(".".join(parts))
        return column

    def knows(self, name: str) -> bool:
        """Whether a bare name is, or may be, a column of this scope's own items."""
        return self.side.open or any(column.name == name for column in self.side.columns)

    def _bare(self, name: str) -> Column | WholeRow:
        scope: Scope | None = self
        opened = False
        while scope is not None:
            found = [column for column in scope.side.columns if column.name == name]
            if found and (not opened or any(c.guarded for c in found)):
                return next((column for column in found if column.guarded), found[0])
            opened |= scope.side.open
            if not opened and name in SYSTEM_COLUMNS and any(item.table for item in scope.side.items):
                return Column(name)
            scope = scope.outer
        item = self.item(None, name)
        if item is not None:
            return WholeRow(item)
        if opened:
            return Column(name, assumed=True)
        raise unknown_column(name)


def unknown_column(name: str) -> Denied:
    """The refusal of a column reference that nothing explains, in the server's own words."""
    return refused(
        "postgres.name.column", f'column "{name}" does not exist', "check the spelling, or qualify it with its table"
    )
