"""Reading statements that define objects: effects of the expressions in them, and labelled data that they would
copy.

Their embedded expressions (a USING, a CHECK, a generated column, a rule's action) are not resolved name by name.
Where a labelled table is mentioned, a reference by the name of one of its labelled columns, to its whole row or to
a star is refused; and since an error may show a row ("could not create unique index … Key (email)=(…)"), errors
are restricted.
"""

from google.protobuf.message import Message
from postgast import pg_query_pb2 as pg

from safelight.domain.capability import Capability
from safelight.domain.errors import Denied
from safelight.protocols.postgres.catalog import CatalogRelation
from safelight.protocols.postgres.sql import effects
from safelight.protocols.postgres.sql.findings import Findings, refused
from safelight.protocols.postgres.sql.relations import (
    VIEW_KINDS,
    CatalogIndex,
    has_labels,
    refuse_temporary,
    system_schema,
    table_item,
)
from safelight.protocols.postgres.sql.scope import Column
from safelight.protocols.postgres.sql.tree import descend, qualified, strings
from safelight.protocols.postgres.sql.views import view_item

HIDDEN = ""
"""In place of a label: a view's column computed from labelled ones."""
UNLABELLING = frozenset(
    {pg.AT_DetachPartition, pg.AT_DetachPartitionFinalize, pg.AT_DropInherit, pg.AT_AddInherit, pg.AT_AttachPartition}
)
"""What takes a table out of its family, and so out of the family's labels; or into one that nobody else sees until
the transaction ends, so that its rows are read through a parent without labels."""
NAME_LISTS = frozenset(
    {"funcname", "defnames", "type_name", "domainname", "opclassname", "opfamilyname", "objname", "conversion_name"}
)
"""Fields that hold a qualified name in parts."""

DROPPED_RELATIONS = frozenset(
    {pg.OBJECT_TABLE, pg.OBJECT_VIEW, pg.OBJECT_MATVIEW, pg.OBJECT_SEQUENCE, pg.OBJECT_FOREIGN_TABLE}
)


def read_definition(statement: Message, index: CatalogIndex, findings: Findings) -> None:
    """Read a statement of DDL, or any other utility statement that names relations.

    Raises:
        Denied: it makes temporary objects, calls what is refused, or computes with labelled columns.
    """
    parts = list(descend(statement))
    guarded: list[CatalogRelation] = []
    for part in parts:
        if isinstance(part, pg.RangeVar):
            relation = _relation(part, index, findings)
            if relation is not None and _labels(relation, index):
                guarded.append(relation)
        elif isinstance(part, pg.DropStmt) and part.remove_type in DROPPED_RELATIONS:
            for node in part.objects:
                schema, name = qualified(strings(node.list.items))
                _relation(pg.RangeVar(schemaname=schema or "", relname=name), index, findings)
        _refuse_temporary_names(part)
        _effects(part, index, findings)
    for relation in guarded:
        findings.restricted = True
        findings.labels.update(label for label in _labels(relation, index).values() if label != HIDDEN)
    _refuse_computed(parts, guarded, index)
    _refuse_keys(parts, guarded, index)
    _refuse_unlabelling(parts, guarded, index)
    _refuse_clustering(statement, guarded, index)


def _relation(variable: pg.RangeVar, index: CatalogIndex, findings: Findings) -> CatalogRelation | None:
    refuse_temporary(variable)
    if system_schema(variable, index) is not None:
        findings.need(Capability.ADMIN)
        return None
    relation = index.find(variable.schemaname or None, variable.relname)
    if relation is not None:
        findings.relations[f"{relation.schema}.{relation.name}"] = None
    return relation


def _labels(relation: CatalogRelation, index: CatalogIndex) -> dict[str, str]:
    """Names of the labelled columns, with their labels; those that a view computes from them too."""
    of_view = relation.kind in VIEW_KINDS
    columns = _view_columns(relation, index) if of_view else table_item(relation, index).columns
    return {column.name: column.label.label if column.label else HIDDEN for column in columns if column.guarded}


def _view_columns(relation: CatalogRelation, index: CatalogIndex) -> tuple[Column, ...]:
    """A view's columns; one that cannot be read may hold anything."""
    try:
        return view_item(relation, index.for_definitions(), Findings()).columns
    except Denied:
        return tuple(Column(column.name, hidden=True) for column in relation.columns)


