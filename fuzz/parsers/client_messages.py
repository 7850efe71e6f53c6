"""A client's messages: cut from the stream, and Parse and Bind taken apart.

The first byte says how many bytes of cuts follow; the rest is the stream. However it is cut, it reads the same.
"""

import struct
from collections.abc import Iterable

from fuzz.parsers.playing import outcome_of, pieces
from safelight.domain.errors import PeerProtocolError
from safelight.protocols.postgres import messages as m
from safelight.protocols.postgres.bind import decode_bind
from safelight.protocols.postgres.codec import ClientMessages
from safelight.protocols.postgres.parse import decode_parse

MAX_MESSAGE_BYTES = 512
_BIND = b"portal\0name\0" + struct.pack("!HHHi", 1, 1, 2, 3) + b"abc" + struct.pack("!iHH", -1, 1, 0)
_STREAM = (
    m.query(b"SELECT 1")
    + m.message(b"P", b"name\0SELECT $1\0" + struct.pack("!HII", 2, 23, 25))
    + m.message(b"B", _BIND)
    + m.message(b"D", b"Pportal\0")
    + m.message(b"E", b"portal\0\0\0\0\0")
    + m.message(b"C", b"Sname\0")
    + m.message(b"H")
    + m.message(b"S")
    + m.message(b"d", b"1\tone\n")
    + m.message(b"c")
    + m.message(b"f", b"no\0")
    + m.message(b"F", b"\0\0\0\1\0\0\0\0\0\0")
    + m.message(b"X")
)
SEEDS = (
    b"\0" + _STREAM,
    b"\1\1" + _STREAM,
    b"\3\4\1\x20" + _STREAM,
    b"\0" + m.message(b"B", _BIND),
    b"\0" + m.message(b"d", b"x" * 600),
    b"\0Q\x7f\xff\xff\xff",
)
Messages = list[tuple[int, bytes]]


def one_input(data: bytes) -> bool:
    count = data[0] % 8 if data else 0
    cuts, stream = data[1 : 1 + count], data[1 + count :]
    whole = outcome_of(lambda: _read([stream]))
    assert whole == outcome_of(lambda: _read(pieces(stream, cuts))), "it reads differently in pieces"
    if not isinstance(whole, list):
        return False
    return sum(_take_apart(kind, body) for kind, body in whole) == len(whole)


def _read(parts: Iterable[bytes]) -> Messages:
    """All whole messages, and with them what an unfinished one holds back."""
    reader, found, fed = ClientMessages(MAX_MESSAGE_BYTES), [], 0
    for part in parts:
        fed += len(part)
        reader.feed(part)
        while (message := reader.take()) is not None:
            found.append(message)
        assert 0 <= reader.buffered <= fed
    found.append((0, b"%d" % reader.buffered))
    return found


def _take_apart(kind: int, body: bytes) -> bool:
    try:
        if kind == ord("P"):
            parsed = decode_parse(body)
            types = struct.pack(f"!H{len(parsed.types)}I", len(parsed.types), *parsed.types)
            assert parsed.name + b"\0" + parsed.text + b"\0" + types == body, "something in it was not read"
        elif kind == ord("B"):
            bound = decode_bind(body)
            assert sum(len(value or b"") for value in bound.parameters) <= len(body)
    except PeerProtocolError:
        return False
    return True
