"""Logs in files, for tests: made, opened again, exported and verified."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from safelight.adapters import audit_directory, audit_exporting, audit_segments
from safelight.adapters.audit_exporting import ExportOrder
from safelight.adapters.audit_files import AuditFiles
from safelight.adapters.audit_keyring import Keyring
from safelight.audit.verifier import Report, verify

ORIGIN = "example.org/audit/node-1"
T = TypeVar("T")


class HandClock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now_ms = 1_000

    def wall_ms(self) -> int:
        return self.now_ms

    def monotonic_ms(self) -> int:
        return self.now_ms


@dataclass
class Place:
    """A directory with a log's keys. Checkpoints are signed when asked for only, unless ``interval`` is short."""

    directory: Path
    signing_key: Ed25519PrivateKey = field(default_factory=lambda: Ed25519PrivateKey.from_private_bytes(bytes(32)))
    node_key: bytes = bytes(range(32))
    segment_bytes: int = 1 << 20
    interval: float = 3600
    clock: HandClock = field(default_factory=HandClock)

    def open(self) -> AuditFiles:
        return AuditFiles.open(
            self.directory,
            origin=ORIGIN,
            signing_key=self.signing_key,
            node_key=self.node_key,
            clock=self.clock,
            segment_bytes=self.segment_bytes,
            checkpoint_interval_seconds=self.interval,
        )

    def play(self, story: Callable[[AuditFiles], Awaitable[T]]) -> T:
        """Open the log, let ``story`` happen, and close it in order."""

        async def run() -> T:
            log = self.open()
            await log.start()
            try:
                return await story(log)
            finally:
                await log.close()

        return asyncio.run(run())

    def crash(self, story: Callable[[AuditFiles], Coroutine[Any, Any, T]]) -> T:
        """Open the log, let ``story`` happen, and leave everything as it is then."""

        async def run() -> T:
            log = self.open()
            await log.start()
            result = await story(log)
            log._fail("the process is gone")
            await log.close()
            return result

        return asyncio.run(run())

    def records(self, first: int = 0) -> Path:
        return audit_segments.SegmentPaths(self.directory, first).records

    def verify(self, note: str, *, anchor: str | None = None, reveal: bool = True) -> Report:
        """Export what is on disk up to ``note``, and verify that."""
        export = self.directory.with_name("export")
        export.unlink(missing_ok=True)
        order = ExportOrder(ORIGIN, int(note.split("\n", 2)[1]), note, None)
        keyring = Keyring(self.directory, self.node_key) if reveal else None
        audit_exporting.export(self.directory, export, order, keyring)
        return verify(export, audit_directory.verifier_key_of(self.directory), anchor)


def statements(log: AuditFiles, count: int, session_id: str = "s1") -> int:
    """Append ``count`` statements with their outcomes, and write them; the last index."""
    outcome = -1
    for number in range(count):
        intent = log.append_statement(
            session_id, "statement.intent", number, b'"form":"select"', b"SELECT %d" % number
        )
        outcome = log.append_outcome(session_id, number, intent, "ok", 1, 8, 5)
    log.flush()
    return outcome
