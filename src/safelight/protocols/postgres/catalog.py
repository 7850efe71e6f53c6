"""The snapshot of a database's catalog against which names are resolved, and its labelled columns.

Loaded over the target's admin connection, immutable, replaced whole when the target's catalog changes.
It must never be used for another database than the one it was read from.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from safelight.domain.masking import LabelUse, Strategy, usual_uses


@dataclass(frozen=True, slots=True)
class CatalogColumn:
    """``number`` is pg_attribute.attnum; ``type_oid`` the declared type (a domain keeps its own OID). ``unique``: no
    two rows of the relation (its children included) have the same value in it, and none is NULL."""

    number: int
    name: str
    type_oid: int
    unique: bool = False


@dataclass(frozen=True, slots=True)
class CatalogRelation:
    """``kind`` is pg_class.relkind. ``definition`` is pg_get_viewdef under an empty search_path (views and
    materialised views only). ``parents`` are the OIDs of inheritance parents and partitioned tables above it."""

    oid: int
    schema: str
    name: str
    kind: str
    columns: tuple[CatalogColumn, ...]
    definition: str | None
    parents: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class LabelledColumn:
    """``uses`` and ``generalisations`` are what may be found out besides the masked value: None for the strategy's
    usual uses; ``domain`` (of an e-mail address), ``year``, ``prefix:3``. ``values``: with so many constants may one
    statement compare columns of the label."""

    label: str
    strategy: Strategy
    uses: frozenset[LabelUse] | None = None
    generalisations: tuple[str, ...] = ()
    values: int = 10

    def allows(self, use: LabelUse) -> bool:
        """Whether statements may find this out."""
        return use in (usual_uses(self.strategy) if self.uses is None else self.uses)


@dataclass(frozen=True)
class Catalog:
    """``version`` is a digest over everything else: equal digests mean equal catalogs.

    ``functions``, ``operators`` and ``types`` are the names that exist *outside* pg_catalog and information_schema
    (``schema``, ``name``): a call of such a name is not a call of the built-in. ``trusted`` of them are immutable
    or stable and belong to an extension that this product knows to be harmless (citext, hstore, ltree, pg_trgm …).
    ``labels`` is keyed by (relation OID, attribute number) and already includes inheritance children and parents.
    ``opaque`` are relations whose labels could not all be placed (a labelled column is missing): nothing of them
    may leave. ``search_path`` are the schemas a new session of the account resolves names in, in order, without
    pg_catalog.
    """

    version: str
    target: str
    database: str
    server_version_num: int
    relations: tuple[CatalogRelation, ...]
    functions: frozenset[tuple[str, str]]
    trusted_functions: frozenset[tuple[str, str]]
    operators: frozenset[str]
    trusted_operators: frozenset[str]
    types: frozenset[tuple[str, str]]
    labels: Mapping[tuple[int, int], LabelledColumn]
    opaque: frozenset[int]
    search_path: tuple[str, ...]
    harmless_types: frozenset[tuple[str, str]] = frozenset()
    """Of ``types``, those whose input runs nothing of a user's: enums, and types of the trusted extensions. Never
    domains and row types."""

    harmless_type_oids: frozenset[int] = frozenset()
    """The OIDs of the same, and of arrays of them: what a client may declare a parameter to be."""

    @cached_property
    def relation_oids(self) -> frozenset[int]:
        """The OIDs of all relations of the snapshot."""
        return frozenset(relation.oid for relation in self.relations)

    @cached_property
    def labelled_relations(self) -> frozenset[str]:
        """Qualified names (``schema.name``) of the relations that have labelled columns, or may have some."""
        oids = {oid for oid, _ in self.labels} | self.opaque
        return frozenset(f"{relation.schema}.{relation.name}" for relation in self.relations if relation.oid in oids)
