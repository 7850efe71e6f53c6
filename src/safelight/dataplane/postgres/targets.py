"""The PostgreSQL targets of this node at work: their administration, their catalogs, and what texts mean on them."""

import asyncio
from collections.abc import Callable, Mapping

import structlog

from safelight.dataplane.analysts import AnalystPool
from safelight.dataplane.postgres.catalogs import Catalogs
from safelight.dataplane.postgres.meaning import Meanings
from safelight.domain.errors import TargetUnavailable
from safelight.domain.target import Target, TargetKind
from safelight.ports.target_admin import TargetAdmin
from safelight.protocols.postgres.catalog import Catalog

log = structlog.get_logger(__name__)

AdminFor = Callable[[Target], TargetAdmin[Catalog]]


class PostgresTarget:
    """One target. Its configuration can be replaced under live sessions: they follow new labels at once, and keep
    the administration that opened them until they end."""

    def __init__(self, target: Target, admin: TargetAdmin[Catalog], analysts: AnalystPool) -> None:
        self.target = target
        self.admin = admin
        self._analysts = analysts
        self._catalogs = Catalogs(admin)
        self._meanings: dict[str, Meanings] = {}
        self._poll = asyncio.get_running_loop().create_task(self._catalogs.poll())

    def meanings(self, database: str) -> Meanings:
        kept = self._meanings.get(database)
        if kept is None:
            kept = self._meanings[database] = Meanings(self._analysts, self._catalogs, database)
        return kept

    async def replace(self, target: Target, admin: TargetAdmin[Catalog]) -> None:
        """Raises: TargetUnavailable: the catalogs cannot be read with the new configuration; nothing changes."""
        await self._catalogs.replace_admin(admin)
        self.target, self.admin = target, admin

    def start_over(self, target: Target, admin: TargetAdmin[Catalog]) -> None:
        """Take a new configuration whose catalogs cannot be read yet. No session may be live."""
        self._catalogs.start_over(admin)
        self.target, self.admin = target, admin

    async def close(self) -> None:
        self._poll.cancel()
        await asyncio.gather(self._poll, return_exceptions=True)


class PostgresTargets:
    """``on_removed`` is told the name of a target that is gone from the configuration: its sessions must end."""

    def __init__(self, analysts: AnalystPool, admin_for: AdminFor, on_removed: Callable[[str], None]) -> None:
        self._analysts = analysts
        self._admin_for = admin_for
        self._on_removed = on_removed
        self._targets: dict[str, PostgresTarget] = {}
        self._admins: list[TargetAdmin[Catalog]] = []

    def get(self, name: str) -> PostgresTarget | None:
        return self._targets.get(name)

    async def configure(self, targets: Mapping[str, Target]) -> None:
        """Follow a new configuration: start what is new, replace what changed, drop what is gone.

        A target that cannot be reached now is kept and tried again whenever it is used. No target waits for another.
        """
        wanted = {name: target for name, target in targets.items() if target.kind is TargetKind.POSTGRES}
        for name in [name for name in self._targets if name not in wanted]:
            await self._targets.pop(name).close()
            self._on_removed(name)
        await asyncio.gather(*(self._follow(name, target) for name, target in wanted.items()))

    async def close(self) -> None:
        """Stop polling, drop the warm accounts, close the standing connections."""
        await asyncio.gather(*(target.close() for target in self._targets.values()))
        await asyncio.gather(*(admin.close() for admin in self._admins), return_exceptions=True)

    async def _follow(self, name: str, target: Target) -> None:
        known = self._targets.get(name)
        if known is None:
            self._targets[name] = PostgresTarget(target, await self._start(target), self._analysts)
        elif known.target != target:
            await self._replace(known, target)

    async def _start(self, target: Target) -> TargetAdmin[Catalog]:
        admin = self._admin_for(target)
        self._admins.append(admin)
        try:
            await admin.start()
        except TargetUnavailable as problem:
            log.warning("target.unavailable", target=target.name, why=str(problem))
        return admin

    async def _replace(self, known: PostgresTarget, target: Target) -> None:
        admin = await self._start(target)
        try:
            await known.replace(target, admin)
        except TargetUnavailable as problem:
            log.error("target.not_replaced", target=target.name, why=str(problem))
            self._on_removed(target.name)
            known.start_over(target, admin)
