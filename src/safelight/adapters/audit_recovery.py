"""Opens what is on disk, and says what it found.

Only one thing is mended: what a crash may leave, an unfinished last line of a file that no checkpoint covers. It is
cut, and a record will say so. Whatever else does not fit (a changed, missing or foreign record, a checkpoint that
does not match) refuses the start: a log that repairs itself in silence proves nothing.
"""

import os
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from safelight.adapters import audit_keys
from safelight.adapters import audit_segments as files
from safelight.adapters.audit_segments import SegmentPaths
from safelight.audit import checkpoint as notes
from safelight.audit.checkpoint import Checkpoint
from safelight.audit.merkle import Frontier, leaf_hash
from safelight.audit.records import parse
from safelight.audit.sealing import NodeKey
from safelight.ports.audit import AuditCorrupt

_NOTE_LINES = 5

Signed = tuple[str, Checkpoint]
"""A note and what it says."""


@dataclass(slots=True)
class Replay:
    """A segment as it was read: the tree after it, its length, and its last checkpoint."""

    paths: SegmentPaths
    frontier: Frontier
    length: int
    note: str
    checkpoint: Checkpoint


@dataclass(slots=True)
class _Found:
    """What will have to be said, and the files to cut (to which length) once everything else has been seen to fit."""

    counts: dict[str, int] = field(default_factory=dict)
    cuts: list[tuple[Path, int]] = field(default_factory=list)

    def torn(self, name: str, path: Path, length: int, amount: int) -> None:
        if amount:
            self.cuts.append((path, length))
            self.count(name, amount)

    def count(self, name: str, amount: int) -> None:
        self.counts[name] = self.counts.get(name, 0) + amount

    def cut(self) -> None:
        for path, length in self.cuts:
            files.cut(path, length)
        self.cuts.clear()


@dataclass(slots=True)
class Recovered:
    """``findings`` is what a record must say; empty when the log was closed in order."""

    replay: Replay
    findings: dict[str, int] = field(default_factory=dict)


def create(directory: Path, origin: str, key: Ed25519PrivateKey) -> None:
    """The first segment of a new log, with a signed checkpoint of the empty log."""
    paths = SegmentPaths(directory, 0)
    for leftover in (paths.records, paths.next):
        if leftover.exists() and leftover.stat().st_size:
            raise AuditCorrupt(f"{leftover} has records, but {directory} does not say which log they belong to")
        leftover.unlink(missing_ok=True)
    (directory / audit_keys.NAME).touch(files.FILE_MODE)
    paths.next.touch(files.FILE_MODE, exist_ok=False)
    empty = Frontier()
    files.place(paths, empty, notes.sign(Checkpoint(origin, 0, empty.root()), key))


def recover(directory: Path, origin: str, key: Ed25519PrivateKey, node_key: NodeKey) -> Recovered:
    """Read the last segment and all that must agree with it.

    Raises:
        AuditCorrupt: something does not agree.
        OSError: something cannot be read.
    """
    found = _Found()
    segments = files.segments(directory)
    if not segments:
        raise AuditCorrupt(f"{directory} has no records: they were moved away or deleted")
    keys = directory / audit_keys.NAME
    found.torn("keys_cut_bytes", keys, *audit_keys.check(keys, node_key))
    replay = _replay(segments[-1], origin, key.public_key(), found)
    if len(segments) > 1:
        _check_boundary(segments[-2], replay, origin, key.public_key())
    found.cut()
    waiting = files.unplaced(directory)
    if waiting is not None:
        replay = _place(waiting, replay, origin, key, found)
        found.cut()
    return Recovered(replay, found.counts)


def _replay(paths: SegmentPaths, origin: str, key: Ed25519PublicKey, found: _Found) -> Replay:
    checkpoints = _read_checkpoints(paths, origin, key, found)
    try:
        frontier = files.read_frontier(paths)
    except (OSError, ValueError) as error:
        raise AuditCorrupt(f"{paths.frontier}: {error}") from error
    with paths.records.open("rb") as file:
        length = _read_signed(paths, file, frontier, checkpoints)
        length += _read_unsigned(paths, file, frontier)
        torn = file.seek(0, os.SEEK_END) - length
    found.torn("cut_bytes", paths.records, length, torn)
    note, checkpoint = checkpoints[-1]
    return Replay(paths, frontier, length, note, checkpoint)


