"""Live sessions without sockets, for tests of what begins and ends them."""

from collections.abc import Callable

from safelight.domain.grant import Grant, GrantState
from safelight.domain.lock import Lock, Subjects, matches
from safelight.domain.session import Session
from safelight.ports.live_sessions import EndedSession


class FakeLiveSessions:
    """``live`` is what runs; ``ended`` says why each of the others stopped. ``stubborn`` session ids keep their work
    on the target."""

    def __init__(self) -> None:
        self.live: dict[str, tuple[Session, Subjects]] = {}
        self.ended: dict[str, str] = {}
        self.locks: dict[str, Lock] = {}
        self.notices: list[tuple[str, str]] = []
        self.grants: list[Grant] = []
        self.stubborn: set[str] = set()

    def add(self, session: Session, subjects: Subjects) -> None:
        """A session begins; a lock that names it ends it at once."""
        self.live[session.id] = (session, subjects)
        for lock in self.locks.values():
            if matches(lock, subjects):
                self._end(session.id, lock.id)
                return

    def sessions(self) -> list[Session]:
        return [session for session, _ in self.live.values()]

    def subjects(self, session_id: str) -> Subjects | None:
        found = self.live.get(session_id)
        return found[1] if found is not None else None

    def lock(self, lock: Lock) -> list[str]:
        self.locks[lock.id] = lock
        hit = [identity for identity, (_, subjects) in self.live.items() if matches(lock, subjects)]
        for identity in hit:
            self._end(identity, lock.id)
        return hit

    async def verify_gone(self, session_ids: list[str]) -> list[EndedSession]:
        return [
            EndedSession(
                one, "", "", True, one not in self.stubborn, "still there" if one in self.stubborn else "gone"
            )
            for one in session_ids
        ]

    def unlock(self, lock_id: str) -> None:
        self.locks.pop(lock_id, None)

    def grant_changed(self, grant: Grant) -> None:
        self.grants.append(grant)
        if grant.state is GrantState.ENDED:
            for identity in [one for one, (session, _) in self.live.items() if session.grant_id == grant.id]:
                self._end(identity, grant.end_reason or "")

    def notify(self, session_ids: list[str], message: str) -> None:
        self.notices += [(one, message) for one in session_ids]

    def watch(self, session_id: str, listener: Callable[[dict[str, object]], None]) -> Callable[[], None]:
        return lambda: None

    def _end(self, session_id: str, why: str) -> None:
        del self.live[session_id]
        self.ended[session_id] = why
