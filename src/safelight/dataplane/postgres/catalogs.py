"""The current catalog of each database of one target, and how it is kept current.

Changes made through the gateway reload it at once; changes made beside the gateway are found by polling, and by the
check of every RowDescription's origins before its rows move (``protocols.postgres.origins``).
"""

import asyncio
from dataclasses import replace

import structlog

from safelight._native import Epoch
from safelight.domain.errors import TargetUnavailable
from safelight.ports.target_admin import TargetAdmin
from safelight.protocols.postgres.catalog import Catalog

log = structlog.get_logger(__name__)

POLL_SECONDS = 10.0


class Catalogs:
    """``epoch`` advances whenever a catalog of the target has changed."""

    def __init__(self, admin: TargetAdmin[Catalog]) -> None:
        self._admin = admin
        self._current: dict[str, Catalog] = {}
        self.epoch = Epoch()

    async def get(self, database: str) -> Catalog:
        """The catalog; loaded when it is wanted for the first time.

        Raises:
            TargetUnavailable: it cannot be loaded.
        """
        return self._current.get(database) or await self.reload(database)

    async def reload(self, database: str) -> Catalog:
        """Load it now.

        Raises:
            TargetUnavailable: it cannot be loaded.
        """
        catalog = await self._admin.catalog(database)
        before = self._current.get(database)
        if before is None or before.version != catalog.version:
            self._current[database] = catalog
            self.epoch.advance()
        return self._current[database]

    async def replace_admin(self, admin: TargetAdmin[Catalog]) -> None:
        """Read everything in use again through ``admin``, then follow it. All or nothing.

        Raises:
            TargetUnavailable: a catalog cannot be loaded.
        """
        loaded = {database: await admin.catalog(database) for database in list(self._current)}
        self._admin = admin
        self._current = loaded
        self.epoch.advance()

    def start_over(self, admin: TargetAdmin[Catalog]) -> None:
        """Forget everything; the next use loads through ``admin``."""
        self._admin = admin
        self._current.clear()
        self.epoch.advance()

    async def poll(self) -> None:
        """Reload what is in use, for ever. A target that cannot be reached is asked again the next time."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            for database in list(self._current):
                try:
                    await self.reload(database)
                except TargetUnavailable as problem:
                    log.warning("catalog.poll_failed", database=database, why=str(problem))


def under_search_path(catalog: Catalog, search_path: str | None) -> Catalog:
    """The catalog as a session sees it that asked for a search_path in its startup packet.

    ``search_path`` has passed the closed list of settings: plain names, separated by commas.
    """
    if search_path is None:
        return catalog
    schemas = tuple(part.strip().strip('"') for part in search_path.split(",") if part.strip())
    return replace(catalog, search_path=schemas, version=f"{catalog.version}/{search_path}")
