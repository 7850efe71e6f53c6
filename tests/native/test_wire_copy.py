"""COPY OUT in every format PostgreSQL writes: masked by field, and still readable by PostgreSQL afterwards."""

import struct
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safelight import _native
from tests.native.wire_script import CONSTANT, DETECT, label, plan, run, stream
from tests.protocols.postgres.conversation_playbook import (
    COPY_DONE,
    MASKER,
    READY,
    copy_data,
    copy_starts,
    done,
    messages_of,
)

MAIL = b"ann" + b"@example.com"
MASKED = MASKER.mask_text(MAIL)[0]
SIGNATURE, TRAILER = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"


class Copy:
    """One COPY OUT of two columns with these options."""

    def __init__(
        self,
        format_name: str,
        *rules: _native.ColumnRule,
        delimiter: bytes = b"",
        null: bytes | None = None,
        quote: bytes = b'"',
        escape: bytes = b'"',
        header: bool = False,
        force_quote: bool = False,
    ) -> None:
        csv = format_name == "csv"
        self._plan = plan()
        self._rules = rules or (DETECT, DETECT)
        self._binary = format_name == "binary"
        self._plan.copy_out(
            format_name,
            delimiter or (b"," if csv else b"\t"),
            null if null is not None else b"" if csv else b"\\N",
            quote,
            escape,
            header,
            force_quote,
            self._rules,
        )

    def out(self, *pieces: bytes) -> bytes:
        """The payload that the client gets."""
        return self.told(pieces)[0]

    def told(self, pieces: Sequence[bytes]) -> tuple[bytes, int, dict[str, int]]:
        """(payload, rows, counts)."""
        made = stream(max_row_bytes=4096)
        made.expect(_native.EXPECT_QUERY, (self._plan,), 1)
        data = [copy_data(piece) for piece in pieces]
        starts = copy_starts(b"H", len(self._rules), int(self._binary))
        output, events = run(made, [starts, *data, COPY_DONE + done(b"COPY 0") + READY])
        detail = next(detail for code, _, detail in events if code == ord("C"))
        assert isinstance(detail, tuple)
        return b"".join(body for kind, body in messages_of(output) if kind == b"d"), detail[1], detail[3]


# --- text ---------------------------------------------------------------------------------------------------------


def test_text_fields_are_masked_and_the_rest_stays_byte_for_byte() -> None:
    rows = b"1\t" + MAIL + b"\n" + b"a\\tb\\\\\t\\N\n"
    assert Copy("text").told([rows]) == (b"1\t" + MASKED + b"\n" + b"a\\tb\\\\\t\\N\n", 2, {"EMAIL": 1})


def test_text_is_looked_at_without_its_escapes() -> None:
    assert MAIL[3:] not in Copy("text").out(b"x\\n" + MAIL + b"\\n\t1\n")
    assert Copy("text").out(b"a\\b" + MAIL + b"\t\n") == b"a\\b" + MASKED + b"\t\n"


def test_text_with_other_delimiters_and_nulls() -> None:
    copy = Copy("text", label("partial", "name"), DETECT, delimiter=b"|", null=b"nil")
    assert copy.out(b"nil|nil\n") == b"nil|nil\n"
    assert copy.out(b"a\\|b|x\n").count(b"|") == 1


def test_a_constant_and_a_null_of_labels_in_text() -> None:
    assert Copy("text", CONSTANT, label("null")).out(b"\\N\tann\n") == b"[masked]\t\\N\n"


def test_bytes_in_hex_are_looked_into() -> None:
    assert Copy("text").out(b"\\\\x" + MAIL.hex().encode() + b"\t1\n") == b"\\N\t1\n"
    assert Copy("text").out(b"\\\\x00ff\t1\n") == b"\\\\x00ff\t1\n"


def test_a_header_passes_and_is_not_counted() -> None:
    for name, line in (("text", b"id\te\n"), ("csv", b"id,e\n")):
        separator = line[2:3]
        payload, rows, _ = Copy(name, DETECT, CONSTANT, header=True).told([line + b"1" + separator + b"x\n"])
        assert (payload, rows) == (line + b"1" + separator + b"[masked]\n", 1)


