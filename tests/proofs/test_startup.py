"""Startup packets and logins that are malformed, oversized, half, or lies: an error, a record, and nobody else
notices."""

import resource
import struct
import time

import pytest

from safelight.protocols.postgres import messages as m
from tests.proofs.conftest import Refusals
from tests.proofs.neighbour import Neighbour
from tests.proofs.peer import Peer
from tests.rig.gateway import Gateway, SessionLogin

HANDSHAKE_SECONDS = 2


def _packet(code: int, body: bytes) -> bytes:
    return m.untyped(struct.pack("!i", code) + body)


V3 = m.PROTOCOL_3_0
NONSENSE = {
    "another protocol": (b"GET / HTTP/1.1\r\nHost: gateway\r\n\r\n", "a startup packet of 1195725856 bytes"),
    "a length of zero": (struct.pack("!ii", 0, V3), "a startup packet of 0 bytes"),
    "a length too short for a code": (struct.pack("!ii", 7, V3), "a startup packet of 7 bytes"),
    "a negative length": (struct.pack("!ii", -1, V3), "a startup packet of -1 bytes"),
    "the greatest length": (struct.pack("!ii", 2**31 - 1, V3), "a startup packet of 2147483647 bytes"),
    "one byte too many": (struct.pack("!ii", 10_001, V3) + bytes(9_993), "a startup packet of 10001 bytes"),
    "protocol 1": (_packet(1 << 16, b"\0"), "unsupported startup code 1.0"),
    "protocol 2": (_packet(2 << 16, b"\0"), "unsupported startup code 2.0"),
    "protocol 4": (_packet(4 << 16, b"\0"), "unsupported startup code 4.0"),
    "parameters without an end": (_packet(V3, b"user\0ada"), "startup parameters are not terminated"),
    "a name without a value": (_packet(V3, b"user\0\0\0"), "no PostgreSQL user name"),
    "no parameters": (_packet(V3, b""), "startup parameters are not terminated"),
    "no user": (_packet(V3, b"database\0shop-db\0\0"), "no PostgreSQL user name"),
    "two users": (_packet(V3, b"user\0ada\0user\0sam\0\0"), "given twice"),
    "a user too long": (_packet(V3, b"user\0" + b"a" * 200 + b"\0\0"), "no PostgreSQL user name"),
    "other than UTF-8": (_packet(V3, b"user\0\xff\xfe\0\0"), "not UTF-8"),
    "TLS asked for twice": (m.ssl_request() + m.ssl_request(), "bytes in clear were sent where TLS must begin"),
    "a login behind the wish for TLS": (
        m.ssl_request() + m.startup(V3, {"user": "ada"}),
        "bytes in clear were sent where TLS must begin",
    ),
    "a wish for TLS with a body": (_packet(m.SSL_REQUEST, b"more"), "unsupported startup code"),
    "a cancel request without a key": (_packet(m.CANCEL_REQUEST, b"1234"), "a cancel request of impossible length"),
    "a cancel request too long": (_packet(m.CANCEL_REQUEST, bytes(300)), "a cancel request of impossible length"),
}


@pytest.mark.parametrize("name", NONSENSE)
def test_nonsense_is_told_recorded_and_closed(
    gateway: Gateway, neighbour: Neighbour, refusals: Refusals, name: str
) -> None:
    sent, why = NONSENSE[name]
    with Peer("127.0.0.1", gateway.postgres_port) as peer:
        peer.send(sent)
        if sent.startswith(m.ssl_request()):
            assert peer.read(1) == b"S"
        told = peer.error()
        assert told.startswith("FATAL 08P01 protocol violation: ") and why in told
        assert peer.closed()
    refusals.become(1)


@pytest.mark.parametrize("sent", [b"", struct.pack("!ii", 100, V3)])
def test_half_a_packet_and_silence_is_dropped_at_the_deadline(
    gateway: Gateway, neighbour: Neighbour, sent: bytes
) -> None:
    with Peer("127.0.0.1", gateway.postgres_port) as peer:
        peer.send(sent)
        began = time.monotonic()
        assert peer.closed()
        assert HANDSHAKE_SECONDS - 0.5 < time.monotonic() - began < HANDSHAKE_SECONDS + 2


@pytest.mark.parametrize("sent", [b"", b"\x16\x03\x01\x02\x00\x01"], ids=["silence", "half a hello"])
def test_tls_that_does_not_come_is_dropped_at_the_deadline(
    gateway: Gateway, neighbour: Neighbour, sent: bytes
) -> None:
    with Peer("127.0.0.1", gateway.postgres_port) as peer:
        peer.send(m.ssl_request())
        assert peer.read(1) == b"S"
        peer.send(sent)
        began = time.monotonic()
        assert peer.closed()
        assert time.monotonic() - began < HANDSHAKE_SECONDS + 2


