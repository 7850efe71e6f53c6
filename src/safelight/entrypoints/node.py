"""One node: every part, started in order and ended in reverse, and the one task group that keeps it alive.

If a part that must not die dies (the timekeeper, the log), the node ends its sessions and stops: never fail open.
"""

import asyncio
import hmac
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from functools import partial
from types import TracebackType
from typing import Any, Self
from weakref import WeakSet

import structlog
from prometheus_client import CollectorRegistry

from safelight.adapters.audit_files import AuditFiles
from safelight.adapters.audit_reader import AuditFilesReader
from safelight.adapters.clock import SystemClock
from safelight.adapters.config_files import ConfigSet, ConfigWatcher
from safelight.adapters.file_problems import FilesInvalid
from safelight.adapters.keys import NodeKeys
from safelight.adapters.log_notifier import LogNotifier
from safelight.adapters.postgres_target.admin import PostgresTargetAdmin
from safelight.adapters.randomness import SystemRandomness
from safelight.adapters.secret_files import SecretFiles
from safelight.adapters.slow_hashes import ThreadedSlowHashes
from safelight.adapters.storage.sql_store import SqlStore
from safelight.application.compose import start_services
from safelight.application.services import Services
from safelight.controlplane.server import ApiServer
from safelight.dataplane.analysts import AnalystPool
from safelight.dataplane.connection import TlsSide
from safelight.dataplane.departures import Departures
from safelight.dataplane.listener import Listener
from safelight.dataplane.live_sessions import End, NodeSessions
from safelight.dataplane.postgres.dial import dial
from safelight.dataplane.postgres.targets import PostgresTargets
from safelight.domain.audit_event import AuditEvent, EventKind, Scalar
from safelight.domain.errors import SafelightError
from safelight.domain.lock import Subjects
from safelight.domain.session import Session
from safelight.domain.target import Target
from safelight.entrypoints.api import node_api, preflight
from safelight.entrypoints.banner import print_banner
from safelight.entrypoints.configuration import Configuration, InForce
from safelight.entrypoints.limits import access_limits
from safelight.entrypoints.metrics import LoopLag, register
from safelight.entrypoints.open_files import affordable_handshakes
from safelight.entrypoints.postgres import postgres_front_door, server_tls
from safelight.entrypoints.settings import Settings
from safelight.policy.problems import PolicyInvalid
from safelight.ports.audit import AuditUnavailable
from safelight.ports.target_admin import Severity, TargetAdmin
from safelight.protocols.postgres.catalog import Catalog

log = structlog.get_logger(__name__)

Fields = dict[str, Scalar | tuple[str, ...]]

SLOW_THREADS = 2
"""Threads for PBKDF2: it leaves the interpreter free while it computes."""


class NodeFailed(SafelightError):
    """The node has stopped by itself. Whatever started it should start it again, or call for help."""


