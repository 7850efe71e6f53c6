"""Client bytes into messages: any cut gives the same messages; lies end the connection."""

import itertools
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safelight.domain.errors import PeerProtocolError
from safelight.protocols.postgres.bind import decode_bind
from safelight.protocols.postgres.codec import ClientMessages
from safelight.protocols.postgres.messages import (
    decode_fields,
    decode_pairs,
    decode_row_description,
    message,
    query,
)

STREAM = query(b"select 1") + message(b"P", b"s\0select $1\0\0\0") + message(b"S")
EXPECTED = [(0x51, b"select 1\0"), (0x50, b"s\0select $1\0\0\0"), (0x53, b"")]


def take_all(messages: ClientMessages) -> list[tuple[int, bytes]]:
    found = []
    while (taken := messages.take()) is not None:
        found.append(taken)
    return found


@given(st.lists(st.integers(0, len(STREAM)), max_size=len(STREAM)))
def test_the_output_does_not_depend_on_the_cuts(cuts: list[int]) -> None:
    messages, found = ClientMessages(), []
    edges = [0, *sorted(cuts), len(STREAM)]
    for start, end in itertools.pairwise(edges):
        messages.feed(STREAM[start:end])
        found += take_all(messages)
    assert found == EXPECTED
    assert messages.buffered == 0


def test_trailing_bytes_wait() -> None:
    messages = ClientMessages()
    messages.feed(STREAM + b"Q\0")
    assert take_all(messages) == EXPECTED
    assert messages.buffered == 2


@pytest.mark.parametrize(
    "lie", [b"Q" + struct.pack("!i", 3), b"Q" + struct.pack("!i", -1), b"Q\x7f\xff\xff\xff", b"S\0\1\0\0"]
)
def test_lying_lengths_are_refused_before_anything_is_kept(lie: bytes) -> None:
    messages = ClientMessages()
    messages.feed(lie)
    with pytest.raises(PeerProtocolError):
        messages.take()


def test_a_long_message_in_many_pieces_is_put_together_once() -> None:
    messages, body = ClientMessages(), bytes(range(256)) * 60_000
    whole = message(b"Q", body)
    for at in range(0, len(whole), 100):
        assert take_all(messages) == []
        messages.feed(whole[at : at + 100])
    assert messages.buffered == len(whole)
    assert take_all(messages) == [(0x51, body)]


def test_the_type_is_judged_before_the_length_has_come() -> None:
    messages = ClientMessages()
    messages.feed(b"?")
    with pytest.raises(PeerProtocolError, match="unknown message type"):
        messages.take()


@given(st.binary(max_size=300))
def test_random_bytes_give_messages_or_a_protocol_error(data: bytes) -> None:
    for parser in (decode_bind, decode_fields, decode_pairs, decode_row_description):
        try:
            parser(data)
        except PeerProtocolError as problem:
            assert str(problem)


def test_bind_values_are_read_with_null_told_apart_from_empty() -> None:
    body = b"p\0s\0" + struct.pack("!HHHiii", 1, 1, 2, -1, 0, 0)[:10] + struct.pack("!i", 0) + struct.pack("!H", 0)
    bind = decode_bind(body)
    assert (bind.portal, bind.statement, bind.parameters) == (b"p", b"s", (None, b""))
