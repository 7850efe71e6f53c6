"""Plays a handshake to bytes, and cuts bytes as a network would."""

from collections.abc import Callable, Iterator
from typing import Any

from safelight.domain.errors import PeerProtocolError
from safelight.protocols.base.commands import Compute, Handshake, Read, Send, StartTls, TlsInfo

MAX_STEPS = 10_000


class Ended(Exception):
    """The bytes ended before the handshake did."""


def play(handshake: Handshake[Any], data: bytes, answer: Callable[[Any], Any]) -> tuple[Any, bytes]:
    """The handshake's outcome and what it sent.

    Raises:
        Ended: it waits for more bytes. Whatever the handshake raises.
    """
    sent, at, reply = bytearray(), 0, None
    for _ in range(MAX_STEPS):
        try:
            command = handshake.send(reply)
        except StopIteration as end:
            return end.value, bytes(sent)
        match command:
            case Read(count):
                assert 0 <= count <= 64 * 1024, "a peer may make the gateway wait for so many bytes, and no more"
                if at + count > len(data):
                    raise Ended
                reply, at = data[at : at + count], at + count
            case Send(told):
                sent += told
                reply = None
            case StartTls(begun):
                reply = TlsInfo(b"endpoint", "postgresql" if begun else None)
            case Compute():
                reply = answer(command)
            case _:
                reply = answer(command)
    raise AssertionError("a handshake that does not end")


def pieces(data: bytes, cuts: bytes) -> Iterator[bytes]:
    """``data`` in pieces as long as the bytes of ``cuts`` say, again and again; whole when there are none."""
    at, turn = 0, 0
    while at < len(data):
        length = (cuts[turn % len(cuts)] or 1) if cuts else len(data)
        yield data[at : at + length]
        at, turn = at + length, turn + 1


def outcome_of(act: Callable[[], Any]) -> Any:
    """What it gives, or the words of its protocol error: to compare two readings of the same bytes."""
    try:
        return act()
    except PeerProtocolError as problem:
        return str(problem)