# --- csv ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (b'1,"a ""quoted"" one"\n', b'1,"a ""quoted"" one"\n'),
        (b'"two\nlines",x\n', b'"two\nlines",x\n'),
        (b",\n", b",\n"),
        (b'"",x\n', b'"",x\n'),
        (b'"a,b",' + MAIL + b"\n", b'"a,b",' + MASKED + b"\n"),
        (b'"say ""' + MAIL + b'""",1\n', b'"say ""' + MASKED + b'""",1\n'),
    ],
)
def test_csv_fields(row: bytes, expected: bytes) -> None:
    assert Copy("csv").out(row) == expected


def test_csv_with_an_escape_of_its_own() -> None:
    copy = Copy("csv", escape=b"\\")
    assert copy.out(b'"a\\"b\\\\",1\n"\n\\n",2\n') == b'"a\\"b\\\\",1\n"\n\\n",2\n'
    assert copy.out(b'"\\"' + MAIL + b'",1\n') == b'"\\"' + MASKED + b'",1\n'


def test_csv_quotes_of_a_labelled_value_are_not_passed_on() -> None:
    """A client chooses what has to be quoted; which values are would tell it their letters."""
    copy = Copy("csv", label("redact"), CONSTANT)
    assert copy.out(b'"a,b","c,d"\n') == copy.out(b"ab,cd\n")


def test_csv_null_and_empty_text_are_told_apart() -> None:
    assert Copy("csv", label("redact"), CONSTANT).out(b',""\n') == b",[masked]\n"
    assert Copy("csv", label("redact"), CONSTANT).out(b'"",x\n')[:1] != b","


def test_csv_forced_quotes_are_kept() -> None:
    assert Copy("csv", CONSTANT, CONSTANT, force_quote=True).out(b'"a","b"\n') == b'"[masked]","[masked]"\n'


# --- binary -------------------------------------------------------------------------------------------------------


def tuple_of(*values: bytes | None) -> bytes:
    body = struct.pack("!H", len(values))
    for value in values:
        body += struct.pack("!i", -1) if value is None else struct.pack("!i", len(value)) + value
    return body


def test_binary_fields_become_null_where_something_is_found() -> None:
    rows = tuple_of(b"\0\0\0\1", b"clean") + tuple_of(None, MAIL)
    payload, count, cells = Copy("binary").told([SIGNATURE + rows + TRAILER])
    assert payload == SIGNATURE + tuple_of(b"\0\0\0\1", b"clean") + tuple_of(None, None) + TRAILER
    assert (count, cells) == (2, {"EMAIL": 1})


def test_binary_addresses_are_known_by_their_form() -> None:
    address = b"\x02\x20\x00\x04\xcb\x00\x71\x07"
    assert Copy("binary").out(SIGNATURE + tuple_of(address, b"") + TRAILER) == (
        SIGNATURE + tuple_of(None, b"") + TRAILER
    )


def test_binary_labels_and_constants_are_null() -> None:
    rows = tuple_of(b"ann", b"bob") + tuple_of(None, None)
    assert Copy("binary", label("redact"), CONSTANT).out(SIGNATURE + rows + TRAILER) == (
        SIGNATURE + tuple_of(None, None) * 2 + TRAILER
    )


# --- any cut, any content -----------------------------------------------------------------------------------------

TRICKY = st.one_of(
    st.none(),
    st.text(st.sampled_from("ab,\t\n\r\\\"' |@.N"), max_size=12).map(str.encode),
    st.sampled_from([b"", b"\\N", b"\\.", b"NULL", MAIL, b"x " + MAIL + b"\n", b'"' + MAIL + b'"', b"\\" + MAIL]),
)
ROWS = st.lists(st.tuples(TRICKY, TRICKY), max_size=8)