def _read_signed(paths: SegmentPaths, file: BinaryIO, frontier: Frontier, checkpoints: list[Signed]) -> int:
    """The records that checkpoints cover; how many bytes they are. Their hashes say all there is to say of them."""
    length = 0
    for _, checkpoint in checkpoints:
        leaves = []
        for line in islice(file, checkpoint.size - frontier.size):
            if not line.endswith(b"\n"):
                break
            leaves.append(leaf_hash(line[:-1]))
            length += len(line)
        frontier.fold(leaves)
        if frontier.size < checkpoint.size:
            raise AuditCorrupt(f"{paths.records}: {checkpoint.size} records were signed, {frontier.size} are left")
        if frontier.root() != checkpoint.root:
            raise AuditCorrupt(f"{paths.records}: the records before {checkpoint.size} are not what was signed")
    return length


def _read_unsigned(paths: SegmentPaths, file: BinaryIO, frontier: Frontier) -> int:
    """The whole lines behind the last checkpoint, which must be records in order; how many bytes they are."""
    length = 0
    for line in file:
        if not line.endswith(b"\n"):
            break
        try:
            index = parse(line[:-1]).index
        except ValueError as error:
            raise AuditCorrupt(f"{paths.records}: record {frontier.size} cannot be read") from error
        if index != frontier.size:
            raise AuditCorrupt(f"{paths.records}: record {index} stands where {frontier.size} should")
        frontier.fold([leaf_hash(line[:-1])])
        length += len(line)
    return length


def _read_checkpoints(paths: SegmentPaths, origin: str, key: Ed25519PublicKey, found: _Found) -> list[Signed]:
    """Every checkpoint of a segment, in order: the first is of the log before it."""
    try:
        data = paths.checkpoints.read_bytes()
    except OSError as error:
        raise AuditCorrupt(f"{paths.checkpoints}: {error}") from error
    whole, rest = notes.split_notes(data.decode("utf-8", "surrogateescape"))
    if rest.count("\n") >= _NOTE_LINES:
        raise AuditCorrupt(f"{paths.checkpoints}: checkpoint {len(whole)} cannot be read")
    try:
        read = [(note, notes.read(note, origin, key)) for note in whole]
    except ValueError as error:
        raise AuditCorrupt(f"{paths.checkpoints}: {error}") from error
    sizes = [checkpoint.size for _, checkpoint in read]
    if not sizes or sizes[0] != paths.first or sizes != sorted(sizes):
        raise AuditCorrupt(f"{paths.checkpoints}: its checkpoints do not belong to this segment")
    found.torn("checkpoints_cut_bytes", paths.checkpoints, len("".join(whole).encode()), len(rest))
    return read


def _check_boundary(before: SegmentPaths, replay: Replay, origin: str, key: Ed25519PublicKey) -> None:
    """The segment before ends with the checkpoint that this one begins with."""
    last = _read_checkpoints(before, origin, key, _Found())[-1][1]
    first = _read_checkpoints(replay.paths, origin, key, _Found())[0][1]
    if last != first:
        raise AuditCorrupt(f"{before.checkpoints} and {replay.paths.checkpoints} do not meet")


def _place(waiting: SegmentPaths, before: Replay, origin: str, key: Ed25519PrivateKey, found: _Found) -> Replay:
    """Finish a change of segments that a crash cut short."""
    size = before.frontier.size
    if waiting.first < size:
        raise AuditCorrupt(f"{waiting.next} begins inside of {before.paths.records}")
    if waiting.first > size:
        return _set_aside(waiting, before, found)
    files.append_durably(before.paths.records, b"")
    note = before.note
    if before.checkpoint.size < size:
        note = notes.sign(Checkpoint(origin, size, before.frontier.root()), key)
        files.append_durably(before.paths.checkpoints, note.encode())
    files.place(waiting, before.frontier, note)
    return _replay(waiting, origin, key.public_key(), found)


def _set_aside(waiting: SegmentPaths, before: Replay, found: _Found) -> Replay:
    """The power failed: what came before these records never reached the disk, so nothing was told to be durable."""
    with waiting.next.open("rb") as file:
        found.count("set_aside_records", sum(line.endswith(b"\n") for line in file))
    waiting.next.rename(waiting.next.with_suffix(".lost"))
    files.sync_directory(waiting.directory)
    return before
