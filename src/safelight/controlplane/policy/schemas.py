"""Policies and explanations, as the API shows and takes them."""

from typing import Annotated, Literal

from pydantic import Field

from safelight.controlplane.schema_base import Input, Name, View
from safelight.domain.capability import Capability
from safelight.policy.questions import AdminAction

Names = Annotated[list[Name], Field(max_length=50)]
Capabilities = Annotated[list[Capability], Field(max_length=11)]


class PolicyView(View):
    id: str
    effect: str
    description: str
    file: str
    line: int
    text: str


class PoliciesView(View):
    """``digest`` names the set: equal digests decide equally."""

    digest: str
    policies: list[PolicyView]


class ExplainRequest(Input):
    """What would a request of ``principal`` (the caller when absent) need?"""

    ask: Literal["request"]
    principal: Name | None = None
    targets: Names
    capabilities: Capabilities
    duration_seconds: Annotated[int, Field(ge=1, le=30 * 24 * 3600)] = 3600
    incident_id: Name | None = None


class ExplainStatement(Input):
    """What would become of a statement of this form? Without ``grant_id``: under a grant that has all it needs."""

    ask: Literal["statement"]
    principal: Name | None = None
    target: Name
    form: Name
    capabilities: Capabilities
    relations: Names = Field(default_factory=list)
    labels: Names = Field(default_factory=list)
    incident_id: Name | None = None
    grant_id: Name | None = None
    approved: bool = False


class ExplainAdministration(Input):
    """May ``principal`` do this to the gateway?"""

    ask: Literal["administer"]
    principal: Name | None = None
    action: AdminAction
    subject: Name | None = None


ExplainInput = Annotated[ExplainRequest | ExplainStatement | ExplainAdministration, Field(discriminator="ask")]


class RefusalView(View):
    rule: str
    message: str
    next_step: str


class ExplanationView(View):
    """``outcome`` is allow, hold, deny, ``approved`` or ``N approvals``. ``attributes`` are what the policies saw;
    ``would_help`` are changes, each of which alone gives a better answer."""

    outcome: str
    refusal: RefusalView | None
    policies: list[PolicyView]
    attributes: list[tuple[str, str]]
    would_help: list[str]
