"""A node behind the real API, with fakes for what touches the world: its loop runs in a thread, tests are plain.

``Node.http`` calls the application in-process; ``Node.serve`` puts it on a Unix socket, for the command line's tests.
"""

import asyncio
import secrets
import tempfile
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import httpx
import uvicorn

from safelight.application.compose import start_services
from safelight.application.limits import AccessLimits
from safelight.controlplane.app import create_app
from safelight.controlplane.parts import ApiParts, GatewayInfo, ListenerInfo, WebhookSource
from safelight.domain.grant import Grant
from safelight.domain.lock import Lock, Subjects, matches
from safelight.domain.masking import Strategy
from safelight.domain.session import Session, SessionState
from safelight.domain.target import AccountMode, ColumnLabel, Target, TargetKind, TlsMode
from safelight.policy.engine import PolicyEngine
from safelight.ports.audit_fake import FakeAuditLog, FakeAuditReader
from safelight.ports.clock_fake import FakeClock
from safelight.ports.live_sessions import EndedSession
from safelight.ports.notifier_fake import FakeNotifier
from safelight.ports.randomness_fake import FakeRandomness
from safelight.ports.secrets import Secret
from safelight.ports.slow_hashes_fake import FakeSlowHashes
from safelight.ports.store import Change, Loaded
from safelight.ports.target_admin import Finding, Severity

T = TypeVar("T")

ORDERS = Target(
    name="orders-db",
    kind=TargetKind.POSTGRES,
    host="127.0.0.1",
    port=5432,
    databases=("shop", "reporting"),
    tls=TlsMode.VERIFY_FULL,
    tls_ca_file=None,
    account_mode=AccountMode.STATIC,
    account_user="app",
    account_secret="orders",
    admin_user=None,
    admin_secret=None,
    read_role=None,
    write_role=None,
    service="orders",
    labels=MappingProxyType({"env": "production"}),
    columns=(ColumnLabel("public", "customers", "email", "email", Strategy.PSEUDONYM),),
    statement_timeout_seconds=60,
)
DEFAULT_POLICIES = PolicyEngine.load({})
PASSWORD = "correct horse " + secrets.token_hex(6)
WEBHOOK_SECRET = secrets.token_hex(16)


class MemoryStore:
    """Remembers nothing: these tests do not restart the node."""

    async def load(self, *, now_ms: int, history: int) -> Loaded:
        return Loaded(())

    async def apply(self, changes: list[Change]) -> None:
        return None

    async def close(self) -> None:
        return None


class StandInSessions:
    """Live sessions without connections: tests put them in, locks take them out."""

    def __init__(self, access: Callable[[Session], Subjects]) -> None:
        self._subjects_of = access
        self._live: dict[str, Session] = {}
        self._ended: dict[str, Session] = {}
        self._listeners: dict[str, list[Callable[[dict[str, object]], None]]] = {}
        self.stubborn: set[str] = set()

    def add(self, session: Session) -> None:
        self._live[session.id] = session

    def tell(self, session_id: str, event: dict[str, object]) -> None:
        for listener in self._listeners.get(session_id, []):
            listener(event)

    def watched(self, session_id: str) -> bool:
        return bool(self._listeners.get(session_id))

    def end(self, session_id: str) -> None:
        self._ended[session_id] = self._live.pop(session_id)

    def sessions(self) -> list[Session]:
        return list(self._live.values())

    def subjects(self, session_id: str) -> Subjects | None:
        session = self._live.get(session_id)
        return self._subjects_of(session) if session is not None else None

    def lock(self, lock: Lock) -> list[str]:
        hit = [session.id for session in self._live.values() if matches(lock, self._subjects_of(session))]
        for session_id in hit:
            self.end(session_id)
        return hit

    async def verify_gone(self, session_ids: list[str]) -> list[EndedSession]:
        return [
            EndedSession(s.id, s.principal, s.target, True, s.id not in self.stubborn, "terminated")
            for s in (self._ended[session_id] for session_id in session_ids)
        ]

    def unlock(self, lock_id: str) -> None:
        return None

    def grant_changed(self, grant: Grant) -> None:
        return None

    def notify(self, session_ids: list[str], message: str) -> None:
        return None

    def watch(self, session_id: str, listener: Callable[[dict[str, object]], None]) -> Callable[[], None]:
        if session_id not in self._live:
            raise KeyError(session_id)
        self._listeners.setdefault(session_id, []).append(listener)
        return lambda: self._listeners[session_id].remove(listener)


class SecretsInMemory:
    def get(self, name: str) -> Secret[str]:
        return Secret({"pager-webhook": WEBHOOK_SECRET}[name])


