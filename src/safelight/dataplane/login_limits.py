"""Slows down guessing: after too many wrong passwords the exchange goes on, against a verifier nobody can satisfy.

The peer learns nothing from it: a limited login looks like an unknown user and takes the same time.
"""

from collections import deque

WINDOW_MS = 60_000
MAX_FAILURES_PER_ADDRESS = 30
MAX_FAILURES_PER_USER = 10
MAX_REMEMBERED = 10_000


class LoginLimits:
    """Counts failures by address and by user over a sliding minute. Time is an input, in monotonic milliseconds."""

    def __init__(self) -> None:
        self._failures: dict[tuple[str, str], deque[int]] = {}

    def failed(self, address: str, user: str, now_ms: int) -> None:
        for key, most in (("address", address), MAX_FAILURES_PER_ADDRESS), (("user", user), MAX_FAILURES_PER_USER):
            if key not in self._failures and len(self._failures) >= MAX_REMEMBERED:
                del self._failures[next(iter(self._failures))]
            times = self._failures.setdefault(key, deque(maxlen=most))
            times.append(now_ms)

    def limited(self, address: str, user: str, now_ms: int) -> bool:
        """Whether this login must not succeed now, whatever the password."""
        return self._full(("address", address), now_ms) or self._full(("user", user), now_ms)

    def _full(self, key: tuple[str, str], now_ms: int) -> bool:
        times = self._failures.get(key)
        if times is None:
            return False
        while times and times[0] <= now_ms - WINDOW_MS:
            times.popleft()
        if not times:
            del self._failures[key]
        return len(times) == times.maxlen
