"""Expressions of a wanted type, composed of whatever the server has."""

from random import Random

from tests.differential.vocabulary import COLUMNS, LITERALS, Function, Operator, Vocabulary

DEEPEST = 3
COMMON = ("int4", "text", "bool", "numeric", "oid", "regclass", "timestamptz", "_text", "jsonb", "name")


class Expressions:
    """``scope`` holds the aliases that columns can be taken from: alias → relation."""

    def __init__(self, rng: Random, words: Vocabulary, scope: dict[str, str], depth: int = 0) -> None:
        self.rng = rng
        self.words = words
        self.scope = scope
        self.depth = depth

    def any(self) -> str:
        """Of any type that is common."""
        return self.of(self.rng.choice(COMMON))

    def of(self, kind: str) -> str:
        rng = self.rng
        if self.depth >= DEEPEST:
            return self.leaf(kind)
        roll = rng.random()
        deeper = Expressions(rng, self.words, self.scope, self.depth + 1)
        if roll < 0.35:
            return deeper.leaf(kind)
        if roll < 0.6 and self.words.functions_by_result[kind]:
            return deeper.call(rng.choice(self.words.functions_by_result[kind]))
        if roll < 0.72 and self.words.operators_by_result[kind]:
            return deeper.operation(rng.choice(self.words.operators_by_result[kind]))
        return deeper.composed(kind)

    def leaf(self, kind: str) -> str:
        columns = [
            f"{alias}.{name}"
            for alias, table in self.scope.items()
            for name, its in COLUMNS.get(table, {}).items()
            if its == kind
        ]
        if columns and self.rng.random() < 0.5:
            return self.rng.choice(columns)
        return self.rng.choice(LITERALS[kind]) if kind in LITERALS else f'NULL::"{kind}"'

    def composed(self, kind: str) -> str:
        rng = self.rng
        match rng.randrange(8):
            case 0:
                return f"CASE WHEN {self.of('bool')} THEN {self.of(kind)} ELSE {self.of(kind)} END"
            case 1:
                return f"coalesce({self.of(kind)}, {self.of(kind)})"
            case 2:
                return f"(SELECT {self.of(kind)})"
            case 3:
                return f"(SELECT {self.of(kind)} FROM (VALUES ({self.any()})) v LIMIT 1)"
            case 4:
                return f'({self.of("text")})::"{kind}"' if kind not in ("any", "record") else self.leaf(kind)
            case 5:
                return f"greatest({self.of(kind)}, {self.of(kind)})"
            case 6:
                return f"(ARRAY[{self.of(kind)}])[1]"
            case _:
                return f"nullif({self.of(kind)}, {self.of(kind)})"

    def call(self, function: Function) -> str:
        arguments = [self.of(kind) for kind in function.arguments]
        if function.kind == "a" and not arguments and function.name == "count":
            return "count(*)"
        name = f'"{function.name}"' if self.rng.random() < 0.3 or not function.name.islower() else function.name
        if self.rng.random() < 0.3 or function.schema not in ("pg_catalog", "public"):
            name = f"{function.schema}.{name}"
        text = f"{name}({', '.join(arguments)})"
        if function.kind == "w" or (function.kind == "a" and self.rng.random() < 0.2):
            return f"{text} OVER (ORDER BY {self.of('int4')})"
        if function.kind == "a" and self.rng.random() < 0.2:
            return f"{text} FILTER (WHERE {self.of('bool')})"
        return text

    def operation(self, operator: Operator) -> str:
        name = f"OPERATOR(pg_catalog.{operator.name})" if self.rng.random() < 0.1 else operator.name
        left = f"({self.of(operator.left)}) " if operator.left else ""
        right = f" ({self.of(operator.right)})" if operator.right else ""
        return f"({left}{name}{right})"
