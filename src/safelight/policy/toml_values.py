"""Strict reading of TOML tables: every key known, every value of its type, mistakes in plain words."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Table = Mapping[str, Any]

_DURATION = re.compile(r"(\d{1,6})([smh])")
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600}


class Mistake(Exception):
    """What is wrong with the file, for whoever wrote it."""


def only(table: Table, known: frozenset[str], where: str) -> None:
    if unknown := sorted(set(table) - known):
        raise Mistake(f"{where}: unknown key {', '.join(unknown)}; known are {', '.join(sorted(known))}")


def tables(document: Table, key: str) -> Iterator[tuple[str, Table]]:
    """The named tables under ``key``."""
    section = document.get(key, {})
    if not isinstance(section, dict):
        raise Mistake(f"{key} is a table of tables")
    for name, entry in section.items():
        if not isinstance(entry, dict):
            raise Mistake(f"{key}.{name} is a table")
        yield name, entry


def text(table: Table, key: str, default: str | None = None) -> str:
    value = table.get(key, default)
    if not isinstance(value, str) or not value:
        raise Mistake(f"{key} is a text" if key in table else f"{key} is missing")
    return value


def optional_text(table: Table, key: str) -> str | None:
    return text(table, key) if key in table else None


def texts(table: Table, key: str) -> list[str]:
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise Mistake(f"{key} is a list of texts")
    return value


def flag(table: Table, key: str) -> bool:
    value = table.get(key, False)
    if not isinstance(value, bool):
        raise Mistake(f"{key} is true or false")
    return value


def one_of(table: Table, key: str, allowed: Sequence[str], default: str | None = None) -> str:
    value = text(table, key, default)
    if value not in allowed:
        raise Mistake(f"{key} = {value!r}; it is one of {', '.join(allowed)}")
    return value


def seconds(table: Table, key: str, default: str) -> int:
    """A duration such as 90s, 30m or 2h."""
    value = text(table, key, default)
    match = _DURATION.fullmatch(value)
    if match is None:
        raise Mistake(f"{key} = {value!r}; write 90s, 30m or 2h")
    return int(match.group(1)) * _UNIT_SECONDS[match.group(2)]
