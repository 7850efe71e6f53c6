"""The administration of one PostgreSQL target: everything :class:`safelight.ports.target_admin.TargetAdmin` asks.

Connections that stand, so that nothing waits for another's slow work: one for what must be at once (leases, ends),
one for making and dropping roles, one for each database in use. No text of a client runs on any of them: the rows of
a held statement are counted under an account like the session's own.
"""

import asyncio
import secrets
import time
from collections.abc import Mapping, Sequence
from datetime import datetime

import structlog

from safelight.adapters.postgres_target.catalog_loader import CatalogLoader
from safelight.adapters.postgres_target.counting import count_rows
from safelight.adapters.postgres_target.observe import observe
from safelight.adapters.postgres_target.pooling import Pooling
from safelight.adapters.postgres_target.preflight import findings, unreachable
from safelight.adapters.postgres_target.privileges import Privileges, attributes_of, privileges_of
from safelight.adapters.postgres_target.roles import RoleKind
from safelight.adapters.postgres_target.session_roles import RoleCounts, SessionRoles
from safelight.adapters.postgres_target.snapshot import in_snapshot
from safelight.adapters.postgres_target.standing import OURS, QUERY_TIMEOUT_SECONDS, StandingConnection
from safelight.adapters.postgres_target.terminate import Terminator, backend_start
from safelight.adapters.postgres_target.untrusted import answered_by_a_peer
from safelight.adapters.postgres_target.wire import Dial, ServerRefused, Wire
from safelight.domain.capability import Capability
from safelight.domain.errors import TargetUnavailable
from safelight.domain.target import AccountMode, Target
from safelight.ports.secrets import Secrets
from safelight.ports.target_admin import Account, Finding, Work, WorkEnd
from safelight.protocols.postgres.catalog import Catalog

log = structlog.get_logger(__name__)

READING = frozenset({Capability.READ, Capability.EXPORT, Capability.UNMASK})
"""A grant of nothing else is served by an account that only reads."""
ENFORCEMENT_KEPT_SECONDS = 60.0
COUNT_ACCOUNT_SECONDS = 3600.0
"""How long the account of a count could log in (the server's clock may be off). It is dropped right after."""
QUICK = {**OURS, "synchronous_commit": "off"}
"""Losing the making of a session role in a crash of the server loses nothing."""
OWN_PATH = {name: value for name, value in OURS.items() if name != "search_path"}


