"""Bytes leave for a target only after the audit intents behind them are written (I1).

All sessions that became ready in one turn of the loop share one write of the log. Outcomes have no bytes waiting on
them; they go along with the next intents, or after a moment.
"""

import asyncio
from collections.abc import Callable

from safelight.ports.audit import AuditLog, AuditUnavailable

OUTCOME_SECONDS = 0.05


class Departures:
    """One for the node. ``on_unavailable`` is called when the log cannot be written: everything must stop."""

    def __init__(self, audit: AuditLog, on_unavailable: Callable[[AuditUnavailable], None]) -> None:
        self._audit = audit
        self._on_unavailable = on_unavailable
        self._ready: list[Callable[[], None]] = []
        self._scheduled = False
        self._later: asyncio.TimerHandle | None = None

    def depart(self, send: Callable[[], None]) -> None:
        """Call ``send`` in this turn of the loop, once the log is written. It is not called if that fails."""
        self._ready.append(send)
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._run)

    def note(self) -> None:
        """Something was appended that nothing waits for."""
        if self._later is None and not self._scheduled:
            self._later = asyncio.get_running_loop().call_later(OUTCOME_SECONDS, self._run)

    def _run(self) -> None:
        ready, self._ready = self._ready, []
        self._scheduled = False
        if self._later is not None:
            self._later.cancel()
            self._later = None
        try:
            self._audit.flush()
        except AuditUnavailable as problem:
            self._on_unavailable(problem)
            return
        for send in ready:
            send()
