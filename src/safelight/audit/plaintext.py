"""What stands in a sealed field before it is encrypted. The first byte says how it is written:

``T`` a statement's text · ``P`` text and bound values, each behind its length (-1: NULL) · ``J`` named texts as
canonical JSON · ``L`` the head of one of these that was too long, behind its whole length and its HMAC.
"""

import hmac
import json
import struct
from collections.abc import Mapping, Sequence

from safelight.audit.canonical import canonical

TEXT = b"T"
_VALUES = b"P"
_NAMED = b"J"
_LONG = b"L"

LIMIT_BYTES = 4 * 1024 * 1024
"""What is longer is recorded by its head, its length and an HMAC of the whole."""

_LENGTH = struct.Struct(">i")
_WHOLE = struct.Struct(">Q")
_HMAC_BYTES = 32


def of_statement(text: bytes, parameters: Sequence[bytes | None]) -> bytes:
    """A statement's text and values, with nothing lost."""
    if not parameters:
        return TEXT + text
    parts = [_VALUES, _LENGTH.pack(len(text)), text]
    for value in parameters:
        if value is None:
            parts.append(_LENGTH.pack(-1))
        else:
            parts += (_LENGTH.pack(len(value)), value)
    return b"".join(parts)


def of_fields(fields: Mapping[str, str]) -> bytes:
    return _NAMED + canonical(dict(fields))


def shortened(plaintext: bytes, key: bytes) -> bytes:
    """The head of what is too long to keep, with its length and an HMAC by which the whole can be recognised."""
    digest = hmac.digest(key, b"safelight audit long field\n" + plaintext, "sha256")
    return _LONG + _WHOLE.pack(len(plaintext)) + digest + plaintext[:LIMIT_BYTES]


def read(plaintext: bytes) -> dict[str, str]:
    """Names to texts, for people: ``statement``, ``parameter 1`` …, or the names that an event gave. Bytes that are
    no UTF-8 are shown escaped.

    Raises:
        ValueError: it was not written by this module.
    """
    kind, body = plaintext[:1], plaintext[1:]
    if kind == TEXT:
        return {"statement": _shown(body)}
    if kind == _VALUES:
        return _read_values(body, whole=True)
    if kind == _NAMED:
        fields = json.loads(body)
        if not isinstance(fields, dict):
            raise ValueError("a sealed field of unknown form")
        return {str(name): str(value) for name, value in fields.items()}
    if kind == _LONG and len(body) > _WHOLE.size + _HMAC_BYTES:
        return _read_long(body)
    raise ValueError("a sealed field of unknown form")


def _read_long(body: bytes) -> dict[str, str]:
    (whole,) = _WHOLE.unpack_from(body)
    digest = body[_WHOLE.size : _WHOLE.size + _HMAC_BYTES]
    head = body[_WHOLE.size + _HMAC_BYTES :]
    shown = {"whole length": str(whole), "hmac of the whole": digest.hex()}
    if head[:1] == TEXT:
        return shown | {"statement": _shown(head[1:])}
    if head[:1] == _VALUES:
        return shown | _read_values(head[1:], whole=False)
    return shown | {"head": _shown(head[1:])}


def _read_values(body: bytes, *, whole: bool) -> dict[str, str]:
    """Text and values; of a head (not ``whole``) the last one may be cut."""
    values: list[str] = []
    at = 0
    while at + _LENGTH.size <= len(body):
        (length,) = _LENGTH.unpack_from(body, at)
        at += _LENGTH.size
        if length < 0:
            values.append("NULL")
            continue
        if whole and at + length > len(body):
            raise ValueError("a sealed field of unknown form")
        values.append(_shown(body[at : at + length]))
        at += length
    if not values or (whole and at != len(body)):
        raise ValueError("a sealed field of unknown form")
    names = ["statement", *(f"parameter {number}" for number in range(1, len(values)))]
    return dict(zip(names, values, strict=True))


def _shown(data: bytes) -> str:
    return data.decode("utf-8", "backslashreplace")
