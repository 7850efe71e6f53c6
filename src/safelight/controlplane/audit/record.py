"""Acts that only the API knows of (somebody read the log, watched a session) leave their own record."""

from collections.abc import Mapping

from safelight.controlplane.parts import ApiParts
from safelight.domain.audit_event import AuditEvent, EventKind, Scalar


async def record(
    parts: ApiParts,
    kind: EventKind,
    actor: str,
    fields: Mapping[str, Scalar | tuple[str, ...]],
    sensitive: Mapping[str, str] | None = None,
) -> None:
    """Append an event and wait until it is durable, before what it says is done.

    Raises:
        AuditUnavailable: it must not be done.
    """
    event = AuditEvent(kind, parts.clock.wall_ms(), actor, None, fields, sensitive or {})
    await parts.audit.durable(parts.audit.append(event))
