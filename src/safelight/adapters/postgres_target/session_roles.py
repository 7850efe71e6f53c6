"""A warm pool of session roles: made ahead, opened for one session, dropped after it, swept up after a crash.

A lease takes one statement (ALTER ROLE … LOGIN). Everything slow (making, dropping, giving away what a session made)
happens on a second connection in the background. A role that cannot be dropped now is tried again until it is gone.
"""

import asyncio
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import structlog

from safelight.adapters.postgres_target import roles
from safelight.adapters.postgres_target.roles import RoleKind, SessionRole, new_role
from safelight.adapters.postgres_target.standing import StandingConnection
from safelight.adapters.postgres_target.untrusted import answered_by_a_peer
from safelight.adapters.postgres_target.wire import ServerRefused
from safelight.domain.errors import TargetUnavailable

log = structlog.get_logger(__name__)

DEPENDENT_OBJECTS = "2BP01"
UNDEFINED_OBJECT = "42704"
RETRY_SECONDS = 2.0
LONGEST_RETRY_SECONDS = 60.0
DROP_WAIT_SECONDS = 5.0
_BOOT = secrets.token_hex(8)
"""This process: its own roles are never leftovers, however often a target's configuration is loaded again."""


def tag_of(node: str) -> str:
    """The comment on every role of this node's present process."""
    return f"safelight session role; node {node}; process {_BOOT}"


@dataclass(frozen=True, slots=True)
class RoleCounts:
    """Roles made ahead, those of sessions, and those that wait to be dropped."""

    warm: int = 0
    leased: int = 0
    to_drop: int = 0


