"""Random queries over the hospital of ``tests/vectors/bypass/setup.sql``, composed by grammar and by types.

An expression is made for a type, out of columns in scope, constants, functions, operators, casts, CASE and
subqueries; a query out of joins, lateral items, subqueries, CTEs, groups, windows, orders, limits and set operations,
each of which may hold any other to a bounded depth. Labelled columns are chosen more often than others, and may stand
anywhere.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random

Kind = str
TEXT, INT, BOOL, DATE, DOCUMENT, ARRAY = "text", "bigint", "boolean", "date", "jsonb", "text[]"
KINDS = (TEXT, TEXT, INT, BOOL, DATE, DOCUMENT, ARRAY)


@dataclass(frozen=True, slots=True)
class Column:
    """A column in scope. ``labelled`` is what the generator prefers, not what the gateway knows."""

    name: str
    kind: Kind
    labelled: bool = False


_PATIENTS = (
    Column("id", INT),
    Column("city", TEXT),
    Column("visits", INT),
    Column("handle", TEXT, True),
    Column("full_name", TEXT, True),
    Column("born", DATE, True),
    Column("badge", INT, True),
    Column("diagnosis", TEXT, True),
    Column("tags", ARRAY, True),
    Column("profile", DOCUMENT, True),
)
RELATIONS: dict[str, tuple[Column, ...]] = {
    "patients": _PATIENTS,
    "inpatients": _PATIENTS,
    "staff": (
        Column("id", INT),
        Column("login", TEXT),
        Column("handle", TEXT, True),
        Column("full_name", TEXT, True),
    ),
    "treatments": (Column("id", INT), Column("patient_id", INT), Column("remark", TEXT)),
    "events": (Column("id", INT), Column("kind", TEXT), Column("day", DATE), Column("payload", TEXT, True)),
    "patient_view": (Column("id", INT), Column("mail", TEXT, True), Column("full_name", TEXT, True)),
    "patient_report": (Column("city", TEXT), Column("n", INT), Column("last_name", TEXT, True)),
    "patient_names": (Column("id", INT), Column("full_name", TEXT, True), Column("folded", TEXT, True)),
    "pets": (Column("id", INT), Column("full_name", TEXT), Column("city", TEXT)),
    "guesses": (Column("id", INT), Column("word", TEXT)),
}
CONSTANTS: dict[Kind, tuple[str, ...]] = {
    TEXT: ("'m'", "'B%'", "''", "'Oslo'", "NULL::text"),
    INT: ("0", "1", "7", "5000000000", "NULL::bigint"),
    BOOL: ("true", "false", "NULL::boolean"),
    DATE: ("'1925-06-01'::date", "'2024-02-03'::date"),
    DOCUMENT: ("'{\"a\": 1}'::jsonb", "'[]'::jsonb"),
    ARRAY: ("ARRAY['a', 'b']", "'{}'::text[]"),
}
FORMS: dict[Kind, tuple[tuple[str, tuple[Kind, ...]], ...]] = {
    TEXT: (
        ("upper({})", (TEXT,)), ("left({}, 3)", (TEXT,)), ("reverse({})", (TEXT,)), ("{} || {}", (TEXT, TEXT)),
        ("substr({}, {}::int)", (TEXT, INT)), ("md5({})", (TEXT,)), ("{}::text", (INT,)), ("{}::text", (DATE,)),
        ("{}::text", (BOOL,)), ("({} ->> 'nick')", (DOCUMENT,)), ("({})[1]", (ARRAY,)),
        ("coalesce({}, {})", (TEXT, TEXT)),
        ("nullif({}, {})", (TEXT, TEXT)), ("greatest({}, {})", (TEXT, TEXT)), ("concat({}, {})", (TEXT, INT)),
        ("split_part({}, ' ', 2)", (TEXT,)), ("array_to_string({}, ',')", (ARRAY,)), ("to_char({}, 'YYYY')", (DATE,)),
        ("chr({}::int)", (INT,)), ("repeat({}, 2)", (TEXT,)), ("encode({}::bytea, 'hex')", (TEXT,)),
        ("format('%s', {})", (DATE,)), ("({} COLLATE \"C\")", (TEXT,)), ("jsonb_typeof({})", (DOCUMENT,)),
    ),
    INT: (
        ("length({})", (TEXT,)), ("ascii({})", (TEXT,)), ("({} + {})", (INT, INT)), ("({} / {})", (INT, INT)),
        ("({} % 7)", (INT,)), ("extract(year FROM {})::bigint", (DATE,)), ("cardinality({})", (ARRAY,)),
        ("strpos({}, {})", (TEXT, TEXT)), ("({} - {})::bigint", (DATE, DATE)), ("({})::bigint", (TEXT,)),
        ("({} ->> 'pin')::bigint", (DOCUMENT,)), ("hashtext({})::bigint", (TEXT,)), ("({})::int::bigint", (BOOL,)),
        ("abs({})", (INT,)), ("sign({})::bigint", (INT,)), ("coalesce({}, 0)", (INT,)),
    ),
    BOOL: (
        ("({} = {})", (TEXT, TEXT)), ("({} = {})", (INT, INT)), ("({} < {})", (TEXT, TEXT)),
        ("({} > {})", (INT, INT)),
        ("({} LIKE {})", (TEXT, TEXT)), ("({} IS NULL)", (TEXT,)), ("({} IS NOT NULL)", (DATE,)),
        ("(NOT {})", (BOOL,)),
        ("({} AND {})", (BOOL, BOOL)), ("({} OR {})", (BOOL, BOOL)), ("({} < {})", (DATE, DATE)),
        ("({} = ANY ({}))", (TEXT, ARRAY)), ("({} @> {})", (DOCUMENT, DOCUMENT)), ("({} ? 'nick')", (DOCUMENT,)),
        ("({} IN ({}, {}))", (TEXT, TEXT, TEXT)), ("({} BETWEEN {} AND {})", (INT, INT, INT)),
        ("({} IS DISTINCT FROM {})", (TEXT, TEXT)), ("({} ~ '^[A-M]')", (TEXT,)), ("({} && {})", (ARRAY, ARRAY)),
        ("({} = {})", (DATE, DATE)), ("(({}, {}) < ({}, {}))", (TEXT, INT, TEXT, INT)), ("({} IS TRUE)", (BOOL,)),
    ),
    DATE: (
        ("({} + ({} % 100)::int)", (DATE, INT)), ("coalesce({}, {})", (DATE, DATE)), ("({})::date", (TEXT,)),
        ("date_trunc('month', {})::date", (DATE,)), ("least({}, {})", (DATE, DATE)),
    ),
    DOCUMENT: (
        ("to_jsonb({})", (TEXT,)), ("to_jsonb({})", (DATE,)), ("jsonb_build_object('k', {}, 'v', {})", (TEXT, INT)),
        ("({} -> 'nick')", (DOCUMENT,)), ("({} || {})", (DOCUMENT, DOCUMENT)), ("({} - 'nick')", (DOCUMENT,)),
        ("jsonb_build_array({})", (INT,)), ("to_jsonb({})", (ARRAY,)),
    ),
    ARRAY: (
        ("ARRAY[{}, {}]", (TEXT, TEXT)), ("string_to_array({}, ' ')", (TEXT,)), ("({} || {})", (ARRAY, TEXT)),
        ("array_remove({}, {})", (ARRAY, TEXT)), ("regexp_split_to_array({}, '')", (TEXT,)),
    ),
}  # fmt: skip
AGGREGATES: dict[Kind, tuple[tuple[str, Kind], ...]] = {
    TEXT: (("max({})", TEXT), ("min({})", TEXT), ("string_agg({}, ',')", TEXT)),
    INT: (
        ("count({})", TEXT),
        ("count(DISTINCT {})", TEXT),
        ("sum({})::bigint", INT),
        ("max({})", INT),
        ("count({})", DATE),
    ),
    BOOL: (("bool_or({})", BOOL), ("every({})", BOOL)),
    DATE: (("min({})", DATE), ("max({})", DATE)),
    DOCUMENT: (("jsonb_agg({})", TEXT), ("jsonb_agg({})", DOCUMENT)),
    ARRAY: (("array_agg({})", TEXT),),
}
WINDOWS: dict[Kind, tuple[str, ...]] = {
    INT: ("row_number() OVER ({})", "rank() OVER ({})", "ntile(3) OVER ({})", "count(*) OVER ({})"),
    TEXT: ("'x' || rank() OVER ({})",),
}
DEEPEST = 3


@dataclass(frozen=True, slots=True)
class Scope:
    """What an expression may name: columns with their alias; and how deep it stands."""

    columns: tuple[tuple[str, Column], ...]
    depth: int = 0

    def deeper(self) -> "Scope":
        return replace(self, depth=self.depth + 1)


class Composer:
    """Composes queries from one source of chance."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._aliases = 0

    def statement(self) -> str:
        """One query, which may be several by set operations or stand behind CTEs."""
        self._aliases = 0
        text, _ = self._query(0, Scope(()))
        return text

    # --- queries ----------------------------------------------------------------------------------------------

    def _query(self, nesting: int, outer: Scope, kinds: Sequence[Kind] = ()) -> tuple[str, tuple[Column, ...]]:
        """A query and its columns; of the ``kinds`` asked for, or of any."""
        wanted = list(kinds) or [self._rng.choice(KINDS) for _ in range(self._rng.randint(1, 3))]
        text, columns = self._select(nesting, outer, wanted)
        if nesting < 2 and self._chance(0.08):
            other, _ = self._select(nesting + 1, outer, wanted)
            text = f"({text}) {self._rng.choice(('UNION', 'UNION ALL', 'INTERSECT', 'EXCEPT'))} ({other})"
        if nesting < 2 and self._chance(0.1):
            name = self._alias("w")
            how = self._rng.choice(("", "MATERIALIZED ", "NOT MATERIALIZED "))
            names = ", ".join(column.name for column in columns)
            text = f"WITH {name} ({names}) AS {how}({text}) SELECT {names} FROM {name}"
        return text, columns

    def _select(self, nesting: int, outer: Scope, kinds: Sequence[Kind]) -> tuple[str, tuple[Column, ...]]:
        source, inner = self._source(nesting, outer)
        scope = Scope(inner.columns + outer.columns, nesting)
        grouped = self._chance(0.15)
        outputs = [self._output(scope, kind, grouped) for kind in kinds]
        columns = tuple(Column(self._alias("c"), kind) for kind in kinds)
        shown = ", ".join(f"{text} AS {column.name}" for text, column in zip(outputs, columns, strict=True))
        parts = [f"SELECT {'DISTINCT ' if self._chance(0.07) else ''}{shown} FROM {source}"]
        if self._chance(0.5):
            parts.append(f"WHERE {self.expression(scope, BOOL)}")
        if grouped and self._chance(0.6):
            parts.append(f"GROUP BY {self._column(scope, None)}")
            if self._chance(0.3):
                parts.append(f"HAVING {self._aggregate(scope, BOOL)}")
        parts += self._end(scope, len(kinds), grouped=grouped)
        return " ".join(parts), columns

    def _end(self, scope: Scope, outputs: int, *, grouped: bool) -> list[str]:
        parts = []
        if not grouped and self._chance(0.25):
            order = self._rng.choice((str(self._rng.randint(1, outputs)), self.expression(scope, TEXT)))
            parts.append(f"ORDER BY {order}{self._rng.choice(('', ' DESC', ' NULLS FIRST'))}")
            if self._chance(0.3):
                parts.append(f"LIMIT {self._rng.randint(1, 5)}")
        return parts

    def _output(self, scope: Scope, kind: Kind, grouped: bool) -> str:
        if grouped:
            return self._aggregate(scope, kind)
        if kind in WINDOWS and self._chance(0.08):
            over = self._rng.choice(("ORDER BY {}", "PARTITION BY {}")).format(self.expression(scope, TEXT))
            return self._rng.choice(WINDOWS[kind]).format(over)
        return self._column(scope, kind) if self._chance(0.4) else self.expression(scope, kind)

    def _aggregate(self, scope: Scope, kind: Kind) -> str:
        form, of = self._rng.choice(AGGREGATES[kind])
        text = form.format(self.expression(scope.deeper(), of))
        kept = f" FILTER (WHERE {self.expression(scope.deeper(), BOOL)})"
        return text + kept if self._chance(0.15) and not text.endswith("::bigint") else text

    # --- FROM -------------------------------------------------------------------------------------------------

    def _source(self, nesting: int, outer: Scope) -> tuple[str, Scope]:
        text, scope = self._item(nesting, outer)
        for _ in range(self._rng.choice((0, 0, 0, 1, 1, 2))):
            lateral = Scope(scope.columns + outer.columns, nesting)
            other, more = self._lateral(nesting, lateral) if self._chance(0.25) else self._item(nesting, outer)
            scope = Scope(scope.columns + more.columns, nesting)
            how = self._rng.choice(("JOIN", "LEFT JOIN", "JOIN"))
            text = f"{text} {how} {other} ON {self._on(scope)}"
        return text, scope

    def _on(self, scope: Scope) -> str:
        numbers = [f"{alias}.{column.name}" for alias, column in scope.columns if column.name in ("id", "patient_id")]
        if len(numbers) > 1 and self._chance(0.6):
            return f"{numbers[0]} = {numbers[-1]}"
        same = [f"{a}.{c.name} = {b}.{d.name}" for a, c in scope.columns for b, d in scope.columns
                if a < b and c.name == d.name and c.labelled and d.labelled]  # fmt: skip
        return self._rng.choice(same) if same and self._chance(0.5) else self.expression(scope, BOOL)

    def _item(self, nesting: int, outer: Scope) -> tuple[str, Scope]:
        alias = self._alias("t")
        if nesting < 2 and self._chance(0.2):
            text, columns = self._query(nesting + 1, Scope(()))
            return f"({text}) {alias}", _scope(alias, columns)
        relation = self._rng.choice(list(RELATIONS))
        return f"{relation} {alias}", _scope(alias, RELATIONS[relation])

    def _lateral(self, nesting: int, scope: Scope) -> tuple[str, Scope]:
        alias = self._alias("l")
        forms: tuple[tuple[str, Kind, Callable[[], str]], ...] = (
            ("unnest({}) AS {} (x)", TEXT, lambda: self.expression(scope.deeper(), ARRAY)),
            ("generate_series(1, {} % 5) AS {} (x)", INT, lambda: self.expression(scope.deeper(), INT)),
            ("(VALUES ({})) AS {} (x)", TEXT, lambda: self.expression(scope.deeper(), TEXT)),
            ("(SELECT {}) AS {} (x)", DOCUMENT, lambda: self.expression(scope.deeper(), DOCUMENT)),
        )
        form, kind, make = self._rng.choice(forms)
        return "LATERAL " + form.format(make(), alias), _scope(alias, (Column("x", kind),))

    # --- expressions ------------------------------------------------------------------------------------------

    def expression(self, scope: Scope, kind: Kind) -> str:
        """An expression of this type."""
        rng = self._rng
        if scope.depth >= DEEPEST or self._chance(0.25):
            return self._column(scope, kind) if self._chance(0.75) else rng.choice(CONSTANTS[kind])
        if self._chance(0.05) and scope.depth < 2:
            return self._subquery(scope, kind)
        deeper = scope.deeper()
        if self._chance(0.06):
            parts = [self.expression(deeper, k) for k in (BOOL, kind, kind)]
            return "CASE WHEN {} THEN {} ELSE {} END".format(*parts)
        form, kinds = rng.choice(FORMS[kind])
        return form.format(*(self.expression(deeper, k) for k in kinds))

    def _subquery(self, scope: Scope, kind: Kind) -> str:
        text, _ = self._query(2, scope, (kind,))
        if kind == BOOL and self._chance(0.5):
            return f"EXISTS ({text})"
        return f"({text} LIMIT 1)" if " LIMIT " not in text[-12:] else f"({text})"

    def _column(self, scope: Scope, kind: Kind | None) -> str:
        """A column of the type in scope, a labelled one rather; a constant where there is none."""
        fitting = [(alias, column) for alias, column in scope.columns if kind in (None, column.kind)]
        if not fitting:
            return self._rng.choice(CONSTANTS[kind or TEXT])
        weights = [3 if column.labelled else 2 for _, column in fitting]
        alias, column = self._rng.choices(fitting, weights)[0]
        return f"{alias}.{column.name}"

    def _alias(self, letter: str) -> str:
        self._aliases += 1
        return f"{letter}{self._aliases}"

    def _chance(self, probability: float) -> bool:
        return self._rng.random() < probability


def _scope(alias: str, columns: Sequence[Column]) -> Scope:
    return Scope(tuple((alias, column) for column in columns))
