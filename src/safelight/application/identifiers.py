"""Readable identifiers and unguessable secrets, from randomness that is passed in."""

import base64
import hashlib

from safelight.ports.randomness import Randomness
from safelight.ports.secrets import Secret

ALPHABET = "abcdefghjkmnpqrstvwxyz0123456789"
"""Crockford's base32 with digits last: no i, l, o or u, so that an id survives being read aloud."""


def short_id(randomness: Randomness, characters: int) -> str:
    """Five random bits a character. Readable, not secret; the caller checks that it is free."""
    return "".join(ALPHABET[byte & 31] for byte in randomness.bytes(characters))


def secret_text(randomness: Randomness, bits: int) -> Secret[str]:
    """URL-safe text with ``bits`` random bits (256 bits are 43 characters)."""
    return Secret(base64.urlsafe_b64encode(randomness.bytes(bits // 8)).rstrip(b"=").decode())


def fingerprint(secret: Secret[str]) -> str:
    """What is stored in the place of a secret with at least 128 random bits: its SHA-256, in hexadecimal."""
    return hashlib.sha256(secret.reveal().encode()).hexdigest()
