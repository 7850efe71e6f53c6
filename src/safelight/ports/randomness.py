"""Randomness as an input: the real one is the operating system's, the tests' is seeded."""

from typing import Protocol


class Randomness(Protocol):
    def bytes(self, count: int) -> bytes:
        """``count`` unguessable bytes."""
        ...
