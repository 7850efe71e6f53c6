"""What becomes of a cell: its rule, its type and its format. Whatever cannot be masked as a valid value is NULL."""

import ipaddress
import json
import struct

import pytest

from tests.native.wire_script import CONSTANT, DETECT, array, label, masked_cell, record
from tests.protocols.postgres.conversation_playbook import MASKER

MAIL = b"ann" + b"@example.com"
TEXT, VARCHAR, NAME, BPCHAR, UNKNOWN, XML, CSTRING = 25, 1043, 19, 1042, 705, 142, 2275
JSON, JSONB, BYTEA, INET, CIDR, INT4, INT8, NUMERIC, TIMESTAMP, UUID = (
    114,
    3802,
    17,
    869,
    650,
    23,
    20,
    1700,
    1114,
    2950,
)
TEXT_ARRAY, VARCHAR_ARRAY, JSONB_ARRAY, BYTEA_ARRAY, INET_ARRAY, RECORD, TSVECTOR = (
    1009,
    1015,
    3807,
    1001,
    1041,
    2249,
    3614,
)
USERS_OWN = 16_500
TEXT_TYPES = [TEXT, VARCHAR, NAME, BPCHAR, UNKNOWN, XML, CSTRING]


def inet(address: str) -> bytes:
    packed = ipaddress.ip_address(address).packed
    return bytes((2 if len(packed) == 4 else 3, len(packed) * 8, 0, len(packed))) + packed


# --- detect -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("oid", TEXT_TYPES)
def test_text_is_scanned_in_both_formats(oid: int, binary: bool) -> None:
    value, counted = masked_cell(oid, b"write to " + MAIL + b" today", DETECT, binary=binary)
    assert value is not None
    assert (value[:9], value[-6:], MAIL in value) == (b"write to ", b" today", False)
    assert counted == {"EMAIL": 1}


def test_the_replacement_is_what_the_masker_makes() -> None:
    assert masked_cell(TEXT, MAIL, DETECT)[0] == MASKER.mask_text(MAIL)[0]


@pytest.mark.parametrize(
    ("oid", "value"),
    [
        (INT4, b"4111111"),
        (INT8, b"41111111" + b"11111111"),
        (NUMERIC, b"41111111" + b"11111111"),
        (TIMESTAMP, b"2026-03-01 12:00:00.123456"),
        (UUID, b"3f2504e0-4f89-41d3-9a0c-0305e82c3301"),
        (TEXT, b"nothing to see"),
        (TEXT, b""),
        (JSON, b'{"a": [1, 2, "x"]}'),
        (BYTEA, b"\\x00ff"),
        (TEXT_ARRAY, b'{a,"b c",NULL}'),
    ],
)
def test_what_carries_nothing_passes_unchanged(oid: int, value: bytes) -> None:
    assert masked_cell(oid, value, DETECT) == (value, {})


def test_json_stays_json() -> None:
    value, counted = masked_cell(JSON, b'{"to": "' + MAIL + b'", "n": 1}', DETECT)
    assert value is not None
    assert value.startswith(b'{"to": "')
    assert value.endswith(b'", "n": 1}')
    assert counted == {"EMAIL": 1}


def test_jsonb_keeps_its_version_byte() -> None:
    value, _ = masked_cell(JSONB, b'\x01{"to": "' + MAIL + b'"}', DETECT, binary=True)
    assert value is not None
    assert value.startswith(b'\x01{"to": "')
    assert MAIL not in value
    assert masked_cell(JSONB, b"\x01[1]", DETECT, binary=True) == (b"\x01[1]", {})


@pytest.mark.parametrize("address", ["203.0.113.7", "2001:db8::17"])
def test_an_address_type_cannot_hold_a_replacement(address: str) -> None:
    assert masked_cell(INET, address.encode(), DETECT)[0] is None
    assert masked_cell(INET, inet(address), DETECT, binary=True)[0] is None
    assert masked_cell(CIDR, inet(address), DETECT, binary=True)[0] is None
    assert masked_cell(INET_ARRAY, b"{" + address.encode() + b"}", DETECT)[0] is None
    assert masked_cell(INET_ARRAY, array(INET, None, inet(address)), DETECT, binary=True)[0] is None


