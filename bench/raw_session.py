"""A session whose bytes are read as they come, with the time of each: libpq logs in, then the socket is ours."""

import asyncio
import os
import struct
import time

import psycopg

from tests.rig.gateway import SessionLogin

READ_BYTES = 256 * 1024


class RawSession:
    """In clear, over loopback. ``last_byte`` is on the monotonic clock, in seconds."""

    def __init__(self, login: SessionLogin) -> None:
        self._connection = psycopg.connect(login.dsn(), autocommit=True)
        self._fd = self._connection.pgconn.socket
        os.set_blocking(self._fd, False)
        self.last_byte = 0.0
        self.received = 0
        self.closed = asyncio.Event()
        self.tail = b""
        self._reading = False

    def read(self) -> None:
        """Start to read whatever comes."""
        self._reading = True
        asyncio.get_running_loop().add_reader(self._fd, self._readable)

    def stall(self) -> None:
        """Stop reading."""
        if self._reading:
            self._reading = False
            asyncio.get_running_loop().remove_reader(self._fd)

    def _readable(self) -> None:
        try:
            data = os.read(self._fd, READ_BYTES)
        except BlockingIOError:
            return
        except ConnectionError:
            data = b""
        if not data:
            self.stall()
            self.closed.set()
            return
        self.last_byte = time.monotonic()
        self.received += len(data)
        self.tail = (self.tail + data)[-4096:]

    def query(self, text: str) -> None:
        self.send(b"Q", text.encode() + b"\0")

    def send(self, kind: bytes, body: bytes) -> None:
        os.write(self._fd, kind + struct.pack("!i", len(body) + 4) + body)

    def pipeline(self, text: str, count: int) -> None:
        """``count`` parsed, bound and executed statements with a Sync each, in one write."""

        def message(kind: bytes, body: bytes) -> bytes:
            return kind + struct.pack("!i", len(body) + 4) + body

        one = (
            message(b"P", b"\0" + text.encode() + b"\0\0\0")
            + message(b"B", b"\0\0\0\0\0\0\0\0")
            + message(b"E", b"\0\0\0\0\0")
            + message(b"S", b"")
        )
        os.write(self._fd, one * count)

    def close(self) -> None:
        self.stall()
        self._connection.close()
