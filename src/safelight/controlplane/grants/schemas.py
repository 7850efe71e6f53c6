"""Grants and their session credentials, as the API shows and takes them."""

from typing import Annotated

from pydantic import Field

from safelight.controlplane.schema_base import FreeText, Input, View
from safelight.domain.capability import Capability
from safelight.domain.grant import GrantState


class GrantView(View):
    """``ends_at_ms`` is the live deadline: it moves."""

    id: str
    principal: str
    targets: list[str]
    capabilities: list[Capability]
    request_id: str
    incident_id: str | None
    reason: str
    starts_at_ms: int
    ends_at_ms: int
    state: GrantState
    ended_at_ms: int | None
    end_reason: str | None


class Extension(Input):
    """``seconds`` more than now."""

    seconds: Annotated[int, Field(ge=1, le=30 * 24 * 3600)]
    reason: FreeText


class End(Input):
    """``because`` is needed to end somebody else's grant."""

    because: FreeText | None = None


class CredentialView(View):
    """What a native client logs in with. ``secret`` is shown here once and kept nowhere."""

    id: str
    user: str
    secret: str
    grant_id: str
    expires_at_ms: int
