"""Plays a handshake: a generator of commands against scripted peers, without IO."""

from collections.abc import Callable
from typing import Any

from safelight.protocols.base.commands import Compute, Handshake, Read, Send, StartTls, TlsInfo


class Stalled(Exception):
    """The handshake wants more bytes than the script has."""


class Playbook:
    """``answer`` serves protocol-specific commands; ``sent`` is all that the handshake sent."""

    def __init__(self, handshake: Handshake[Any], answer: Callable[[Any], Any] = lambda _: None) -> None:
        self._handshake = handshake
        self._answer = answer
        self._inbox = bytearray()
        self.sent = bytearray()
        self.result: Any = None
        self.done = False
        self.alpn: str | None = "postgresql"
        """What a client names that begins with TLS."""
        self._pending: Any = next(handshake)

    def receive(self, data: bytes) -> bytes:
        """Give bytes to the handshake and run it until it wants more; what it sent in between."""
        self._inbox += data
        before = len(self.sent)
        while not self.done and self._step():
            pass
        return bytes(self.sent[before:])

    def _step(self) -> bool:
        command, reply = self._pending, None
        if isinstance(command, Read):
            if len(self._inbox) < command.count:
                return False
            reply = bytes(self._inbox[: command.count])
            del self._inbox[: command.count]
        elif isinstance(command, Send):
            self.sent += command.data
        elif isinstance(command, StartTls):
            reply = TlsInfo(b"endpoint", self.alpn if command.begun else None)
        elif isinstance(command, Compute):
            reply = command.function(*command.arguments)
        else:
            reply = self._answer(command)
        try:
            self._pending = self._handshake.send(reply)
        except StopIteration as end:
            self.result, self.done = end.value, True
        return True
