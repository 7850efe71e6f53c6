"""Random SELECTs over the shop that put labelled columns wherever an expression can stand.

Many of them are not valid for their types; that is part of the point, since an error can tell a value too.
"""

import re
from collections.abc import Iterator
from random import Random

TABLES = {
    "customers": (("email", "phone", "full_name"), ("id", "country", "note")),
    "accounts": (("email",), ("id", "plan")),
    "cards": (("number",), ("id", "customer_id", "expires")),
    "orders": ((), ("id", "customer_id", "total", "note")),
    "customer_view": (("mail",), ("id", "country")),
    "customer_report": (("country", "n", "longest"), ()),
    "customer_names": (("full_name",), ("id",)),
}
CONSTANTS = ("'nobody@example.com'", "'zzz'::text", "NULL", "'7'", "5", "'DE'")
OUTPUTS = (
    "{column}",
    "{column}",
    "{labelled}",
    "{labelled}",
    "{expression}",
    "{expression}",
    "{alias}.*",
    "*",
    "{alias}",
)
EXPRESSIONS = (
    "lower({expression}::text)", "{expression} || {expression}", "coalesce({expression}, {expression})",
    "length({expression})", "({expression})::int", "count({expression})", "max({expression})", "count(*)",
    "CASE WHEN {condition} THEN {expression} ELSE {expression} END", "nullif({expression}, {expression})",
    "1 / length({expression}::text)", "({expression} = {expression})", "({expression} IS NULL)", "({condition})",
    "left({expression}, 2)", "substr({expression}, 2)", "md5({expression}::text)", "to_json({expression})",
    "string_agg({expression}::text, ',')", "({expression} < {expression})", "greatest({expression}, {expression})",
    "row_number() OVER (ORDER BY {expression})", "repeat({expression}, 3)", "concat({expression}, {expression})",
    "upper({expression})", "trim({expression})", "reverse({column})", "ARRAY[{expression}]",
    "ROW({expression})::text",
    "count(*) FILTER (WHERE {condition})", "({expression} LIKE {expression})", "unnest(ARRAY[{expression}])",
    "split_part({expression}, '@', 2)", "({expression})::text", "replace({expression}, 'a', {expression})",
    "{labelled}::text", "lower({labelled})", "{subquery}", "{subquery}", "{labelled}::int", "{labelled}::numeric",
    "count({labelled})", "count(DISTINCT {labelled})", "({labelled} = {constant})", "({labelled} IS NULL)",
    "CASE WHEN {condition} THEN {labelled} END", "coalesce({labelled}, {labelled})", "max({labelled})",
    "(SELECT {labelled})", "array_agg({column} ORDER BY {column})", "min({alias}.id)",
    "1 / (length({labelled}) - 8)", "unnest(string_to_array({labelled}, '1'))", "to_date({labelled}, 'YYYY')",
)  # fmt: skip
CONDITIONS = (
    "{labelled} = {constant}", "{constant} = {labelled}", "{labelled} IN ({constant}, 'q')", "{column} = {constant}",
    "NOT {labelled} = {constant}", "{column} = {column}", "{labelled} = {labelled}", "{labelled} LIKE 'a%'",
    "{labelled} IS NULL", "{labelled} > {constant}", "{labelled} NOT IN ('x', 'y')", "{expression} = {constant}",
    "{labelled} = ANY (ARRAY['a'])", "({condition} AND {condition})", "({condition} OR {condition})",
    "{column} > '3'",
    "lower({labelled}) = lower({constant})", "{labelled} <> {constant}", "{labelled} IN ({select})",
    "{labelled} IS DISTINCT FROM {constant}", "{subquery} IS NOT NULL", "{labelled} = {column}",
    "{column} = {labelled}",
)  # fmt: skip
SUBQUERIES = ("({select} LIMIT 1)", "EXISTS ({select})", "({column} IN ({select}))")
LATERALS = (
    "LATERAL (SELECT {expression} AS x) s", "LATERAL (VALUES ({column})) s(x)",
    "LATERAL unnest(ARRAY[{column}::text]) s", "LATERAL (SELECT {labelled} AS x) s",
    "LATERAL (VALUES ({labelled}), ({labelled})) s(x)", "({grouped}) s", "(SELECT * FROM {grouped_item} LIMIT 2) s",
    "LATERAL generate_series(1, length({column}::text) % 3) s",
)  # fmt: skip
JOINS = (
    "{one}, {two}", "{one} {join} {two} ON {condition}", "{one} {join} {two} ON {first}.id = {second}.id",
    "{one} {join} {two} ON {labelled} = {labelled}", "{one} {join} {two} USING (id)",
    "{one} {join} {two} USING (email)",
    "{one} {join} {two} USING (full_name)", "{one} NATURAL {join} {two}",
)  # fmt: skip
GROUPED = (
    "SELECT {labelled}, {expression} AS x FROM {one} GROUP BY {labelled}",
    "SELECT {labelled}, count(*) AS x FROM {one} GROUP BY 1 ORDER BY min({alias}.id)",
    "SELECT {labelled}, min({alias}.id) AS x FROM {one} GROUP BY 1 HAVING {condition} ORDER BY 2 DESC",
    "SELECT DISTINCT {labelled} AS x FROM {one}",
    "SELECT {labelled} AS x FROM {one} UNION SELECT {labelled} FROM {one}",
    "SELECT {labelled} AS x, {column} FROM {one} UNION ALL SELECT {column}, {labelled} FROM {one}",
    "SELECT {labelled} AS x FROM {one} EXCEPT SELECT {labelled} FROM {one} WHERE {condition}",
    "SELECT count(*), x FROM ({select_grouped}) s GROUP BY x ORDER BY x",
    "SELECT count(*), max(x), bool_or(x IS NULL) FROM ({select_grouped}) s",
)
"""Whole statements and subqueries that tell rows apart by labelled columns."""
DEEPEST = 3


