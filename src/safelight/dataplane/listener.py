"""Accepts connections for one protocol: handshakes in the background, under a deadline, in a bounded number.

A silent or slow peer costs one entry and is dropped at its deadline, or earlier when too many wait: the oldest goes
first, so that a good login is never refused for the crowd's sake.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog

from safelight.dataplane.connection import Connection

log = structlog.get_logger(__name__)

HANDSHAKE_SECONDS = 15.0
MAX_HANDSHAKES = 4096
Accept = Callable[[Connection], Awaitable[None]]


class Listener:
    """``accept`` runs the handshake and whatever it leads to; it must not outlive its own errors silently."""

    def __init__(
        self,
        name: str,
        accept: Accept,
        *,
        handshake_seconds: float = HANDSHAKE_SECONDS,
        max_handshakes: int = MAX_HANDSHAKES,
    ) -> None:
        self._name = name
        self._accept = accept
        self._handshake_seconds = handshake_seconds
        self._max_handshakes = max_handshakes
        self._waiting: dict[Connection, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.dropped = 0

    async def start(self, host: str, port: int) -> int:
        """Listen; returns the port (of interest when 0 was asked for)."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Connection(self._connected), host, port, backlog=4096, reuse_address=True
        )
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Stop accepting and drop the handshakes; what they led to is ended elsewhere."""
        if self._server is not None:
            self._server.close()
        for connection in list(self._waiting):
            self._drop(connection)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def handshakes(self) -> int:
        return len(self._waiting)

    def _connected(self, connection: Connection) -> None:
        if len(self._waiting) >= self._max_handshakes:
            self._drop(next(iter(self._waiting)))
        _no_delay(connection)
        loop = asyncio.get_running_loop()
        self._waiting[connection] = loop.call_later(self._handshake_seconds, self._drop, connection)
        task = loop.create_task(self._run(connection))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, connection: Connection) -> None:
        try:
            await self._accept(connection)
        except Exception:
            # The driver's edge (STYLE 9): one connection's failure is logged and closes that connection only.
            log.exception("connection.failed", listener=self._name)
            connection.transport.abort()
        finally:
            self.settled(connection)

    def settled(self, connection: Connection) -> None:
        """The handshake is over: its deadline no longer applies."""
        timer = self._waiting.pop(connection, None)
        if timer is not None:
            timer.cancel()

    def _drop(self, connection: Connection) -> None:
        self.settled(connection)
        self.dropped += 1
        connection.transport.abort()


def _no_delay(connection: Connection) -> None:
    sock = connection.transport.get_extra_info("socket")
    if sock is not None and sock.family in (socket.AF_INET, socket.AF_INET6):
        with suppress(OSError):  # the peer may be gone already; the handshake will find out
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
