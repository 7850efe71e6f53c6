"""The two sockets of a session as its event loop sees them. Reading is native (``rust/bindings/src/sides.rs``); what
is here is called for everything that is not a known read.

A full buffer is followed by a turn of the loop for everybody else: libuv would read on for as long as the peer is
faster than we are.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol, Self

from safelight import _native
from safelight.protocols.postgres.conversation import FastPath

CHUNK_BYTES = 64 * 1024
"""So much of one session is worked on in a turn of the loop; then others have theirs."""
_BUFFER = memoryview(bytearray(CHUNK_BYTES))
"""What any socket of the loop is read into: it is empty again before the next one is read."""


class Ends(Protocol):
    """What the sides tell their session."""

    ended: bool
    client_paused: bool
    target_paused: bool
    written: Callable[[], bool]
    noted: Callable[[], None]

    def client_bytes(self, data: bytes) -> None: ...
    def client_full(self, full: bool) -> None: ...
    def client_lost(self) -> None: ...
    def target_told(self, out: bytes, events: list[tuple[int, int, object]]) -> None: ...
    def target_failed(self, why: str) -> None: ...
    def target_full(self, full: bool) -> None: ...
    def target_lost(self) -> None: ...


class _Reading:
    """What both do but for what they are told."""

    _transport: asyncio.Transport

    def may_read(self) -> bool:
        """Whether nothing but fairness keeps this socket from being read."""
        raise NotImplementedError

    def full(self) -> None:
        if self.may_read():
            self._transport.pause_reading()
            asyncio.get_running_loop().call_soon(self._read_on)

    def _read_on(self) -> None:
        if self.may_read():
            self._transport.resume_reading()

    def eof_received(self) -> bool:
        return False


class ClientSide(_Reading, _native.ClientSide):
    """``transport`` is the client's, ``target`` the other one."""

    def __new__(cls, session: Ends, fast: FastPath, transport: asyncio.Transport, target: asyncio.Transport) -> Self:
        return super().__new__(cls, _BUFFER, fast, target.write, session.written)

    def __init__(
        self, session: Ends, fast: FastPath, transport: asyncio.Transport, target: asyncio.Transport
    ) -> None:
        self._session = session
        self._transport = transport
        self.received = session.client_bytes

    def may_read(self) -> bool:
        return not (self._session.ended or self._session.client_paused)

    def pause_writing(self) -> None:
        self._session.client_full(True)

    def resume_writing(self) -> None:
        self._session.client_full(False)

    def connection_lost(self, exc: Exception | None) -> None:
        self._session.client_lost()


class TargetSide(_Reading, _native.TargetSide):
    """``transport`` is the target's, ``client`` the other one."""

    def __new__(cls, session: Ends, fast: FastPath, transport: asyncio.Transport, client: asyncio.Transport) -> Self:
        return super().__new__(cls, _BUFFER, fast, client.write, session.noted)

    def __init__(
        self, session: Ends, fast: FastPath, transport: asyncio.Transport, client: asyncio.Transport
    ) -> None:
        self._session = session
        self._transport = transport
        self.told = session.target_told
        self.failed = session.target_failed

    def may_read(self) -> bool:
        return not (self._session.ended or self._session.target_paused)

    def pause_writing(self) -> None:
        self._session.target_full(True)

    def resume_writing(self) -> None:
        self._session.target_full(False)

    def connection_lost(self, exc: Exception | None) -> None:
        self._session.target_lost()
