"""Somebody else's session: a point query every few milliseconds, and how long the slowest took.

with Neighbour(login):
    …  # whatever is done meanwhile, every query is answered within a second
"""

import threading
import time
from types import TracebackType
from typing import Self

import psycopg

from tests.rig.gateway import SessionLogin

UNNOTICED_SECONDS = 1.0
EVERY_SECONDS = 0.02
QUERY = "SELECT total FROM orders WHERE id = 7"


class Neighbour:
    def __init__(self, login: SessionLogin) -> None:
        self._connection = psycopg.connect(login.dsn(), autocommit=True)
        self._answer = self._connection.execute(QUERY).fetchall()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work)
        self._failure: Exception | None = None
        self.slowest_seconds = 0.0
        self.queries = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join(10)
        self._connection.close()
        if kind is None:
            assert self._failure is None, f"the neighbour's session was harmed: {self._failure!r}"
            assert self.queries > 0 and self.slowest_seconds < UNNOTICED_SECONDS, self.slowest_seconds

    def _work(self) -> None:
        try:
            while not self._over.is_set():
                began = time.monotonic()
                assert self._connection.execute(QUERY).fetchall() == self._answer
                self.slowest_seconds = max(self.slowest_seconds, time.monotonic() - began)
                self.queries += 1
                self._over.wait(EVERY_SECONDS)
        except (psycopg.Error, AssertionError) as failure:
            self._failure = failure
