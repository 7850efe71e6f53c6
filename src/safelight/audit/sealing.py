"""What hides a record's sensitive fields: a key for each session, kept wrapped under the node's key.

Destroying a session's key erases what was said in it, and leaves every proof whole: the tree covers ciphertext.

- Fields: AES-256-GCM; the nonce is the record's index, which a key never sees twice (a key is never used again
  after a restart, and the index only grows in between).
- A key's id is derived from it, so that nobody can show another key that opens the same record differently.
- Keys are wrapped with AES-SIV (RFC 5297), which needs no nonce, bound to the key's id and its session.
"""

import base64
import hmac
import struct
from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESSIV

KEY_BYTES = 32
WRAPPED_CHARACTERS = 64
_ID_BYTES = 24
_AAD = b"safelight audit field v1\n"
_WRAP = b"safelight audit key wrap v1\n"
nonce_of = struct.Struct(">IQ").pack
"""``nonce_of(0, index)``: twelve bytes."""


def key_id(key: bytes) -> str:
    """32 characters that name a key and commit to it."""
    return base64.urlsafe_b64encode(hmac.digest(key, b"safelight audit key id", "sha256")[:_ID_BYTES]).decode()


def associated_data(identity: str) -> bytes:
    """What is authenticated beside a sealed field."""
    return _AAD + identity.encode()


def sealer(key: bytes) -> Callable[[bytes, bytes, bytes | None], bytes]:
    """``encrypt(nonce, plaintext, associated_data)`` under ``key``."""
    return AESGCM(key).encrypt


def unseal(key: bytes, index: int, sealed: bytes) -> bytes:
    """The plaintext of a record's sealed field.

    Raises:
        ValueError: the key does not fit, or the field was changed.
    """
    try:
        return AESGCM(key).decrypt(nonce_of(0, index), sealed, associated_data(key_id(key)))
    except InvalidTag as error:
        raise ValueError("a sealed field that its key does not open") from error


class NodeKey:
    """Wraps and opens session keys. ``secret`` is the node's own, 32 bytes at least."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) < KEY_BYTES:
            raise ValueError("a node key has at least 32 bytes")
        self._siv = AESSIV(hmac.digest(secret, _WRAP, "sha512"))

    def wrap(self, key: bytes, session_id: str) -> str:
        wrapped = self._siv.encrypt(key, [_WRAP, key_id(key).encode(), session_id.encode()])
        return base64.b64encode(wrapped).decode()

    def unwrap(self, wrapped: str, identity: str, session_id: str) -> bytes:
        """Raises: ValueError when it was not wrapped for this id and session by this node's key."""
        try:
            sealed = base64.b64decode(wrapped, validate=True)
            key = self._siv.decrypt(sealed, [_WRAP, identity.encode(), session_id.encode()])
        except InvalidTag as error:
            raise ValueError("a wrapped key that this node's key does not open") from error
        if key_id(key) != identity:
            raise ValueError("a wrapped key under a wrong id")
        return key
