"""Opens a session for a proven login: admission, an account on the target, our connection to it, and the books that
are closed when the session ends.
"""

import asyncio
import time
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime

import structlog

from safelight import _native
from safelight.application.authorize_statement import StatementAuthorizer
from safelight.application.hold_statement import HoldRegistry
from safelight.application.open_session import Admission, OpenSession
from safelight.dataplane.connection import Connection
from safelight.dataplane.departures import Departures
from safelight.dataplane.live_sessions import NodeSessions
from safelight.dataplane.postgres.cancels import CancelKeys
from safelight.dataplane.postgres.dial import dial
from safelight.dataplane.postgres.gate import SessionGate
from safelight.dataplane.postgres.masking_scope import MaskingScopes
from safelight.dataplane.postgres.session import Closed, PostgresSession
from safelight.dataplane.postgres.startup import longest_timeouts, startup_parameters
from safelight.dataplane.postgres.targets import PostgresTarget, PostgresTargets
from safelight.dataplane.postgres.wishes import Wishes
from safelight.domain.errors import PeerProtocolError, Refusal, SafelightError, TargetUnavailable
from safelight.domain.grant import SessionCredential
from safelight.ports.audit import AuditLog, AuditUnavailable
from safelight.ports.clock import Clock
from safelight.ports.live_sessions import EndedSession
from safelight.ports.target_admin import Account, TargetAdmin, Work
from safelight.protocols.postgres import messages as m
from safelight.protocols.postgres.catalog import Catalog
from safelight.protocols.postgres.client_handshake import Login
from safelight.protocols.postgres.parameter_status import initial
from safelight.protocols.postgres.relay import Relay
from safelight.protocols.postgres.replies import Replies
from safelight.protocols.postgres.sql.settings import check_setting
from safelight.protocols.postgres.target_login import TargetReady

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SessionLimits:
    max_row_bytes: int
    max_message_bytes: int
    connect_seconds: float
    strict: bool
    """Every intent is fsynced before its statement leaves, also of what is harmless to lose."""


@dataclass(frozen=True, slots=True)
class Opening:
    """Everything that sessions are made of, on this node."""

    sessions: OpenSession
    statements: StatementAuthorizer
    holds: HoldRegistry
    targets: PostgresTargets
    live: NodeSessions
    audit: AuditLog
    departures: Departures
    scopes: MaskingScopes
    cancels: CancelKeys
    clock: Clock
    executor: Executor
    limits: SessionLimits

    async def open(self, connection: Connection, login: Login, credential: SessionCredential) -> None:
        """Open and start a session on ``connection``.

        Raises:
            Denied: refused, with the rule and the next step.
            TargetUnavailable: the target cannot be reached or logged in to.
            AuditUnavailable, StoreUnavailable: this node cannot take sessions now.
        """
        name, _, database = login.database.partition("/")
        admission = await self.sessions.admit(
            credential,
            target=name,
            database=database or None,
            client_address=connection.peer_address,
            application_name=login.application_name,
            protocol="postgres",
        )
        begun = _Begun(self, admission)
        try:
            await begun.start(connection, login)
        except BaseException as problem:
            await begun.abandon(type(problem).__name__)
            raise


