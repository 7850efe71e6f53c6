"""Audit events: the closed vocabulary of what the log can say. A field nobody classified is sensitive."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

Scalar = str | int | bool | None


class EventKind(StrEnum):
    """Every kind of record. ``<thing>.<what happened>``."""

    NODE_STARTED = "node.started"
    NODE_STOPPED = "node.stopped"
    CONFIG_LOADED = "config.loaded"
    CONFIG_REFUSED = "config.refused"
    LOGIN_SUCCEEDED = "login.succeeded"
    LOGIN_REFUSED = "login.refused"
    PRINCIPAL_CREATED = "principal.created"
    PRINCIPAL_CHANGED = "principal.changed"
    INCIDENT_OPENED = "incident.opened"
    INCIDENT_CONFIRMED = "incident.confirmed"
    INCIDENT_CLOSED = "incident.closed"
    WEBHOOK_REFUSED = "webhook.refused"
    REQUEST_CREATED = "request.created"
    REQUEST_APPROVED = "request.approved"
    REQUEST_DENIED = "request.denied"
    REQUEST_WITHDRAWN = "request.withdrawn"
    GRANT_STARTED = "grant.started"
    GRANT_EXTENDED = "grant.extended"
    GRANT_ENDED = "grant.ended"
    CREDENTIAL_ISSUED = "credential.issued"
    CONNECTION_REFUSED = "connection.refused"
    SESSION_STARTED = "session.started"
    SESSION_ENDED = "session.ended"
    STATEMENT_INTENT = "statement.intent"
    STATEMENT_REFUSED = "statement.refused"
    STATEMENT_HELD = "statement.held"
    STATEMENT_RELEASED = "statement.released"
    STATEMENT_OUTCOME = "statement.outcome"
    LOCK_CREATED = "lock.created"
    LOCK_LIFTED = "lock.lifted"
    WORK_TERMINATED = "work.terminated"
    TARGET_PREFLIGHT = "target.preflight"
    ANALYST_RESTARTED = "analyst.restarted"
    AUDIT_RECOVERED = "audit.recovered"
    AUDIT_KEY_ERASED = "audit.key_erased"
    AUDIT_READ = "audit.read"
    AUDIT_EXPORTED = "audit.exported"
    SESSION_WATCHED = "session.watched"


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One event. ``fields`` may be read by any auditor; ``sensitive`` (statement text, parameters, aliases, free
    text from clients) is encrypted under the session's key, or the node's when there is no session."""

    kind: EventKind
    at_ms: int
    actor: str
    session_id: str | None = None
    fields: Mapping[str, Scalar | tuple[str, ...]] = field(default_factory=dict)
    sensitive: Mapping[str, str] = field(default_factory=dict)
