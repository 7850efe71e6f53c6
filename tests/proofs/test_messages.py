"""Messages of a logged-in client that are malformed, oversized or out of place: its session ends, or one statement is
refused, and no other session notices."""

import struct
import time

import pytest

from safelight.protocols.postgres import messages as m
from tests.proofs.neighbour import Neighbour
from tests.proofs.peer import Peer
from tests.rig.gateway import SessionLogin
from tests.rig.servers import Server


def _head(kind: bytes, length: int) -> bytes:
    return kind + struct.pack("!i", length)


def _bind(tail: bytes) -> bytes:
    return m.parse(b"", b"SELECT $1") + m.message(b"B", b"\0\0" + tail)


FATAL = {
    "no such type": b"\x00\x01\x02\x03\x04",
    "TLS inside of a session": b"\x16\x03\x01\x00\xa5",
    "a type of the server's": m.message(b"Z", b"I"),
    "a length below itself": _head(b"Q", 3),
    "a negative length": _head(b"Q", -1),
    "the greatest length": _head(b"Q", 2**31 - 1),
    "too large for what it is": _head(b"S", 1_000_000),
    "a query without an end": m.message(b"Q", b"SELECT 1"),
    "a query with a hole": m.message(b"Q", b"SELECT 1\0; DELETE FROM orders\0"),
    "an empty query message": m.message(b"Q"),
    "a statement without an end": m.message(b"P", b"\0SELECT 1"),
    "a statement with types that are not there": m.message(b"P", b"\0SELECT 1\0\0\5\0\0\0\x17"),
    "a statement with something behind it": m.message(b"P", b"\0SELECT 1\0\0\0more"),
    "a bind that ends early": _bind(b""),
    "a bind with a value that is not there": _bind(struct.pack("!HHi", 0, 1, 1000)),
    "a bind with a negative length": _bind(struct.pack("!HHi", 0, 1, -2)),
    "a bind with more formats than it holds": _bind(struct.pack("!H", 65535)),
    "a bind with something behind it": _bind(struct.pack("!HHiH", 0, 1, -1, 0) + b"more"),
    "an execute without a count": m.message(b"E", b"\0"),
    "a describe of nothing": m.message(b"D", b""),
    "a close of something else": m.message(b"C", b"X\0"),
    "a password": m.message(b"p", b"secret\0"),
}


@pytest.mark.parametrize("name", FATAL)
def test_it_ends_the_session(login: SessionLogin, shop: Server, neighbour: Neighbour, name: str) -> None:
    with Peer.logged_in(login) as peer:
        peer.send(FATAL[name])
        assert peer.error().startswith("FATAL 08P01 protocol violation: ")
        assert peer.closed()


def test_what_follows_nonsense_does_not_run(login: SessionLogin, shop: Server, neighbour: Neighbour) -> None:
    with Peer.logged_in(login) as peer:
        peer.send(_head(b"\x01", 4) + m.query(b"SELECT total FROM orders WHERE note = 'behind nonsense'"))
        assert peer.error().startswith("FATAL 08P01")
    assert "behind nonsense" not in shop.log_text()


REFUSED = {
    "a function call": (m.message(b"F", bytes(8)), "ERROR 42501", "postgres.function_call"),
    "a portal that nobody bound": (
        m.message(b"E", b"nobody\0\0\0\0\0") + m.message(b"S"),
        "ERROR 34000",
        "unknown_portal",
    ),
    "a statement that nobody prepared": (
        m.message(b"D", b"Snobody\0") + m.message(b"S"),
        "ERROR 26000",
        "unknown_statement",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_and_the_session_goes_on(login: SessionLogin, neighbour: Neighbour, name: str) -> None:
    sent, error, rule = REFUSED[name]
    with Peer.logged_in(login) as peer:
        peer.send(sent)
        told = peer.error()
        assert told.startswith(f"{error} safelight: ") and rule in told
        assert peer.error() == ""  # up to ReadyForQuery
        peer.send(m.query(b"SELECT 1"))
        assert peer.error() == ""


def test_copy_data_that_nobody_asked_for_is_dropped(login: SessionLogin, neighbour: Neighbour) -> None:
    with Peer.logged_in(login) as peer:
        peer.send(m.message(b"d", b"1\n") + m.message(b"c") + m.message(b"f", b"no\0") + m.query(b"SELECT 1"))
        assert peer.error() == ""


def test_a_huge_message_in_tiny_pieces_holds_up_nobody(login: SessionLogin, neighbour: Neighbour) -> None:
    """Every piece must cost as much as itself, not as much as all before it."""
    size = 15 * 1024 * 1024
    with Peer.logged_in(login) as peer:
        peer.send(_head(b"Q", size + 5) + b" " * size)
        began = time.monotonic()
        while time.monotonic() - began < 2:
            peer.send(b" ")  # never whole: one byte is always missing
            time.sleep(0.0005)
            size += 1
            if size >= 15 * 1024 * 1024 + 4:
                break
    assert neighbour.slowest_seconds < 0.3


def test_a_flood_of_tiny_messages_holds_up_nobody(login: SessionLogin, neighbour: Neighbour) -> None:
    with Peer.logged_in(login) as peer:
        peer.send(m.message(b"H") * 200_000 + m.message(b"S"))
        assert peer.error() == ""
        peer.send((m.parse(b"", b"SELECT 1") + m.message(b"C", b"S\0")) * 20_000 + m.message(b"S"))
        assert peer.error() == ""
    assert neighbour.slowest_seconds < 0.3
