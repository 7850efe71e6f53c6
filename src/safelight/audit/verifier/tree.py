"""The hash tree over records, computed by the verifier in its own way."""

import hashlib


class Tree:
    """The hash tree of RFC 6962 §2.1 over records that arrive in order. A complete subtree is one hash; the hash of
    the whole is taken by the RFC's own recursion: the largest complete subtree left, the rest right."""

    def __init__(self, size: int, hashes: list[bytes]) -> None:
        self.size = size
        self._complete: dict[tuple[int, int], bytes] = {}
        start = 0
        for item in hashes:
            width = self._largest(size - start)
            self._complete[start, start + width] = item
            start += width
        if start != size:
            raise ValueError("too few hashes for what comes before the export")

    @staticmethod
    def _largest(count: int) -> int:
        """The largest power of two that is not greater than ``count``."""
        if count < 1:
            raise ValueError("too many hashes for what comes before the export")
        return 1 << (count.bit_length() - 1)

    def add(self, record: bytes) -> None:
        begin, end = self.size, self.size + 1
        found = hashlib.sha256(b"\x00" + record).digest()
        width = 1
        while begin & width:
            found = hashlib.sha256(b"\x01" + self._complete.pop((begin - width, begin)) + found).digest()
            begin -= width
            width *= 2
        self._complete[begin, end] = found
        self.size = end

    def root(self) -> bytes:
        return self._hash(0, self.size) if self.size else hashlib.sha256().digest()

    def _hash(self, begin: int, end: int) -> bytes:
        known = self._complete.get((begin, end))
        if known is not None:
            return known
        middle = begin + self._largest(end - begin)
        return hashlib.sha256(b"\x01" + self._hash(begin, middle) + self._hash(middle, end)).digest()