class SessionRoles:
    """``member_of`` gives the role that session roles of a kind belong to (None: this kind cannot be made).
    ``control`` answers at once; ``upkeep`` may be busy; ``in_database`` is a connection to any database."""

    def __init__(
        self,
        *,
        node: str,
        control: StandingConnection,
        upkeep: StandingConnection,
        in_database: Callable[[str], StandingConnection],
        member_of: dict[RoleKind, str],
        databases: Sequence[str],
        warm: int,
    ) -> None:
        self._node = node
        self._control = control
        self._upkeep = upkeep
        self._in_database = in_database
        self._member_of = member_of
        self._databases = databases
        self._warm = warm
        self._ready: dict[RoleKind, list[SessionRole]] = {kind: [] for kind in member_of}
        self._leased: dict[str, str] = {}
        self._closing = False
        self._to_drop: dict[str, asyncio.Future[None]] = {}
        self._wake = asyncio.Event()
        self._swept = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Sweep, then keep the pool full, in the background, for as long as it takes to reach the server."""
        self._task = asyncio.get_running_loop().create_task(self._keep())

    async def close(self) -> None:
        """Drop the warm roles, and leased ones that nobody gave back. Never waits for long."""
        self._closing = True
        self._wake.set()
        if self._task is not None:
            # Let a role that is being made be made: broken off, it would appear after everything was dropped.
            await asyncio.wait({self._task}, timeout=DROP_WAIT_SECONDS)
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        names = [role.name for pool in self._ready.values() for role in pool]
        names += [*self._leased.values(), *self._to_drop]
        with suppress(TimeoutError, TargetUnavailable):
            async with asyncio.timeout(DROP_WAIT_SECONDS):
                for name in names:
                    with suppress(
                        ServerRefused
                    ):  # one that is gone already, or that the server keeps for a reason of its own
                        await self._drop(name)

    def warm_count(self, kind: RoleKind) -> int:
        return len(self._ready.get(kind, ()))

    def counts(self) -> RoleCounts:
        return RoleCounts(sum(map(len, self._ready.values())), len(self._leased), len(self._to_drop))

    async def lease(self, session_id: str, kind: RoleKind, until_ms: int) -> SessionRole:
        """A role that can log in until ``until_ms``. Raises: TargetUnavailable."""
        if kind not in self._member_of:
            raise TargetUnavailable(f"no {kind}_role is configured for this target: a {kind} session has no account")
        pool = self._ready[kind]
        while True:
            role = pool.pop() if pool else await self._made(kind, self._control)
            self._wake.set()
            self._leased[session_id] = role.name
            try:
                await self._control.script(roles.open_sql(role.name, until_ms))
                return role
            except ServerRefused as refused:
                self._give_up(session_id)
                if refused.sqlstate != UNDEFINED_OBJECT:
                    raise _cannot("open a session role", refused) from refused
            except BaseException:
                self._give_up(session_id)
                raise

    async def release(self, session_id: str) -> None:
        """Drop the session's role. Returns when it is gone, or after a while: it is tried until it is."""
        dropped = self._give_up(session_id)
        if dropped is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(DROP_WAIT_SECONDS):
                    await asyncio.shield(dropped)

    def _give_up(self, session_id: str) -> "asyncio.Future[None] | None":
        name = self._leased.pop(session_id, None)
        return None if name is None else self._drop_later(name)

    def _drop_later(self, name: str) -> "asyncio.Future[None]":
        self._wake.set()
        return self._to_drop.setdefault(name, asyncio.get_running_loop().create_future())

    # ---- in the background

    async def _keep(self) -> None:
        pause_seconds = RETRY_SECONDS
        while not self._closing:
            self._wake.clear()
            try:
                await self._tidy()
            except (TargetUnavailable, ServerRefused) as problem:
                log.warning("session_roles.upkeep_failed", node=self._node, why=str(problem))
                await asyncio.sleep(pause_seconds)
                pause_seconds = min(pause_seconds * 2, LONGEST_RETRY_SECONDS)
                continue
            pause_seconds = RETRY_SECONDS
            if self._closing:
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(RETRY_SECONDS if self._to_drop else None):
                    await self._wake.wait()

    @answered_by_a_peer
    async def _tidy(self) -> None:
        if not self._swept:
            await self._sweep()
            self._swept = True
        for name in list(self._to_drop):
            await self._drop_now(name)
        for kind, pool in self._ready.items():
            while len(pool) < self._warm and not self._closing:
                pool.append(await self._made(kind, self._upkeep))
                for name in list(self._to_drop):
                    await self._drop_now(name)

    async def _drop_now(self, name: str) -> None:
        try:
            await self._drop(name)
        except ServerRefused as refused:
            log.warning("session_roles.not_dropped", role=name, sqlstate=refused.sqlstate)
            return
        done = self._to_drop.pop(name)
        if not done.done():
            done.set_result(None)

    async def _made(self, kind: RoleKind, connection: StandingConnection) -> SessionRole:
        role = new_role(kind)
        try:
            await connection.script(roles.create_sql(role, self._member_of[kind], tag_of(self._node)))
        except ServerRefused as refused:
            raise _cannot("make session roles", refused) from refused
        except BaseException:
            # Broken off: it may have been made all the same.
            self._drop_later(role.name)
            raise
        return role

    async def _drop(self, name: str) -> None:
        """Raises: TargetUnavailable, ServerRefused."""
        await self._upkeep.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1", name)
        try:
            await self._upkeep.script(roles.drop_sql(name))
        except ServerRefused as refused:
            if refused.sqlstate != DEPENDENT_OBJECTS:
                raise
            await self._disown(name)
            await self._upkeep.script(roles.drop_sql(name))

    async def _disown(self, name: str) -> None:
        """Give away what the session made, in every database of the target."""
        kind = RoleKind.WRITE if name.startswith(f"{roles.NAME_PREFIX}w") else RoleKind.READ
        heir = self._member_of.get(kind) or next(iter(self._member_of.values()))
        await self._upkeep.script(roles.close_sql(name))
        await self._upkeep.script(roles.adopt_sql(name))
        for database in self._databases:
            await self._in_database(database).script(roles.disown_sql(name, heir))

    async def _sweep(self) -> None:
        """Drop what earlier processes of this node have left behind."""
        found = await self._upkeep.query(
            "SELECT r.rolname FROM pg_roles r JOIN pg_shdescription d"
            " ON d.objoid = r.oid AND d.classoid = 'pg_authid'::regclass"
            " WHERE r.rolname LIKE $1 AND d.description LIKE $2 AND d.description <> $3",
            roles.NAME_PREFIX.replace("_", r"\_") + "%",
            f"safelight session role; node {_like(self._node)}; process %",
            tag_of(self._node),
        )
        names = [name for (name,) in found if name is not None and roles.NAME_PATTERN.fullmatch(name)]
        for name in names:
            try:
                await self._drop(name)
            except ServerRefused as refused:
                log.warning("session_roles.not_swept", role=name, sqlstate=refused.sqlstate)
        if names:
            log.info("session_roles.swept", node=self._node, count=len(names))


def _like(text: str) -> str:
    return text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")


def _cannot(what: str, refused: ServerRefused) -> TargetUnavailable:
    hint = {
        "42501": "its administrator account may not; the preflight says what to run",
        "25006": "it is a standby or read-only: session roles are made on the primary; use a static account",
    }.get(refused.sqlstate, f"SQLSTATE {refused.sqlstate}")
    return TargetUnavailable(f"the server does not let the gateway {what}: {hint}")
