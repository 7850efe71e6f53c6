"""Canonical JSON: one text for one value, so that a record's bytes can be hashed, signed and compared.

The subset of RFC 8785 that needs no number formatting: objects with sorted printable ASCII names, arrays, strings,
booleans, null, and integers that every JSON reader keeps exact. It must never emit a raw line break: a record is a
line.
"""

import json
from collections.abc import Mapping

EXACT = 2**53 - 1
"""The largest integer that every JSON reader keeps exact (RFC 7493 §2.2)."""

_ENCODE = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode


def canonical(value: object) -> bytes:
    """``value`` as canonical JSON. Text that is not valid Unicode has its broken parts replaced.

    Raises:
        ValueError: a float, an inexact integer, a name that is not printable ASCII, or a foreign type.
    """
    _check(value)
    text = _ENCODE(value)
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


def inside_of(fields: Mapping[str, object]) -> bytes:
    """The canonical JSON of ``fields`` without its braces, ready to be put into a record.

    Raises:
        ValueError: as :func:`canonical`.
    """
    return canonical(dict(fields))[1:-1]


def quoted(text: str) -> bytes:
    """``text`` as a JSON string."""
    return canonical(text)


def _check(value: object) -> None:
    match value:
        case None | bool() | str():
            return
        case int():
            if not -EXACT <= value <= EXACT:
                raise ValueError("an integer that JSON readers do not keep exact")
        case list() | tuple():
            for item in value:
                _check(item)
        case dict():
            for name, item in value.items():
                if not (isinstance(name, str) and name.isascii() and name.isprintable()):
                    raise ValueError("a name in a record must be printable ASCII")
                _check(item)
        case _:
            raise ValueError(f"{type(value).__name__} has no canonical form")
