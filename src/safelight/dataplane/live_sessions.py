"""The live sessions of this node: listing, deadlines, locks, and the report of what ended (I2).

A lock takes effect in memory before :meth:`NodeSessions.lock` returns: no byte moves after it. What remains on the
target is terminated and verified afterwards, and reported for each session.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import structlog

from safelight.domain.deadline import Deadline
from safelight.domain.grant import Grant, GrantState
from safelight.domain.lock import Lock, Subjects, matches
from safelight.domain.session import Session
from safelight.ports.clock import Clock
from safelight.ports.live_sessions import EndedSession

log = structlog.get_logger(__name__)

WALL_CHECK_SECONDS = 1.0
"""How often deadlines are held against the wall clock, which may have jumped, and sessions against the idle limit."""
REMEMBER_ENDED_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class End:
    """Why a session ends. ``reason`` is told to the client and recorded; ``kind`` is a stable word for metrics."""

    kind: str
    reason: str


class LiveSession(Protocol):
    """One protocol's session, as this node sees it."""

    info: Session
    ended: bool

    @property
    def statements(self) -> int: ...

    @property
    def idle_since_monotonic_ms(self) -> int: ...

    def end(self, end: End) -> None:
        """Stop both directions at once, tell the client where the protocol lets us, close. Must not wait."""
        ...

    async def gone(self) -> EndedSession:
        """Wait until the work on the target is verified to be gone (or known not to be)."""
        ...

    def notice(self, message: str) -> None: ...

    def watch(self, listener: Callable[[dict[str, object]], None]) -> Callable[[], None]: ...


DeadlineOf = Callable[[str], Deadline | None]


SubjectsOf = Callable[[Session], Subjects | None]


