"""Sessions, as the API shows them."""

from safelight.controlplane.schema_base import View
from safelight.domain.session import SessionState


class SessionView(View):
    id: str
    protocol: str
    principal: str
    grant_id: str
    target: str
    database: str
    incident_id: str | None
    client_address: str
    application_name: str
    started_at_ms: int
    state: SessionState
    ended_at_ms: int | None
    end_reason: str | None
    statements: int