class _Begun:
    """A session from its admission on: whatever was taken for it is given back."""

    def __init__(self, node: Opening, admission: Admission) -> None:
        self._node = node
        self._admission = admission
        self._info = admission.session
        self._target: PostgresTarget
        self._admin: TargetAdmin[Catalog]
        self._account: Account | None = None
        self._backend_start: asyncio.Task[datetime | None] | None = None
        self._ready: TargetReady | None = None
        self._key = b""

    async def start(self, connection: Connection, login: Login) -> None:
        node, info, grant = self._node, self._info, self._admission.grant
        served = node.targets.get(info.target)
        if served is None:
            raise TargetUnavailable("the target is not being served")
        self._target, self._admin, target = served, served.admin, served.target
        account = await self._admin.lease(info.id, grant.capabilities, info.database, grant.ends_at_ms)
        self._account = account
        masker = node.scopes.masker(grant)
        longest_ms = longest_timeouts(target)
        gate = self._gate(login, masker, account, longest_ms)
        catalog = await gate.open()
        parameters = startup_parameters(
            longest_ms, catalog, info.database, login, read_only=account.enforced_read_only
        )
        server, ready = await dial(
            target, account, parameters, executor=node.executor, timeout_seconds=node.limits.connect_seconds
        )
        if connection.closed:
            server.transport.abort()
            raise PeerProtocolError("the client went away while its session was opened")
        self._ready = ready
        # So that a process id that the server uses again is never hit; nothing has to wait for it now.
        self._backend_start = asyncio.get_running_loop().create_task(self._admin.backend_start(ready.pid))
        session = self._session(gate, login)
        self._key = node.cancels.issue(ready.pid, login.minor_version, session.cancel)
        told = initial(ready.parameters, user=login.user, check_setting=_check_reported)
        connection.transport.write(_greeting(told, ready.pid, self._key))
        session.start(connection, server)
        node.live.add(session)

    def _gate(
        self, login: Login, masker: _native.Masker, account: Account, longest_ms: dict[str, int]
    ) -> SessionGate:
        node, info = self._node, self._info
        search_path = next((v for k, v in login.settings.items() if k.lower() == "search_path"), None)
        return SessionGate(
            session_id=info.id,
            principal=info.principal,
            decide=lambda facts, approved: node.statements.decide(info, facts, approved=approved),
            decision_epochs=node.statements.epochs,
            meanings=self._target.meanings(info.database),
            search_path=search_path,
            masker=masker,
            read_only=account.enforced_read_only and not node.limits.strict,
            longest_ms=longest_ms,
            audit=node.audit,
            departures=node.departures,
            clock=node.clock,
        )

    def _session(self, gate: SessionGate, login: Login) -> PostgresSession:
        node = self._node
        assert self._ready is not None
        stream = _native.ServerStream(
            max_message_bytes=node.limits.max_message_bytes, max_row_bytes=node.limits.max_row_bytes
        )
        now_micros = time.monotonic_ns() // 1000
        fast = _native.FastPath(self._info.id, gate.plans, node.audit.queue, stream, gate.epochs, now_micros)
        relay = Relay(gate, stream, fast)
        wishes = Wishes(
            info=self._info,
            gate=gate,
            audit=node.audit,
            holds=node.holds,
            admin=self._admin,
            target=self._target.target,
            ready=self._ready,
        )
        return PostgresSession(
            self._info,
            relay=relay,
            replies=Replies(relay, login.user, _check_reported),
            gate=gate,
            wishes=wishes,
            departures=node.departures,
            close_books=self._close_books,
        )

    def _close_books(self, session: PostgresSession, closed: Closed) -> "asyncio.Task[EndedSession]":
        return asyncio.get_running_loop().create_task(self._closing(session, closed))

    async def _closing(self, session: PostgresSession, closed: Closed) -> EndedSession:
        """Terminate what is left on the target, give the account back, record the end."""
        node, info = self._node, self._info
        assert self._ready is not None
        node.cancels.withdraw(self._ready.pid, self._key)
        gone, detail = await self._end_work(closed)
        try:
            await node.sessions.ended(info, reason=closed.end.reason, statements=session.statements)
        except (AuditUnavailable, SafelightError) as problem:
            log.error("session.end_not_recorded", session=info.id, why=str(problem))
        finally:
            node.live.remove(session)
        return EndedSession(info.id, info.principal, info.target, True, gone, detail)

    async def _end_work(self, closed: Closed) -> tuple[bool, str]:
        gone, detail = True, "the client had disconnected"
        try:
            if not closed.clean:
                work = await self._work()
                ends = await self._admin.terminate([work])
                gone, detail = ends[0].gone, ends[0].detail
        except TargetUnavailable as problem:
            gone, detail = False, f"the target cannot be asked: {problem}"
        await self._give_back()
        return gone, detail

    async def _work(self) -> Work:
        assert self._ready is not None and self._account is not None and self._backend_start is not None
        return Work(
            session_id=self._info.id,
            pid=self._ready.pid,
            backend_start=await self._backend_start,
            user=self._account.user,
            ephemeral=self._account.ephemeral,
            database=self._info.database,
        )

    async def _give_back(self) -> None:
        if self._account is None:
            return
        try:
            await self._admin.release(self._info.id)
        except TargetUnavailable as problem:
            log.warning("account.not_released", session=self._info.id, why=str(problem))

    async def abandon(self, why: str) -> None:
        """The session came to nothing."""
        await self._give_back()
        await self._node.sessions.ended(self._info, reason=f"not opened: {why}", statements=0)


def _check_reported(name: str, value: str) -> Refusal | None:
    return check_setting(name, value, at_startup=True)


def _greeting(parameters: dict[str, str], pid: int, key: bytes) -> bytes:
    """What a client is told once its session is open."""
    told = b"".join(m.parameter_status(name, value) for name, value in parameters.items())
    return m.authentication(m.AUTH_OK) + told + m.backend_key_data(pid, key) + m.ready_for_query()