class PostgresTargetAdmin:
    """``node`` names this gateway towards the server: no two that share a server may have the same. ``warm`` is how
    many session roles of each kind are made ahead. ``dial`` logs in with the product's own handshake."""

    def __init__(self, target: Target, secrets_by_name: Secrets, *, node: str, warm: int, dial: Dial) -> None:
        self._target = target
        self._secrets = secrets_by_name
        self._dial = dial
        self._databases: dict[str, StandingConnection] = {}
        self._enforced: dict[str, tuple[float, bool]] = {}
        self._refreshing: dict[str, asyncio.Task[bool]] = {}
        self._releasing: set[asyncio.Task[None]] = set()
        ephemeral = target.account_mode is AccountMode.EPHEMERAL
        self._account_name = (target.read_role or target.write_role if ephemeral else target.account_user) or ""
        administrator = target.admin_user or target.account_user or ""
        self._control = self._standing(target.databases[0], "safelight-control", QUICK)
        self._upkeep = self._standing(target.databases[0], "safelight-upkeep", QUICK)
        self._pooling = Pooling(dial, target, self._administrator)
        self._terminator = Terminator(self._control)
        self._catalogs = CatalogLoader(
            target, self._account_name, administrator, self._in_database, is_member=ephemeral
        )
        self._roles: SessionRoles | None = None
        if ephemeral:
            self._roles = SessionRoles(
                node=node,
                control=self._control,
                upkeep=self._upkeep,
                in_database=self._in_database,
                member_of=_member_of(target),
                databases=target.databases,
                warm=warm,
            )

    @answered_by_a_peer
    async def start(self) -> None:
        """Reach the server, and begin to keep session roles warm. Can be used even if this raises: it is tried again.

        Raises:
            TargetUnavailable: the server cannot be reached now.
        """
        if self._roles is not None:
            self._roles.start()
        await self._pooling.refuse()
        await self._ask(self._control, "SELECT 1")
        for database in self._target.databases:
            self._refresh_enforced(database)

    async def close(self) -> None:
        if self._roles is not None:
            await self._roles.close()
        background = [*self._refreshing.values(), *self._releasing]
        for task in background:
            task.cancel()
        await asyncio.gather(*background, return_exceptions=True)
        for connection in (self._control, self._upkeep, *self._databases.values()):
            await connection.close()

    @answered_by_a_peer
    async def lease(
        self, session_id: str, capabilities: frozenset[Capability], database: str, until_ms: int
    ) -> Account:
        """An account for one session. Raises: TargetUnavailable."""
        self._in_database(database)
        await self._pooling.refuse()
        if self._roles is None:
            return self._static_account(enforced_read_only=await self._is_enforced(database))
        kind = RoleKind.READ if capabilities <= READING else RoleKind.WRITE
        enforced = kind is RoleKind.READ and await self._is_enforced(database)
        role = await self._roles.lease(session_id, kind, until_ms)
        return role.account(enforced_read_only=enforced)

    def role_counts(self) -> RoleCounts:
        """Nothing but zeros where sessions share an account of the target."""
        return self._roles.counts() if self._roles is not None else RoleCounts()

    async def release(self, session_id: str) -> None:
        if self._roles is not None:
            await self._roles.release(session_id)

    @answered_by_a_peer
    async def backend_start(self, pid: int) -> datetime | None:
        try:
            return await backend_start(self._control, pid)
        except ServerRefused as refused:
            raise _refused(refused) from refused

    @answered_by_a_peer
    async def terminate(self, works: Sequence[Work]) -> list[WorkEnd]:
        return await self._terminator.terminate(works)

    @answered_by_a_peer
    async def catalog(self, database: str) -> Catalog:
        """The catalog as it is now; the same object while nothing has changed. Raises: TargetUnavailable."""
        return await self._catalogs.load(database)

    @answered_by_a_peer
    async def catalog_changed(self, database: str) -> bool:
        """Whether the catalog last given is out of date. Raises: TargetUnavailable."""
        return await self._catalogs.changed(database)

    @answered_by_a_peer
    async def count_rows(self, database: str, query: str, timeout_seconds: float) -> int | None:
        """What a count gives under an account like a session's; None when it cannot be had."""
        session_id = f"count-{secrets.token_hex(8)}"
        until_ms = int((time.time() + COUNT_ACCOUNT_SECONDS) * 1000)
        try:
            account = await self.lease(session_id, READING, database, until_ms)
        except TargetUnavailable:
            return None
        try:
            return await count_rows(self._dial, self._target, account, database, query, timeout_seconds)
        finally:
            task = asyncio.get_running_loop().create_task(self.release(session_id))
            self._releasing.add(task)
            task.add_done_callback(self._releasing.discard)

    async def preflight(self) -> list[Finding]:
        """What this target's accounts guarantee. Never raises: a target that cannot be asked is a finding."""
        try:
            await self._pooling.refuse()
            seen = await self._control.use(
                lambda wire: observe(self._target, wire, self._account_name, self._privileges_in),
                QUERY_TIMEOUT_SECONDS,
            )
        except TargetUnavailable as problem:
            return [unreachable(str(problem))]
        except ServerRefused as refused:
            return [unreachable(f"the server refused a question (SQLSTATE {refused.sqlstate})")]
        return findings(self._target, seen)

    # ---- accounts

    def _administrator(self) -> Account:
        """The account of the standing connections. Raises: TargetUnavailable when none is configured."""
        target = self._target
        if target.admin_user is not None:
            return self._named_account(target.admin_user, target.admin_secret)
        if target.account_user is not None:
            return self._named_account(target.account_user, target.account_secret)
        raise TargetUnavailable("no account is configured for this target")

    def _static_account(self, *, enforced_read_only: bool) -> Account:
        if self._target.account_user is None:
            raise TargetUnavailable("no account is configured for this target")
        return self._named_account(
            self._target.account_user, self._target.account_secret, enforced_read_only=enforced_read_only
        )

    def _named_account(self, user: str, secret: str | None, *, enforced_read_only: bool = False) -> Account:
        try:
            password = self._secrets.get(secret) if secret is not None else None
        except KeyError as cause:
            raise TargetUnavailable(f"there is no secret named {secret}") from cause
        return Account(user, password, None, ephemeral=False, enforced_read_only=enforced_read_only)

    # ---- whether the server itself refuses every change

    async def _is_enforced(self, database: str) -> bool:
        """What was found last; asked again in the background once it is old. The first time waits."""
        known = self._enforced.get(database)
        if known is None:
            return await asyncio.shield(self._refresh_enforced(database))
        if asyncio.get_running_loop().time() > known[0] + ENFORCEMENT_KEPT_SECONDS:
            self._refresh_enforced(database)
        return known[1]

    def _refresh_enforced(self, database: str) -> "asyncio.Task[bool]":
        running = self._refreshing.get(database)
        if running is None or running.done():
            running = asyncio.get_running_loop().create_task(self._find_enforced(database))
            self._refreshing[database] = running
        return running

    async def _find_enforced(self, database: str) -> bool:
        """Not known is no."""
        try:
            attributes = await self._control.use(
                lambda wire: attributes_of(wire, self._account_name), QUERY_TIMEOUT_SECONDS
            )
            privileges = await self._privileges_in(database)
        except (TargetUnavailable, ServerRefused) as problem:
            log.warning("target.privileges_unknown", target=self._target.name, why=str(problem))
            self._enforced.pop(database, None)
            return False
        enforced = (
            attributes is not None
            and attributes.changes_nothing
            and privileges is not None
            and privileges.changes_nothing
        )
        self._enforced[database] = (asyncio.get_running_loop().time(), enforced)
        return enforced

    async def _privileges_in(self, database: str) -> Privileges | None:
        async def read(wire: Wire) -> Privileges | None:
            return await privileges_of(wire, self._account_name)

        return await self._in_database(database).use(in_snapshot(read), QUERY_TIMEOUT_SECONDS)

    # ---- connections

    def _standing(self, database: str, purpose: str, settings: Mapping[str, str]) -> StandingConnection:
        return StandingConnection(self._dial, self._target, self._administrator, database, purpose, settings)

    def _in_database(self, database: str) -> StandingConnection:
        """Raises: TargetUnavailable when the target's configuration does not list it."""
        if database not in self._target.databases:
            raise TargetUnavailable(f"the database {database} is not configured for this target")
        connection = self._databases.get(database)
        if connection is None:
            connection = self._databases[database] = self._standing(database, "safelight-catalog", OWN_PATH)
        return connection

    async def _ask(self, connection: StandingConnection, text: str) -> None:
        try:
            await connection.query(text)
        except ServerRefused as refused:
            raise _refused(refused) from refused


def _member_of(target: Target) -> dict[RoleKind, str]:
    configured = {RoleKind.READ: target.read_role, RoleKind.WRITE: target.write_role}
    return {kind: role for kind, role in configured.items() if role is not None}


def _refused(refused: ServerRefused) -> TargetUnavailable:
    return TargetUnavailable(f"the server refused the gateway's question (SQLSTATE {refused.sqlstate})")
