"""The tree over the log (RFC 6962 §2.1), kept as its frontier: the roots of its complete subtrees.

Appending costs one node hash a record on average and keeps at most one hash a level, whatever the log's size.
"""

from collections.abc import Sequence
from hashlib import sha256

from safelight import _native

EMPTY_ROOT = sha256(b"").digest()
HASH_BYTES = 32


def leaf_hash(record: bytes) -> bytes:
    """RFC 6962: the prefix keeps a leaf from ever being taken for a node."""
    return sha256(b"\x00" + record).digest()


class Frontier:
    """A tree that grows at its end. ``_peaks[level]`` is the complete subtree of 2**level leaves, or None."""

    __slots__ = ("_peaks", "size")

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[bytes | None] = []

    def fold(self, leaves: list[bytes]) -> None:
        """Append leaf hashes."""
        self.size += len(leaves)
        self._peaks = _native.fold(self._peaks, leaves)

    def fold_lines(self, lines: bytes) -> None:
        """Append records, each ended by a line break."""
        count, self._peaks = _native.fold_lines(self._peaks, lines)
        self.size += count

    def root(self) -> bytes:
        """The root hash of the tree as it is now."""
        root: bytes | None = None
        for peak in self._peaks:
            if peak is not None:
                root = peak if root is None else sha256(b"\x01" + peak + root).digest()
        return EMPTY_ROOT if root is None else root

    def hashes(self) -> list[bytes]:
        """The complete subtrees, the largest first: with the size, all that is needed to go on."""
        return [peak for peak in reversed(self._peaks) if peak is not None]

    def copy(self) -> "Frontier":
        return Frontier.at(self.size, self.hashes())

    @staticmethod
    def at(size: int, hashes: Sequence[bytes]) -> "Frontier":
        """The frontier of ``size`` leaves from what :meth:`hashes` gave.

        Raises:
            ValueError: as many hashes as ``size`` has bits set are needed, of 32 bytes each.
        """
        if size < 0 or len(hashes) != size.bit_count() or any(len(item) != HASH_BYTES for item in hashes):
            raise ValueError("these hashes are no frontier of this size")
        frontier = Frontier()
        frontier.size = size
        rest = list(hashes)
        frontier._peaks = [rest.pop() if size >> level & 1 else None for level in range(size.bit_length())]
        return frontier
