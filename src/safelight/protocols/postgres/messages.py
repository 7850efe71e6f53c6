"""PostgreSQL frontend/backend messages, version 3: encoding ours, decoding what we look into.

Source: PostgreSQL documentation, chapter "Frontend/Backend Protocol", sections "Message Formats" and "Error and
Notice Message Fields". Nothing here decides anything.
"""

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from safelight.domain.errors import PeerProtocolError

PROTOCOL_3_0 = 3 << 16
PROTOCOL_3_2 = (3 << 16) | 2
SSL_REQUEST = 80877103
GSSENC_REQUEST = 80877104
CANCEL_REQUEST = 80877102

AUTH_OK = 0
AUTH_CLEARTEXT = 3
AUTH_MD5 = 5
AUTH_SASL = 10
AUTH_SASL_CONTINUE = 11
AUTH_SASL_FINAL = 12

_INT = struct.Struct("!i")
_HEAD = struct.Struct("!ci")


def message(kind: bytes, body: bytes = b"") -> bytes:
    """One message: type, length (which counts itself), body."""
    return _HEAD.pack(kind, len(body) + 4) + body


def untyped(body: bytes) -> bytes:
    """A message of the startup phase, which has no type byte."""
    return _INT.pack(len(body) + 4) + body


def authentication(code: int, payload: bytes = b"") -> bytes:
    return message(b"R", _INT.pack(code) + payload)


def parameter_status(name: str, value: str) -> bytes:
    return message(b"S", name.encode() + b"\0" + value.encode() + b"\0")


def backend_key_data(pid: int, key: bytes) -> bytes:
    return message(b"K", _INT.pack(pid) + key)


def ready_for_query(status: bytes = b"I") -> bytes:
    return message(b"Z", status)


def startup(version: int, parameters: Mapping[str, str]) -> bytes:
    body = b"".join(k.encode() + b"\0" + v.encode() + b"\0" for k, v in parameters.items())
    return untyped(_INT.pack(version) + body + b"\0")


def ssl_request() -> bytes:
    return untyped(_INT.pack(SSL_REQUEST))


def cancel_request(pid: int, key: bytes) -> bytes:
    return untyped(_INT.pack(CANCEL_REQUEST) + _INT.pack(pid) + key)


def negotiate_protocol_version(minor: int, unknown: Iterable[str]) -> bytes:
    names = list(unknown)
    body = _INT.pack(PROTOCOL_3_0 | minor) + _INT.pack(len(names))
    return message(b"v", body + b"".join(name.encode() + b"\0" for name in names))


def query(text: bytes) -> bytes:
    return message(b"Q", text + b"\0")


def parse(name: bytes, text: bytes) -> bytes:
    return message(b"P", name + b"\0" + text + b"\0" + b"\0\0")


def describe_portal(name: bytes) -> bytes:
    return message(b"D", b"P" + name + b"\0")


def fields(values: Mapping[str, str]) -> bytes:
    """The body of an ErrorResponse or a NoticeResponse: one-letter fields."""
    encoded = (k.encode() + v.replace("\0", "").encode() + b"\0" for k, v in values.items())
    return b"".join(encoded) + b"\0"


def error(severity: str, sqlstate: str, text: str, *, detail: str = "", hint: str = "", position: int = 0) -> bytes:
    """An ErrorResponse of our own."""
    values = {"S": severity, "V": severity, "C": sqlstate, "M": text}
    values |= {k: v for k, v in (("D", detail), ("H", hint), ("P", str(position) if position else "")) if v}
    return message(b"E", fields(values))


def notice(text: str, *, hint: str = "", severity: str = "NOTICE") -> bytes:
    """A NoticeResponse of our own; SQLSTATE 00000."""
    values = {"S": severity, "V": severity, "C": "00000", "M": text}
    return message(b"N", fields(values | ({"H": hint} if hint else {})))


def decode_fields(body: bytes) -> dict[str, bytes]:
    """The fields of an ErrorResponse or NoticeResponse. Unknown letters are kept.

    Raises:
        PeerProtocolError: the body is not a list of zero-terminated fields.
    """
    values: dict[str, bytes] = {}
    at = 0
    while at < len(body) and body[at] != 0:
        end = body.find(b"\0", at + 1)
        if end < 0:
            raise PeerProtocolError("an error or notice field is not terminated")
        values[chr(body[at])] = body[at + 1 : end]
        at = end + 1
    if at >= len(body):
        raise PeerProtocolError("an error or notice has no terminator")
    return values


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a RowDescription. ``table`` and ``attribute`` are 0 for a computed column."""

    name: bytes
    table: int
    attribute: int
    type_oid: int
    format: int


def decode_row_description(body: bytes) -> tuple[Field, ...]:
    """Raises: PeerProtocolError when counts and lengths do not agree."""
    if len(body) < 2:
        raise PeerProtocolError("RowDescription is too short")
    (count,) = struct.unpack_from("!H", body)
    at, found = 2, []
    for _ in range(count):
        end = body.find(b"\0", at)
        if end < 0 or end + 19 > len(body):
            raise PeerProtocolError("RowDescription ends inside a field")
        table, attribute, oid, _size, _modifier, format_code = struct.unpack_from("!IhIhih", body, end + 1)
        found.append(Field(body[at:end], table, attribute, oid, format_code))
        at = end + 19
    if at != len(body):
        raise PeerProtocolError("RowDescription has bytes left over")
    return tuple(found)


def decode_pairs(body: bytes) -> dict[str, str]:
    """Zero-terminated name and value pairs, closed by an empty name (startup parameters).

    Raises:
        PeerProtocolError: not terminated, doubled, or not UTF-8.
    """
    parts = body.split(b"\0")
    if len(parts) < 2 or parts[-1] != b"" or parts[-2] != b"" or len(parts) % 2:
        raise PeerProtocolError("startup parameters are not terminated")
    pairs: dict[str, str] = {}
    try:
        for name, value in zip(parts[0:-2:2], parts[1:-2:2], strict=True):
            if not name or name.decode() in pairs:
                raise PeerProtocolError("a startup parameter is empty or given twice")
            pairs[name.decode()] = value.decode()
    except UnicodeDecodeError as cause:
        raise PeerProtocolError("startup parameters are not UTF-8") from cause
    return pairs
