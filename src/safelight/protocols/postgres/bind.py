"""Reading a Bind message: which portal, which statement, which values."""

import struct
from typing import NamedTuple

from safelight.domain.errors import PeerProtocolError


class Bind(NamedTuple):
    """Parameter values are as the client sent them, in text or binary format; None is NULL."""

    portal: bytes
    statement: bytes
    parameters: tuple[bytes | None, ...]


def decode_bind(body: bytes) -> Bind:
    """PostgreSQL "Message Formats", Bind.

    Raises:
        PeerProtocolError: counts and lengths do not agree.
    """
    try:
        portal_end = body.index(b"\0")
        statement_end = body.index(b"\0", portal_end + 1)
        at = statement_end + 1
        (formats,) = struct.unpack_from("!H", body, at)
        at += 2 + 2 * formats
        (count,) = struct.unpack_from("!H", body, at)
        at += 2
        values: list[bytes | None] = []
        for _ in range(count):
            (length,) = struct.unpack_from("!i", body, at)
            at += 4
            if length == -1:
                values.append(None)
                continue
            if length < 0 or at + length > len(body):
                raise PeerProtocolError("a Bind parameter with a lying length")
            values.append(body[at : at + length])
            at += length
        (results,) = struct.unpack_from("!H", body, at)
    except (ValueError, struct.error) as cause:
        raise PeerProtocolError("a Bind message that ends too early") from cause
    if at + 2 + 2 * results != len(body):
        raise PeerProtocolError("a Bind message with bytes left over")
    return Bind(body[:portal_end], body[portal_end + 1 : statement_end], tuple(values))
