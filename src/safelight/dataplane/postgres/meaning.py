"""What texts mean to one session's kind: one catalog, one search_path, one account.

Shared by the sessions that agree in these. Analyses outlive changes of policy; they end with their catalog.
"""

from safelight._native import Epoch, ShapeCache
from safelight.dataplane.analysts import AnalystPool
from safelight.dataplane.postgres.catalogs import Catalogs, under_search_path
from safelight.protocols.postgres.analysis import Analysis
from safelight.protocols.postgres.catalog import Catalog

UNKNOWN_NAMES = frozenset({"postgres.name.unknown", "postgres.name.column"})
"""Refusals that a newer catalog may answer."""
MAX_KEPT = 64


class Meanings:
    """Reads texts, and remembers what they mean. One for a database of a target."""

    def __init__(self, analysts: AnalystPool, catalogs: Catalogs, database: str) -> None:
        self._analysts = analysts
        self._catalogs = catalogs
        self._database = database
        self._kept: dict[str | None, tuple[Catalog, Catalog, ShapeCache[Analysis]]] = {}
        """search_path → (catalog, the same under the search_path, its analyses)."""

    @property
    def epoch(self) -> Epoch:
        return self._catalogs.epoch

    async def reload(self) -> None:
        """Raises: TargetUnavailable."""
        await self._catalogs.reload(self._database)

    async def under(self, search_path: str | None) -> tuple[Catalog, ShapeCache[Analysis]]:
        """The current catalog under a search_path, and the analyses known for it.

        Raises:
            TargetUnavailable: the catalog cannot be loaded.
        """
        base = await self._catalogs.get(self._database)
        kept = self._kept.get(search_path)
        if kept is None or kept[0] is not base:
            if len(self._kept) >= MAX_KEPT:
                del self._kept[next(iter(self._kept))]
            kept = self._kept[search_path] = (base, under_search_path(base, search_path), ShapeCache())
        return kept[1], kept[2]

    async def read(self, text: bytes, catalog: Catalog, extended: bool, principal: str) -> Analysis:
        """What a text of ``principal`` means, straight from a child."""
        return await self._analysts.analyse(text, catalog, extended, principal)


def misses_names(analysis: Analysis) -> bool:
    """Whether a text names what the catalog does not know: it may be out of date."""
    refusals = (analysis.refusal, *(statement.facts.refusal for statement in analysis.statements))
    return any(refusal is not None and refusal.rule in UNKNOWN_NAMES for refusal in refusals)
