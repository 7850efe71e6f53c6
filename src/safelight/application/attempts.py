"""Counting failed attempts in a sliding window, in bounded memory."""

from collections import OrderedDict, deque

MAXIMUM_KEYS = 10_000


class Attempts:
    """``limit`` failures within ``window_ms`` close a key until the oldest of them is out of the window."""

    def __init__(self, limit: int, window_ms: int) -> None:
        self._limit = limit
        self._window_ms = window_ms
        self._failures: OrderedDict[str, deque[int]] = OrderedDict()

    def allowed(self, key: str, now_ms: int) -> bool:
        failures = self._failures.get(key)
        if failures is None:
            return True
        while failures and failures[0] <= now_ms - self._window_ms:
            failures.popleft()
        if not failures:
            del self._failures[key]
        return len(failures) < self._limit

    def failed(self, key: str, now_ms: int) -> None:
        """Beyond ten thousand keys the one that failed least recently is forgotten."""
        failures = self._failures.setdefault(key, deque(maxlen=self._limit))
        failures.append(now_ms)
        self._failures.move_to_end(key)
        if len(self._failures) > MAXIMUM_KEYS:
            self._failures.popitem(last=False)

    def succeeded(self, key: str) -> None:
        self._failures.pop(key, None)
