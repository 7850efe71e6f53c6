"""The settings that bound the access workflow and its sessions, as the parts want them."""

from safelight.application.limits import AccessLimits
from safelight.dataplane.postgres.opening import SessionLimits
from safelight.entrypoints.settings import Settings


def access_limits(settings: Settings) -> AccessLimits:
    """The settings have the names of the bounds."""
    return AccessLimits(**settings.access.model_dump())


def session_limits(settings: Settings) -> SessionLimits:
    return SessionLimits(
        max_row_bytes=settings.limits.max_row_kib * 1024,
        max_message_bytes=settings.limits.max_client_message_kib * 1024,
        connect_seconds=settings.timeouts.target_connect_seconds,
        strict=settings.audit.strict,
    )
