"""A listener's handshakes are bounded in time and in number."""

import asyncio
from collections.abc import Awaitable, Callable

from safelight.dataplane.connection import Connection
from safelight.dataplane.listener import Listener
from safelight.domain.errors import PeerProtocolError


async def _echo_one_byte(connection: Connection) -> None:
    try:
        connection.transport.write(await connection.read(1))
    except PeerProtocolError:
        connection.transport.abort()


def _with_listener(story: Callable[[Listener, int], Awaitable[None]], **bounds: float) -> None:
    async def run() -> None:
        listener = Listener("test", _echo_one_byte, **bounds)  # type: ignore[arg-type]
        port = await listener.start("127.0.0.1", 0)
        try:
            async with asyncio.timeout(10):
                await story(listener, port)
        finally:
            await listener.close()

    asyncio.run(run())


def test_the_oldest_of_too_many_makes_room() -> None:
    async def story(listener: Listener, port: int) -> None:
        silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(5)]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"!")
        assert await reader.read(1) == b"!"
        assert listener.dropped == 3
        ends = [await asyncio.wait_for(one.read(1), 5) for one, _ in silent[:3]]
        assert ends == [b"", b"", b""]
        for _, other in (*silent, (reader, writer)):
            other.close()

    _with_listener(story, max_handshakes=3)


def test_a_silent_peer_is_dropped_at_its_deadline() -> None:
    async def story(listener: Listener, port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert await reader.read(1) == b""
        assert (listener.dropped, listener.handshakes) == (1, 0)
        writer.close()

    _with_listener(story, handshake_seconds=0.05)
