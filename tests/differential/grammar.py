"""Statements, composed production by production: queries first of all, with everything that can hide in one; and the
rest of SQL, plain or inside of an EXPLAIN, a COPY, a CTE or a PREPARE."""

from collections.abc import Iterator
from random import Random

from tests.differential.expressions import Expressions
from tests.differential.vocabulary import COLUMNS, Vocabulary

TABLES = tuple(COLUMNS)
OWN = ("customers", "orders", "documents")
BLANKS = (" ", " ", " ", " ", "\n", "\t", "  ", "/**/", " /* ; */ ", " -- x\n", " --\r")
LOCKS = ("FOR UPDATE", "FOR NO KEY UPDATE", "FOR SHARE", "FOR KEY SHARE", "FOR UPDATE SKIP LOCKED")
EXPLAINS = (
    "EXPLAIN",
    "EXPLAIN ANALYZE",
    "EXPLAIN (ANALYZE, COSTS off)",
    "EXPLAIN (ANALYZE false)",
    "EXPLAIN VERBOSE",
)
UTILITIES = (
    "SHOW {setting}", "SHOW ALL", "LISTEN jobs", "NOTIFY jobs, 'x'", "UNLISTEN *", "LOCK TABLE {own}",
    "LOCK TABLE {own} IN ACCESS SHARE MODE", "TRUNCATE {own}", "VACUUM {own}", "ANALYZE {own}", "CHECKPOINT",
    "REINDEX TABLE {own}", "CLUSTER {own} USING {own}_pkey", "REFRESH MATERIALIZED VIEW customer_names",
    "DO $$ BEGIN PERFORM pay(1); END $$", "CALL settle()", "CREATE TABLE made AS {query}", "CREATE TABLE made ()",
    "CREATE TEMP TABLE made AS {query}", "CREATE VIEW made AS {query}", "CREATE SEQUENCE made", "DROP TABLE {own}",
    "CREATE MATERIALIZED VIEW made AS {query}", "ALTER TABLE {own} ADD COLUMN made int", "CREATE INDEX ON {own} (id)",
    "COMMENT ON TABLE {own} IS 'x'", "GRANT SELECT ON {own} TO public", "ALTER SYSTEM SET work_mem = '1MB'",
    "CREATE ROLE made", "ALTER ROLE postgres SET work_mem = '1MB'", "SECURITY LABEL ON TABLE {own} IS 'x'",
    "PREPARE made AS {query}", "PREPARE made AS DELETE FROM {own}", "EXECUTE made", "DEALLOCATE ALL", "DISCARD TEMP",
    "DECLARE made CURSOR WITH HOLD FOR {query}", "DECLARE made CURSOR FOR {query}", "FETCH ALL FROM made",
    "MOVE made", "CLOSE ALL", "LOAD 'plpgsql'", "SET {setting} = {value}", "SET LOCAL {setting} = {value}",
    "RESET {setting}", "SET ROLE postgres", "SET SESSION AUTHORIZATION postgres", "SET CONSTRAINTS ALL DEFERRED",
    "BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT made", "PREPARE TRANSACTION 'made'", "CREATE EXTENSION plpgsql",
    "COPY {own} TO STDOUT", "COPY {own} FROM STDIN", "COPY ({query}) TO STDOUT", "COPY ({query}) TO PROGRAM 'true'",
    "COPY ({dml} RETURNING 1) TO STDOUT", "COPY {own} TO '/nowhere/x'", "COPY ({query}) TO STDOUT (FORMAT csv)",
    "IMPORT FOREIGN SCHEMA x FROM SERVER y INTO public", "CREATE PUBLICATION made FOR ALL TABLES",
    "CREATE STATISTICS made ON id, note FROM orders", "CREATE FUNCTION made() RETURNS int RETURN 1",
)  # fmt: skip
SETTINGS = (
    "work_mem",
    "search_path",
    "session_replication_role",
    "statement_timeout",
    "role",
    "TimeZone",
    "log_statement",
)
VALUES = ("'1MB'", "DEFAULT", "'public'", "'replica'", "'0'", "'postgres'", "'UTC'")
DMLS = (
    "INSERT INTO orders (total) VALUES ({number})", "INSERT INTO orders (total) {number_query}",
    "UPDATE orders SET total = {number} WHERE {condition}", "UPDATE orders SET total = 1 WHERE false",
    "DELETE FROM orders WHERE {condition}", "DELETE FROM documents",
    "MERGE INTO orders o USING customers c ON o.customer_id = c.id WHEN MATCHED THEN DELETE",
)  # fmt: skip


