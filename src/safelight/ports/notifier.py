"""Telling people that something waits for them, or has happened."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class NoticeKind(StrEnum):
    REQUEST_PENDING = "request.pending"
    REQUEST_DECIDED = "request.decided"
    GRANT_ENDING = "grant.ending"
    GRANT_ENDED = "grant.ended"
    STATEMENT_HELD = "statement.held"
    INCIDENT_UNCONFIRMED = "incident.unconfirmed"
    LOCK_CREATED = "lock.created"


@dataclass(frozen=True, slots=True)
class Notice:
    """``message`` is one plain sentence without sensitive values. ``recipient`` is a principal's name, or None for
    everybody who reviews. ``about`` is the id of the request, grant, hold, incident or lock."""

    kind: NoticeKind
    about: str
    recipient: str | None
    message: str


class Notifier(Protocol):
    def notify(self, notice: Notice) -> None:
        """Hand the notice over and return at once. A notice may be lost; nothing may depend on its arrival."""
        ...
