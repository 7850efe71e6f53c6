"""A small PostgreSQL client for the gateway's own queries: text values in, text values out.

Not a general driver, because targets are untrusted (I9): the login is the product's own (capped SCRAM rounds, no
password in clear, channel binding), every length is bounded before anything is kept, and what does not belong to an
answer ends the connection. Source: PostgreSQL documentation, "Frontend/Backend Protocol", extended query.
"""

import asyncio
import struct
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from safelight.domain.errors import PeerProtocolError
from safelight.domain.target import Target
from safelight.ports.target_admin import Account
from safelight.protocols.postgres import messages as m
from safelight.protocols.postgres.target_login import TargetReady

MAX_MESSAGE_BYTES = 32 * 1024 * 1024
MAX_ANSWER_BYTES = 256 * 1024 * 1024
"""A catalog of 200,000 relations is some 100 MB."""
KEPT_BESIDE_BYTES = 48
"""What keeping a row takes beside its bytes: a server that sends empty ones must not fill memory either."""

_INT = struct.Struct("!i")
_HEAD = struct.Struct("!ci")
_COUNT = struct.Struct("!H")

Row = tuple[str | None, ...]
Parameter = str | int | None


class Link(Protocol):
    """A logged-in connection."""

    transport: asyncio.Transport

    async def read(self, count: int) -> bytes:
        """Exactly ``count`` bytes. Raises: PeerProtocolError when the peer is gone."""
        ...


Dial = Callable[[Target, Account, Mapping[str, str]], Awaitable[tuple[Link, TargetReady]]]
"""Connects and logs in with an account and a startup packet. Raises: TargetUnavailable."""


class ServerRefused(Exception):
    """The server answered with an error. Its text is for our own log only: it can quote anything."""

    def __init__(self, sqlstate: str, text: str) -> None:
        super().__init__(f"SQLSTATE {sqlstate}")
        self.sqlstate = sqlstate
        self.text = text


class Wire:
    """Queries over one link, one at a time. After any exception but `ServerRefused` it must be closed."""

    def __init__(self, link: Link) -> None:
        self._link = link

    @property
    def open(self) -> bool:
        return not self._link.transport.is_closing()

    def close(self) -> None:
        if self.open:
            self._link.transport.write(m.message(b"X"))
            self._link.transport.close()

    def abort(self) -> None:
        self._link.transport.abort()

    async def query(self, text: str, *parameters: Parameter) -> list[Row]:
        """The rows of one statement, with ``parameters`` as its $1, $2 …

        Raises:
            ServerRefused: the server refused it; the connection can be used further.
            PeerProtocolError: the connection is broken.
        """
        return [decode_row(body) for body in await self.raw_query(text, *parameters)]

    async def raw_query(self, text: str, *parameters: Parameter) -> list[bytes]:
        """The same, as bodies of DataRow, to be decoded elsewhere by :func:`decode_row`."""
        self._link.transport.write(
            m.parse(b"", text.encode())
            + _bind([None if value is None else str(value).encode() for value in parameters])
            + m.message(b"E", b"\0" + _INT.pack(0))
            + m.message(b"S")
        )
        return await self._answer()

    async def script(self, text: str) -> None:
        """Run statements as one implicit transaction; rows are dropped. Never with a value that is not quoted.

        Raises: as :meth:`query`.
        """
        self._link.transport.write(m.query(text.encode()))
        await self._answer()

    async def _answer(self) -> list[bytes]:
        rows: list[bytes] = []
        refused: ServerRefused | None = None
        total = 0
        while True:
            kind, length = _HEAD.unpack(await self._link.read(5))
            total += length + KEPT_BESIDE_BYTES
            if not 4 <= length <= MAX_MESSAGE_BYTES or total > MAX_ANSWER_BYTES:
                raise PeerProtocolError("the server sent an answer of impossible length")
            body = await self._link.read(length - 4)
            match kind:
                case b"D":
                    rows.append(body)
                case b"Z":
                    if refused is not None:
                        raise refused
                    return rows
                case b"E":
                    found = m.decode_fields(body)
                    sqlstate = found.get("C", b"?????").decode("ascii", "replace")[:5]
                    refused = refused or ServerRefused(sqlstate, found.get("M", b"").decode("utf-8", "replace"))
                case b"1" | b"2" | b"C" | b"I" | b"T" | b"N" | b"S" | b"A" | b"n":
                    pass
                case _:
                    raise PeerProtocolError("the server sent something that belongs to no answer")


def decode_row(body: bytes) -> Row:
    """Raises: PeerProtocolError when counts and lengths do not agree."""
    values: list[str | None] = []
    try:
        (count,) = _COUNT.unpack_from(body)
        at = 2
        for _ in range(count):
            (length,) = _INT.unpack_from(body, at)
            at += 4
            if length < 0:
                values.append(None)
                continue
            if at + length > len(body):
                raise PeerProtocolError("a row ends inside a value")
            values.append(body[at : at + length].decode())
            at += length
    except (struct.error, UnicodeDecodeError) as cause:
        raise PeerProtocolError("a row cannot be read") from cause
    return tuple(values)


def _bind(values: list[bytes | None]) -> bytes:
    """The unnamed portal of the unnamed statement, everything as text."""
    encoded = b"".join(_INT.pack(-1) if value is None else _INT.pack(len(value)) + value for value in values)
    return m.message(b"B", b"\0\0" + _COUNT.pack(0) + _COUNT.pack(len(values)) + encoded + _COUNT.pack(0))
