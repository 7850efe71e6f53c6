"""What the verifier reads: public keys, signed checkpoints, the export's first line. Strict: one text, one value."""

import base64
import binascii
import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

FORMAT = 1

_ENCODE = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


class Unusable(Exception):
    """The verification could not be made: not an export, not a key, not a checkpoint."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    origin: str
    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class Key:
    """A public key, and the origin it signs for when the key's file says so."""

    origin: str | None
    public: Ed25519PublicKey


def read_key(text: str) -> Key:
    """A note verifier key (``origin+hash+base64``) or a PEM public key. Raises: Unusable."""
    text = text.strip()
    try:
        if text.startswith("-----BEGIN"):
            public = load_pem_public_key(text.encode())
            if not isinstance(public, Ed25519PublicKey):
                raise Unusable("the key is not an Ed25519 key")
            return Key(None, public)
        origin, named, encoded = text.split("+", 2)
        raw = strict_base64(encoded)
        if len(raw) != 33 or raw[:1] != b"\x01":
            raise Unusable("the key is not an Ed25519 note key")
        key = Key(origin, Ed25519PublicKey.from_public_bytes(raw[1:]))
    except ValueError as error:
        raise Unusable(f"the key cannot be read: {error}") from error
    if named != _key_hash(origin, key.public).hex():
        raise Unusable("the key's hash is not that of the key")
    return key


def read_note(note: str, origin: str, key: Ed25519PublicKey) -> Checkpoint:
    """The checkpoint of a signed note. Other signatures on it (of witnesses) are passed over. Raises: ValueError."""
    text, separator, signatures = note.partition("\n\n")
    text += "\n"
    lines = text.split("\n")
    if not separator or len(lines) < 4 or not re.fullmatch(r"0|[1-9][0-9]{0,15}", lines[1]):
        raise ValueError("it is no signed checkpoint")
    if lines[0] != origin:
        raise ValueError(f"it is of the log {lines[0]!r}, not of {origin!r}")
    root = strict_base64(lines[2])
    if len(root) != 32:
        raise ValueError("it is no signed checkpoint")
    if not signatures.endswith("\n"):
        raise ValueError("its signature is cut off")
    for signature in signatures[:-1].split("\n"):
        dash, _, named = signature.partition(" ")
        name, _, encoded = named.partition(" ")
        if dash != "\N{EM DASH}" or name != origin:
            continue
        raw = strict_base64(encoded)
        if raw[:4] == _key_hash(origin, key):
            try:
                key.verify(raw[4:], text.encode())
            except InvalidSignature as error:
                raise ValueError("its signature is not valid") from error
            return Checkpoint(origin, int(lines[1]), root)
    raise ValueError("it is not signed by this key")


def _key_hash(origin: str, key: Ed25519PublicKey) -> bytes:
    return hashlib.sha256(origin.encode() + b"\n\x01" + key.public_bytes_raw()).digest()[:4]


def strict_base64(text: str, altchars: bytes | None = None) -> bytes:
    """Strict: one text for one value."""
    try:
        raw = base64.b64decode(text, altchars, validate=True)
    except binascii.Error as error:
        raise ValueError("bad base64") from error
    if base64.b64encode(raw, altchars).decode() != text:
        raise ValueError("bad base64")
    return raw


def unique_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object whose names are all different: two readers must not read two things."""
    read = dict(pairs)
    if len(read) != len(pairs):
        raise ValueError("a name stands twice")
    return read


def canonical(value: object) -> bytes:
    return _ENCODE(value).encode("utf-8", "surrogatepass")


def read_header(line: bytes) -> dict[str, Any]:
    """What the export's first line says. Raises: Unusable."""
    try:
        read = json.loads(line, object_pairs_hook=unique_names)
        if set(read) != {"export"} or canonical(read) + b"\n" != line:
            raise ValueError("no header")
        header = read["export"]
        if set(header) != {"first", "format", "frontier", "origin"} or header["format"] != FORMAT:
            raise ValueError("a header of another format")
    except (ValueError, TypeError, RecursionError) as error:
        raise Unusable(f"this is not an export of an audit log, or its first line was changed: {error}") from error
    return dict(header)
