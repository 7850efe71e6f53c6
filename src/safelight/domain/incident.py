"""Incidents: the reason that access exists, and that ends it."""

from dataclasses import dataclass
from enum import StrEnum


class IncidentState(StrEnum):
    OPEN = "open"
    CLOSING = "closing"
    """Closed at its source; grants end when the warning has passed."""
    CLOSED = "closed"


class IncidentOrigin(StrEnum):
    WEBHOOK = "webhook"
    """Arrived signed by a configured source."""
    MANUAL = "manual"
    """Typed by a person: counts only once a second person has confirmed it."""


@dataclass(frozen=True, slots=True)
class Incident:
    """``opener`` is a principal's name, or the source's own name for whoever opened it there."""

    id: str
    title: str
    service: str | None
    origin: IncidentOrigin
    source: str
    opener: str
    confirmed_by: str | None
    state: IncidentState
    opened_at_ms: int
    closed_at_ms: int | None
    grants_end_at_ms: int | None