class Node:
    """The node under test. Everything is called from the test's thread."""

    def __init__(self, directory: Path) -> None:
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.directory = directory
        self.clock, self.audit = FakeClock(), FakeAuditLog()
        self.not_ready: list[str] = []
        self.reload_problems: list[str] = []
        self.live = StandInSessions(lambda session: self.services.access.subjects(session, ORDERS))
        self.services = self.run(
            start_services(
                store=MemoryStore(),
                audit=self.audit,
                live=self.live,
                clock=self.clock,
                randomness=FakeRandomness(),
                hashes=FakeSlowHashes(),
                notifier=FakeNotifier(),
                policy=DEFAULT_POLICIES,
                targets={ORDERS.name: ORDERS},
                limits=AccessLimits(),
            )
        )
        self.parts = self._parts()
        self.app = create_app(self.parts)
        self.tokens: dict[str, str] = {}

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    def http(self, method: str, path: str, *, by: str | None = None, **options: Any) -> httpx.Response:
        """One request, as the principal ``by``."""
        headers = dict(options.pop("headers", {}))
        if by is not None:
            headers.setdefault("Authorization", f"Bearer {self.tokens[by]}")

        async def call() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://node") as client:
                return await client.request(method, path, headers=headers, **options)

        return self.run(call())

    def api(self, method: str, path: str, *, by: str | None = None, **options: Any) -> Any:
        """A request that must succeed; gives its JSON."""
        response = self.http(method, "/api/v1" + path, by=by, **options)
        assert response.status_code < 300, response.text
        return response.json() if response.content else None

    def refused(self, method: str, path: str, *, by: str | None = None, **options: Any) -> tuple[int, dict[str, Any]]:
        """A request that must be refused; gives its status and its problem."""
        response = self.http(method, "/api/v1" + path, by=by, **options)
        assert response.status_code >= 400, response.text
        assert response.headers["content-type"] == "application/problem+json"
        return response.status_code, response.json()

    def first_administrator(self, name: str = "root") -> None:
        code = self.run(self.services.login.first_administrator_code())
        assert code is not None
        body = {"code": code.reveal(), "name": name, "password": PASSWORD}
        self.tokens[name] = self.api("POST", "/login/code", json=body)["token"]

    def person(self, name: str, *groups: str, by: str = "root") -> None:
        created = self.api("POST", "/principals", by=by, json={"name": name, "groups": list(groups)})
        body = {"code": created["code"], "password": PASSWORD}
        self.tokens[name] = self.api("POST", "/login/code", json=body)["token"]

    def session(self, principal: str, grant_id: str, session_id: str = "s-1") -> Session:
        session = Session(
            id=session_id,
            protocol="postgres",
            principal=principal,
            grant_id=grant_id,
            credential_id="c-1",
            target=ORDERS.name,
            database="shop",
            incident_id=None,
            client_address="127.0.0.1",
            application_name="psql",
            started_at_ms=self.clock.wall_ms(),
            state=SessionState.LIVE,
            ended_at_ms=None,
            end_reason=None,
            statements=3,
        )
        self.live.add(session)
        return session

    def granted(self, requester: str, approver: str) -> str:
        """A grant to read orders-db; gives its id."""
        body = {"targets": [ORDERS.name], "capabilities": ["read"], "reason": "a customer cannot pay"}
        request = self.api("POST", "/requests", by=requester, json=body)
        while request["state"] == "pending":
            request = self.api("POST", f"/requests/{request['id']}/approve", by=approver)
        return str(request["grant_id"])

    @contextmanager
    def serve(self) -> Iterator[str]:
        """The API on a Unix socket; gives its URL for the command line."""
        with tempfile.TemporaryDirectory() as place:
            socket = Path(place) / "api.sock"
            config = uvicorn.Config(self.app, uds=str(socket), log_config=None, lifespan="off", access_log=False)
            server = uvicorn.Server(config)
            serving = asyncio.run_coroutine_threadsafe(_served(server), self.loop)
            while not server.started:
                serving.done() and serving.result()
                threading.Event().wait(0.005)
            try:
                yield f"unix://{socket}"
            finally:
                server.should_exit = True
                serving.result(10)

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)

    def _parts(self) -> ApiParts:
        async def preflight(target: str) -> list[Finding]:
            return [Finding(Severity.WARNING, "read only", f"the account of {target} can write", "REVOKE …")]

        async def reload() -> list[str]:
            return self.reload_problems

        return ApiParts(
            services=self.services,
            live=self.live,
            audit=self.audit,
            audit_reader=FakeAuditReader(self.audit),
            clock=self.clock,
            secrets=SecretsInMemory(),
            gateway=GatewayInfo("node-1", (ListenerInfo("postgres", "127.0.0.1", 5433, "require"),), "CA PEM"),
            webhook_sources={"pager": WebhookSource("pager", "pager-webhook", {"Orders API": "orders"})},
            export_directory=self.directory / "exports",
            not_ready=lambda: self.not_ready,
            preflight=preflight,
            reload=reload,
        )

    def with_parts(self, **changes: Any) -> None:
        """The same node, with other parts."""
        from prometheus_client import CollectorRegistry

        self.parts = replace(self.parts, registry=CollectorRegistry(), **changes)
        self.app = create_app(self.parts)


async def _served(server: uvicorn.Server) -> None:
    await server._serve()  # `serve` would install signal handlers, which only the main thread may
