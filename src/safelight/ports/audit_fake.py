"""An audit log in memory, for tests. It passes the port's contract suite, ``tests/adapters/audit_contract.py``."""

import json
from collections.abc import Mapping, Sequence
from typing import cast

from safelight.domain.audit_event import AuditEvent, EventKind, Scalar
from safelight.ports.audit import AuditStatus, AuditUnavailable

Fields = Mapping[str, Scalar | tuple[str, ...]]


class FakeAuditLog:
    """``events`` is the log, in order; ``written`` and ``synced`` say how far flush and durable have come."""

    def __init__(self) -> None:
        self.events: list[AuditEvent] = []
        self.written = 0
        self.synced = 0
        self.forgotten: list[str] = []
        self._actors: dict[str, str] = {}
        self._failure: str | None = None

    def fail(self, why: str = "no space left on device") -> None:
        """From now on nothing can be written."""
        self._failure = why

    def of_kind(self, kind: EventKind) -> list[AuditEvent]:
        return [event for event in self.events if event.kind is kind]

    def append(self, event: AuditEvent) -> int:
        self._check()
        if event.kind is EventKind.SESSION_STARTED and event.session_id is not None:
            self._actors[event.session_id] = event.actor
        self.events.append(event)
        return len(self.events) - 1

    def append_statement(
        self,
        session_id: str,
        kind: str,
        at_ms: int,
        fields_json: bytes,
        sensitive: bytes,
        parameters: Sequence[bytes | None] = (),
    ) -> int:
        read = json.loads(b"{%b}" % fields_json)
        fields = {name: tuple(value) if isinstance(value, list) else value for name, value in read.items()}
        sealed = {"statement": sensitive.decode(errors="backslashreplace")}
        for number, value in enumerate(parameters, 1):
            sealed[f"parameter {number}"] = "NULL" if value is None else value.decode(errors="backslashreplace")
        actor = self._actors.get(session_id, "")
        return self.append(AuditEvent(EventKind(kind), at_ms, actor, session_id, cast(Fields, fields), sealed))

    def flush(self) -> None:
        self._check()
        self.written = len(self.events)

    async def durable(self, index: int) -> None:
        if not 0 <= index < len(self.events):
            raise ValueError("no such record")
        if index >= self.synced:
            self.flush()
            self.synced = self.written

    def forget_session(self, session_id: str) -> None:
        self._actors.pop(session_id, None)
        self.forgotten.append(session_id)

    def status(self) -> AuditStatus:
        return AuditStatus(self.written, self.synced, self.synced, "", 0, self._failure)

    def _check(self) -> None:
        if self._failure is not None:
            raise AuditUnavailable(self._failure)