class Grammar:
    """Statements of one seed. Every function of the server has its turn at the top of a query."""

    def __init__(self, rng: Random, words: Vocabulary) -> None:
        self.rng = rng
        self.words = words
        self._turn = rng.randrange(len(words.functions))
        self._names = 0

    def messages(self) -> Iterator[str]:
        """Endlessly: mostly one statement, sometimes several."""
        while True:
            parts = [self.statement() for _ in range(self.rng.choice((1, 1, 1, 1, 1, 1, 1, 2, 3)))]
            yield self.spelled(";".join(parts))

    def statement(self) -> str:
        roll = self.rng.random()
        if roll < 0.72:
            return self.query(0)
        if roll < 0.8:
            inner = self.query(0) if self.rng.random() < 0.6 else self.dml()
            return f"{self.rng.choice(EXPLAINS)} {inner}"
        if roll < 0.84:
            return self.dml()
        return self.filled(self.rng.choice(UTILITIES))

    def spelled(self, text: str) -> str:
        """The same in other blanks, comments and cases."""
        if self.rng.random() < 0.6:
            return text
        words = text.split(" ")
        return "".join(
            (self.rng.choice(BLANKS) if number and self.rng.random() < 0.3 else " " if number else "") + word
            for number, word in enumerate(words)
        )

    # --- queries ----------------------------------------------------------------------------------------------

    def query(self, nesting: int) -> str:
        rng = self.rng
        roll = rng.random()
        if nesting < 2 and roll < 0.08:
            joined = rng.choice(("UNION", "UNION ALL", "INTERSECT", "EXCEPT"))
            return f"({self.select(nesting + 1)}) {joined} ({self.select(nesting + 1)})"
        if roll < 0.11:
            return f"VALUES ({self.expressions({}).any()}), ({self.expressions({}).any()})"
        if roll < 0.13:
            return f"TABLE {rng.choice(TABLES)}"
        return self.select(nesting)

    def select(self, nesting: int) -> str:
        rng, scope = self.rng, {}
        ctes = self.ctes(nesting, scope)
        sources = self.sources(nesting, scope)
        expressions = self.expressions(scope)
        outputs = [self.output(expressions) for _ in range(rng.randint(1, 3))]
        into = " INTO TEMP made" if nesting == 0 and rng.random() < 0.02 else ""
        parts = [f"{ctes}SELECT {'DISTINCT ' if rng.random() < 0.05 else ''}{', '.join(outputs)}{into}{sources}"]
        if rng.random() < 0.4:
            parts.append(f"WHERE {expressions.of('bool')}")
        if rng.random() < 0.08:
            parts.append(f"GROUP BY {rng.choice(('1', 'ROLLUP (1)', expressions.any()))}")
        if rng.random() < 0.06:
            parts.append(f"HAVING {expressions.of('bool')}")
        if rng.random() < 0.15:
            parts.append(f"ORDER BY {rng.choice(('1', expressions.any(), '1 DESC NULLS LAST'))}")
        if rng.random() < 0.25:
            parts.append(f"LIMIT {rng.choice(('1', '5', expressions.of('int8')))}")
        if sources and rng.random() < 0.04:
            parts.append(rng.choice(LOCKS))
        return " ".join(parts)

    def output(self, expressions: Expressions) -> str:
        roll = self.rng.random()
        if roll < 0.5:
            self._turn = (self._turn + 1) % len(self.words.functions)
            function = self.words.functions[self._turn]
            call = expressions.call(function)
            return f"({call}).*" if function.returns_set and self.rng.random() < 0.1 else call
        if roll < 0.58 and expressions.scope:
            return self.rng.choice(("*", f"{self.rng.choice(list(expressions.scope))}.*"))
        return expressions.any()

    def ctes(self, nesting: int, scope: dict[str, str]) -> str:
        if nesting > 1 or self.rng.random() > 0.15:
            return ""
        named = []
        for _ in range(self.rng.randint(1, 2)):
            self._names += 1
            changing = self.rng.random() < 0.25
            body = f"{self.dml()} RETURNING 1" if changing else self.query(nesting + 1)
            kept = self.rng.choice(("", "MATERIALIZED ", "NOT MATERIALIZED ")) if not changing else ""
            named.append(f"c{self._names} AS {kept}({body})")
            scope[f"c{self._names}"] = ""
        return f"WITH {', '.join(named)} "

    def sources(self, nesting: int, scope: dict[str, str]) -> str:
        """FROM; the names of CTEs in ``scope`` become sources, or are forgotten."""
        rng = self.rng
        ctes = [name for name in scope if rng.random() < 0.6]
        scope.clear()
        items = list(ctes)
        items.extend(self.source(nesting, scope) for _ in range(rng.choice((0, 1, 1, 1, 2))))
        return f" FROM {rng.choice((', ', ' CROSS JOIN ')).join(items)}" if items else ""

    def source(self, nesting: int, scope: dict[str, str]) -> str:
        rng = self.rng
        self._names += 1
        alias = f"t{self._names}"
        roll = rng.random()
        if roll < 0.55 or nesting > 1:
            table = rng.choice(TABLES)
            scope[alias] = table
            sample = " TABLESAMPLE SYSTEM (50)" if table in OWN and rng.random() < 0.05 else ""
            return f"{'ONLY ' if rng.random() < 0.05 else ''}{table} {alias}{sample}"
        if roll < 0.75:
            self._turn = (self._turn + 1) % len(self.words.functions)
            call = self.expressions({}).call(self.words.functions[self._turn])
            ordinality = " WITH ORDINALITY" if rng.random() < 0.1 else ""
            return rng.choice((f"{call}{ordinality} {alias}", f"ROWS FROM ({call}) {alias}"))
        if roll < 0.8:
            other = f"t{self._names}b"
            scope[alias], scope[other] = "orders", "customers"
            condition = self.expressions(scope).of("bool")
            return f"orders {alias} {rng.choice(('JOIN', 'LEFT JOIN', 'FULL JOIN'))} customers {other} ON {condition}"
        lateral = "LATERAL " if rng.random() < 0.4 else ""
        return f"{lateral}({self.query(nesting + 1)}) {alias}"

    # --- the rest ---------------------------------------------------------------------------------------------

    def dml(self) -> str:
        return self.filled(self.rng.choice(DMLS))

    def expressions(self, scope: dict[str, str]) -> Expressions:
        return Expressions(self.rng, self.words, scope)

    def filled(self, template: str) -> str:
        made = {
            "own": lambda: self.rng.choice(OWN),
            "setting": lambda: self.rng.choice(SETTINGS),
            "value": lambda: self.rng.choice(VALUES),
            "query": lambda: self.query(1),
            "dml": self.dml,
            "number": lambda: self.expressions({}).of("numeric"),
            "number_query": lambda: f"SELECT {self.expressions({}).of('numeric')}",
            "condition": lambda: self.expressions({"orders": "orders"}).of("bool"),
        }
        for name, make in made.items():
            if f"{{{name}}}" in template:
                template = template.replace(f"{{{name}}}", make())
        return template