class Node:
    """``async with Node(…) as node: await node.run(stop)``."""

    def __init__(
        self, settings: Settings, configuration: Configuration, secrets: SecretFiles, keys: NodeKeys
    ) -> None:
        self.settings = settings
        self.keys = keys
        self.secrets = secrets
        self.clock = SystemClock()
        self._configuration = configuration
        self._stack = AsyncExitStack()
        self._failed = asyncio.Event()
        self.in_force: InForce
        self.audit: AuditFiles
        self.audit_reader: AuditFilesReader
        self.services: Services
        self.live: NodeSessions
        self.targets: PostgresTargets
        self.analysts: AnalystPool
        self.departures: Departures
        self.executor = ThreadPoolExecutor(SLOW_THREADS, "slow")
        self.tls: TlsSide
        self.registry = CollectorRegistry()
        self.admins: WeakSet[PostgresTargetAdmin] = WeakSet()
        self.listener: Listener
        self.postgres_port = 0
        self.api_url = ""
        self._api: ApiServer
        self._watcher: ConfigWatcher
        self._problems: tuple[str, ...] = ()

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    # --- start ------------------------------------------------------------------------------------------------

    async def _start(self) -> None:
        settings = self.settings
        self.in_force = self._configuration.load()
        self._stack.callback(self.executor.shutdown, wait=False)
        self.live = NodeSessions(
            self.clock,
            lambda grant_id: self.services.access.deadline(grant_id),
            self._subjects_of,
            session_max_seconds=settings.timeouts.session_max_seconds,
            idle_seconds=settings.timeouts.idle_seconds,
        )
        self.audit = AuditFiles.open(
            settings.state_directory / "audit",
            origin=settings.audit.origin or f"safelight/{settings.node}",
            signing_key=self.keys.audit_key,
            node_key=self.keys.node_key.reveal(),
            clock=self.clock,
            segment_bytes=settings.audit.segment_mib * 1024 * 1024,
        )
        await self.audit.start(when_failed=lambda why: self._log_is_lost(AuditUnavailable(why)))
        self._stack.push_async_callback(self.audit.close)
        self.audit_reader = AuditFilesReader(self.audit, self.keys.node_key)
        self._stack.push_async_callback(self.audit_reader.close)
        self.departures = Departures(self.audit, self._log_is_lost)
        await self._start_services()
        self.analysts = AnalystPool(
            settings.analysts.count,
            settings.analysts.timeout_seconds,
            on_restart=self._analyst_restarted,
            memory_mib=settings.analysts.memory_mib,
        )
        await self.analysts.start()
        self._stack.push_async_callback(self.analysts.close)
        self.targets = PostgresTargets(self.analysts, self._admin_for, self._target_removed)
        self._stack.push_async_callback(self.targets.close)
        await self.targets.configure(self.in_force.targets)
        await self._listen()
        await self._record(EventKind.NODE_STARTED, {"node": settings.node, "config": self.in_force.digest})

    async def _start_services(self) -> None:
        store = await SqlStore.open(self.settings.state_directory / "state.db")
        self._stack.push_async_callback(store.close)
        self.services = await start_services(
            store=store,
            audit=self.audit,
            live=self.live,
            clock=self.clock,
            randomness=SystemRandomness(),
            hashes=ThreadedSlowHashes(),
            notifier=LogNotifier(),
            policy=self.in_force.engine,
            targets=self.in_force.targets,
            limits=access_limits(self.settings),
            node=self.settings.node,
        )

    @property
    def _on_targets(self) -> str:
        """This node's name on the roles it makes, unlike any other installation's: each sweeps away its own."""
        installation = hmac.digest(self.keys.node_key.reveal(), b"safelight:installation", "sha256").hex()[:12]
        return f"{self.settings.node}-{installation}"

    def _admin_for(self, target: Target) -> TargetAdmin[Catalog]:
        connect = partial(dial, executor=self.executor, timeout_seconds=self.settings.timeouts.target_connect_seconds)
        warm = self.settings.limits.warm_roles
        admin = PostgresTargetAdmin(target, self.secrets, node=self._on_targets, warm=warm, dial=connect)
        self.admins.add(admin)
        return admin

    async def _listen(self) -> None:
        self.tls = server_tls(self)
        front_door = postgres_front_door(self)
        self.listener = listener = Listener(
            "postgres",
            front_door.accept,
            handshake_seconds=self.settings.timeouts.handshake_seconds,
            max_handshakes=affordable_handshakes(),
        )
        front_door.settled = listener.settled
        self.postgres_port = await listener.start(self.settings.postgres.host, self.settings.postgres.port)
        self._stack.push_async_callback(listener.close)
        register(self)
        loop_lag = asyncio.create_task(LoopLag(self.registry).watch(), name="loop lag")
        self._stack.callback(loop_lag.cancel)
        self._api = node_api(self)
        self._stack.push_async_callback(self._api.close)
        addresses = await self._api.start()
        self.api_url = self.settings.api.advertised_url or addresses[0].url

    async def announce(self) -> None:
        """Tell whoever started the node where it listens, what each target's account can guarantee, and the first
        administrator's code."""
        names = tuple(self.in_force.targets)
        answers = await asyncio.gather(*(preflight(self, one) for one in names))
        found = dict(zip(names, answers, strict=True))
        for name, findings in found.items():
            lacking = {f.guarantee for f in findings if f.severity in (Severity.WARNING, Severity.ERROR)}
            fields: Fields = {"target": name, "lacking": tuple(sorted(lacking))}
            await self._record(EventKind.TARGET_PREFLIGHT, fields)
        code = await self.services.login.first_administrator_code()
        print_banner(self, found, code)

    # --- run --------------------------------------------------------------------------------------------------

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until ``stop`` is set.

        Raises:
            NodeFailed: a part has died that must not; everything is ended already.
        """
        self._watcher = ConfigWatcher(
            self._configuration.source,
            self.in_force.digest,
            self.settings.files.reload_seconds,
            self._apply,
            self._refused,
        )
        must_live = {
            asyncio.create_task(self.services.timekeeper.run(), name="timekeeper"),
            asyncio.create_task(self.live.keep_time(), name="deadlines"),
            asyncio.create_task(self._watcher.run(), name="configuration"),
            asyncio.create_task(self._api.wait(), name="api"),
            asyncio.create_task(self._failed.wait(), name="audit log"),
        }
        stopping = asyncio.create_task(stop.wait(), name="stop")
        done, _ = await asyncio.wait({*must_live, stopping}, return_when=asyncio.FIRST_COMPLETED)
        died = done - {stopping}
        for task in died:
            log.error("node.part_died", part=task.get_name(), why=repr(task.exception()))
        await self._stop(must_live | {stopping})
        if died:
            raise NodeFailed(f"a part that must not die has: {', '.join(sorted(task.get_name() for task in died))}")

    async def _stop(self, tasks: set[asyncio.Task[Any]]) -> None:
        ended = self.live.end_all(End("shutdown", "the gateway is shutting down; connect again in a moment"))
        await self.live.verify_gone(ended)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=self.settings.timeouts.drain_seconds)
        await self._record(EventKind.NODE_STOPPED, {"node": self.settings.node})

    # --- what happens to a node -------------------------------------------------------------------------------

    def _log_is_lost(self, problem: AuditUnavailable) -> None:
        """I1: without the log nothing moves."""
        log.error("audit.unavailable", why=str(problem))
        self.live.end_all(End("audit_unavailable", "the gateway cannot record; it ends all sessions"))
        self._failed.set()

    def _subjects_of(self, session: Session) -> Subjects | None:
        target = self.services.targets.get(session.target)
        return self.services.access.subjects(session, target) if target is not None else None

    def _target_removed(self, name: str) -> None:
        ids = [session.id for session in self.live.sessions() if session.target == name]
        self.live.end_some(ids, End("target_removed", f"the target {name} is no longer configured"))

    async def reload(self) -> tuple[str, ...]:
        """Read targets and policies again now; what is wrong with them, if anything is."""
        await self._watcher.reload()
        return self._problems

    def _analyst_restarted(self, why: str) -> None:
        log.warning("analyst.restarted", why=why)
        event = AuditEvent(EventKind.ANALYST_RESTARTED, self.clock.wall_ms(), self.settings.node, None, {"why": why})
        self.audit.append(event)
        self.departures.note()

    async def _apply(self, files: ConfigSet) -> None:
        """Put a changed configuration in force, or none of it."""
        try:
            in_force = self._configuration.check(files)
        except PolicyInvalid as invalid:
            await self._refused(invalid)
            return
        self.in_force, self._problems = in_force, ()
        await self.targets.configure(in_force.targets)
        self.services.targets.replace(in_force.targets)
        self.services.policy.replace_engine(in_force.engine)
        log.info("config.loaded", digest=in_force.digest[:12], targets=len(in_force.targets))
        await self._record(EventKind.CONFIG_LOADED, {"config": in_force.digest})

    async def _refused(self, invalid: FilesInvalid | PolicyInvalid) -> None:
        self._problems = problems = tuple(str(problem) for problem in invalid.problems)
        log.error("config.refused", problems=problems)
        await self._record(EventKind.CONFIG_REFUSED, {"problems": problems[:20]})

    async def _record(self, kind: EventKind, fields: Fields) -> None:
        event = AuditEvent(kind, self.clock.wall_ms(), self.settings.node, None, dict(fields))
        try:
            await self.audit.durable(self.audit.append(event))
        except AuditUnavailable as problem:
            self._log_is_lost(problem)
