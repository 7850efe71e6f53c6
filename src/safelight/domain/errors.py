"""Errors that say whose fault it is.

Drivers turn them into each protocol's native error; none of them shows internals to a client.
"""

from dataclasses import dataclass


class SafelightError(Exception):
    """Base of every error this product raises on purpose."""


class PeerProtocolError(SafelightError):
    """A peer (client or target) broke its protocol; the connection cannot be trusted further."""


class TargetUnavailable(SafelightError):
    """The target could not be reached, refused us, or does not offer what is required."""


class InternalError(SafelightError):
    """Our own fault. The client is told so, with a correlation id and nothing else."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something was refused, for the person who can act on it.

    ``rule`` is a stable dotted name (``postgres.read.function``), ``message`` one sentence without
    values, ``next_step`` what to do instead (often a command).
    """

    rule: str
    message: str
    next_step: str


class Denied(SafelightError):
    """Policy, or a rule of safelight, refuses. Carries the refusal that the client is shown."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(f"{refusal.rule}: {refusal.message}")
        self.refusal = refusal
