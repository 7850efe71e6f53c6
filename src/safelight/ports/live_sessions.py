"""What the application asks of the live connections of this node."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from safelight.domain.grant import Grant
from safelight.domain.lock import Lock, Subjects
from safelight.domain.session import Session


@dataclass(frozen=True, slots=True)
class EndedSession:
    """One line of a kill report. ``work_gone``: the target confirmed that the work no longer exists."""

    session_id: str
    principal: str
    target: str
    connection_closed: bool
    work_gone: bool
    detail: str


class LiveSessions(Protocol):
    def sessions(self) -> list[Session]: ...

    def subjects(self, session_id: str) -> Subjects | None: ...

    def lock(self, lock: Lock) -> list[str]:
        """Refuse new work and close the sockets of live work that ``lock`` names, before this call returns.
        Gives the session ids that were ended."""
        ...

    async def verify_gone(self, session_ids: list[str]) -> list[EndedSession]:
        """Terminate the work of these sessions on their targets, verify, and report each."""
        ...

    def unlock(self, lock_id: str) -> None: ...

    def grant_changed(self, grant: Grant) -> None:
        """Move the deadline of the grant's sessions, or end them when it is over."""
        ...

    def notify(self, session_ids: list[str], message: str) -> None:
        """Tell clients something where their protocol lets us (a NOTICE)."""
        ...

    def watch(self, session_id: str, listener: Callable[[dict[str, object]], None]) -> Callable[[], None]:
        """Call ``listener`` for each statement event of a session (masked text); returns the way to stop."""
        ...
