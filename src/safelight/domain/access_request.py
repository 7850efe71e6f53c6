"""Access requests: what somebody asks for, and who has said yes."""

from dataclasses import dataclass
from enum import StrEnum

from safelight.domain.capability import Capability


class RequestState(StrEnum):
    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Approval:
    approver: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """``approvals_needed`` is 0 when policy approves by itself. A request for more time has ``grant_id`` from the
    start: ``duration_seconds`` is then what is added to that grant."""

    id: str
    requester: str
    targets: frozenset[str]
    capabilities: frozenset[Capability]
    duration_seconds: int
    reason: str
    incident_id: str | None
    state: RequestState
    approvals_needed: int
    approvals: tuple[Approval, ...]
    decided_by: str | None
    decided_because: str | None
    created_at_ms: int
    expires_at_ms: int
    grant_id: str | None