def _effects(part: Message, index: CatalogIndex, findings: Findings) -> None:
    if isinstance(part, pg.FuncCall):
        effects.call_function(part, index.catalog, findings)
    elif isinstance(part, pg.A_Expr) and part.kind == pg.AEXPR_OP:
        schema, name = qualified(strings(part.name))
        effects.use_operator(schema, name, index.catalog, findings)


def _refuse_temporary_names(part: Message) -> None:
    for field, value in part.ListFields():
        if field.name in NAME_LISTS and not isinstance(value, str | Message):
            names = [node.string.sval for node in value if isinstance(node, pg.Node) and node.HasField("string")]
            if len(names) > 1 and names[0].startswith("pg_temp"):
                refuse_temporary(pg.RangeVar(schemaname=names[0], relname=names[1]))


def _refuse_computed(parts: list[Message], guarded: list[CatalogRelation], index: CatalogIndex) -> None:
    if not guarded:
        return
    names = {name for relation in guarded for name in _labels(relation, index)}
    rows = {relation.name for relation in guarded} | {
        part.alias.aliasname for part in parts if isinstance(part, pg.RangeVar) and part.HasField("alias")
    }
    for part in parts:
        if isinstance(part, pg.ColumnRef):
            fields = strings(part.fields)
            if fields[-1] in names | {"*"} or (len(fields) == 1 and fields[0] in rows):
                raise refused(
                    "postgres.mask.definition",
                    f'"{".".join(fields)}" in a definition would compute with labelled columns',
                    "leave labelled columns out of expressions in definitions",
                )


def _refuse_keys(parts: list[Message], guarded: list[CatalogRelation], index: CatalogIndex) -> None:
    """A foreign key compares all values of two columns: through a table of guesses it would read a labelled one."""
    names = {name for relation in guarded for name in _labels(relation, index)}
    for part in parts:
        if isinstance(part, pg.Constraint) and part.contype == pg.CONSTR_FOREIGN:
            keys = {*strings(part.fk_attrs), *strings(part.pk_attrs)}
            if names & keys or (guarded and not part.pk_attrs):
                raise refused(
                    "postgres.mask.definition",
                    "a foreign key on a labelled column would compare all of its values",
                    "reference an unlabelled key, and name the referenced column",
                )


def _refuse_unlabelling(parts: list[Message], guarded: list[CatalogRelation], index: CatalogIndex) -> None:
    """Labels are declared by name and follow inheritance: a table that is renamed, moved or detached loses them."""
    names = {name for relation in guarded for name in _labels(relation, index)}
    for part in parts:
        if isinstance(part, pg.RenameStmt):
            column = part.rename_type == pg.OBJECT_COLUMN and part.subname in names
            table = bool(guarded) and part.rename_type not in (pg.OBJECT_COLUMN, pg.OBJECT_TABCONSTRAINT)
            loses = column or table or (part.rename_type == pg.OBJECT_SCHEMA and _holds_labels(part.subname, index))
        elif isinstance(part, pg.AlterObjectSchemaStmt):
            loses = bool(guarded)
        else:
            loses = isinstance(part, pg.AlterTableCmd) and part.subtype in UNLABELLING and bool(guarded)
        if loses:
            raise refused(
                "postgres.mask.definition",
                "labels are declared by name: what is renamed, moved or detached would lose them",
                "have the label declared under the new name first",
            )


def _refuse_clustering(statement: Message, guarded: list[CatalogRelation], index: CatalogIndex) -> None:
    """Rows that are stored in the order of a labelled column come in that order from then on."""
    everything = isinstance(statement, pg.ClusterStmt) and not statement.HasField("relation")
    if isinstance(statement, pg.ClusterStmt) and (guarded or (everything and index.catalog.labels)):
        raise refused(
            "postgres.mask.definition",
            "CLUSTER would store the rows of a table with labelled columns in an order that can tell their values",
            "use VACUUM (FULL) to compact it",
        )


def _holds_labels(schema: str, index: CatalogIndex) -> bool:
    return any(r.schema == schema and has_labels(r, index.catalog) for r in index.catalog.relations)
