"""One trip to the disk: what the log's worker thread does, so that the event loop never waits for it.

Order is everything here. Keys before the records they seal; records before the checkpoint that covers them; a whole
segment before the next one gets its name.
"""

import os
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from safelight.adapters import audit_segments as files
from safelight.adapters.audit_segments import SegmentPaths
from safelight.audit import checkpoint as notes
from safelight.audit.checkpoint import Checkpoint
from safelight.audit.merkle import Frontier


@dataclass(slots=True)
class Segment:
    """The open files of a segment. ``checkpoints`` is None while the segment waits for its name."""

    paths: SegmentPaths
    records: int
    checkpoints: int | None
    length: int
    closed: bool = False

    def close(self) -> None:
        """Close the files; more than once does no harm."""
        if not self.closed:
            self.closed = True
            os.close(self.records)
            if self.checkpoints is not None:
                os.close(self.checkpoints)


@dataclass(frozen=True, slots=True)
class Retiring:
    """A segment that is full, and the tree at its end."""

    segment: Segment
    end: Frontier


@dataclass(frozen=True, slots=True)
class Commit:
    """Make ``size`` records durable. ``keys`` is set when keys were added, ``retiring`` when a segment is full,
    ``checkpoint`` when one is to be signed; ``signed_size`` is that of the last one."""

    size: int
    segment: Segment
    keys: int | None
    retiring: Retiring | None
    checkpoint: Checkpoint | None
    signed_size: int
    origin: str

    def run(self, key: Ed25519PrivateKey) -> str | None:
        """The last note that was signed, if any.

        Raises:
            OSError: nothing of this can be relied on.
        """
        if self.keys is not None:
            os.fdatasync(self.keys)
        note: str | None = None
        signed = self.signed_size
        if self.retiring is not None:
            note = self._retire(self.retiring, key)
            signed = self.retiring.end.size
        os.fdatasync(self.segment.records)
        if self.checkpoint is not None and self.checkpoint.size > signed:
            note = notes.sign(self.checkpoint, key)
            _append(self.segment, note)
        return note

    def _retire(self, retiring: Retiring, key: Ed25519PrivateKey) -> str:
        old, end = retiring.segment, retiring.end
        os.fdatasync(old.records)
        note = notes.sign(Checkpoint(self.origin, end.size, end.root()), key)
        if end.size > self.signed_size:
            _append(old, note)
        files.place(self.segment.paths, end, note)
        self.segment.checkpoints = files.open_to_append(self.segment.paths.checkpoints)
        old.close()
        return note


def _append(segment: Segment, note: str) -> None:
    assert segment.checkpoints is not None, "a checkpoint is signed in a placed segment only"
    files.write_all(segment.checkpoints, note.encode())
    os.fdatasync(segment.checkpoints)