def text_row(values: Sequence[bytes | None]) -> bytes:
    escapes = {b"\\": b"\\\\", b"\t": b"\\t", b"\n": b"\\n", b"\r": b"\\r"}
    fields = []
    for value in values:
        escaped = b"\\N"
        if value is not None:
            escaped = b"".join(escapes.get(bytes((byte,)), bytes((byte,))) for byte in value)
        fields.append(escaped)
    return b"\t".join(fields) + b"\n"


def csv_row(values: Sequence[bytes | None]) -> bytes:
    fields = []
    for value in values:
        if value is None:
            fields.append(b"")
        elif value == b"" or value == b"\\." or any(byte in b',"\n\r' for byte in value):
            fields.append(b'"' + value.replace(b'"', b'""') + b'"')
        else:
            fields.append(value)
    return b",".join(fields) + b"\n"


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


@settings(max_examples=300, deadline=None)
@given(ROWS, st.integers(1, 40))
def test_any_cut_gives_the_same_and_nothing_sensitive(rows: list[tuple[bytes | None, ...]], size: int) -> None:
    binary = SIGNATURE + b"".join(tuple_of(*values) for values in rows) + TRAILER
    for name, data in (
        ("text", b"".join(map(text_row, rows))),
        ("csv", b"".join(map(csv_row, rows))),
        ("binary", binary),
    ):
        whole = Copy(name).told([data])
        assert Copy(name).told(cut(data, size)) == whole
        assert whole[1] == len(rows)
        assert MAIL not in whole[0]


@settings(max_examples=300, deadline=None)
@given(ROWS)
def test_what_is_clean_passes_byte_for_byte(rows: list[tuple[bytes | None, ...]]) -> None:
    clean = [tuple(None if v is None else v.replace(b"@", b"") for v in values) for values in rows]
    for name, write in (("text", text_row), ("csv", csv_row)):
        data = b"".join(map(write, clean))
        assert Copy(name).out(data) == data


@pytest.mark.parametrize("name", ["text", "csv", "binary"])
@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=80), st.integers(1, 20))
def test_any_bytes_give_rows_or_an_error(name: str, data: bytes, size: int) -> None:
    try:
        payload = Copy(name).out(*cut(data, size))
    except ValueError:
        return
    assert MAIL not in payload


# --- what does not fit --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("text", b"1\n"),
        ("text", b"1\t2\t3\n"),
        ("text", b"1\t2"),
        ("csv", b'1,"open\n'),
        ("csv", b"1\n"),
        ("binary", b"PGCOPX"),
        ("binary", SIGNATURE),
        ("binary", SIGNATURE[:-8] + b"\0\1\0\0" + bytes(4)),
        ("binary", SIGNATURE + tuple_of(b"a")),
        ("binary", SIGNATURE + TRAILER + b"x"),
        ("binary", SIGNATURE + b"\0\2\xff\xff\xff\xf0"),
    ],
)
def test_data_that_does_not_fit_ends_the_stream(name: str, data: bytes) -> None:
    with pytest.raises(ValueError, match="COPY"):
        Copy(name).out(data)


@pytest.mark.parametrize("name", ["text", "csv", "binary"])
def test_a_row_that_never_ends_is_not_held(name: str) -> None:
    start = SIGNATURE + b"\0\2" + struct.pack("!i", 1 << 30) if name == "binary" else b""
    with pytest.raises(ValueError, match=r"^54000:"):
        Copy(name).out(start, *[b"x" * 1000] * 6)


def test_options_that_cannot_be_are_refused() -> None:
    for options in ({"delimiter": b"::"}, {"quote": b""}, {"escape": b"ab"}):
        with pytest.raises(ValueError, match="one byte"):
            Copy("csv", **options)
    with pytest.raises(ValueError, match="format"):
        Copy("xml")


def test_a_copy_without_a_plan_does_not_pass() -> None:
    made = stream()
    made.expect(_native.EXPECT_QUERY, (plan(),), 1)
    with pytest.raises(ValueError, match="no mask is planned"):
        run(made, [copy_starts(b"H", 2)])
