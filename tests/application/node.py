"""One node on fakes: the people of a small company, two targets, and clocks that stand still until moved.

root is the first administrator and made everybody; ada is on call; bob and cleo approve; eve is in security, and an
administrator. ``bot`` is ada's agent.
"""

from collections.abc import Callable

from safelight.application.compose import start_services
from safelight.application.limits import AccessLimits
from safelight.application.manage_incidents import IncidentAction, IncidentEvent
from safelight.application.open_session import Admission
from safelight.application.services import Services
from safelight.domain.access_request import AccessRequest
from safelight.domain.audit_event import AuditEvent, EventKind
from safelight.domain.capability import Capability
from safelight.domain.grant import Grant
from safelight.domain.incident import Incident
from safelight.domain.principal import Principal, PrincipalKind
from safelight.domain.target import AccountMode, Target, TargetKind, TlsMode
from safelight.ports.audit_fake import FakeAuditLog
from safelight.ports.clock_fake import FakeClock
from safelight.ports.live_sessions_fake import FakeLiveSessions
from safelight.ports.notifier_fake import FakeNotifier
from safelight.ports.policy_fake import FakePolicy
from safelight.ports.randomness_fake import FakeRandomness
from safelight.ports.slow_hashes_fake import FakeSlowHashes
from safelight.ports.store import Add, Store
from safelight.ports.store_fake import FakeStore

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
ADDRESS = "192.0.2.7"


def target(name: str, service: str) -> Target:
    return Target(
        name=name,
        kind=TargetKind.POSTGRES,
        host="db.example",
        port=5432,
        databases=("shop", "reporting"),
        tls=TlsMode.VERIFY_FULL,
        tls_ca_file=None,
        account_mode=AccountMode.EPHEMERAL,
        account_user=None,
        account_secret=None,
        admin_user="safelight",
        admin_secret="orders-admin",
        read_role="readers",
        write_role="writers",
        service=service,
        labels={"env": "production"},
        columns=(),
        statement_timeout_seconds=60,
    )


def person(name: str, *groups: str, created_by: str | None = "root", disabled: bool = False) -> Principal:
    return Principal(name, PrincipalKind.PERSON, frozenset(groups), created_by, None, disabled, 1)


def agent(name: str, sponsor: str, created_by: str = "root") -> Principal:
    return Principal(name, PrincipalKind.AGENT, frozenset({"agents"}), created_by, sponsor, False, 1)


PEOPLE = (
    person("root", "admins", created_by=None),
    person("ada", "oncall"),
    person("bob", "approvers"),
    person("cleo", "approvers"),
    person("eve", "admins", "security"),
    agent("bot", "ada"),
)


class Node:
    """``services`` are the use cases; the rest is what they stand on. Made by :meth:`start`."""

    services: Services
    live_sessions: Callable[[], FakeLiveSessions] = FakeLiveSessions
    """What stands in for live sessions, anew at each start."""

    def __init__(self, *, policy: FakePolicy | None = None, limits: AccessLimits | None = None) -> None:
        self.store: Store = FakeStore()
        self.audit = FakeAuditLog()
        self.live = self.live_sessions()
        self.clock = FakeClock()
        self.policy = policy or FakePolicy()
        self.hashes = FakeSlowHashes()
        self.notifier = FakeNotifier()
        self.randomness = FakeRandomness()
        self.limits = limits or AccessLimits()
        self.targets = {t.name: t for t in (target("orders-db", "orders"), target("users-db", "users"))}

    async def start(self, people: tuple[Principal, ...] = PEOPLE) -> "Node":
        if people:
            await self.store.apply([Add(one) for one in people])
        await self.restart()
        return self

    async def restart(self) -> None:
        """What was in memory is gone; the store is read again."""
        self.live = self.live_sessions()
        self.services = await start_services(
            store=self.store,
            audit=self.audit,
            live=self.live,
            clock=self.clock,
            randomness=self.randomness,
            hashes=self.hashes,
            notifier=self.notifier,
            policy=self.policy,
            targets=self.targets,
            limits=self.limits,
        )

    @property
    def fake_store(self) -> FakeStore:
        assert isinstance(self.store, FakeStore)
        return self.store

    # ── what people do ──

    async def incident(self, identity: str = "INC-1", *, opener: str = "pager") -> Incident:
        event = IncidentEvent(IncidentAction.OPEN, identity, "checkout is slow", "orders", opener)
        return await self.services.incidents.webhook("pager", event)

    async def close_incident(self, identity: str = "INC-1") -> Incident:
        return await self.services.incidents.webhook(
            "pager", IncidentEvent(IncidentAction.CLOSE, identity, "checkout is slow", "orders", "pager")
        )

    async def request(
        self,
        by: str = "ada",
        *,
        targets: tuple[str, ...] = ("orders-db",),
        capabilities: tuple[Capability, ...] = (Capability.READ,),
        minutes: int = 60,
        incident: str | None = None,
        reason: str = "checkout is slow",
    ) -> AccessRequest:
        return await self.services.requests.request(
            by,
            targets=targets,
            capabilities=capabilities,
            duration_seconds=minutes * 60,
            reason=reason,
            incident_id=incident,
        )

    async def grant(self, by: str = "ada", *, minutes: int = 60, incident: str | None = None) -> Grant:
        """A grant by the ordinary way: asked for, and approved by bob (and cleo) if policy wants people."""
        request = await self.request(by, minutes=minutes, incident=incident)
        for approver in ("bob", "cleo")[: request.approvals_needed]:
            request = await self.services.decisions.approve(approver, request.id)
        assert request.grant_id is not None
        grant = self.services.access.grant(request.grant_id)
        assert grant is not None
        return grant

    async def session(self, grant: Grant, *, target: str = "orders-db") -> Admission:
        """A native client logs in with a new credential of ``grant``."""
        issued = await self.services.credentials.issue(grant.principal, grant.id)
        return await self.connect(issued.user, target=target)

    async def connect(self, user: str, *, target: str = "orders-db", database: str | None = None) -> Admission:
        """A client proves the credential that ``user`` names; the data plane registers its session."""
        credential = self.services.sessions.lookup(user)
        assert credential is not None
        admission = await self.services.sessions.admit(
            credential,
            target=target,
            database=database,
            client_address=ADDRESS,
            application_name="psql",
            protocol="postgres",
        )
        self.live.add(admission.session, admission.subjects)
        return admission

    async def pass_time(self, milliseconds: int, *, jump: int = 0) -> None:
        """Both clocks run on; with ``jump`` the wall clock is then set."""
        self.clock.advance(milliseconds)
        self.clock.jump(jump)
        await self.services.timekeeper.lease.renew()
        await self.services.timekeeper.tick()

    # ── what can be seen ──

    def events(self, kind: EventKind) -> list[AuditEvent]:
        return self.audit.of_kind(kind)

    def rule(self, kind: EventKind) -> object:
        """The rule on the latest event of this kind."""
        return self.events(kind)[-1].fields["rule"]
