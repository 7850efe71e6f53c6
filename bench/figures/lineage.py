"""How long a new statement takes to be read: facts and lineage of joins of ten tables, several of them labelled."""

import time
from collections.abc import Callable

from bench.frame import Figures, Result, percentile
from safelight.domain.masking import Strategy
from safelight.protocols.postgres.catalog import Catalog, CatalogColumn, CatalogRelation, LabelledColumn
from safelight.protocols.postgres.sql.analyse import analyse

TABLES, COLUMNS, STATEMENTS, ROUNDS = 200, 12, 400, 5
TEXT_OID, INT_OID = 25, 23


def figures(wanted: Callable[[str], bool]) -> Figures:
    if not wanted("lineage_new_p99"):
        return
    catalog = _catalog()
    analyse(_statement(0).encode(), catalog, extended=True)
    p99 = []
    for turn in range(ROUNDS):
        taken = []
        for number in range(STATEMENTS):
            text = _statement(turn * STATEMENTS + number).encode()
            begun = time.perf_counter()
            found = analyse(text, catalog, extended=True)
            taken.append((time.perf_counter() - begun) * 1000)
            if found.refusal is not None or found.statements[0].facts.refusal is not None:
                raise RuntimeError("the statement that is measured is refused")
        p99.append(percentile(taken, 99))
    yield Result("lineage_new_p99", round(sorted(p99)[ROUNDS // 2], 2), "ms", 2, "lower", [round(v, 2) for v in p99])


def _catalog() -> Catalog:
    labels = {(20_000 + number, 2): LabelledColumn("email", Strategy.PSEUDONYM) for number in range(0, TABLES, 3)}
    columns = (
        CatalogColumn(1, "id", INT_OID, unique=True),
        CatalogColumn(2, "email", TEXT_OID),
        *(CatalogColumn(number, f"c{number}", TEXT_OID) for number in range(3, COLUMNS + 1)),
    )
    relations = tuple(
        CatalogRelation(20_000 + number, "public", f"t{number}", "r", columns, None, ()) for number in range(TABLES)
    )
    nothing: frozenset[tuple[str, str]] = frozenset()
    names: frozenset[str] = frozenset()
    return Catalog(
        "bench", "bench", "bench", 180_000, relations, nothing, nothing, names, names, nothing, labels, frozenset(),
        ("public",),
    )  # fmt: skip


def _statement(number: int) -> str:
    """A join of ten tables, another one for each number."""
    tables = [f"t{(number + step * 7) % TABLES}" for step in range(10)]
    joins = " ".join(
        f"LEFT JOIN {table} j{n} ON j{n}.c3 = j{n - 1}.c4" for n, table in enumerate(tables[1:], start=1)
    )
    outputs = ", ".join(f"j{n}.id, j{n}.email, lower(j{n}.c5) AS x{n}" for n in range(10))
    return (
        f"SELECT {outputs} FROM {tables[0]} j0 {joins} "
        f"WHERE j0.email = $1 AND j3.c6 > 'x{number}' AND j5.email IS NOT NULL ORDER BY j0.id, j2.c7 LIMIT 50"
    )
