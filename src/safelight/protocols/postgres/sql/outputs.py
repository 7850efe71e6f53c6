"""From the columns that a query gives to the outputs that the masker is told."""

from safelight.protocols.postgres.analysis import Output
from safelight.protocols.postgres.catalog import Catalog
from safelight.protocols.postgres.sql.findings import Findings, refused
from safelight.protocols.postgres.sql.scope import Column, Rows

DETECT = Output("detect")
CONSTANT = Output("constant")


def outputs_of(rows: Rows, findings: Findings, catalog: Catalog) -> tuple[Output, ...] | None:
    """One output per column; None when their number is not known from the text.

    Where columns of the database are labelled, nothing that code of its own computes can be traced: then every output
    is a constant (its functions could read any table).

    Raises:
        Denied: that, and the columns cannot be counted.
    """
    if findings.opaque and catalog.labels:
        findings.restricted = True
        if rows.open:
            raise refused(
                "postgres.mask.opaque_call",
                "the statement calls code of this database that could read labelled columns",
                "name the columns of the result: SELECT a, b FROM f() AS t(a, b)",
            )
        return tuple(CONSTANT for _ in rows.columns)
    if rows.open:
        return None
    return tuple(_output(column) for column in rows.columns)


def _output(column: Column) -> Output:
    sources = tuple(sorted(column.sources))
    if column.hidden:
        return Output("constant", sources=sources)
    if column.label is not None:
        return Output("label", column.label.label, column.label.strategy, column.origin, sources)
    return DETECT
