"""Records as they are read back: a line into a frozen value. The counterpart of :mod:`safelight.audit.writer`."""

import json
from binascii import Error, a2b_base64
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Record:
    """``key`` names the key that opens ``sealed``; both are None when nothing is sealed."""

    index: int
    at_ms: int
    kind: str
    actor: str
    session_id: str | None
    about: Mapping[str, str]
    fields: Mapping[str, object]
    key: str | None
    sealed: bytes | None


def parse(line: bytes) -> Record:
    """The record of a line (without its line break).

    Raises:
        ValueError: it is no record.
    """
    try:
        read = json.loads(line)
        sealed = read.get("sealed")
        record = Record(
            index=read["index"],
            at_ms=read["at"],
            kind=read["kind"],
            actor=read["actor"],
            session_id=read.get("session"),
            about=read.get("about", {}),
            fields=read["fields"],
            key=read.get("key"),
            sealed=None if sealed is None else a2b_base64(sealed, strict_mode=True),
        )
    except (ValueError, KeyError, TypeError, AttributeError, Error) as error:
        raise ValueError("not a record") from error
    if type(record.index) is not int or type(record.at_ms) is not int or not isinstance(record.fields, dict):
        raise ValueError("not a record")
    return record
