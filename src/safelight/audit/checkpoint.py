"""Checkpoints: signed statements of the log's size and root, in the format of C2SP tlog-checkpoint and signed-note.

    <origin>
    <size>
    <root, base64>

    — <origin> <base64 of key hash and Ed25519 signature>

A checkpoint kept elsewhere is what an export is proven against (I6).
"""

import base64
import binascii
import re
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_ORIGIN = re.compile(r"[!-*,-~]{1,200}")
"""Printable ASCII without space and plus sign, so that it may name the key too."""

_NOTE = re.compile(
    r"(?P<text>(?P<origin>[!-*,-~]{1,200})\n(?P<size>0|[1-9][0-9]{0,15})\n(?P<root>[A-Za-z0-9+/]{43}=)\n)"
    r"\n— (?P<name>[!-*,-~]{1,200}) (?P<signature>[A-Za-z0-9+/]{91}=)\n"
)

_ED25519 = b"\x01"
"""The signature type of a plain Ed25519 note (C2SP signed-note)."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    origin: str
    size: int
    root: bytes

    def text(self) -> bytes:
        """What is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n".encode()


def check_origin(origin: str) -> None:
    """Raises: ValueError unless ``origin`` can name a log and its key."""
    if not _ORIGIN.fullmatch(origin):
        raise ValueError("an origin is printable ASCII without space and plus sign, such as example.org/audit/node-1")


def key_hash(origin: str, public_key: Ed25519PublicKey) -> bytes:
    """The four bytes by which a signature names its key."""
    return sha256(origin.encode() + b"\n" + _ED25519 + public_key.public_bytes_raw()).digest()[:4]


def verifier_key(origin: str, public_key: Ed25519PublicKey) -> str:
    """The public key as one line, as the verifier takes it."""
    encoded = base64.b64encode(_ED25519 + public_key.public_bytes_raw()).decode()
    return f"{origin}+{key_hash(origin, public_key).hex()}+{encoded}"


def sign(checkpoint: Checkpoint, key: Ed25519PrivateKey) -> str:
    """The signed note."""
    text = checkpoint.text()
    signed = key_hash(checkpoint.origin, key.public_key()) + key.sign(text)
    return f"{text.decode()}\n— {checkpoint.origin} {base64.b64encode(signed).decode()}\n"


def read(note: str, origin: str, key: Ed25519PublicKey) -> Checkpoint:
    """The checkpoint of a note that ``key`` signed for ``origin``.

    Raises:
        ValueError: it is not such a note.
    """
    match = _NOTE.fullmatch(note)
    if match is None:
        raise ValueError("not a signed checkpoint")
    try:
        root = base64.b64decode(match["root"], validate=True)
        signed = base64.b64decode(match["signature"], validate=True)
    except binascii.Error as error:
        raise ValueError("not a signed checkpoint") from error
    if base64.b64encode(signed).decode() != match["signature"]:
        raise ValueError("not a signed checkpoint")
    if match["origin"] != origin or match["name"] != origin or signed[:4] != key_hash(origin, key):
        raise ValueError("a checkpoint of another log, or signed by another key")
    try:
        key.verify(signed[4:], match["text"].encode())
    except InvalidSignature as error:
        raise ValueError("a checkpoint whose signature is not valid") from error
    return Checkpoint(origin, int(match["size"]), root)


def split_notes(data: str) -> tuple[list[str], str]:
    """The notes in a file of notes, and what is left behind the last whole one."""
    notes: list[str] = []
    end = 0
    while match := _NOTE.match(data, end):
        notes.append(match[0])
        end = match.end()
    return notes, data[end:]
