"""Hashes that are slow on purpose, computed away from the event loop."""

from dataclasses import dataclass
from typing import Protocol

from safelight.ports.secrets import Secret


@dataclass(frozen=True, slots=True)
class ScramVerifier:
    """What is kept of a session credential's secret (RFC 5802 §3)."""

    salt: bytes
    iterations: int
    stored_key: bytes
    server_key: bytes


class SlowHashes(Protocol):
    async def password_hash(self, password: Secret[str]) -> str:
        """Argon2id, in its own encoding."""
        ...

    async def password_matches(self, encoded: str, password: Secret[str]) -> bool: ...

    async def scram_verifier(self, secret: Secret[str], salt: bytes, iterations: int) -> ScramVerifier:
        """SCRAM-SHA-256 keys of ``secret`` (RFC 7677)."""
        ...