def test_an_address_that_cannot_be_read_does_not_leave() -> None:
    for value in (b"", b"\x02\x20\x00\x04\x01", b"\x09\x20\x00\x04\x01\x02\x03\x04"):
        assert masked_cell(INET, value, DETECT, binary=True)[0] is None


@pytest.mark.parametrize("value", [b"\\x" + MAIL.hex().encode(), MAIL, b"\\\\000" + MAIL])
def test_bytes_are_looked_into_in_hex_and_in_the_escape_format(value: bytes) -> None:
    assert masked_cell(BYTEA, value, DETECT) == (None, {"EMAIL": 1})


def test_bytes_in_binary() -> None:
    assert masked_cell(BYTEA, b"\0\xff" + MAIL, DETECT, binary=True)[0] is None
    assert masked_cell(BYTEA, b"\0\xff", DETECT, binary=True)[0] == b"\0\xff"


def test_arrays_in_binary_are_masked_by_element() -> None:
    value, counted = masked_cell(TEXT_ARRAY, array(TEXT, b"a", None, MAIL), DETECT, binary=True)
    assert value == array(TEXT, b"a", None, MASKER.mask_text(MAIL)[0])
    assert counted == {"EMAIL": 1}
    clean = array(VARCHAR, b"a", b"")
    assert masked_cell(VARCHAR_ARRAY, clean, DETECT, binary=True) == (clean, {})
    documents = array(JSONB, b'\x01"' + MAIL + b'"', b"\x01[]")
    masked = masked_cell(JSONB_ARRAY, documents, DETECT, binary=True)[0]
    assert masked is not None
    assert MAIL not in masked
    assert b'\x01"' in masked


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        array(TEXT, b"a")[:-1],
        array(TEXT, b"a") + b"\0",
        array(INT4, b"\0\0\0\1"),
        array(TEXT, b"a", dimensions=9),
        struct.pack("!iiIii", 1, 0, TEXT, 2_000_000_000, 1),
        struct.pack("!iiI", -1, 0, TEXT),
    ],
)
def test_an_array_that_cannot_be_read_does_not_leave(broken: bytes) -> None:
    assert masked_cell(TEXT_ARRAY, broken, DETECT, binary=True)[0] is None


def test_what_hides_text_in_text_form_does_not_leave() -> None:
    assert masked_cell(BYTEA_ARRAY, b'{"\\\\x00"}', DETECT)[0] is None


@pytest.mark.parametrize("oid", [USERS_OWN, TSVECTOR, RECORD, TEXT_ARRAY])
def test_other_types_are_scanned_as_the_text_they_are_shown_as(oid: int) -> None:
    value, _ = masked_cell(oid, b"(1," + MAIL + b")", DETECT)
    assert value is not None
    assert value.startswith(b"(1,")
    assert value.endswith(b")")
    assert MAIL not in value


@pytest.mark.parametrize(
    "value",
    [
        b"\0\1" + MAIL,
        array(TEXT, b"a", MAIL),
        inet("203.0.113.7"),
        array(INET, inet("203.0.113.7")),
    ],
)
def test_other_types_in_binary_are_null_on_a_finding(value: bytes) -> None:
    assert masked_cell(USERS_OWN, value, DETECT, binary=True)[0] is None
    assert masked_cell(TSVECTOR, value, DETECT, binary=True)[0] is None


def test_composites_in_binary_are_looked_into_by_field() -> None:
    clean = record((INT4, b"\0\0\0\1"), (TEXT, b"a"), (TEXT, None))
    assert masked_cell(RECORD, clean, DETECT, binary=True) == (clean, {})
    for field in ((TEXT, MAIL), (INET, inet("203.0.113.7")), (RECORD, record((TEXT, MAIL)))):
        assert masked_cell(RECORD, record((INT4, b"\0\0\0\1"), field), DETECT, binary=True)[0] is None
    assert masked_cell(RECORD, clean[:-1], DETECT, binary=True)[0] is None


