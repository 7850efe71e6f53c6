"""An audit log in memory and its reader, for tests. The log passes the port's contract suite
(``tests/adapters/audit_contract.py``)."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

from safelight._native import RecordQueue
from safelight.domain.audit_event import AuditEvent, EventKind, Scalar
from safelight.ports.audit import AuditPage, AuditQuery, AuditRecord, AuditStatus, AuditUnavailable

Fields = Mapping[str, Scalar | tuple[str, ...]]


class FakeAuditLog:
    """``events`` is the log, in order; ``written`` and ``synced`` say how far flush and durable have come."""

    def __init__(self) -> None:
        self.events: list[AuditEvent] = []
        self.queue = RecordQueue(0, 0)
        """It knows no session, and so takes nothing: every record comes to the methods below."""
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

    def append_outcome(
        self,
        session_id: str,
        at_ms: int,
        intent: int,
        result: str,
        rows: int,
        result_bytes: int,
        micros: int,
        sqlstate: str = "",
        cells: dict[str, int] | None = None,
    ) -> int:
        fields: dict[str, Scalar | tuple[str, ...]] = {"bytes": result_bytes, "intent": intent}
        if cells:
            fields["masked"] = tuple(f"{name}={cells[name]}" for name in sorted(cells))
        fields |= {"micros": micros, "result": result, "rows": rows}
        if sqlstate:
            fields["sqlstate"] = sqlstate
        actor = self._actors.get(session_id, "")
        return self.append(AuditEvent(EventKind.STATEMENT_OUTCOME, at_ms, actor, session_id, fields, {}))

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


class FakeAuditReader:
    """Reads a fake log. Its exports say nothing that a verifier would take."""

    def __init__(self, log: FakeAuditLog) -> None:
        self._log = log

    async def tail(self, count: int, *, reveal: bool) -> AuditPage:
        return await self.search(AuditQuery(limit=count), reveal=reveal)

    async def search(self, query: AuditQuery, *, reveal: bool) -> AuditPage:
        found = [
            _record(index, event, reveal=reveal)
            for index, event in reversed(list(enumerate(self._log.events)))
            if _fits(query, index, event)
        ]
        page = found[: query.limit]
        return AuditPage(tuple(page), page[-1].index if len(found) > len(page) else None)

    async def export(self, destination: Path, *, since_ms: int | None = None, reveal: bool) -> str:
        lines = [f"{event.kind} {event.actor}\n" for event in self._log.events if event.at_ms >= (since_ms or 0)]
        await asyncio.to_thread(destination.write_text, "".join(lines))
        return f"fake\n{len(self._log.events)}\n"

    async def erase_session(self, session_id: str, *, actor: str, reason: str) -> int:
        return sum(bool(event.sensitive) for event in self._log.events if event.session_id == session_id)

    def verifier_key(self) -> str:
        return "fake"


def _record(index: int, event: AuditEvent, *, reveal: bool) -> AuditRecord:
    sensitive = event.sensitive if reveal or not event.sensitive else None
    about = {"target": str(event.fields["target"])} if "target" in event.fields else {}
    return AuditRecord(
        index, event.at_ms, event.kind.value, event.actor, event.session_id, about, event.fields, sensitive, False
    )


def _fits(query: AuditQuery, index: int, event: AuditEvent) -> bool:
    return (
        (query.before is None or index < query.before)
        and (query.kinds is None or event.kind.value in query.kinds)
        and (query.actor is None or event.actor == query.actor)
        and (query.session_id is None or event.session_id == query.session_id)
        and (query.target is None or event.fields.get("target") == query.target)
        and (query.since_ms is None or event.at_ms >= query.since_ms)
        and (query.until_ms is None or event.at_ms < query.until_ms)
        and (query.text is None or query.text.casefold() in str(dict(event.fields)).casefold())
    )
