"""Carries out what handshakes ask for: the one place where their commands become reads, writes and TLS.

A handshake is a pure generator (:mod:`safelight.protocols.base.commands`). :class:`Connection` keeps its unread
bytes, bounded, and hands the transport on to whatever comes after the handshake.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Executor
from typing import Any, Protocol, TypeVar, cast

from safelight.domain.errors import PeerProtocolError
from safelight.protocols.base.commands import Compute, Handshake, Read, Send, StartTls, TlsInfo

R = TypeVar("R")

MAX_UNREAD_BYTES = 128 * 1024
"""More than a handshake ever reads ahead; past it the peer waits."""

ProtocolAnswer = Callable[[Any], Awaitable[Any]]
"""Answers the commands that only one protocol knows (such as finding a verifier)."""


class BufferedProtocol(Protocol):
    """An ``asyncio.BufferedProtocol`` by its methods."""

    def get_buffer(self, sizehint: int) -> memoryview: ...
    def buffer_updated(self, nbytes: int) -> None: ...
    def eof_received(self) -> bool: ...
    def pause_writing(self) -> None: ...
    def resume_writing(self) -> None: ...
    def connection_lost(self, exc: Exception | None) -> None: ...


class Connection(asyncio.Protocol):
    """One socket during its handshake."""

    def __init__(self, on_connect: Callable[["Connection"], None] | None = None) -> None:
        self.transport: asyncio.Transport = None  # type: ignore[assignment]  # set by connection_made, before any use
        self._on_connect = on_connect
        self._unread = bytearray()
        self._waiter: asyncio.Future[None] | None = None
        self._closed = False

    # --- asyncio.Protocol -------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]
        if self._on_connect is not None:
            self._on_connect(self)

    def data_received(self, data: bytes) -> None:
        self._unread += data
        if len(self._unread) > MAX_UNREAD_BYTES:
            self.transport.pause_reading()
        self._wake()

    def eof_received(self) -> bool:
        self._closed = True
        self._wake()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._closed = True
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # --- for the driver ---------------------------------------------------------------------------------------

    @property
    def peer_address(self) -> str:
        """The peer's IP address, or ``unix``."""
        peer = self.transport.get_extra_info("peername")
        return str(peer[0]) if isinstance(peer, tuple) else "unix"

    @property
    def closed(self) -> bool:
        return self._closed

    async def read(self, count: int) -> bytes:
        """Exactly ``count`` bytes.

        Raises:
            PeerProtocolError: the peer went away first.
        """
        while len(self._unread) < count:
            if self._closed:
                raise PeerProtocolError("the peer closed the connection during the handshake")
            self._waiter = asyncio.get_running_loop().create_future()
            self.transport.resume_reading()
            await self._waiter
        data = bytes(self._unread[:count])
        del self._unread[:count]
        return data

    async def start_tls(
        self, context: ssl.SSLContext, *, server_side: bool, host: str | None, begun: bytes = b""
    ) -> None:
        """Upgrade in place. ``begun``: TLS has begun with these bytes, and whatever is unread follows them.

        Raises:
            PeerProtocolError: bytes were received in clear after the request (an injection), or TLS failed.
        """
        if self._unread and not begun:
            raise PeerProtocolError("bytes in clear were sent where TLS must begin")
        loop = asyncio.get_running_loop()
        upgrade = loop.start_tls(self.transport, self, context, server_side=server_side, server_hostname=host)
        try:
            upgraded = await (self._already_begun(upgrade, begun) if begun else upgrade)
        except (ssl.SSLError, OSError) as cause:
            raise PeerProtocolError(
                f"TLS failed: {getattr(cause, 'reason', None) or type(cause).__name__}"
            ) from cause
        if upgraded is None:
            raise PeerProtocolError("the peer closed the connection during the TLS handshake")
        self.transport = upgraded

    async def _already_begun(
        self, upgrade: Coroutine[Any, Any, asyncio.Transport | None], begun: bytes
    ) -> asyncio.Transport | None:
        """Upgrade, and give TLS what was received before it was there.

        The first step of the upgrade schedules what connects TLS to the transport and lets it read. What was received
        is scheduled right behind, in the same turn of the loop, so that no later byte can come before it.
        """
        received = begun + bytes(self._unread)
        self._unread.clear()
        self.transport.pause_reading()
        loop = asyncio.get_running_loop()
        upgrading = loop.create_task(upgrade)
        await asyncio.sleep(0)
        loop.call_soon(_feed, self.transport, received)
        return await upgrading

    def hand_over(self, protocol: BufferedProtocol) -> bytes:
        """Give the transport to ``protocol``; returns the bytes that were received and not read."""
        self.transport.set_protocol(cast(asyncio.BaseProtocol, protocol))  # uvloop looks for methods, not for a class
        self.transport.resume_reading()
        unread = bytes(self._unread)
        self._unread.clear()
        return unread


def _feed(transport: asyncio.Transport, data: bytes) -> None:
    """Give the transport's protocol, which is TLS now, bytes as if they had just been received."""
    if isinstance(transport.get_protocol(), Connection):
        return  # the upgrade has failed already
    # asyncio's and uvloop's TLS are BufferedProtocols; uvloop's does not inherit from it.
    tls = cast(asyncio.BufferedProtocol, transport.get_protocol())
    while data:
        buffer = memoryview(tls.get_buffer(len(data)))
        count = min(len(buffer), len(data))
        buffer[:count] = data[:count]
        tls.buffer_updated(count)
        data = data[count:]


class TlsSide:
    """How a connection upgrades: our context, and the channel binding that names the server's certificate."""

    def __init__(
        self,
        context: ssl.SSLContext,
        *,
        server_side: bool,
        host: str | None,
        endpoint: Callable[[ssl.SSLObject], bytes],
    ) -> None:
        self.context = context
        self.server_side = server_side
        self.host = host
        self.endpoint = endpoint


async def drive(
    handshake: Handshake[R],
    connection: Connection,
    *,
    tls: TlsSide | None,
    executor: Executor | None,
    answer: ProtocolAnswer | None = None,
) -> R:
    """Run a handshake to its end and return its outcome.

    Raises:
        PeerProtocolError, Denied, TargetUnavailable: as the handshake does.
    """
    reply: Any = None
    failure: PeerProtocolError | None = None
    while True:
        try:
            command = handshake.throw(failure) if failure is not None else handshake.send(reply)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        reply, failure = None, None
        try:
            reply = await _carry_out(command, connection, tls, executor, answer)
        except PeerProtocolError as problem:
            failure = problem


async def _carry_out(
    command: Any,
    connection: Connection,
    tls: TlsSide | None,
    executor: Executor | None,
    answer: ProtocolAnswer | None,
) -> Any:
    match command:
        case Read(count):
            return await connection.read(count)
        case Send(data):
            if not connection.transport.is_closing():  # a peer whose TLS failed is gone before it is told
                connection.transport.write(data)
            return None
        case StartTls(begun):
            assert tls is not None, "the handshake offers TLS only where there is a context"
            await connection.start_tls(tls.context, server_side=tls.server_side, host=tls.host, begun=begun)
            established = connection.transport.get_extra_info("ssl_object")
            return TlsInfo(tls.endpoint(established), established.selected_alpn_protocol())
        case Compute(function, arguments):
            return await asyncio.get_running_loop().run_in_executor(executor, function, *arguments)
        case _:
            assert answer is not None, f"nobody answers {command!r}"
            return await answer(command)
