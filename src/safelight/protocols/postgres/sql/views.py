"""Reading views by their definitions, recursively: their effects, and which of their columns are labelled.

A definition is pg_get_viewdef's text under an empty search_path. A view that keeps to the closed list as a plain
SELECT passes its labels on, column by column; of any other that touches labelled columns, every column leaves as a
constant.
"""

from dataclasses import dataclass

from safelight.domain.capability import Capability
from safelight.domain.errors import Denied, Refusal
from safelight.protocols.postgres.catalog import CatalogRelation
from safelight.protocols.postgres.sql.findings import Findings, refused
from safelight.protocols.postgres.sql.relations import TEXT_OIDS, CatalogIndex
from safelight.protocols.postgres.sql.scope import Column, Item
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
        columns, findings = _columns(relation, index)
    except Denied as denial:
        if not denial.refusal.rule.startswith("postgres.mask."):
            raise
        columns, findings = _hidden(relation, index)
    if relation.kind == "m":
        findings.capabilities &= {Capability.READ}  # its query ran at the last REFRESH
        findings.changes, findings.rollback_safe, findings.opaque = False, True, findings.opaque
    return ViewReading(Item(relation.name, columns, False, relation.schema), findings)


def _columns(relation: CatalogRelation, index: CatalogIndex) -> tuple[tuple[Column, ...], Findings]:
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
    rows = Queries(index.for_definitions(), findings, refuse_changes).read_top(tree.stmts[0].stmt)
    if rows.open or len(rows.columns) != len(relation.columns):
        if findings.labels or any(column.guarded for column in rows.columns):
            raise refused("postgres.mask.view", "the columns of a view cannot be counted", "name its tables")
        return tuple(Column(column.name) for column in relation.columns), findings
    given = []
    for column, source in zip(relation.columns, rows.columns, strict=True):
        origin = (relation.oid, column.number) if source.label else None
        shown = f"{relation.name}.{column.name}"
        textual = column.type_oid in TEXT_OIDS
        given.append(Column(column.name, source.label, origin, source.hidden, shown, textual))
    return tuple(given), findings


def _hidden(relation: CatalogRelation, index: CatalogIndex) -> tuple[tuple[Column, ...], Findings]:
    """Every column as a constant: the definition computes with labelled columns."""
    _, findings = _columns(relation, index.without_labels())
    findings.restricted = True
    for base in index.catalog.relations:
        if f"{base.schema}.{base.name}" in findings.relations:
            found = (index.catalog.labels.get((base.oid, column.number)) for column in base.columns)
            findings.labels.update(label.label for label in found if label is not None)
    shown = relation.name
    columns = (Column(c.name, hidden=True, shown=f"{shown}.{c.name}") for c in relation.columns)
    return tuple(columns), findings


def _unreadable(relation: CatalogRelation, why: str) -> Denied:
    return refused(
        "postgres.view",
        f'view "{relation.schema}.{relation.name}" cannot be read: {why}',
        "query the tables below it",
    )
