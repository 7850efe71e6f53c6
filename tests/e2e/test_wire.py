"""What no driver does on purpose: the protocol's own corners, message by message."""

import struct
from collections.abc import Iterator

import pytest

from safelight.protocols.postgres import messages as m
from tests.e2e.conftest import MakeLogin
from tests.proofs.peer import Peer, told

SYNC, FLUSH = m.message(b"S"), m.message(b"H")


def bind(portal: bytes = b"", statement: bytes = b"") -> bytes:
    return m.message(b"B", portal + b"\0" + statement + b"\0" + bytes(6))


def execute(portal: bytes = b"", rows: int = 0) -> bytes:
    return m.message(b"E", portal + b"\0" + struct.pack("!i", rows))


def whole(text: bytes) -> bytes:
    return m.parse(b"", text) + bind() + execute()


@pytest.fixture
def peer(login: MakeLogin) -> Iterator[Peer]:
    with Peer.logged_in(login()) as one:
        yield one


def until_ready(peer: Peer, times: int = 1) -> list[tuple[bytes, bytes]]:
    seen: list[tuple[bytes, bytes]] = []
    for kind, body in peer.messages():
        seen.append((kind, body))
        times -= kind == b"Z"
        if not times:
            return seen
    raise AssertionError(f"the session ended: {seen}")


def kinds(seen: list[tuple[bytes, bytes]]) -> bytes:
    return b"".join(kind for kind, _ in seen)


# --- startup --------------------------------------------------------------------------------------------------------


def test_a_newer_protocol_and_its_options_are_negotiated_down(login: MakeLogin) -> None:
    mine = login()
    with Peer(mine.host, mine.port) as peer:
        startup = {"user": mine.user, "database": mine.database, "_pq_.future": "on"}
        peer.send(m.startup((3 << 16) | 9999, startup))
        kind, body = peer.next_message()
        assert kind == b"v"
        assert struct.unpack("!ii", body[:8]) == ((3 << 16) | 2, 1)
        assert body[8:] == b"_pq_.future\0"
        peer.prove(mine.secret)
        assert kinds(until_ready(peer)).endswith(b"KZ")


def test_encryption_by_gssapi_is_declined_then_tls_is_offered(login: MakeLogin) -> None:
    mine = login()
    with Peer(mine.host, mine.port) as peer:
        peer.send(m.untyped(struct.pack("!i", m.GSSENC_REQUEST)))
        assert peer.read(1) == b"N"
        peer.send(m.ssl_request())
        assert peer.read(1) == b"S"


def test_bytes_stuffed_before_tls_end_the_connection(login: MakeLogin) -> None:
    mine = login()
    stuffed = m.startup(m.PROTOCOL_3_0, {"user": mine.user, "database": mine.database})
    with Peer(mine.host, mine.port) as peer:
        peer.send(m.ssl_request() + stuffed)
        assert peer.read(1) == b"S"
        seen = peer.error()
        assert seen == "" or "08P01" in seen
        assert peer.closed()


def test_what_the_client_is_told_after_its_login(login: MakeLogin) -> None:
    mine = login()
    with Peer(mine.host, mine.port) as peer:
        peer.startup(user=mine.user, database=mine.database)
        peer.prove(mine.secret)
        seen = until_ready(peer)
    parameters = dict(body.split(b"\0")[:2] for kind, body in seen if kind == b"S")
    assert parameters[b"client_encoding"] == b"UTF8" and parameters[b"is_superuser"] == b"off"
    assert parameters[b"server_version"].startswith(b"18")
    (key,) = [body for kind, body in seen if kind == b"K"]
    assert len(key) == 8


# --- extended protocol ----------------------------------------------------------------------------------------------


def test_several_syncs_in_flight(peer: Peer) -> None:
    peer.send(b"".join(whole(b"SELECT %d" % n) + SYNC for n in range(20)))
    seen = until_ready(peer, 20)
    assert [body[6:] for kind, body in seen if kind == b"D"] == [b"%d" % n for n in range(20)]
    assert kinds(seen) == b"12DCZ" * 20


def test_flush_delivers_a_refusal_before_any_sync(peer: Peer) -> None:
    peer.send(m.parse(b"", b"DELETE FROM stock") + FLUSH)
    assert peer.next_message()[0] == b"E"
    peer.send(whole(b"SELECT 1") + SYNC + whole(b"SELECT 2") + SYNC)
    seen = until_ready(peer, 2)
    assert kinds(seen) == b"Z12DCZ"


def test_after_a_refused_parse_the_statement_before_it_does_not_run(peer: Peer) -> None:
    """The unnamed statement that was there is gone, as on the server itself."""
    peer.send(m.parse(b"", b"SELECT 'stale'") + SYNC)
    until_ready(peer)
    peer.send(m.parse(b"", b"DELETE FROM stock") + bind() + execute() + SYNC + bind() + execute() + SYNC)
    seen = until_ready(peer, 2)
    assert b"D" not in kinds(seen)
    assert kinds(seen).count(b"E") >= 1


def test_a_portal_suspended_resumed_and_closed(peer: Peer) -> None:
    peer.send(m.parse(b"", b"SELECT id, email FROM customers ORDER BY id") + bind(b"p"))
    peer.send(execute(b"p", 2) + execute(b"p", 3) + m.message(b"C", b"Pp\0") + execute(b"p") + SYNC)
    seen = until_ready(peer)
    assert kinds(seen) == b"12DDsDDDs3EZ"
    assert b"person" not in b"".join(body for kind, body in seen if kind == b"D")
    assert "no such portal" in told(next(body for kind, body in seen if kind == b"E"))


def test_an_empty_statement(peer: Peer) -> None:
    peer.send(m.query(b""))
    assert kinds(until_ready(peer)) == b"IZ"
    peer.send(whole(b"") + SYNC)
    assert kinds(until_ready(peer)) == b"12IZ"


def test_statements_arrive_byte_by_byte(peer: Peer) -> None:
    for byte in m.query(b"SELECT 'slowly'"):
        peer.send(bytes((byte,)))
    assert (b"D", b"\0\1\0\0\0\x06slowly") in until_ready(peer)


def test_a_function_call_is_refused(peer: Peer) -> None:
    peer.send(m.message(b"F", bytes(8)))
    seen = until_ready(peer)
    assert kinds(seen) == b"EZ" and "postgres.function_call" in told(seen[0][1])
    peer.send(m.query(b"SELECT 1"))
    assert kinds(until_ready(peer)) == b"TDCZ"


def test_a_message_that_is_longer_than_allowed(peer: Peer) -> None:
    peer.send(b"Q" + struct.pack("!i", 1 << 30))
    assert peer.error().startswith("FATAL 08P01")
    assert peer.closed()
