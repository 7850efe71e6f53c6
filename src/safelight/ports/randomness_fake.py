"""Bytes that look random and are the same in every run."""

import hashlib


class FakeRandomness:
    """SHA-256 in counter mode over ``seed``."""

    def __init__(self, seed: int = 1) -> None:
        self._seed = seed
        self._counter = 0

    def bytes(self, count: int) -> bytes:
        out = b""
        while len(out) < count:
            out += hashlib.sha256(f"{self._seed}:{self._counter}".encode()).digest()
            self._counter += 1
        return out[:count]
