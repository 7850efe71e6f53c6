"""Bytes leave for a target only after the audit intents behind them are written (I1).

Sessions that become ready in one turn of the loop share one write of the log; one that comes alone does not wait for
the turn to end. Outcomes have no bytes waiting on them: they go along with the next intents, or after a moment.
"""

import asyncio
import time
from collections.abc import Callable

from safelight.ports.audit import AuditLog, AuditUnavailable

OUTCOME_SECONDS = 0.05
ALONE_NANOSECONDS = 150_000
"""Who comes later than this after the last one comes alone; closer together they share."""


class Departures:
    """One for the node. ``on_unavailable`` is called when the log cannot be written: everything must stop."""

    def __init__(self, audit: AuditLog, on_unavailable: Callable[[AuditUnavailable], None]) -> None:
        self._audit = audit
        self._on_unavailable = on_unavailable
        self._ready: list[Callable[[], None]] = []
        self._scheduled = False
        self._last = 0
        self._later: asyncio.TimerHandle | None = None

    def depart(self, send: Callable[[], None]) -> None:
        """Call ``send`` at once or later in this turn of the loop, when the log is written. It is not called if that
        fails."""
        if not self._scheduled:
            now = time.monotonic_ns()
            alone, self._last = now - self._last > ALONE_NANOSECONDS, now
            if alone:
                if self.written():
                    send()
                return
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._run)
        self._ready.append(send)

    def note(self) -> None:
        """Something was appended that nothing waits for."""
        if self._later is None and not self._scheduled:
            self._later = asyncio.get_running_loop().call_later(OUTCOME_SECONDS, self._outcomes)

    def _outcomes(self) -> None:
        self._later = None
        self.written()

    def _run(self) -> None:
        ready, self._ready = self._ready, []
        self._scheduled = False
        if self.written():
            for send in ready:
                send()

    def written(self) -> bool:
        """Write the log now. False: it cannot be written, everything is being stopped, and nothing may be sent."""
        try:
            self._audit.flush()
        except AuditUnavailable as problem:
            self._on_unavailable(problem)
            return False
        return True