class NodeSessions:
    """``deadline_of`` is the live deadline of a grant, or None when the grant is over. ``subjects_of`` is what a lock
    can name about a session now: groups and labels may have changed since it began. None: its target is gone."""

    def __init__(
        self,
        clock: Clock,
        deadline_of: DeadlineOf,
        subjects_of: SubjectsOf,
        *,
        session_max_seconds: int,
        idle_seconds: int,
    ) -> None:
        self._clock = clock
        self._deadline_of = deadline_of
        self._subjects_of = subjects_of
        self._max_ms = session_max_seconds * 1000
        self._idle_ms = idle_seconds * 1000
        self._live: dict[str, LiveSession] = {}
        self._since_ms: dict[str, int] = {}
        """When each session began, on the monotonic clock."""
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._ended: dict[str, LiveSession] = {}
        self._locks: dict[str, Lock] = {}
        self._closed: End | None = None
        self.begun = 0
        """Sessions so far."""
        self._statements_of_ended = 0

    # --- for drivers ------------------------------------------------------------------------------------------

    def add(self, session: LiveSession) -> None:
        """A session begins. Whatever matches it already ends it at once: nothing can slip between a check and
        the registration."""
        self.begun += 1
        self._live[session.info.id] = session
        self._since_ms[session.info.id] = self._clock.monotonic_ms()
        stop = self._closed or self._locked_out(session)
        if stop is not None:
            _end(session, stop)
        else:
            self._check(session)

    def remove(self, session: LiveSession) -> None:
        """The session's work is over, on both sides."""
        if self._live.pop(session.info.id, None) is not None:
            self._statements_of_ended += session.statements
        self._since_ms.pop(session.info.id, None)
        timer = self._timers.pop(session.info.id, None)
        if timer is not None:
            timer.cancel()
        self._ended[session.info.id] = session
        asyncio.get_running_loop().call_later(REMEMBER_ENDED_SECONDS, self._ended.pop, session.info.id, None)

    @property
    def count(self) -> int:
        return len(self._live)

    @property
    def statements(self) -> int:
        """Statements that sessions of this node have sent, so far."""
        return self._statements_of_ended + sum(live.statements for live in self._live.values())

    async def keep_time(self) -> None:
        """Hold deadlines against the wall clock and sessions against the idle limit, for ever."""
        while True:
            await asyncio.sleep(WALL_CHECK_SECONDS)
            for session in list(self._live.values()):
                self._check(session)

    # --- deadlines --------------------------------------------------------------------------------------------

    def _check(self, session: LiveSession) -> None:
        """End the session when its time is over, else arm its timer for that moment."""
        if session.ended:
            return
        remaining, end = self._remaining_ms(session)
        timer = self._timers.pop(session.info.id, None)
        if timer is not None:
            timer.cancel()
        if remaining <= 0:
            _end(session, end)
        else:
            loop = asyncio.get_running_loop()
            self._timers[session.info.id] = loop.call_later(remaining / 1000, self._check, session)

    def _remaining_ms(self, session: LiveSession) -> tuple[int, End]:
        now = self._clock.now()
        grant = self._deadline_of(session.info.grant_id)
        left = [
            (
                0 if grant is None else grant.remaining_ms(now),
                End("expired", "the grant is over; ask again with: safelight request"),
            ),
            (
                self._since_ms[session.info.id] + self._max_ms - now.monotonic_ms,
                End("session_max", "the longest time for one session is over; connect again"),
            ),
            (
                session.idle_since_monotonic_ms + self._idle_ms - now.monotonic_ms,
                End("idle", "the session was idle for too long; connect again"),
            ),
        ]
        return min(left, key=lambda entry: entry[0])

    # --- LiveSessions -----------------------------------------------------------------------------------------

    def sessions(self) -> list[Session]:
        return [replace(live.info, statements=live.statements) for live in self._live.values() if not live.ended]

    def subjects(self, session_id: str) -> Subjects | None:
        live = self._live.get(session_id)
        return self._subjects_of(live.info) if live is not None else None

    def lock(self, lock: Lock) -> list[str]:
        self._locks[lock.id] = lock
        hit = [s for s in self._live.values() if not s.ended and self._names(lock, s)]
        for session in hit:
            _end(session, End("killed", lock.reason))
        return [session.info.id for session in hit]

    def unlock(self, lock_id: str) -> None:
        self._locks.pop(lock_id, None)

    def _locked_out(self, session: LiveSession) -> End | None:
        lock = next((lock for lock in self._locks.values() if self._names(lock, session)), None)
        return End("locked", lock.reason) if lock is not None else None

    def _names(self, lock: Lock, session: LiveSession) -> bool:
        """A session whose target is gone is ending anyway: every lock names it."""
        subjects = self._subjects_of(session.info)
        return subjects is None or matches(lock, subjects)

    async def verify_gone(self, session_ids: list[str]) -> list[EndedSession]:
        known = [s for i in session_ids if (s := self._live.get(i) or self._ended.get(i)) is not None]
        return list(await asyncio.gather(*(session.gone() for session in known)))

    def grant_changed(self, grant: Grant) -> None:
        for session in [s for s in self._live.values() if s.info.grant_id == grant.id]:
            if grant.state is GrantState.ENDED:
                _end(session, End("grant_ended", grant.end_reason or "the grant has ended"))
            else:
                self._check(session)

    def notify(self, session_ids: list[str], message: str) -> None:
        for session_id in session_ids:
            session = self._live.get(session_id)
            if session is not None and not session.ended:
                session.notice(message)

    def watch(self, session_id: str, listener: Callable[[dict[str, object]], None]) -> Callable[[], None]:
        session = self._live.get(session_id)
        if session is None:
            raise KeyError(session_id)
        return session.watch(listener)

    def end_some(self, session_ids: list[str], end: End) -> None:
        for session_id in session_ids:
            session = self._live.get(session_id)
            if session is not None and not session.ended:
                _end(session, end)

    def end_all(self, end: End) -> list[str]:
        """Refuse new sessions from now on and end those that live (shutdown, a log that cannot be written)."""
        self._closed = end
        ids = list(self._live)
        self.end_some(ids, end)
        return ids


def _end(session: LiveSession, end: End) -> None:
    """One session that cannot be ended in order must not keep the others alive."""
    try:
        session.end(end)
    except Exception:
        log.exception("session.not_ended_in_order", session=session.info.id)
