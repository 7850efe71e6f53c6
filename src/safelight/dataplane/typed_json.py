"""Frozen dataclasses as JSON and back, strictly: what comes back has exactly the declared types, or is an error.

The analyst's children (analysts.py) parse hostile text in C. What they answer is not trusted with more than it says:
no pickle, no class names, no coercion, no unknown fields. A dataclass is the array of its fields in order; a mapping
is an array of pairs; bytes are base64. Both sides run the same code, so that no version is needed.
"""

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

T = TypeVar("T")
Reader = Callable[[Any], Any]


class Malformed(ValueError):
    """The JSON is not a value of the declared type."""


def to_json(value: object) -> bytes:
    """A value made of dataclasses, tuples, sets, mappings, enums, strings, bytes, integers, booleans and None.

    Raises:
        TypeError: something else is in it.
    """
    return json.dumps(_plain(value), ensure_ascii=False, separators=(",", ":"), check_circular=False).encode()


def from_json(kind: type[T], data: bytes) -> T:
    """The value of type ``kind`` that :func:`to_json` wrote.

    Raises:
        Malformed: ``data`` is anything else.
    """
    try:
        plain = json.loads(data.decode("utf-8", "strict"))
    except (ValueError, RecursionError) as error:
        raise Malformed("not JSON in UTF-8") from error
    read: Callable[[Any], T] = _reader(cast(Any, kind))
    return read(plain)


def _plain(value: object) -> object:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str | int):
        return value
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, frozenset):
        return sorted((_plain(item) for item in value), key=str)
    if isinstance(value, Mapping):
        return [[_plain(key), _plain(item)] for key, item in value.items()]
    if is_dataclass(value) and not isinstance(value, type):
        return [_plain(getattr(value, name)) for name in _field_names(type(value))]
    raise TypeError(f"{type(value).__name__} cannot be written as typed JSON")


@cache
def _field_names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


@cache
def _reader(kind: Any) -> Reader:
    """The function that checks a plain value against ``kind`` and builds it."""
    origin, arguments = get_origin(kind), get_args(kind)
    if kind in (str, int, bool, NoneType):
        return _read_text if kind is str else _exactly(kind)
    if kind is bytes:
        return _read_bytes
    if origin in (Union, UnionType):
        return _optional(arguments)
    if origin is tuple:
        return _sequence(_reader(arguments[0])) if arguments[-1] is Ellipsis else _row(arguments, tuple)
    if origin is frozenset:
        return _set(_sequence(_reader(arguments[0])))
    if origin is Mapping:
        return _mapping(_sequence(_row(arguments, tuple)))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _member(kind)
    if isinstance(kind, type) and is_dataclass(kind):
        hints = get_type_hints(kind)
        return _row(tuple(hints[name] for name in _field_names(kind)), lambda values: kind(*values))
    raise TypeError(f"{kind} cannot be read from typed JSON")


def _exactly(kind: type) -> Reader:
    def read(plain: Any) -> Any:
        if type(plain) is not kind:
            raise Malformed(f"expected {kind.__name__}")
        return plain

    return read


def _read_text(plain: Any) -> str:
    if type(plain) is not str:
        raise Malformed("expected str")
    if not plain.isascii():
        try:
            plain.encode("utf-8", "strict")
        except UnicodeEncodeError as error:
            raise Malformed("a text holds half a character") from error
    return plain


def _read_bytes(plain: Any) -> bytes:
    try:
        return base64.b64decode(_read_text(plain), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Malformed("expected base64") from error


def _optional(arguments: tuple[Any, ...]) -> Reader:
    kinds = [argument for argument in arguments if argument is not NoneType]
    if len(kinds) != 1 or len(arguments) != 2:
        raise TypeError(f"only X | None can be read from typed JSON, not {arguments}")
    read_value = _reader(kinds[0])
    return lambda plain: None if plain is None else read_value(plain)


def _items(plain: Any) -> list[Any]:
    if type(plain) is not list:
        raise Malformed("expected an array")
    return plain


def _sequence(read_item: Reader) -> Reader:
    return lambda plain: tuple([read_item(item) for item in _items(plain)])


def _row(kinds: tuple[Any, ...], build: Callable[[list[Any]], Any]) -> Reader:
    readers = [_reader(kind) for kind in kinds]

    def read(plain: Any) -> Any:
        items = _items(plain)
        if len(items) != len(readers):
            raise Malformed(f"expected {len(readers)} items")
        return build([read_item(item) for read_item, item in zip(readers, items, strict=True)])

    return read


def _set(read_items: Reader) -> Reader:
    def read(plain: Any) -> Any:
        items = read_items(plain)
        found = frozenset(items)
        if len(found) != len(items):
            raise Malformed("an item stands twice in a set")
        return found

    return read


def _mapping(read_pairs: Reader) -> Reader:
    def read(plain: Any) -> Any:
        pairs = read_pairs(plain)
        found = dict(pairs)
        if len(found) != len(pairs):
            raise Malformed("a key stands twice in a mapping")
        return found

    return read


def _member(kind: type[Enum]) -> Reader:
    members = {member.value: member for member in kind}

    def read(plain: Any) -> Any:
        if type(plain) is not str or plain not in members:
            raise Malformed(f"expected a {kind.__name__}")
        return members[plain]

    return read
