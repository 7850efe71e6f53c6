"""Feeds scripted server bytes through a real ServerStream, and answers its pauses as a careful caller would."""

import struct
from collections.abc import Sequence

from safelight import _native
from tests.protocols.postgres import conversation_playbook as book

DETECT, CONSTANT = _native.ColumnRule.detect(), _native.ColumnRule.constant()
MASKER = book.MASKER
Event = tuple[int, int, object]


def stream(*, max_message_bytes: int = 1 << 16, max_row_bytes: int = 1 << 16) -> _native.ServerStream:
    return _native.ServerStream(max_message_bytes=max_message_bytes, max_row_bytes=max_row_bytes)


def label(strategy: str = "redact", name: str = "email") -> _native.ColumnRule:
    return _native.ColumnRule.label(name, strategy)


def plan(described: bytes | None = None, rules: Sequence[_native.ColumnRule] = ()) -> _native.ResultPlan:
    """A plan that has accepted this RowDescription message."""
    made = _native.ResultPlan(MASKER, involves_labels=False)
    if described is not None:
        made.accept(described[5:], rules)
    return made


def columns(*oids: int, format_code: int = 0) -> bytes:
    return book.fields(*[(f"c{at}", 0, 0, oid) for at, oid in enumerate(oids)], format_code=format_code)


def run(stream: _native.ServerStream, pieces: Sequence[bytes]) -> tuple[bytes, list[Event]]:
    """All output and events. Errors and notices are dropped, COPY goes on, as :class:`Replies` does without text."""
    output, events = b"", []
    for piece in pieces:
        out, told = stream.feed(piece)
        while True:
            output += out
            events += told
            if not stream.paused:
                break
            out, told = stream.resume(b"", told[-1][0] not in b"GHT")
    return output, events


def three_ways(make: "Maker", data: bytes) -> tuple[bytes, list[Event]]:
    """The same whole, byte by byte, and with bytes that trail behind; gives what all of them gave."""
    whole = run(make(), [data])
    assert run(make(), [bytes((byte,)) for byte in data]) == whole
    trailing = make()
    assert run(trailing, [data + book.UNFINISHED]) == whole
    assert trailing.buffered == len(book.UNFINISHED)
    return whole


class Maker:
    """Makes the same stream again and again."""

    def __init__(self, *expected: tuple[int, Sequence[_native.ResultPlan]]) -> None:
        self._expected = expected

    def __call__(self) -> _native.ServerStream:
        made = stream()
        for token, (kind, plans) in enumerate(self._expected, 1):
            made.expect(kind, plans, token)
        return made


def masked_cell(
    oid: int, value: bytes | None, rule: _native.ColumnRule, *, binary: bool = False
) -> tuple[bytes | None, dict[str, int]]:
    """One cell through a simple query: (what the client gets, how it was counted)."""
    described = columns(oid, format_code=int(binary))
    made = stream()
    made.expect(_native.EXPECT_QUERY, (plan(described, [rule]),), 1)
    out, events = run(made, [described + book.row(value) + book.done(b"SELECT 1")])
    body = out[len(described) + 5 : -len(book.done(b"SELECT 1"))]
    (length,) = struct.unpack_from("!i", body, 2)
    assert len(body) == 6 + max(length, 0)
    detail = events[0][2]
    assert isinstance(detail, tuple)
    return (None if length < 0 else body[6:]), detail[3]


def array(element: int, *values: bytes | None, dimensions: int = 1) -> bytes:
    """A binary array."""
    body = struct.pack("!iiI", dimensions, 0, element) + struct.pack("!ii", len(values), 1) * dimensions
    for value in values:
        body += struct.pack("!i", -1) if value is None else struct.pack("!i", len(value)) + value
    return body


def record(*fields: tuple[int, bytes | None]) -> bytes:
    """A binary composite value."""
    body = struct.pack("!i", len(fields))
    for oid, value in fields:
        body += struct.pack("!I", oid)
        body += struct.pack("!i", -1) if value is None else struct.pack("!i", len(value)) + value
    return body
