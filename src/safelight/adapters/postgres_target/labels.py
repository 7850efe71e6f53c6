"""Placing declared labels on the columns that exist: pure.

A label on a table is a label on its whole family (partitions, inheritance children, and what they are children of):
the same values are read through any of them. A table that does not exist yet is harmless. A column that is missing
from an existing table is not: it may have been renamed, so nothing of that family may leave (`opaque`).
"""

from collections.abc import Iterable, Mapping, Sequence

from safelight.domain.target import ColumnLabel
from safelight.protocols.postgres.catalog import CatalogRelation, LabelledColumn

Labels = dict[tuple[int, int], LabelledColumn]


def place(
    declared: Sequence[ColumnLabel], relations: Sequence[CatalogRelation], parents: Iterable[tuple[int, int]]
) -> tuple[Labels, frozenset[int]]:
    """Labels by (relation OID, attribute number), and the opaque relations' OIDs. ``parents`` are (child, parent)."""
    by_name = {(relation.schema, relation.name): relation for relation in relations}
    by_oid = {relation.oid: relation for relation in relations}
    family_of = _families(parents)
    labels: Labels = {}
    inherited: Labels = {}
    opaque: set[int] = set()
    for label in declared:
        relation = by_name.get((label.schema, label.table))
        if relation is None:
            continue
        family = family_of.get(relation.oid, frozenset({relation.oid}))
        number = _number(relation, label.column)
        if number is None:
            opaque |= family
            continue
        value = LabelledColumn(label.label, label.strategy, label.uses, label.generalisations, label.values)
        labels[relation.oid, number] = value
        for oid in sorted(family - {relation.oid}):
            member = by_oid.get(oid)
            other = _number(member, label.column) if member is not None else None
            if other is not None:
                inherited.setdefault((oid, other), value)
    return inherited | labels, frozenset(opaque)


def ancestors(parents: Iterable[tuple[int, int]]) -> Mapping[int, tuple[int, ...]]:
    """All that is above each child, nearest first."""
    direct: dict[int, list[int]] = {}
    for child, parent in parents:
        direct.setdefault(child, []).append(parent)
    found: dict[int, tuple[int, ...]] = {}
    for child in direct:
        above: list[int] = []
        waiting = list(direct[child])
        while waiting:
            parent = waiting.pop(0)
            if parent not in above:
                above.append(parent)
                waiting += direct.get(parent, [])
        found[child] = tuple(above)
    return found


def _families(parents: Iterable[tuple[int, int]]) -> Mapping[int, frozenset[int]]:
    """For each relation with relatives, everything it is connected with."""
    linked: dict[int, set[int]] = {}
    for child, parent in parents:
        linked.setdefault(child, set()).add(parent)
        linked.setdefault(parent, set()).add(child)
    families: dict[int, frozenset[int]] = {}
    for start in linked:
        if start in families:
            continue
        family, waiting = {start}, [start]
        while waiting:
            fresh = linked[waiting.pop()] - family
            family |= fresh
            waiting += fresh
        families |= dict.fromkeys(family, frozenset(family))
    return families


def _number(relation: CatalogRelation, column: str) -> int | None:
    return next((known.number for known in relation.columns if known.name == column), None)
