"""What a protocol brings so that the contract suite can be run over it.

A new protocol implements :class:`Harness` and :class:`Client` in a module of its own and is added to ``HARNESSES`` in
``conftest.py``; the tests know nothing of any protocol.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

from tests.rig.gateway import Gateway


class Busy(Enum):
    """What a session is at when it ends."""

    IDLE = "idle"
    RUNNING = "a long statement"
    STUBBORN = "work that will not be cancelled"
    OPEN = "a transaction left open"
    STREAMING = "an endless result, read as it comes"
    UPLOADING = "data on its way in"
    STALLED_CLIENT = "an endless result that the client does not read"
    STALLED_TARGET = "a target that answers nothing"
    HELD = "a statement that waits for a second person"


MAY_TELL_NOTHING = frozenset({Busy.STALLED_CLIENT, Busy.STREAMING})
"""Rows that wait in memory for such a client must not follow the end: they are dropped with its socket, and a
farewell cannot come behind half a message."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a client saw its session end. ``told`` is the last thing it was told in its protocol's own way, empty when
    nothing. ``last_byte`` is on the monotonic clock, in seconds."""

    told: str
    last_byte: float


class Client(Protocol):
    """One session of a real client. ``session`` is its id at the gateway."""

    session: str

    def ask(self) -> None:
        """Something harmless is asked and answered. Raises: SessionOver."""
        ...

    def denied(self) -> str:
        """Something that the grant does not allow is tried: what the client is told."""
        ...

    def denied_in_a_pipeline(self) -> list[str]:
        """``one``, something not allowed, ``two`` sent at once: the answers in order; a refusal is its own text."""
        ...

    def begin(self, busy: Busy) -> None:
        """Be at ``busy`` when this returns."""
        ...

    def working(self) -> bool:
        """Whether any of this session's work exists on the target, by what the target itself says."""
        ...

    def notices(self) -> list[str]:
        """What the client was told besides answers."""
        ...

    def ending(self, seconds: float) -> Ending:
        """Wait until the session has ended. Raises: AssertionError after ``seconds``."""
        ...

    def vanish(self) -> None:
        """Go away without a word."""
        ...

    def leave(self) -> None:
        """Say goodbye, and clean up."""
        ...


class SessionOver(Exception):
    """The gateway ended the session, or did not let it begin."""


class Harness(Protocol):
    """One protocol on one target. ``change`` is what was asked for by :meth:`Client.denied`, as a later test looks
    for it on the target."""

    name: str
    gateway: Gateway
    target: str
    kinds: tuple[Busy, ...]

    def connect(self, login: Any) -> Client:
        """Raises: SessionOver with what the client is told."""
        ...

    def changed(self) -> bool:
        """Whether anything that was denied has happened on the target."""
        ...

    def says_ended(self, told: str, reason: str) -> bool:
        """Whether this is how the protocol says that an administrator ended the session, for ``reason``."""
        ...
