"""The embedded audit log: files in a directory of the node's state, written by one process.

``append`` queues, ``flush`` writes what is queued in one call on the event loop, ``durable`` waits for a worker
thread whose one fsync serves everybody who waits. Once a second, when there is something new, a checkpoint is signed
over what is on disk. Any failed or short write makes the log unavailable for good: nothing more is taken, nothing
that waits goes on (I1); a restart reads what is there and tells what it found.

Not thread-safe: everything here runs on the event loop, but for :meth:`Commit.run`.
"""

import asyncio
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from safelight.adapters import audit_directory, audit_keys, audit_recovery
from safelight.adapters import audit_segments as files
from safelight.adapters.audit_commit import Commit, Retiring, Segment
from safelight.audit.checkpoint import Checkpoint
from safelight.audit.merkle import Frontier
from safelight.audit.sealing import NodeKey
from safelight.audit.writer import RecordWriter
from safelight.domain.audit_event import AuditEvent, EventKind
from safelight.ports.audit import AuditStatus, AuditUnavailable
from safelight.ports.clock import Clock

SEGMENT_BYTES = 32 * 1024 * 1024
QUEUE_BYTES = 8 * 1024 * 1024
"""More than this is not queued: it is written at once."""
UNFOLDED_BYTES = 256 * 1024
"""More than this is not kept beside the tree: it is hashed into it."""
CHECKPOINT_INTERVAL_SECONDS = 1.0
ACTOR = "safelight"
"""The actor of records that the log makes about itself."""


@dataclass(frozen=True, slots=True)
class _Waiter:
    """Somebody who waits for a record to be durable, or to be under a checkpoint."""

    index: int
    signed: bool
    future: asyncio.Future[None]


