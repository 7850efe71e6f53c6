"""One record of each kind, in an order in which they can be stored."""

from safelight.domain.access_request import AccessRequest, Approval, RequestState
from safelight.domain.capability import Capability
from safelight.domain.deadline import Deadline
from safelight.domain.grant import Grant, GrantState, SessionCredential
from safelight.domain.incident import Incident, IncidentOrigin, IncidentState
from safelight.domain.lock import Lock, LockScope
from safelight.domain.login import ApiToken, CodePurpose, OneTimeCode, PasswordHash
from safelight.domain.principal import Principal, PrincipalKind
from safelight.domain.session import Session, SessionState
from safelight.ports.store import GrantDeadline, NodeLease, Record

NOW = 1_767_225_600_000
HOUR = 3_600_000

ROOT = Principal("root", PrincipalKind.PERSON, frozenset({"admins"}), None, None, False, NOW)
ADA = Principal("ada", PrincipalKind.PERSON, frozenset({"oncall", "dba"}), "root", None, False, NOW)
BOB = Principal("bob", PrincipalKind.PERSON, frozenset(), "root", None, True, NOW)
BOT = Principal("bot", PrincipalKind.AGENT, frozenset({"agents"}), "root", "ada", False, NOW)
PASSWORD = PasswordHash("ada", "$argon2id$…")
CODE = OneTimeCode("c0de", "", CodePurpose.FIRST_ADMINISTRATOR, NOW, NOW + HOUR, None)
INVITATION = OneTimeCode("c1de", "ada", CodePurpose.SET_PASSWORD, NOW, NOW + HOUR, None)
TOKEN = ApiToken("70ce", "ada", NOW, NOW + HOUR, False)
INCIDENT = Incident(
    "INC-1", "größer", "orders", IncidentOrigin.MANUAL, "manual", "ada", "bob", IncidentState.OPEN, NOW, None, None
)
REQUEST = AccessRequest(
    id="r-1",
    requester="ada",
    targets=frozenset({"orders-db", "users-db"}),
    capabilities=frozenset({Capability.READ, Capability.WRITE}),
    duration_seconds=3600,
    reason="checkout is slow\nsee INC-1",
    incident_id="INC-1",
    state=RequestState.PENDING,
    approvals_needed=2,
    approvals=(Approval("bob", NOW), Approval("root", NOW + 1)),
    decided_by=None,
    decided_because=None,
    created_at_ms=NOW,
    expires_at_ms=NOW + HOUR,
    grant_id=None,
)
GRANT = Grant(
    id="g-1",
    principal="ada",
    targets=REQUEST.targets,
    capabilities=REQUEST.capabilities,
    request_id="r-1",
    incident_id="INC-1",
    reason=REQUEST.reason,
    starts_at_ms=NOW,
    ends_at_ms=NOW + HOUR,
    state=GrantState.ACTIVE,
    ended_at_ms=None,
    end_reason=None,
)
DEADLINE = GrantDeadline("g-1", Deadline(NOW + HOUR, 77, "boot-1"))
CREDENTIAL = SessionCredential(
    "k7f3ab", "ada", "g-1", b"\0salt", 4096, b"\xffstored", b"server", NOW, NOW + HOUR, False
)
SESSION = Session(
    id="s-1",
    protocol="postgres",
    principal="ada",
    grant_id="g-1",
    credential_id="k7f3ab",
    target="orders-db",
    database="shop",
    incident_id="INC-1",
    client_address="192.0.2.7",
    application_name="psql",
    started_at_ms=NOW,
    state=SessionState.LIVE,
    ended_at_ms=None,
    end_reason=None,
    statements=0,
)
LOCK = Lock("l-1", LockScope.LABEL, "env=production", "drill", "root", NOW, None, None)
LEASE = NodeLease("node", NOW)

EVERYTHING: tuple[Record, ...] = (
    ROOT,
    ADA,
    BOB,
    BOT,
    PASSWORD,
    CODE,
    INVITATION,
    TOKEN,
    INCIDENT,
    REQUEST,
    GRANT,
    DEADLINE,
    CREDENTIAL,
    SESSION,
    LOCK,
    LEASE,
)
