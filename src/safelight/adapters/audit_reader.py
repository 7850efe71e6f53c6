"""The reading side of the embedded audit log. Scans and exports run in one worker process, so that they neither
hold up the data plane's loop nor compete for its interpreter; it starts with the first question."""

import asyncio
import os
import signal
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar, TypeVarTuple

from safelight.adapters import audit_directory, audit_exporting, audit_reading
from safelight.adapters.audit_exporting import ExportOrder
from safelight.adapters.audit_files import AuditFiles
from safelight.adapters.audit_keyring import Keyring
from safelight.ports.audit import AuditPage, AuditQuery
from safelight.ports.secrets import Secret

Given = TypeVarTuple("Given")
R = TypeVar("R")


class AuditFilesReader:
    """Reads the log that ``log`` writes. ``node_key`` opens what is sealed, for those who may see it."""

    def __init__(self, log: AuditFiles, node_key: Secret[bytes]) -> None:
        self._log = log
        self._node_key = node_key
        self._process: ProcessPoolExecutor | None = None

    async def tail(self, count: int, *, reveal: bool) -> AuditPage:
        return await self.search(AuditQuery(limit=count), reveal=reveal)

    async def search(self, query: AuditQuery, *, reveal: bool) -> AuditPage:
        """Newest first; what was appended before this call is seen.

        Raises:
            AuditCorrupt: a record cannot be read.
        """
        if self._log.status().failure is None:
            self._log.flush()
        query = replace(query, limit=min(query.limit, audit_reading.PAGE_LIMIT))
        return await self._run(_search, self._log.directory, query, self._key(reveal))

    async def export(self, destination: Path, *, since_ms: int | None = None, reveal: bool) -> str:
        """Raises: AuditUnavailable when no checkpoint can be signed, OSError when ``destination`` exists or fails."""
        note = await self._log.checkpoint()
        order = ExportOrder(self._log.origin, int(note.split("\n", 2)[1]), note, since_ms)
        await self._run(_export, self._log.directory, destination, order, self._key(reveal))
        return note

    async def erase_session(self, session_id: str, *, actor: str, reason: str) -> int:
        return await self._log.erase_session(session_id, actor=actor, reason=reason)

    def verifier_key(self) -> str:
        """The log's public key, as the verifier takes it."""
        return audit_directory.verifier_key_of(self._log.directory)

    async def close(self) -> None:
        """End the worker process, when there is one."""
        if self._process is not None:
            process, self._process = self._process, None
            await asyncio.to_thread(process.shutdown, cancel_futures=True)

    def _key(self, reveal: bool) -> bytes | None:
        return self._node_key.reveal() if reveal else None

    async def _run(self, work: Callable[[*Given], R], *given: *Given) -> R:
        """In the worker process; a new one takes the place of one that died."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._worker(), work, *given)
        except BrokenProcessPool:
            self._process = None
            return await loop.run_in_executor(self._worker(), work, *given)

    def _worker(self) -> ProcessPoolExecutor:
        if self._process is None:
            self._process = ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_be_modest)
        return self._process


def _be_modest() -> None:
    """The worker yields to the data plane, and leaves Ctrl-C to it."""
    os.nice(5)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _search(directory: Path, query: AuditQuery, node_key: bytes | None) -> AuditPage:
    return audit_reading.search(directory, query, _keyring(directory, node_key))


def _export(directory: Path, destination: Path, order: ExportOrder, node_key: bytes | None) -> None:
    audit_exporting.export(directory, destination, order, _keyring(directory, node_key))


def _keyring(directory: Path, node_key: bytes | None) -> Keyring | None:
    return None if node_key is None else Keyring(directory, node_key)