def statements(rng: Random) -> Iterator[str]:
    """An endless stream of statements."""
    while True:
        select = _Select(rng, 0)
        yield select.fill(rng.choice(GROUPED)) if rng.random() < 0.15 else select.text()


class _Select:
    """One SELECT. ``nesting``: how many others it stands in."""

    def __init__(self, rng: Random, nesting: int) -> None:
        self.rng = rng
        self.nesting = nesting
        tables = rng.choices(list(TABLES), k=rng.choice((1, 1, 1, 2)))
        self.items = [(table, f"t{nesting}{n}") for n, table in enumerate(tables)]

    def text(self) -> str:
        """The statement."""
        rng = self.rng
        distinct = "DISTINCT " if rng.random() < 0.08 else ""
        outputs = ", ".join(self.output() for _ in range(rng.randint(1, 3)))
        parts = [f"SELECT {distinct}{outputs} FROM {self.sources()}"]
        if rng.random() < 0.6:
            parts.append("WHERE " + self.fill("{condition}"))
        if rng.random() < 0.12:
            parts.append("GROUP BY " + self.fill(rng.choice(("{column}", "{column}, {column}", "1", "{expression}"))))
        if rng.random() < 0.05:
            parts.append("HAVING " + self.fill("{condition}"))
        if self.nesting == 0 and rng.random() < 0.25:
            parts.append("ORDER BY " + self.fill(rng.choice(("{column}", "{labelled}", "1", "2", "{expression}"))))
        return " ".join(parts)

    def output(self) -> str:
        """An output, sometimes under a name that hides a column's."""
        text = self.fill(self.rng.choice(OUTPUTS))
        named = self.rng.random() < 0.2 and not text.endswith("*")
        return f"{text} AS {self.rng.choice(('id', 'email', 'x', 'country'))}" if named else text

    def sources(self) -> str:
        """FROM."""
        if len(self.items) == 2:
            return self.fill(self.rng.choice(JOINS))
        lateral = ", " + self.fill(self.rng.choice(LATERALS)) if self.rng.random() < 0.1 else ""
        return " ".join(self.items[0]) + lateral

    def fill(self, template: str, depth: int = 0) -> str:
        """Put something into every place of a template."""
        return re.sub(r"\{(\w+)\}", lambda match: self.part(match[1], depth + 1), template)

    def part(self, what: str, depth: int) -> str:
        """Something for one place."""
        rng = self.rng
        if what == "expression":
            shallow = depth > DEEPEST or rng.random() < 0.3
            return self.fill(rng.choice(("{column}", "{labelled}", "{constant}") if shallow else EXPRESSIONS), depth)
        if what == "condition":
            return self.fill(rng.choice(CONDITIONS[:4] if depth > DEEPEST else CONDITIONS), depth)
        if what == "subquery":
            return self.fill(rng.choice(SUBQUERIES) if self.nesting == 0 else "{constant}", depth)
        if what == "select":
            return _Select(rng, self.nesting + 1).text()
        if what in ("grouped", "grouped_item", "select_grouped"):
            inside = _Select(rng, self.nesting + 1)
            text = inside.fill(rng.choice(GROUPED[:7] if self.nesting < 2 else GROUPED[3:4]))
            return f"({text}) g" if what == "grouped_item" else text
        if what in ("column", "labelled"):
            return self.column(labelled=what == "labelled")
        plain = {
            "constant": rng.choice(CONSTANTS),
            "alias": rng.choice(self.items)[1],
            "join": rng.choice(("JOIN", "LEFT JOIN", "FULL JOIN")),
            "one": " ".join(self.items[0]),
            "two": " ".join(self.items[-1]),
            "first": self.items[0][1],
            "second": self.items[-1][1],
        }
        return plain[what]

    def column(self, *, labelled: bool) -> str:
        """A column, mostly with its table's alias."""
        table, alias = self.rng.choice(self.items)
        guarded, plain = TABLES[table]
        chosen = self.rng.choice(guarded if labelled and guarded else (*guarded, *plain, *plain))
        return chosen if self.rng.random() < 0.2 else f"{alias}.{chosen}"
