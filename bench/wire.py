"""How fast results pass the native stream: rows of nine mixed columns, and COPY, clean and with findings.

Run: python -m bench.wire
"""

import time
from collections.abc import Callable

from safelight import _native
from tests.protocols.postgres import conversation_playbook as book

ROWS = 200_000
CHUNK_BYTES = 128 * 1024
TYPES = (23, 23, 25, 1700, 1114, 1043, 16, 2950, 25)
"""int, int, text, numeric, timestamp, varchar, bool, uuid, text"""
DETECT = _native.ColumnRule.detect()
LIMITS = {"max_message_bytes": 1 << 20, "max_row_bytes": 8 << 20}


def cells(number: int, *, personal: bool) -> tuple[bytes, ...]:
    who = b"user%d@example.com" % number if personal else b"Ship to the side door, gate %d" % (number % 90)
    return (
        b"%d" % number,
        b"%d" % (number * 7919 % 100_000),
        b"order %d of the spring catalogue" % number,
        b"%d.%02d" % (number % 900, number % 100),
        b"2026-03-%02d 12:%02d:07.123456" % (number % 28 + 1, number % 60),
        b"shipped",
        b"t",
        b"3f2504e0-4f89-41d3-9a0c-%012x" % number,
        who,
    )


def rate(stream: _native.ServerStream, data: bytes) -> tuple[float, int]:
    """(seconds, bytes out) of feeding ``data`` in chunks as a socket gives them."""
    chunks = [data[at : at + CHUNK_BYTES] for at in range(0, len(data), CHUNK_BYTES)]
    size, start = 0, time.perf_counter()
    for chunk in chunks:
        out, _ = stream.feed(chunk)
        size += len(out)
    return time.perf_counter() - start, size


def rows_stream(rules: list[_native.ColumnRule]) -> _native.ServerStream:
    described = book.fields(*[(f"c{at}", 0, 0, oid) for at, oid in enumerate(TYPES)])
    plan = _native.ResultPlan(book.MASKER, involves_labels=False)
    plan.accept(described[5:], rules)
    stream = _native.ServerStream(**LIMITS)
    stream.expect(_native.EXPECT_QUERY, (plan,), 1)
    stream.feed(described)
    return stream


def copy_stream(format_name: str, columns: int) -> _native.ServerStream:
    plan = _native.ResultPlan(book.MASKER, involves_labels=False)
    delimiter, null = (b"\t", b"\\N") if format_name == "text" else (b",", b"")
    plan.copy_out(format_name, delimiter, null, b'"', b'"', False, False, [DETECT] * columns)
    stream = _native.ServerStream(**LIMITS)
    stream.expect(_native.EXPECT_QUERY, (plan,), 1)
    stream.feed(book.copy_starts(b"H", columns, int(format_name == "binary")))
    stream.resume(b"", False)
    return stream


def report(name: str, make: Callable[[], _native.ServerStream], data: bytes) -> None:
    best = min(rate(make(), data)[0] for _ in range(5))
    print(f"{name:44} {len(data) / best / 1e6:8.0f} MB/s   {best / ROWS * 1e9:6.0f} ns a row")


def main() -> None:
    clean = b"".join(book.row(*cells(n, personal=False)) for n in range(ROWS))
    some = b"".join(book.row(*cells(n, personal=n % 20 == 0)) for n in range(ROWS))
    every = b"".join(book.row(*cells(n, personal=True)) for n in range(ROWS))
    detect = [DETECT] * len(TYPES)
    labelled = [*detect[:-1], _native.ColumnRule.label("email", "pseudonym")]
    two = [*detect[:2], _native.ColumnRule.label("name", "redact"), *detect[3:-1], labelled[-1]]
    report("rows, nothing to find", lambda: rows_stream(detect), clean)
    report("rows, a finding in 5 %", lambda: rows_stream(detect), some)
    report("rows, a finding in each", lambda: rows_stream(detect), every)
    report("rows, one labelled column (pseudonym)", lambda: rows_stream(labelled), clean)
    report("rows, two labelled columns", lambda: rows_stream(two), clean)
    for name, separator in (("text", b"\t"), ("csv", b",")):
        data = b"".join(
            book.copy_data(separator.join(c.replace(b",", b";") for c in cells(n, personal=False)) + b"\n")
            for n in range(ROWS)
        )
        report(f"COPY {name}, nothing to find", lambda name=name: copy_stream(name, len(TYPES)), data)
    signature = book.copy_data(b"PGCOPY\n\xff\r\n\0" + bytes(8))
    data = b"".join(book.copy_data(book.row(*cells(n, personal=False))[5:]) for n in range(ROWS))
    report("COPY binary, nothing to find", lambda: copy_stream("binary", len(TYPES)), signature + data)


if __name__ == "__main__":
    main()