def test_nesting_has_an_end() -> None:
    value = record((TEXT, b"a"))
    for _ in range(200):
        value = record((RECORD, value))
    assert masked_cell(RECORD, value, DETECT, binary=True)[0] is None


def test_null_stays_null() -> None:
    assert masked_cell(TEXT, None, DETECT) == (None, {})
    assert masked_cell(TEXT, None, label()) == (None, {})


# --- labels -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", ["redact", "partial", "pseudonym"])
@pytest.mark.parametrize("oid", [*TEXT_TYPES, USERS_OWN])
def test_labelled_text_is_replaced(oid: int, strategy: str) -> None:
    value, counted = masked_cell(oid, MAIL, label(strategy))
    assert value not in (None, MAIL)
    assert counted == {"email": 1}


def test_a_pseudonym_is_the_maskers() -> None:
    assert masked_cell(TEXT, MAIL, label("pseudonym"))[0] == MASKER.pseudonym("email", MAIL)


@pytest.mark.parametrize(
    ("oid", "value", "binary"),
    [
        (INT4, b"5", False),
        (INT4, b"\0\0\0\5", True),
        (TIMESTAMP, b"2026-03-01", False),
        (BYTEA, b"\\x00", False),
        (TEXT_ARRAY, b"{a}", False),
        (USERS_OWN, b"a", True),
        (INET, b"203.0.113.7", False),
        (RECORD, b"(a)", False),
    ],
)
def test_a_labelled_value_of_another_type_is_null(oid: int, value: bytes, binary: bool) -> None:
    for rule in (label("redact"), label("partial"), label("pseudonym"), label("null")):
        assert masked_cell(oid, value, rule, binary=binary) == (None, {"email": 1})
    assert masked_cell(oid, value, CONSTANT, binary=binary)[0] is None


def test_null_by_strategy() -> None:
    assert masked_cell(TEXT, MAIL, label("null")) == (None, {"email": 1})


def test_a_labelled_json_value_becomes_a_json_string_with_the_pseudonym_of_its_text() -> None:
    expected = b'"' + MASKER.pseudonym("email", MAIL) + b'"'
    assert masked_cell(JSON, b'"' + MAIL + b'"', label("pseudonym"))[0] == expected
    assert masked_cell(JSONB, b'"' + MAIL + b'"', label("pseudonym"))[0] == expected
    assert masked_cell(JSONB, b'\x01"' + MAIL + b'"', label("pseudonym"), binary=True)[0] == b"\x01" + expected


@pytest.mark.parametrize("value", [b'{"a": "b\\"c"}', b'"', b"\\", b"\x01\x02", b'""'])
def test_a_labelled_json_value_is_always_one_json_string(value: bytes) -> None:

    masked = masked_cell(JSON, value, label("partial"))[0]
    assert masked is not None
    assert isinstance(json.loads(masked), str)


def test_a_constant_hides_even_whether_there_is_a_value() -> None:
    assert masked_cell(TEXT, MAIL, CONSTANT) == (b"[masked]", {"constant": 1})
    assert masked_cell(TEXT, None, CONSTANT) == (b"[masked]", {"constant": 1})
    assert masked_cell(JSON, None, CONSTANT)[0] == b'"[masked]"'
    assert masked_cell(JSONB, None, CONSTANT, binary=True)[0] == b'\x01"[masked]"'
    assert masked_cell(INT4, None, CONSTANT)[0] is None


def test_what_this_principal_may_see_passes_and_is_counted() -> None:
    clear = type(DETECT).clear("email")
    assert masked_cell(TEXT, MAIL, clear) == (MAIL, {"unmasked:email": 1})
    assert masked_cell(TEXT, None, clear) == (None, {})


def test_unknown_strategies_are_refused() -> None:
    with pytest.raises(ValueError, match="strategy"):
        label("rot13")
