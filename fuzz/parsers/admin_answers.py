"""A server's answers to the gateway's own queries."""

import asyncio
import struct

from safelight.adapters.postgres_target.wire import ServerRefused, Wire
from safelight.domain.errors import PeerProtocolError
from safelight.protocols.postgres import messages as m

_ROW = m.message(b"D", struct.pack("!Hi", 2, 3) + b"abc" + struct.pack("!i", -1))
SEEDS = (
    m.message(b"1") + m.message(b"2") + _ROW + _ROW + m.message(b"C", b"SELECT 2\0") + m.ready_for_query(),
    m.error("ERROR", "42501", "no") + m.ready_for_query(),
    m.notice("x") + m.parameter_status("a", "b") + m.message(b"n") + m.message(b"I") + m.ready_for_query(),
    m.message(b"D", b"\0\1\0\0\0\xff") + m.ready_for_query(),
    m.authentication(m.AUTH_CLEARTEXT),
)


class _Transport(asyncio.Transport):
    """Takes what is written and forgets it."""

    def write(self, data: "bytes | bytearray | memoryview[int]") -> None:
        assert data

    def is_closing(self) -> bool:
        return False


class _Link:
    """Gives the bytes that there are; then the peer is gone."""

    def __init__(self, data: bytes) -> None:
        self.transport: asyncio.Transport = _Transport()
        self._data = data
        self._at = 0

    async def read(self, count: int) -> bytes:
        assert 0 <= count <= 32 * 1024 * 1024, count
        if self._at + count > len(self._data):
            raise PeerProtocolError("the peer is gone")
        self._at += count
        return self._data[self._at - count : self._at]


def one_input(data: bytes) -> bool:
    query = Wire(_Link(data)).query("SELECT $1", "x")
    try:
        query.send(None)  # nothing in it waits, so that no loop is needed
    except StopIteration as end:
        assert all(value is None or isinstance(value, str) for row in end.value for value in row)
        return True
    except (PeerProtocolError, ServerRefused):
        return False
    raise AssertionError("it waits for something else than the server")
