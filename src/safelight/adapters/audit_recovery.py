"""Opens what is on disk, and says what it found.

Only one thing is mended: what a crash may leave, an unfinished last line of a file that no checkpoint covers. It is
cut, and a record will say so. Whatever else does not fit (a changed, missing or foreign record, a checkpoint that
does not match) refuses the start: a log that repairs itself in silence proves nothing.
"""

from dataclasses import dataclass, field
from pathlib import Path

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


@dataclass(slots=True)
class Replay:
    """A segment as it was read: the tree after it, its length, and its last checkpoint."""

    paths: SegmentPaths
    frontier: Frontier
    length: int
    note: str
    checkpoint: Checkpoint


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
    findings: dict[str, int] = {}
    found = files.segments(directory)
    if not found:
        raise AuditCorrupt(f"{directory} has no records: they were moved away or deleted")
    _count(findings, "keys_cut_bytes", audit_keys.check(directory / audit_keys.NAME, node_key))
    replay = _replay(found[-1], origin, key.public_key(), findings)
    if len(found) > 1:
        _check_boundary(found[-2], replay, origin, key.public_key())
    waiting = files.unplaced(directory)
    if waiting is not None:
        replay = _place(waiting, replay, origin, key, findings)
    return Recovered(replay, findings)


def _replay(paths: SegmentPaths, origin: str, key: Ed25519PublicKey, findings: dict[str, int]) -> Replay:
    checkpoints = _read_checkpoints(paths, origin, key, findings)
    try:
        frontier = files.read_frontier(paths)
    except (OSError, ValueError) as error:
        raise AuditCorrupt(f"{paths.frontier}: {error}") from error
    length = 0
    pending = iter(checkpoints)
    due = next(pending, None)
    with paths.records.open("rb") as file:
        line = b""
        while True:
            while due is not None and due[1].size == frontier.size:
                if due[1].root != frontier.root():
                    raise AuditCorrupt(f"{paths.records}: the records before {due[1].size} are not what was signed")
                due = next(pending, None)
            line = file.readline()
            if not line.endswith(b"\n"):
                break
            frontier.fold([_leaf(paths, line[:-1], frontier.size)])
            length += len(line)
    if due is not None:
        raise AuditCorrupt(
            f"{paths.records}: {checkpoints[-1][1].size} records were signed, only {frontier.size} are left"
        )
    if line:
        files.cut(paths.records, length)
        _count(findings, "cut_bytes", len(line))
    note, checkpoint = checkpoints[-1]
    return Replay(paths, frontier, length, note, checkpoint)


def _leaf(paths: SegmentPaths, line: bytes, index: int) -> bytes:
    try:
        record = parse(line)
    except ValueError as error:
        raise AuditCorrupt(f"{paths.records}: record {index} cannot be read") from error
    if record.index != index:
        raise AuditCorrupt(f"{paths.records}: record {record.index} stands where {index} should")
    return leaf_hash(line)


def _read_checkpoints(
    paths: SegmentPaths, origin: str, key: Ed25519PublicKey, findings: dict[str, int]
) -> list[tuple[str, Checkpoint]]:
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
    if rest:
        files.cut(paths.checkpoints, len("".join(whole).encode()))
        _count(findings, "checkpoints_cut_bytes", len(rest))
    return read


def _check_boundary(before: SegmentPaths, replay: Replay, origin: str, key: Ed25519PublicKey) -> None:
    """The segment before ends with the checkpoint that this one begins with."""
    last = _read_checkpoints(before, origin, key, {})[-1][1]
    first = _read_checkpoints(replay.paths, origin, key, {})[0][1]
    if last != first:
        raise AuditCorrupt(f"{before.checkpoints} and {replay.paths.checkpoints} do not meet")


def _place(
    waiting: SegmentPaths, before: Replay, origin: str, key: Ed25519PrivateKey, findings: dict[str, int]
) -> Replay:
    """Finish a change of segments that a crash cut short."""
    size = before.frontier.size
    if waiting.first < size:
        raise AuditCorrupt(f"{waiting.next} begins inside of {before.paths.records}")
    if waiting.first > size:
        return _set_aside(waiting, before, findings)
    files.append_durably(before.paths.records, b"")
    note = before.note
    if before.checkpoint.size < size:
        note = notes.sign(Checkpoint(origin, size, before.frontier.root()), key)
        files.append_durably(before.paths.checkpoints, note.encode())
    files.place(waiting, before.frontier, note)
    return _replay(waiting, origin, key.public_key(), findings)


def _set_aside(waiting: SegmentPaths, before: Replay, findings: dict[str, int]) -> Replay:
    """The power failed: what came before these records never reached the disk, so nothing was told to be durable."""
    with waiting.next.open("rb") as file:
        _count(findings, "set_aside_records", sum(line.endswith(b"\n") for line in file))
    waiting.next.rename(waiting.next.with_suffix(".lost"))
    files.sync_directory(waiting.directory)
    return before


def _count(findings: dict[str, int], name: str, amount: int) -> None:
    if amount:
        findings[name] = findings.get(name, 0) + amount