def test_something_else_than_tls(gateway: Gateway, neighbour: Neighbour, refusals: Refusals) -> None:
    with Peer("127.0.0.1", gateway.postgres_port) as peer:
        peer.send(m.ssl_request())
        assert peer.read(1) == b"S"
        peer.send(m.startup(V3, {"user": "ada"}) * 10)
        assert peer.closed()
    refusals.become(1)


def test_half_a_packet_and_goodbye(gateway: Gateway, neighbour: Neighbour, refusals: Refusals) -> None:
    with Peer("127.0.0.1", gateway.postgres_port) as peer:
        peer.send(struct.pack("!ii", 100, V3) + b"user\0")
        peer.finish_sending()
        assert peer.closed()
    refusals.become(1)


def test_the_gateway_may_open_as_many_files_as_the_system_allows(gateway: Gateway) -> None:
    soft, hard = resource.prlimit(gateway.pid, resource.RLIMIT_NOFILE)
    assert soft == hard


def test_a_crowd_of_silent_peers_keeps_nobody_out(
    gateway: Gateway, login: SessionLogin, neighbour: Neighbour
) -> None:
    crowd = [Peer("127.0.0.1", gateway.postgres_port) for _ in range(300)]
    try:
        Peer.logged_in(login).message(b"X")
    finally:
        for peer in crowd:
            peer.__exit__(None, None, None)


SASL = {
    "no such mechanism": (b"PLAIN\0" + struct.pack("!i", 1) + b"n", "a SASL mechanism that was not offered"),
    "a binding that is not offered": (
        b"SCRAM-SHA-256-PLUS\0" + struct.pack("!i", 1) + b"p",
        "a SASL mechanism that was not offered",
    ),
    "a length that lies": (b"SCRAM-SHA-256\0" + struct.pack("!i", 99) + b"n,,", "lying length"),
    "no length": (b"SCRAM-SHA-256\0", "lying length"),
    "no mechanism": (b"n,,n=,r=abc", "lying length"),
    "an empty first message": (b"SCRAM-SHA-256\0" + struct.pack("!i", 0), ""),
    "no nonce": (b"SCRAM-SHA-256\0" + struct.pack("!i", 5) + b"n,,n=", ""),
    "another identity": (b"SCRAM-SHA-256\0" + struct.pack("!i", 14) + b"n,a=root,n=,r=", ""),
    "an extension that is mandatory": (b"SCRAM-SHA-256\0" + struct.pack("!i", 12) + b"n,,m=x,n=,r=", ""),
    "not text": (b"SCRAM-SHA-256\0" + struct.pack("!i", 6) + b"\xff\xfe\0\0\0\0", ""),
}


@pytest.mark.parametrize("name", SASL)
def test_a_broken_proof(
    gateway: Gateway, login: SessionLogin, neighbour: Neighbour, refusals: Refusals, name: str
) -> None:
    first, why = SASL[name]
    with Peer("127.0.0.1", gateway.postgres_port) as peer:
        peer.startup(user=login.user, database=login.database)
        peer.message(b"p", first)
        told = peer.error()
        assert told.startswith("FATAL 08P01 protocol violation: ") and why in told, told
        assert peer.closed()
    refusals.become(1)


@pytest.mark.parametrize(
    "sent",
    [
        m.query(b"SELECT 1"),
        m.message(b"p", bytes(3000)),
        b"p" + struct.pack("!i", 2**31 - 1),
        b"p" + struct.pack("!i", 4),
        b"p" + struct.pack("!i", -5),
    ],
    ids=["a query first", "an oversized proof", "a huge length", "an empty proof", "a negative length"],
)
def test_something_else_than_a_proof(
    gateway: Gateway, login: SessionLogin, neighbour: Neighbour, refusals: Refusals, sent: bytes
) -> None:
    with Peer("127.0.0.1", gateway.postgres_port) as peer:
        peer.startup(user=login.user, database=login.database)
        peer.send(sent)
        assert peer.error() == "FATAL 08P01 protocol violation: expected a SASL response"
        assert peer.closed()
    refusals.become(1)


def test_a_cancel_request_with_a_wrong_key_does_nothing(
    gateway: Gateway, login: SessionLogin, neighbour: Neighbour
) -> None:
    with Peer.logged_in(login) as session:
        session.send(m.query(b"SELECT pg_sleep(0.5)"))
        for key in (b"\0\0\0\0", bytes(32)):
            with Peer("127.0.0.1", gateway.postgres_port) as other:
                other.send(m.cancel_request(1, key))
                assert other.closed()
        assert session.error() == ""