class AuditFiles:
    """Made by :meth:`open`; then ``await start()``, and ``await close()`` at the end."""

    def __init__(
        self,
        directory: Path,
        lock: int,
        recovered: audit_recovery.Replay,
        signing_key: Ed25519PrivateKey,
        node_key: NodeKey,
        clock: Clock,
        segment_bytes: int,
        checkpoint_interval_seconds: float,
    ) -> None:
        self.directory = directory
        self.origin = recovered.checkpoint.origin
        self._lock = lock
        self._signing_key = signing_key
        self._node_key = node_key
        self._clock = clock
        self._segment_bytes = segment_bytes
        self._interval = checkpoint_interval_seconds
        self._frontier = recovered.frontier
        self._size = recovered.frontier.size
        self._unfolded: list[bytes] = []
        self._unfolded_bytes = 0
        self._writer = RecordWriter(recovered.frontier.size, os.urandom, full_bytes=QUEUE_BYTES)
        self.queue = self._writer.queue
        paths = recovered.paths
        self._segment = Segment(
            paths, files.open_to_append(paths.records), files.open_to_append(paths.checkpoints), recovered.length
        )
        self.queue.write_to(self._segment.records, UNFOLDED_BYTES)
        self._retiring: Retiring | None = None
        self._keys = files.open_to_append(directory / audit_keys.NAME)
        self._keys_added = True
        self._durable_size = recovered.checkpoint.size
        self._note = recovered.note
        self._signed_size = recovered.checkpoint.size
        self._sign_due = False
        self._uncovered_since_ms: int | None = None
        self._prepared_ms = 0
        self._failure: str | None = None
        self._closed = False
        self._when_failed: Callable[[str], None] | None = None
        self._waiters: list[_Waiter] = []
        self._wanted = asyncio.Event()
        self._worker = ThreadPoolExecutor(1, "audit")
        self._tasks: list[asyncio.Task[None]] = []

    @staticmethod
    def open(
        directory: Path,
        *,
        origin: str,
        signing_key: Ed25519PrivateKey,
        node_key: bytes,
        clock: Clock,
        segment_bytes: int = SEGMENT_BYTES,
        checkpoint_interval_seconds: float = CHECKPOINT_INTERVAL_SECONDS,
    ) -> "AuditFiles":
        """Open the log in ``directory``, or make it. What a crash left unfinished is cut, and a record says so.

        Raises:
            AuditCorrupt: what is there contradicts itself, or belongs to another origin or key.
            AuditUnavailable: another process writes this log, or the disk refuses.
        """
        keys = NodeKey(node_key)
        lock = audit_directory.prepare(directory, origin, signing_key)
        try:
            found = audit_recovery.recover(directory, origin, signing_key, keys)
            log = AuditFiles(
                directory,
                lock,
                found.replay,
                signing_key,
                keys,
                clock,
                segment_bytes,
                checkpoint_interval_seconds,
            )
            if found.findings:
                fields = {"records": found.replay.frontier.size, **found.findings}
                log.append(AuditEvent(EventKind.AUDIT_RECOVERED, clock.wall_ms(), ACTOR, None, fields))
                log.flush()
        except OSError as error:
            os.close(lock)
            raise AuditUnavailable(f"{directory}: {error}") from error
        except BaseException:
            os.close(lock)
            raise
        return log

    async def start(self, when_failed: Callable[[str], None] | None = None) -> None:
        """Begin to fsync and to sign, on the running loop. ``when_failed`` is called once, with the reason, when the
        log becomes unavailable: also while nobody writes."""
        self._when_failed = when_failed
        self._tasks = [asyncio.create_task(self._commit_forever()), asyncio.create_task(self._sign_regularly())]

    async def close(self) -> None:
        """Write, fsync and sign what is left, and let go of the directory. Never raises: what failed is in
        :meth:`status`."""
        if self._closed:
            return
        self._closed = True
        if self._failure is None:
            try:
                await self.checkpoint() if self._tasks else self.flush()
            except AuditUnavailable as error:
                self._fail(str(error))
        self._fail("the log is closed")
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._worker.shutdown(wait=True)
        self._segment.close()
        if self._retiring is not None:
            self._retiring.segment.close()
        for descriptor in (self._keys, self._lock):
            os.close(descriptor)

    # --- writing -----------------------------------------------------------------------------------------------

    def append(self, event: AuditEvent) -> int:
        if self._failure is not None:
            raise AuditUnavailable(self._failure)
        if self._writer.queued_bytes > QUEUE_BYTES:
            self.flush()
        return self._writer.event(
            event.kind.value, event.at_ms, event.actor, event.session_id, event.fields, event.sensitive
        )

    def append_statement(
        self,
        session_id: str,
        kind: str,
        at_ms: int,
        fields_json: bytes,
        sensitive: bytes,
        parameters: Sequence[bytes | None] = (),
    ) -> int:
        if self._failure is not None:
            raise AuditUnavailable(self._failure)
        index = self.queue.statement(session_id, kind, at_ms, fields_json, sensitive, parameters)
        if index is not None:
            return index
        if self._writer.queued_bytes > QUEUE_BYTES:
            self.flush()
        return self._writer.statement(session_id, kind, at_ms, fields_json, sensitive, parameters)

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
        if self._failure is not None:
            raise AuditUnavailable(self._failure)
        index = self.queue.outcome(session_id, at_ms, intent, result, rows, result_bytes, micros, sqlstate, cells)
        if index is not None:
            return index
        return self._writer.outcome(session_id, at_ms, intent, result, rows, result_bytes, micros, sqlstate, cells)

    def flush(self) -> None:
        if self._failure is not None:
            raise AuditUnavailable(self._failure)
        self._account()
        if self.queue.queued_bytes:
            self._write()
        if self._segment.length >= self._segment_bytes and self._retiring is None:
            self._next_segment()

    def _write(self) -> None:
        lines, new = self._writer.take()
        try:
            if new:
                self._keys_added = True
                files.write_all(self._keys, b"".join(audit_keys.line_of(key, self._node_key) for key in new))
            files.write_all(self._segment.records, lines)
        except OSError as error:
            self._cannot_write(str(error))
        self._written(lines, self.queue.next_index, 0)

    def _account(self) -> None:
        """Take note of what the fast path has written."""
        lines, size, age_ms = self.queue.take_written()
        if lines:
            self._written(lines, size, age_ms)
        if self.queue.problem is not None:
            self._cannot_write(self.queue.problem)

    def _cannot_write(self, why: str) -> NoReturn:
        self._fail(f"the audit log cannot be written: {why}")
        raise AuditUnavailable(self._failure)

    def _written(self, lines: bytes, size: int, age_ms: int) -> None:
        self._size = size
        self._unfolded.append(lines)
        self._unfolded_bytes += len(lines)
        self._segment.length += len(lines)
        if self._uncovered_since_ms is None:
            self._uncovered_since_ms = self._clock.monotonic_ms() - age_ms
        if self._unfolded_bytes > UNFOLDED_BYTES:
            self._tree()

    def _tree(self) -> Frontier:
        """The tree over all that is written. Many records at once cost less than as many single ones."""
        unfolded, self._unfolded, self._unfolded_bytes = self._unfolded, [], 0
        self._frontier.fold_lines(b"".join(unfolded))
        return self._frontier

    def forget_session(self, session_id: str) -> None:
        self._writer.forget(session_id)

    async def erase_session(self, session_id: str, *, actor: str, reason: str) -> int:
        """Destroy the keys of a session: first a durable record that says so, then the deed. How many there were.

        Raises:
            AuditUnavailable: nothing was destroyed.
            OSError: the key file refused.
        """
        if not session_id:
            raise ValueError("the keys of the node's own records are not erased")
        index = self.append(
            AuditEvent(
                EventKind.AUDIT_KEY_ERASED,
                self._clock.wall_ms(),
                actor,
                None,
                {"erased_session": session_id},
                {"reason": reason},
            )
        )
        await self.durable(index)
        kept = self._writer.renew(session_id)
        return await asyncio.to_thread(audit_keys.erase, self.directory / audit_keys.NAME, session_id, kept)

    def _next_segment(self) -> None:
        """Go on in a new file. It gets its name when the worker has seen the full one onto the disk."""
        paths = files.SegmentPaths(self.directory, self._size)
        fresh = Segment(paths, files.create(paths.next), None, 0)
        self._retiring = Retiring(self._segment, self._tree().copy())
        self._segment = fresh
        self.queue.write_to(fresh.records, UNFOLDED_BYTES)
        self._wanted.set()

    # --- durability --------------------------------------------------------------------------------------------

    async def durable(self, index: int) -> None:
        if not 0 <= index < self._writer.next_index:
            raise ValueError("no such record")
        if index < self._durable_size:
            return
        self.flush()
        await self._committed(index, signed=False)

    async def checkpoint(self) -> str:
        """Sign a checkpoint over everything appended so far, now, and give the note.

        Raises:
            AuditUnavailable: the log cannot be written.
        """
        self.flush()
        if self._signed_size < self._size:
            self._sign_due = True
            await self._committed(self._size - 1, signed=True)
        return self._note

    def status(self) -> AuditStatus:
        since = self._uncovered_since_ms
        lag_ms = 0 if since is None else max(0, self._clock.monotonic_ms() - since)
        return AuditStatus(self._size, self._durable_size, self._signed_size, self._note, lag_ms, self._failure)

    async def _committed(self, index: int, *, signed: bool) -> None:
        if self._failure is not None:
            raise AuditUnavailable(self._failure)
        waiter = _Waiter(index, signed, asyncio.get_running_loop().create_future())
        self._waiters.append(waiter)
        self._wanted.set()
        await waiter.future

    async def _commit_forever(self) -> None:
        """One trip of the worker after another, for as long as somebody waits."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                await self._wanted.wait()
                self._wanted.clear()
                commit = self._prepare_commit()
                note = await loop.run_in_executor(self._worker, commit.run, self._signing_key)
                self._finish_commit(commit, note)
        except (OSError, ValueError) as error:
            self._fail(f"the audit log cannot be made durable: {error}")
        finally:
            self._fail("nobody makes the audit log durable any more")

    async def _sign_regularly(self) -> None:
        try:
            while True:
                await asyncio.sleep(self._interval)
                self.flush()
                if self._signed_size < self._size:
                    self._sign_due = True
                    self._wanted.set()
        except AuditUnavailable as error:
            self._fail(str(error))
        finally:
            self._fail("nobody signs the audit log any more")

    def _prepare_commit(self) -> Commit:
        size = self._size
        checkpoint = Checkpoint(self.origin, size, self._tree().root()) if self._sign_due else None
        keys = self._keys if self._keys_added else None
        self._sign_due = self._keys_added = False
        self._prepared_ms = self._clock.monotonic_ms()
        return Commit(size, self._segment, keys, self._retiring, checkpoint, self._signed_size, self.origin)

    def _finish_commit(self, commit: Commit, note: str | None) -> None:
        self._durable_size = commit.size
        if commit.retiring is not None:
            self._retiring = None
            self._signed_size = max(self._signed_size, commit.retiring.end.size)
        if commit.checkpoint is not None:
            self._signed_size = commit.checkpoint.size
            self._uncovered_since_ms = None if self._signed_size == self._size else self._prepared_ms
        if note is not None:
            self._note = note
        open_waiters = []
        for waiter in self._waiters:
            if waiter.index >= (self._signed_size if waiter.signed else self._durable_size):
                open_waiters.append(waiter)
            elif not waiter.future.done():
                waiter.future.set_result(None)
        self._waiters = open_waiters
        if open_waiters:
            self._wanted.set()

    def _fail(self, why: str) -> None:
        """For good: the first reason stays."""
        if self._failure is not None:
            return
        self._failure = why
        self.queue.write_to(-1, 0)  # no room: the fast path asks, and is told
        for waiter in self._waiters:
            if not waiter.future.done():
                waiter.future.set_exception(AuditUnavailable(why))
        self._waiters = []
        if self._when_failed is not None and not self._closed:
            self._when_failed(why)
