"""Access requests, as the API shows and takes them."""

from typing import Annotated

from pydantic import Field

from safelight.controlplane.schema_base import FreeText, Input, Name, View
from safelight.domain.access_request import RequestState
from safelight.domain.capability import Capability


class ApprovalView(View):
    approver: str
    at_ms: int


class RequestView(View):
    """``approvals_needed`` is how many people must say yes; ``grant_id`` is set once there is a grant, and from the
    start when the request asks to extend one."""

    id: str
    requester: str
    targets: list[str]
    capabilities: list[Capability]
    duration_seconds: int
    reason: str
    incident_id: str | None
    state: RequestState
    approvals_needed: int
    approvals: list[ApprovalView]
    decided_by: str | None
    decided_because: str | None
    created_at_ms: int
    expires_at_ms: int
    grant_id: str | None


class NewRequest(Input):
    targets: Annotated[list[Name], Field(min_length=1, max_length=50)]
    capabilities: Annotated[list[Capability], Field(min_length=1, max_length=11)] = Field(
        default_factory=lambda: [Capability.READ]
    )
    duration_seconds: Annotated[int, Field(ge=1, le=30 * 24 * 3600)] = 3600
    reason: FreeText
    incident_id: Name | None = None


class Because(Input):
    because: FreeText
