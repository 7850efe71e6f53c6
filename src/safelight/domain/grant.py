"""Grants: who may do what, where, from when until when, and why. They own the deadline of every session."""

from dataclasses import dataclass
from enum import StrEnum

from safelight.domain.capability import Capability


class GrantState(StrEnum):
    ACTIVE = "active"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Grant:
    """``ends_at_ms`` is the live deadline: extension, an early end and an incident's closure move it."""

    id: str
    principal: str
    targets: frozenset[str]
    capabilities: frozenset[Capability]
    request_id: str
    incident_id: str | None
    reason: str
    starts_at_ms: int
    ends_at_ms: int
    state: GrantState
    ended_at_ms: int | None
    end_reason: str | None


@dataclass(frozen=True, slots=True)
class SessionCredential:
    """A short-lived credential bound to one grant. ``id`` is in the user name (``oncall.k7f3``), so that SCRAM has
    exactly one verifier. The secret itself is shown once and never stored (RFC 5802 §3: salt, StoredKey,
    ServerKey)."""

    id: str
    principal: str
    grant_id: str
    salt: bytes
    iterations: int
    stored_key: bytes
    server_key: bytes
    created_at_ms: int
    expires_at_ms: int
    revoked: bool
