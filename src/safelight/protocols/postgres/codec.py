"""Cutting the client's bytes into messages, with bounds judged before anything is kept.

The type is judged before the length: a byte that is no message type ends the connection however plausible the four
bytes after it are. Backend messages are cut in native code (``_native.ServerStream``).
"""

import struct

from safelight.domain.errors import PeerProtocolError

_LENGTH = struct.Struct("!i")
FRONTEND_TYPES = frozenset(b"BCDEFHPQSXcdfp")
SMALL_TYPES = frozenset(b"CDEHSXcp")
"""Messages that are never large: names, counts, nothing."""
MAX_SMALL_BYTES = 16 * 1024
MAX_MESSAGE_BYTES = 16 * 1024 * 1024


class ClientMessages:
    """A queue of whole client messages. Feed bytes, take messages."""

    __slots__ = ("_at", "_buffer", "_later", "_later_bytes", "_max", "_missing")

    def __init__(self, max_message_bytes: int = MAX_MESSAGE_BYTES) -> None:
        self._buffer = b""
        self._at = 0
        self._max = max_message_bytes
        self._missing = 0
        """So many bytes are missing of a message whose length is known; what comes of them is kept in ``_later``, so
        that a long message is put together once."""
        self._later: list[bytes] = []
        self._later_bytes = 0

    def feed(self, data: bytes) -> None:
        if len(data) < self._missing:
            self._later.append(data)
            self._later_bytes += len(data)
            self._missing -= len(data)
            return
        if self._later:
            data = b"".join((*self._later, data))
            self._later.clear()
            self._later_bytes = 0
        self._missing = 0
        self._buffer = self._buffer[self._at :] + data if self._at < len(self._buffer) else data
        self._at = 0

    @property
    def buffered(self) -> int:
        """Bytes received and not yet taken."""
        return len(self._buffer) - self._at + self._later_bytes

    def take(self) -> tuple[int, bytes] | None:
        """The next whole message as (type, body), or None.

        Raises:
            PeerProtocolError: no such type, or a length out of bounds for it.
        """
        buffer, at = self._buffer, self._at
        have = len(buffer) - at
        if have < 1 or self._missing:
            return None
        kind = buffer[at]
        if kind not in FRONTEND_TYPES:
            raise PeerProtocolError(f"unknown message type 0x{kind:02x}")
        if have < 5:
            return None
        (length,) = _LENGTH.unpack_from(buffer, at + 1)
        if length < 4 or length > (MAX_SMALL_BYTES if kind in SMALL_TYPES else self._max):
            raise PeerProtocolError(f"message of type '{chr(kind)}' has the impossible length {length}")
        if have < length + 1:
            self._missing = length + 1 - have
            return None
        end = at + 1 + length
        self._at = end
        return kind, bytes(buffer[at + 5 : end])
