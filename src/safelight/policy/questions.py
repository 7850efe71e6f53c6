"""What policy is asked, and what it answers about requests. Frozen values: equal questions have equal answers."""

from dataclasses import dataclass
from enum import StrEnum

from safelight.domain.capability import Capability
from safelight.domain.errors import Refusal
from safelight.domain.grant import Grant
from safelight.domain.incident import Incident
from safelight.domain.principal import Principal
from safelight.domain.statement import StatementFacts
from safelight.domain.target import Target


class AdminAction(StrEnum):
    """What can be done to the gateway itself, apart from one's own requests, grants and sessions."""

    LIST_PRINCIPALS = "list_principals"
    MANAGE_PRINCIPALS = "manage_principals"
    LIST_INCIDENTS = "list_incidents"
    MANAGE_INCIDENTS = "manage_incidents"
    CONFIRM_INCIDENT = "confirm_incident"
    LIST_REQUESTS = "list_requests"
    LIST_GRANTS = "list_grants"
    END_GRANT = "end_grant"
    LIST_SESSIONS = "list_sessions"
    WATCH_SESSION = "watch_session"
    KILL = "kill"
    LIST_LOCKS = "list_locks"
    LIFT_LOCK = "lift_lock"
    LIST_TARGETS = "list_targets"
    READ_AUDIT = "read_audit"
    READ_POLICY = "read_policy"
    READ_METRICS = "read_metrics"
    RELOAD_CONFIG = "reload_config"


@dataclass(frozen=True, slots=True)
class StatementQuestion:
    """May this statement run now? ``approved``: a second person has approved exactly this statement.

    ``incident`` is the grant's incident and must be given when the grant names one. ``sponsor`` is the person an
    agent acts for, and must be given for an agent: the statement must be allowed to both.
    """

    principal: Principal
    target: Target
    grant: Grant
    incident: Incident | None
    facts: StatementFacts
    approved: bool
    sponsor: Principal | None = None


@dataclass(frozen=True, slots=True)
class RequestQuestion:
    """How many people must approve this request? An agent's ``sponsor`` must be given: an agent gets at most what
    its sponsor would."""

    principal: Principal
    targets: tuple[Target, ...]
    capabilities: frozenset[Capability]
    duration_seconds: int
    incident: Incident | None
    sponsor: Principal | None = None


@dataclass(frozen=True, slots=True)
class ApprovalQuestion:
    """May ``approver`` count as an approval? Policy's part only: that nobody approves their own is not asked here."""

    approver: Principal
    requester: Principal
    targets: tuple[Target, ...]
    capabilities: frozenset[Capability]


@dataclass(frozen=True, slots=True)
class AdminQuestion:
    """``resource`` names what the action is done to (a target, a principal, a session), if anything."""

    principal: Principal
    action: str
    resource: str | None = None


Question = StatementQuestion | RequestQuestion | ApprovalQuestion | AdminQuestion


@dataclass(frozen=True, slots=True)
class RequestDecision:
    """``approvals_needed`` is 0, 1 or 2 people; None is a denial, and then ``refusal`` is set."""

    approvals_needed: int | None
    policies: tuple[str, ...]
    refusal: Refusal | None
