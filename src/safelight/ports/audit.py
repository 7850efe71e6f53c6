"""The audit log as its writers see it."""

from typing import Protocol

from safelight.domain.audit_event import AuditEvent


class AuditUnavailable(Exception):
    """The log cannot be written. Traffic stops (I1)."""


class AuditLog(Protocol):
    def append(self, event: AuditEvent) -> int:
        """Queue a record and return its index in the log. Cheap; nothing is written yet."""
        ...

    def append_statement(
        self,
        session_id: str,
        kind: str,
        at_ms: int,
        fields_json: bytes,
        sensitive: bytes,
    ) -> int:
        """The hot path of :meth:`append`: ``fields_json`` is the inside of a canonical JSON object prepared
        by the caller once per shape, ``sensitive`` the statement's text."""
        ...

    def flush(self) -> None:
        """Write all queued records in one call; they survive this process.

        Raises:
            AuditUnavailable: nothing more may be forwarded.
        """
        ...

    async def durable(self, index: int) -> None:
        """Return when the record at ``index`` is fsynced (group commit across sessions).

        Raises:
            AuditUnavailable: the record may be lost; what waits for it must not go on.
        """
        ...
