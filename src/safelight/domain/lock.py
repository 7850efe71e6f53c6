"""Locks: what the kill switch creates. A lock refuses new work and ends live work that it matches."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class LockScope(StrEnum):
    SESSION = "session"
    GRANT = "grant"
    PRINCIPAL = "principal"
    GROUP = "group"
    TARGET = "target"
    LABEL = "label"
    INCIDENT = "incident"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Lock:
    """``subject`` names what is locked within the scope (``key=value`` for a target label, empty for ALL)."""

    id: str
    scope: LockScope
    subject: str
    reason: str
    created_by: str
    created_at_ms: int
    lifted_by: str | None
    lifted_at_ms: int | None


@dataclass(frozen=True, slots=True)
class Subjects:
    """Everything about a piece of work that a lock can name."""

    session_id: str | None
    grant_id: str | None
    principal: str
    groups: frozenset[str]
    target: str
    target_labels: Mapping[str, str]
    incident_id: str | None
    sponsor: str | None = None
    """The person an agent acts for: a lock on the sponsor names the agent too."""


def matches(lock: Lock, subjects: Subjects) -> bool:
    """Whether ``lock`` is in force and names this work."""
    if lock.lifted_at_ms is not None:
        return False
    match lock.scope:
        case LockScope.ALL:
            return True
        case LockScope.SESSION:
            return lock.subject == subjects.session_id
        case LockScope.GRANT:
            return lock.subject == subjects.grant_id
        case LockScope.PRINCIPAL:
            return lock.subject in (subjects.principal, subjects.sponsor)
        case LockScope.GROUP:
            return lock.subject in subjects.groups
        case LockScope.TARGET:
            return lock.subject == subjects.target
        case LockScope.INCIDENT:
            return lock.subject == subjects.incident_id
        case LockScope.LABEL:
            key, _, value = lock.subject.partition("=")
            return subjects.target_labels.get(key) == value
