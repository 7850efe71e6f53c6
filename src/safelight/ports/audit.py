"""The audit log as its writers and its readers see it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from safelight._native import RecordQueue
from safelight.domain.audit_event import AuditEvent
from safelight.domain.errors import SafelightError


class AuditUnavailable(Exception):
    """The log cannot be written. Traffic stops (I1)."""


class AuditCorrupt(SafelightError):
    """What is on disk contradicts itself. The log does not open: nothing is repaired in silence."""


@dataclass(frozen=True, slots=True)
class AuditStatus:
    """``size`` counts records written, ``durable_size`` those fsynced, ``checkpoint_size`` those under a signed
    checkpoint. ``lag_ms`` is how long the oldest record has waited for its checkpoint (0: none waits).
    ``failure`` says why the log cannot be written, or is None."""

    size: int
    durable_size: int
    checkpoint_size: int
    last_checkpoint: str
    lag_ms: int
    failure: str | None


class AuditLog(Protocol):
    """Append-only. All methods are called on the event loop's thread."""

    @property
    def queue(self) -> RecordQueue:
        """Where native code appends the records of statements. As with the methods, nothing that waits for a record
        may go on before :meth:`flush`."""
        ...

    def append(self, event: AuditEvent) -> int:
        """Queue a record and return its index in the log. Cheap; nothing is written yet.

        A ``session.started`` event gives the session's records their actor, and their target, grant, incident and
        sponsor when it has fields of these names.

        Raises:
            AuditUnavailable: the log has failed before.
        """
        ...

    def append_statement(
        self,
        session_id: str,
        kind: str,
        at_ms: int,
        fields_json: bytes,
        sensitive: bytes,
        parameters: Sequence[bytes | None] = (),
    ) -> int:
        """The hot path of :meth:`append`: ``fields_json`` is the inside of a canonical JSON object
        (``safelight.audit.canonical.inside_of``), prepared by the caller once per shape; ``sensitive`` the
        statement's text and ``parameters`` its bound values (None is NULL), which are encrypted.

        Raises:
            AuditUnavailable: the log has failed before.
        """
        ...

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
        """How a statement ended, as its own record (``statement.outcome``). ``intent`` is the index of its intent,
        ``result`` ok, error, refused, discarded or unknown, ``cells`` the cells masked by type.

        Raises:
            AuditUnavailable: the log has failed before.
        """
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

    def forget_session(self, session_id: str) -> None:
        """The session has ended: drop what is kept for it in memory. Its key stays until it is erased."""
        ...

    def status(self) -> AuditStatus:
        """For /readyz and the metrics. Never raises."""
        ...


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """What to look for; None means anything. Times are wall-clock milliseconds, ``since_ms`` included and
    ``until_ms`` excluded. ``text`` is looked for, without regard to case, in the fields, and in what is sealed when
    the caller may see it. Results come newest first; ``before`` continues from an earlier page."""

    kinds: frozenset[str] | None = None
    actor: str | None = None
    session_id: str | None = None
    target: str | None = None
    since_ms: int | None = None
    until_ms: int | None = None
    text: str | None = None
    before: int | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One record as a reader sees it. ``sensitive`` is None when it is sealed and the reader may not see it, or its
    key was erased; otherwise names to texts (``statement``, ``parameter 1``, …)."""

    index: int
    at_ms: int
    kind: str
    actor: str
    session_id: str | None
    about: Mapping[str, str]
    fields: Mapping[str, object]
    sensitive: Mapping[str, str] | None
    erased: bool


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Records, newest first. ``next_before`` goes into the next query, or is None at the beginning of the log.
    A page may be short of its limit, or empty, when the bound on what one search reads was reached."""

    records: tuple[AuditRecord, ...]
    next_before: int | None


class AuditReader(Protocol):
    """The reading side. Whoever calls it has checked that the caller may read, and what they may see in clear."""

    async def tail(self, count: int, *, reveal: bool) -> AuditPage:
        """The last ``count`` records (at most 1,000)."""
        ...

    async def search(self, query: AuditQuery, *, reveal: bool) -> AuditPage: ...

    async def export(self, destination: Path, *, since_ms: int | None = None, reveal: bool) -> str:
        """Write a self-contained export that the verifier takes, up to a checkpoint made for it, and give that
        checkpoint. It begins with the segment in which ``since_ms`` lies. ``reveal`` adds the keys."""
        ...

    async def erase_session(self, session_id: str, *, actor: str, reason: str) -> int:
        """Destroy the keys of a session's sealed fields; proofs stay whole. Gives how many keys were destroyed."""
        ...

    def verifier_key(self) -> str:
        """The log's public key as one line, as the verifier takes it."""
        ...
