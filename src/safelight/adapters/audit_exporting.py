"""Writes exports of the audit log (docs/audit-format.md): one file that a verifier takes, far from here.

What is on disk is taken as it is, even when it is damaged: judging it is the verifier's work.
"""

import base64
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from safelight.adapters import audit_segments as files
from safelight.adapters.audit_keyring import Keyring
from safelight.adapters.audit_segments import SegmentPaths
from safelight.audit.canonical import canonical
from safelight.audit.checkpoint import split_notes
from safelight.audit.records import parse


@dataclass(frozen=True, slots=True)
class ExportOrder:
    """What to export: up to the checkpoint ``note`` over ``size`` records, from the segment of ``since_ms`` on."""

    origin: str
    size: int
    note: str
    since_ms: int | None


def export(directory: Path, destination: Path, order: ExportOrder, keyring: Keyring | None) -> None:
    """Write a new file at ``destination``, with the keys when there is a ``keyring``.

    Raises:
        OSError: a file cannot be read or written; what was written of the export is removed.
    """
    chosen = _from(files.all_segments(directory), order)
    first = chosen[0].first
    frontier = chosen[0].frontier.read_text().splitlines() if first else []
    header = {"first": first, "format": 1, "frontier": frontier, "origin": order.origin}
    descriptor = os.open(destination, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, files.FILE_MODE)
    try:
        with os.fdopen(descriptor, "wb", 1024 * 1024) as out:
            out.write(canonical({"export": header}) + b"\n")
            _Export(out, order, keyring, first).write(chosen)
    except BaseException:
        destination.unlink(missing_ok=True)
        raise


def _from(found: list[SegmentPaths], order: ExportOrder) -> list[SegmentPaths]:
    """The segments to export: from the last one that began before ``since_ms``."""
    start = 0
    for at, paths in enumerate(found[1:], 1):
        if order.since_ms is None or paths.first >= order.size:
            break
        first_line = next(_lines(paths), None)
        if first_line is None or parse(first_line).at_ms > order.since_ms:
            break
        start = at
    return found[start:]


def _lines(paths: SegmentPaths) -> Iterator[bytes]:
    with files.open_records(paths) as file:
        for line in file:
            if line.endswith(b"\n"):
                yield line[:-1]


class _Export:
    """``_index`` is the record that comes next; a checkpoint is written behind the last record that it covers."""

    def __init__(self, out: BinaryIO, order: ExportOrder, keyring: Keyring | None, first: int) -> None:
        self._out = out
        self._order = order
        self._keyring = keyring
        self._index = first
        self._notes: dict[int, list[str]] = {order.size: [order.note]}
        self._keys: set[str] = set()

    def write(self, chosen: list[SegmentPaths]) -> None:
        for at, paths in enumerate(chosen):
            self._collect(paths, is_first=at == 0)
            self._checkpoints(self._index)
            for line in _lines(paths):
                if self._index >= self._order.size:
                    break
                self._key(line)
                self._out.write(line + b"\n")
                self._index += 1
                self._checkpoints(self._index)
        for size in sorted(self._notes):
            self._checkpoints(size)
        self._line("end", self._order.size)

    def _collect(self, paths: SegmentPaths, *, is_first: bool) -> None:
        """The checkpoints of a segment. Its first is the last of the segment before."""
        try:
            data = paths.checkpoints.read_text("utf-8", "replace")
        except FileNotFoundError:  # a segment that still waits for its name has none yet
            return
        for note in split_notes(data)[0][0 if is_first else 1 :]:
            size = int(note.split("\n", 2)[1])
            if size <= self._order.size and note not in self._notes.setdefault(size, []):
                self._notes[size].append(note)

    def _checkpoints(self, size: int) -> None:
        for note in self._notes.pop(size, []):
            self._line("checkpoint", note)

    def _key(self, line: bytes) -> None:
        """The key of what a record seals, before the first record that needs it."""
        if self._keyring is None:
            return
        try:
            identity = parse(line).key
            key = None if identity is None or identity in self._keys else self._keyring.key(identity)
        except ValueError:  # damaged on disk: the verifier says so of the record
            return
        if identity is not None and key is not None:
            self._keys.add(identity)
            self._line("key", {"id": identity, "key": base64.b64encode(key).decode()})

    def _line(self, name: str, value: object) -> None:
        self._out.write(canonical({name: value}) + b"\n")
