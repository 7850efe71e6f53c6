"""Which relation a name means, and what may be read of it.

Resolved as the server does: a schema as written, otherwise pg_catalog and then the session's search_path. A name that
the snapshot does not know is refused in the server's own words; the caller loads the catalog anew and asks once more.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from postgast import pg_query_pb2 as pg

from safelight.domain.capability import Capability
from safelight.domain.masking import Strategy
from safelight.protocols.postgres.catalog import Catalog, CatalogRelation, LabelledColumn
from safelight.protocols.postgres.sql.findings import Findings, refused
from safelight.protocols.postgres.sql.scope import Column, Item
from safelight.protocols.postgres.sql.system_relations import SystemRelation, hidden_columns, judge_system_relation

SYSTEM_SCHEMAS = frozenset({"pg_catalog", "information_schema"})
STATEMENT_TEXT = LabelledColumn("statement_text", Strategy.REDACT)
"""The label of what other sessions run and where they come from (pg_stat_activity)."""
VIEW_KINDS = frozenset("vm")
TABLE_KINDS = frozenset("rpm")
TEXT_OIDS = frozenset({25, 1043, 1042, 19})
"""text, varchar, char(n), name (pg_type.dat)."""
REACHING_KINDS = frozenset("fS")


@dataclass(frozen=True)
class CatalogIndex:
    """A catalog, indexed by qualified name. ``path`` are the schemas searched after pg_catalog. ``views`` and
    ``tables`` keep what was found about them, by OID."""

    catalog: Catalog
    by_name: Mapping[tuple[str, str], CatalogRelation]
    path: tuple[str, ...]
    views: dict[int, object] = field(default_factory=dict)
    tables: dict[int, Item] = field(default_factory=dict)

    @classmethod
    def of(cls, catalog: Catalog) -> "CatalogIndex":
        """Index a catalog for a session's own text."""
        return cls(catalog, {(r.schema, r.name): r for r in catalog.relations}, catalog.search_path)

    def for_definitions(self) -> "CatalogIndex":
        """The same for the text of views, whose names are all qualified."""
        return replace(self, path=())

    def find(self, schema: str | None, name: str) -> CatalogRelation | None:
        """The relation that a name means; None when the snapshot does not have it."""
        if schema is not None:
            return self.by_name.get((schema, name))
        for candidate in ("pg_catalog", *self.path):
            relation = self.by_name.get((candidate, name))
            if relation is not None:
                return relation
        return None


def refuse_temporary(variable: pg.RangeVar) -> None:
    """Raises:
    Denied: the name belongs to a temporary object (it would change what later names mean).
    """
    if variable.relpersistence == "t" or variable.schemaname.startswith(("pg_temp", "pg_toast")):
        raise refused(
            "postgres.form.temporary",
            "temporary objects are not carried: they change what later names mean",
            "use a WITH query, or ask for a table of your own",
        )


def system_schema(variable: pg.RangeVar, index: CatalogIndex) -> str | None:
    """The system schema in which the name is found, if it is."""
    if variable.schemaname:
        return variable.schemaname if variable.schemaname in SYSTEM_SCHEMAS else None
    if ("pg_catalog", variable.relname) in index.by_name:
        return "pg_catalog"
    known = judge_system_relation("pg_catalog", variable.relname) is not SystemRelation.REFUSED
    return "pg_catalog" if known or variable.relname.startswith("pg_") else None


def resolve_relation(variable: pg.RangeVar, index: CatalogIndex) -> CatalogRelation:
    """The relation outside of the system schemas that a name means.

    Raises:
        Denied: there is none, or nothing of it may leave.
    """
    refuse_temporary(variable)
    name = f"{variable.schemaname}.{variable.relname}" if variable.schemaname else variable.relname
    if variable.catalogname and variable.catalogname != index.catalog.database:
        raise refused("postgres.name.database", "another database is named", "connect to that database instead")
    relation = index.find(variable.schemaname or None, variable.relname)
    if relation is None:
        raise refused(
            "postgres.name.unknown", f'relation "{name}" does not exist', "check the spelling and the search_path"
        )
    if relation.oid in index.catalog.opaque:
        raise refused(
            "postgres.mask.opaque",
            f'the labels of relation "{name}" could not all be placed, so nothing of it may leave',
            "ask an administrator to mend the labels of this target",
        )
    return relation


def system_item(variable: pg.RangeVar, schema: str, index: CatalogIndex, findings: Findings) -> Item:
    """What a system relation offers.

    Raises:
        Denied: it may not be read.
    """
    name = variable.relname
    verdict = judge_system_relation(schema, name)
    if verdict is SystemRelation.REFUSED:
        raise refused(
            "postgres.system.relation",
            f"system relation {schema}.{name} may hold other people's data or secrets",
            "read the open system views instead (psql's \\d commands work)",
        )
    findings.need(Capability.READ)
    findings.relations[f"{schema}.{name}"] = None
    hidden: frozenset[str] = frozenset()
    if verdict is SystemRelation.STATEMENT_TEXT:
        hidden = hidden_columns(schema, name)
    relation = index.by_name.get((schema, name))
    names = [column.name for column in relation.columns] if relation is not None else sorted(hidden)
    columns = tuple(
        Column(n, STATEMENT_TEXT, hidden=True, shown=f"{name}.{n}", textual=True, sources=frozenset({f"{name}.{n}"}))
        if n in hidden
        else Column(n)
        for n in names
    )
    return Item(name, columns, relation is None, schema, table=True)


def table_item(relation: CatalogRelation, index: CatalogIndex) -> Item:
    """What a relation of the snapshot offers, its labels placed."""
    kept = index.tables.get(relation.oid)
    if kept is None:
        kept = index.tables[relation.oid] = _table_item(relation, index)
    return kept


def _table_item(relation: CatalogRelation, index: CatalogIndex) -> Item:
    columns = []
    for column in relation.columns:
        origin = (relation.oid, column.number)
        label = index.catalog.labels.get(origin)
        shown = f"{relation.name}.{column.name}"
        columns.append(
            Column(
                column.name,
                label,
                origin if label else None,
                shown=shown,
                textual=column.type_oid in TEXT_OIDS,
                type_oid=column.type_oid,
                unique=column.unique,
                sources=frozenset({shown}) if label else frozenset(),
            )
        )
    return Item(relation.name, tuple(columns), False, relation.schema, relation.kind in TABLE_KINDS)


def record_relation(relation: CatalogRelation, findings: Findings) -> None:
    """A relation is read. Foreign tables and sequences reach beyond the database's own rows.

    Raises:
        Denied: it is no relation that has rows.
    """
    findings.need(Capability.READ)
    findings.relations[f"{relation.schema}.{relation.name}"] = None
    if relation.kind in REACHING_KINDS:
        findings.need(Capability.WRITE)
        findings.rollback_safe = False
    elif relation.kind not in TABLE_KINDS | VIEW_KINDS:
        raise refused("postgres.name.kind", f'"{relation.name}" has no rows', "name a table")


def has_labels(relation: CatalogRelation, catalog: Catalog) -> bool:
    """Whether any column of the relation is labelled."""
    return any((relation.oid, column.number) in catalog.labels for column in relation.columns)
