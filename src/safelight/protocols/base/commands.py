"""What a handshake may ask of its driver.

A handshake is a generator: it yields these commands, is sent their results, and returns what the connection
became. It does no IO itself, so that tests play both peers (``tests/protocols/playbook.py``).
"""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, TypeVar


@dataclass(frozen=True, slots=True)
class Read:
    """Result: exactly ``count`` bytes."""

    count: int


@dataclass(frozen=True, slots=True)
class Send:
    """Result: None, at once."""

    data: bytes


@dataclass(frozen=True, slots=True)
class StartTls:
    """Upgrade this connection. Result: :class:`TlsInfo`.

    ``begun``: the peer began TLS without asking (direct TLS), and these are its first bytes, read already. Without
    them, bytes that were received before this are an injection in clear and must end the connection."""

    begun: bytes = b""


@dataclass(frozen=True, slots=True)
class TlsInfo:
    """``endpoint`` is the tls-server-end-point channel binding (RFC 5929 §4): the certificate's hash. ``alpn`` is the
    protocol that both sides named (RFC 7301), or None."""

    endpoint: bytes
    alpn: str | None = None


@dataclass(frozen=True, slots=True)
class Compute:
    """Run a slow pure function (PBKDF2) off the loop. Result: what it returns."""

    function: Any
    arguments: tuple[Any, ...]


Command = Read | Send | StartTls | Compute

R = TypeVar("R")
Handshake = Generator[Any, Any, R]
"""Yields :data:`Command` (and protocol-specific commands), returns its outcome.

Raises:
    PeerProtocolError: the peer broke its protocol; what could be said to it has been sent.
"""
