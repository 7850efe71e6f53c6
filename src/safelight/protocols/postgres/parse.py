"""Reading a Parse message: which name, which text, which parameter types."""

import struct
from typing import NamedTuple

from safelight.domain.errors import PeerProtocolError


class Parse(NamedTuple):
    """``types`` are the OIDs that the client declares its parameters to be; 0 leaves one to the server."""

    name: bytes
    text: bytes
    types: tuple[int, ...]


def decode_parse(body: bytes) -> Parse:
    """PostgreSQL "Message Formats", Parse.

    Raises:
        PeerProtocolError: it is not terminated, or counts and lengths do not agree.
    """
    name, separator, rest = body.partition(b"\0")
    text, separator2, declared = rest.partition(b"\0")
    if not separator or not separator2:
        raise PeerProtocolError("a Parse that is not terminated")
    if len(declared) < 2 or len(declared) != 2 + 4 * int.from_bytes(declared[:2], "big"):
        raise PeerProtocolError("a Parse with a lying number of types")
    types = struct.unpack(f"!{len(declared) // 4}I", declared[2:])
    return Parse(name, text, types)
