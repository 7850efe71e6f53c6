"""Sessions: one live connection of a principal to a target under a grant."""

from dataclasses import dataclass
from enum import StrEnum


class SessionState(StrEnum):
    LIVE = "live"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Session:
    """What is known of a session for listing, audit and the kill switch. Times are wall-clock milliseconds."""

    id: str
    protocol: str
    principal: str
    grant_id: str
    credential_id: str
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
