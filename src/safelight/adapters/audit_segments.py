"""The audit log's files: where they are, how they are made, and how bytes get into them whole.

A segment is three files that carry the index of its first record in their names:

- ``….records``: the records, a line each;
- ``….checkpoints``: signed notes; the first is of the log before this segment, so that each segment proves itself;
- ``….frontier``: the tree's complete subtrees before this segment, one hexadecimal hash a line.

``….records.next`` is a segment that follows one which is not yet known to be on disk. It gets its real name only
then: after a power loss no segment can stand behind a gap.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from safelight.audit.merkle import Frontier

FILE_MODE = 0o600
DIRECTORY_MODE = 0o700
_NAME = re.compile(r"([0-9]{20})\.records")
_APPEND = os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class SegmentPaths:
    """The names of one segment's files."""

    directory: Path
    first: int

    @property
    def records(self) -> Path:
        return self.directory / f"{self.first:020}.records"

    @property
    def next(self) -> Path:
        return self.directory / f"{self.first:020}.records.next"

    @property
    def checkpoints(self) -> Path:
        return self.directory / f"{self.first:020}.checkpoints"

    @property
    def frontier(self) -> Path:
        return self.directory / f"{self.first:020}.frontier"


def segments(directory: Path) -> list[SegmentPaths]:
    """All segments with their real names, the oldest first."""
    firsts = sorted(int(match[1]) for path in directory.iterdir() if (match := _NAME.fullmatch(path.name)))
    return [SegmentPaths(directory, first) for first in firsts]


def unplaced(directory: Path) -> SegmentPaths | None:
    """The segment that still waits for its name, if there is one."""
    firsts = [int(path.name[:20]) for path in directory.glob("*.records.next")]
    return SegmentPaths(directory, max(firsts)) if firsts else None


def all_segments(directory: Path) -> list[SegmentPaths]:
    """All segments, the one that waits for its name included: what a reader sees."""
    waiting = unplaced(directory)
    named = segments(directory)
    return named if waiting is None or waiting in named else [*named, waiting]


def open_records(paths: SegmentPaths) -> BinaryIO:
    """The records of a segment, for reading; it may be given its name at this moment."""
    if not paths.records.exists():
        try:
            return paths.next.open("rb")
        except FileNotFoundError:
            return paths.records.open("rb")
    return paths.records.open("rb")


def create(path: Path) -> int:
    """A new, empty file, open for appending. Raises OSError when it exists."""
    return os.open(path, _APPEND | os.O_CREAT | os.O_EXCL, FILE_MODE)


def open_to_append(path: Path) -> int:
    return os.open(path, _APPEND)


def write_all(descriptor: int, data: bytes) -> None:
    """One write of everything.

    Raises:
        OSError: it failed, or the system took only a part (a full disk, a size limit).
    """
    written = os.write(descriptor, data)
    if written != len(data):
        raise OSError(f"only {written} of {len(data)} bytes were written")


def append_durably(path: Path, data: bytes) -> None:
    """Add to a file and see all of it, old and new, onto the disk."""
    descriptor = open_to_append(path)
    try:
        if data:
            write_all(descriptor, data)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_whole(path: Path, data: bytes) -> None:
    """Replace a small file, so that it is there whole or not at all, and on disk."""
    temporary = path.with_name(path.name + ".tmp")
    temporary.unlink(missing_ok=True)
    descriptor = create(temporary)
    try:
        write_all(descriptor, data)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    temporary.rename(path)
    sync_directory(path.parent)


def cut(path: Path, length: int) -> None:
    """Shorten a file, durably."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.ftruncate(descriptor, length)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_directory(directory: Path) -> None:
    """Make names in ``directory`` durable."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_frontier(paths: SegmentPaths, frontier: Frontier) -> None:
    write_whole(paths.frontier, "".join(f"{item.hex()}\n" for item in frontier.hashes()).encode())


def read_frontier(paths: SegmentPaths) -> Frontier:
    """Raises: ValueError when the file is no frontier of this size, OSError when there is none."""
    return Frontier.at(paths.first, [bytes.fromhex(line) for line in paths.frontier.read_text().splitlines()])


def place(paths: SegmentPaths, before: Frontier, note: str) -> None:
    """Give a waiting segment its name: what comes before it is on disk, and ``note`` is signed over that."""
    write_frontier(paths, before)
    write_whole(paths.checkpoints, note.encode())
    paths.next.rename(paths.records)
    sync_directory(paths.directory)
