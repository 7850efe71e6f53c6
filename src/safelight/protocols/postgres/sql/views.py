"""Reading views by their definitions, recursively: their effects, and which of their columns are labelled.

A definition is pg_get_viewdef's text under an empty search_path. It passes labels on, column by column; what it
computes from labelled columns leaves as a constant, whatever the computation. A view that decides by labelled columns
which rows it has is refused.
"""

from dataclasses import dataclass, replace

from safelight.domain.capability import Capability
from safelight.domain.errors import Denied, Refusal
from safelight.protocols.postgres.catalog import CatalogRelation
from safelight.protocols.postgres.sql.findings import Findings, refused
from safelight.protocols.postgres.sql.relations import TEXT_OIDS, CatalogIndex
from safelight.protocols.postgres.sql.scope import Column, Item, Rows
from safelight.protocols.postgres.sql.tree import SyntaxProblem, TooDeep, parse

IN_PROGRESS = object()
"""Marks a view that is being read: a definition that leads back to it is not one of PostgreSQL's making."""


@dataclass(frozen=True, slots=True)
class ViewReading:
    """What is known of a view: its columns and what reading it adds to a statement's findings."""

    item: Item
    findings: Findings


def view_item(relation: CatalogRelation, index: CatalogIndex, findings: Findings) -> Item:
    """The columns of a view; what reading it does is added to ``findings``.

    Raises:
        Denied: the definition cannot be read, or does what is refused.
    """
    kept = index.views.get(relation.oid)
    if kept is IN_PROGRESS:
        raise _unreadable(relation, "its definition leads back to itself")
    if isinstance(kept, Refusal):
        raise Denied(kept)
    if not isinstance(kept, ViewReading):
        index.views[relation.oid] = IN_PROGRESS
        try:
            kept = _read(relation, index)
        except Denied as denial:
            index.views[relation.oid] = denial.refusal
            raise
        except RecursionError:
            del index.views[relation.oid]
            raise
        index.views[relation.oid] = kept
    findings.absorb(kept.findings)
    return kept.item


def _read(relation: CatalogRelation, index: CatalogIndex) -> ViewReading:
    try:
        rows, findings = _columns(relation, index)
    except Denied as denial:
        if not denial.refusal.rule.startswith("postgres.mask."):
            raise
        raise refused(
            "postgres.mask.view",
            f'view "{relation.schema}.{relation.name}" decides by labelled columns which rows it has',
            "query the tables below it",
        ) from denial
    if relation.kind == "m":
        findings.capabilities &= {Capability.READ}  # its query ran at the last REFRESH
        findings.changes, findings.rollback_safe = False, True
    return ViewReading(Item(relation.name, rows.columns, False, relation.schema, mixed=rows.mixed), findings)


def _columns(relation: CatalogRelation, index: CatalogIndex) -> tuple[Rows, Findings]:
    """Column by column, as the definition gives them."""
    from safelight.protocols.postgres.sql.queries import Queries, refuse_changes

    if not relation.definition:
        raise _unreadable(relation, "its definition is not known")
    try:
        tree = parse(relation.definition)
    except (SyntaxProblem, TooDeep) as problem:
        raise _unreadable(relation, "its definition cannot be parsed") from problem
    if len(tree.stmts) != 1:
        raise _unreadable(relation, "its definition is not one query")
    findings = Findings()
    queries = Queries(index.for_definitions(), findings, refuse_changes, lenient=True)
    rows = queries.read_top(tree.stmts[0].stmt)
    if rows.open or len(rows.columns) != len(relation.columns):
        if findings.labels or any(column.guarded for column in rows.columns):
            raise refused("postgres.mask.view", "the columns of a view cannot be counted", "name its tables")
        return Rows(tuple(Column(column.name) for column in relation.columns), mixed=rows.mixed), findings
    given = []
    for column, source in zip(relation.columns, rows.columns, strict=True):
        origin = (relation.oid, column.number) if source.label else None
        shown = f"{relation.name}.{column.name}"
        textual, oid = column.type_oid in TEXT_OIDS, column.type_oid
        given.append(
            replace(source, name=column.name, origin=origin, shown=shown, textual=textual, type_oid=oid, unique=False)
        )
    return Rows(tuple(given), mixed=rows.mixed), findings


def _unreadable(relation: CatalogRelation, why: str) -> Denied:
    return refused(
        "postgres.view",
        f'view "{relation.schema}.{relation.name}" cannot be read: {why}',
        "query the tables below it",
    )
