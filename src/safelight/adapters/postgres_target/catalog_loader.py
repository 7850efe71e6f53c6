"""Reads a database's catalog over a standing connection: cheaply when nothing changed, whole when something did.

One snapshot, few queries, whatever the size; rows are read off the socket here and understood in a thread, because a
big catalog takes long enough to be felt by other sessions.
"""

import asyncio
import hashlib
import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from safelight.adapters.postgres_target import catalog_sql as sql
from safelight.adapters.postgres_target.labels import ancestors, place
from safelight.adapters.postgres_target.snapshot import in_snapshot
from safelight.adapters.postgres_target.standing import StandingConnection
from safelight.adapters.postgres_target.wire import Row, ServerRefused, Wire, decode_row
from safelight.domain.errors import TargetUnavailable
from safelight.domain.target import Target
from safelight.protocols.postgres.catalog import Catalog, CatalogColumn, CatalogRelation

ResultT = TypeVar("ResultT")

LOAD_TIMEOUT_SECONDS = 60.0
SERVER_DEFAULT_PATH = '"$user", public'

TRUSTED_EXTENSIONS = (
    "citext", "cube", "earthdistance", "fuzzystrmatch", "hstore", "intarray", "isn", "ltree", "pg_trgm", "pgcrypto",
    "seg", "unaccent", "uuid-ossp", "vector",
)  # fmt: skip
"""Extensions whose immutable and stable functions change nothing, and read nothing but their arguments."""
HARMLESS_VOLATILE = (
    "uuid_generate_v1", "uuid_generate_v1mc", "uuid_generate_v4", "gen_random_bytes", "gen_random_uuid", "gen_salt",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Answers:
    """What the queries gave, not yet understood. ``usable`` are schemas."""

    fingerprint: str
    version_num: int
    account: str | None
    path: str
    usable: frozenset[str]
    relations: list[bytes]
    parents: list[bytes]
    functions: list[bytes]
    operators: list[bytes]
    types: list[bytes]


class CatalogLoader:
    """The catalogs of one target. ``account`` is the role whose schemas and search_path count; a session role has the
    schemas of the role it belongs to (``is_member``), and no settings or schema of its own."""

    def __init__(
        self,
        target: Target,
        account: str,
        administrator: str,
        in_database: Callable[[str], StandingConnection],
        *,
        is_member: bool,
    ) -> None:
        self._target = target
        self._account = account
        self._logs_in_as = None if is_member else account
        self._administrator = administrator
        self._in_database = in_database
        self._kept: dict[str, tuple[str, Catalog]] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def load(self, database: str) -> Catalog:
        """The catalog as it is now; the very same object while it has not changed.

        Raises:
            TargetUnavailable: it cannot be read.
        """
        async with self._locks.setdefault(database, asyncio.Lock()):
            kept = self._kept.get(database)
            answers = await self._read(database, unless=kept[0] if kept else None)
            if answers is None:
                assert kept is not None
                return kept[1]
            catalog = await asyncio.to_thread(_understand, answers, self._target, database)
            if kept is not None and kept[1].version == catalog.version:
                catalog = kept[1]
            self._kept[database] = (answers.fingerprint, catalog)
            return catalog

    async def changed(self, database: str) -> bool:
        """Whether the last load is out of date. Raises: TargetUnavailable."""
        kept = self._kept.get(database)

        async def look(wire: Wire) -> bool:
            return kept is None or await self._fingerprint(wire) != kept[0]

        return await self._in_snapshot(database, look)

    async def _read(self, database: str, *, unless: str | None) -> _Answers | None:
        """None when the fingerprint is still ``unless``."""

        async def read(wire: Wire) -> _Answers | None:
            fingerprint = await self._fingerprint(wire)
            return None if fingerprint == unless else await self._everything(wire, fingerprint)

        return await self._in_snapshot(database, read)

    async def _in_snapshot(self, database: str, work: Callable[[Wire], Awaitable[ResultT]]) -> ResultT:
        """What was dropped while it was being read (pg_get_viewdef looks past the snapshot) is read once more."""
        connection = self._in_database(database)
        try:
            try:
                return await connection.use(in_snapshot(work), LOAD_TIMEOUT_SECONDS)
            except ServerRefused:
                return await connection.use(in_snapshot(work), LOAD_TIMEOUT_SECONDS)
        except ServerRefused as refused:
            raise TargetUnavailable(f"the catalog cannot be read (SQLSTATE {refused.sqlstate})") from refused

    async def _fingerprint(self, wire: Wire) -> str:
        ((fingerprint,),) = await wire.query(sql.FINGERPRINT, self._logs_in_as, self._administrator)
        return fingerprint or ""

    async def _everything(self, wire: Wire, fingerprint: str) -> _Answers:
        ((version, default_path),) = await wire.query(sql.SERVER)
        ((own_path, unsure),) = await wire.query(sql.PATHS, self._logs_in_as)
        usable = await wire.query(sql.USABLE_SCHEMAS, self._account)
        trusted, harmless = _array(TRUSTED_EXTENSIONS), _array(HARMLESS_VOLATILE)
        path = (own_path or "").removeprefix("search_path=")
        if not path:
            path = SERVER_DEFAULT_PATH if unsure == "t" else default_path or SERVER_DEFAULT_PATH
        return _Answers(
            fingerprint=fingerprint,
            version_num=int(version or 0),
            account=self._logs_in_as,
            path=path,
            usable=frozenset(name for (name,) in usable if name is not None),
            relations=await wire.raw_query(sql.RELATIONS),
            parents=await wire.raw_query(sql.PARENTS),
            functions=await wire.raw_query(sql.FUNCTIONS, trusted, harmless),
            operators=await wire.raw_query(sql.OPERATORS, trusted),
            types=await wire.raw_query(sql.TYPES, trusted),
        )


def _understand(answers: _Answers, target: Target, database: str) -> Catalog:
    """Pure and slow; in a thread."""
    pairs = [(int(child or 0), int(parent or 0)) for child, parent in map(decode_row, answers.parents)]
    above = ancestors(pairs)
    relations = tuple(_relation(decode_row(body), above) for body in answers.relations)
    labels, opaque = place(target.columns, relations, pairs)
    functions = [(_pair(row), row[2] == "t") for row in map(decode_row, answers.functions)]
    operators = [(row[0] or "", row[1] == "t") for row in map(decode_row, answers.operators)]
    types = [(_pair(row), row[2] == "t") for row in map(decode_row, answers.types)]
    path = _resolved(answers.path, answers.account, answers.usable)
    return Catalog(
        version=_digest(answers, target, database, path),
        target=target.name,
        database=database,
        server_version_num=answers.version_num,
        relations=relations,
        functions=frozenset(name for name, _ in functions),
        trusted_functions=frozenset(name for name, trusted in functions if trusted),
        operators=frozenset(name for name, _ in operators),
        trusted_operators=frozenset(name for name, trusted in operators if trusted),
        types=frozenset(name for name, _ in types),
        harmless_types=frozenset(name for name, harmless in types if harmless),
        harmless_type_oids=_harmless_oids(answers.types),
        labels=labels,
        opaque=opaque,
        search_path=path,
    )


def _harmless_oids(types: Sequence[bytes]) -> frozenset[int]:
    """Harmless types, and arrays of them."""
    return frozenset(int(oid or 0) for row in map(decode_row, types) if row[2] == "t" for oid in row[3:5])


def _relation(row: Row, above: Mapping[int, tuple[int, ...]]) -> CatalogRelation:
    oid, schema, name, kind, columns, definition = row
    number = int(oid or 0)
    parsed = tuple(CatalogColumn(*column) for column in json.loads(columns or "[]"))
    return CatalogRelation(number, schema or "", name or "", kind or "", parsed, definition, above.get(number, ()))


def _pair(row: Row) -> tuple[str, str]:
    return row[0] or "", row[1] or ""


def _digest(answers: _Answers, target: Target, database: str, path: tuple[str, ...]) -> str:
    digest = hashlib.sha256()
    digest.update(json.dumps([target.name, database, answers.version_num, path]).encode())
    for column in target.columns:
        uses = sorted(column.uses) if column.uses is not None else None
        parts = (column.schema, column.table, column.column, column.label, column.strategy.value)
        digest.update(json.dumps((*parts, uses, column.generalisations, column.values)).encode())
    for part in (answers.relations, answers.parents, answers.functions, answers.operators, answers.types):
        digest.update(b"%d" % len(part))
        for body in part:
            digest.update(b"%d:" % len(body) + body)
    return digest.hexdigest()


_PATH_ITEM = re.compile(r'\s*(?:"((?:[^"]|"")*)"|([^",\s]+))\s*(?:,|$)')


def _resolved(path: str, account: str | None, usable: frozenset[str]) -> tuple[str, ...]:
    """The schemas that count: existing, usable by the account, without pg_catalog (which comes first anyway)."""
    schemas = []
    for match in _PATH_ITEM.finditer(path):
        quoted, plain = match.groups()
        name = quoted.replace('""', '"') if quoted is not None else plain.lower()
        if name == "$user":
            name = account or ""
        if name in usable and name not in schemas and name != "pg_catalog" and not name.startswith("pg_temp"):
            schemas.append(name)
    return tuple(schemas)


def _array(names: Sequence[str]) -> str:
    """A PostgreSQL array of plain names, as text."""
    return "{" + ",".join(f'"{name}"' for name in names) + "}"
