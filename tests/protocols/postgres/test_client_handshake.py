"""Playbooks of the startup phase: what a client sends, what it is told, what the connection became."""

import struct
from typing import Any

import pytest

from safelight.domain.errors import Denied, PeerProtocolError, Refusal
from safelight.protocols.postgres import messages as m
from safelight.protocols.postgres.client_handshake import (
    Cancel,
    FindVerifier,
    Login,
    WrongPassword,
    client_handshake,
)
from safelight.protocols.postgres.scram import ScramClient, derive, make_verifier
from tests.protocols.playbook import Playbook

WORD = b"the credential's secret"
SSL = m.untyped(struct.pack("!i", m.SSL_REQUEST))
TLS_BEGINS = b"\x16\x03\x01\x02"
GSS = m.untyped(struct.pack("!i", m.GSSENC_REQUEST))
STARTUP = m.startup(m.PROTOCOL_3_0, {"user": "oncall.k7f3", "database": "orders-db", "application_name": "psql"})


def check(name: str, value: str) -> Refusal | None:
    return None if name == "DateStyle" else Refusal("postgres.setting", f"{name} is not on the list", "leave it out")


def play(*, tls_required: bool = False) -> Playbook:
    verifier = make_verifier(WORD, b"salt" * 4, 64)

    def answer(command: Any) -> Any:
        assert command == FindVerifier("oncall.k7f3")
        return verifier

    handshake = client_handshake(
        tls_offered=True, tls_required=tls_required, nonce=b"server-nonce", check_setting=check
    )
    return Playbook(handshake, answer)


def authenticate(book: Playbook, word: bytes, *, endpoint: bytes | None = None) -> bytes:
    client = ScramClient(b"client-nonce", endpoint=endpoint)
    name = b"SCRAM-SHA-256-PLUS" if endpoint else b"SCRAM-SHA-256"
    first = client.first()
    challenge = book.receive(m.message(b"p", name + b"\0" + struct.pack("!i", len(first)) + first))
    salt, rounds = client.challenge(challenge[9:])
    return book.receive(m.message(b"p", client.final(derive(word, salt, rounds))))


def test_a_login_in_clear() -> None:
    book = play()
    assert book.receive(STARTUP)[:1] == b"R"
    authenticate(book, WORD)
    assert book.result == Login("oncall.k7f3", "orders-db", "psql", {}, 0, False)


def test_a_login_byte_by_byte_gives_the_same() -> None:
    book = play()
    for byte in STARTUP:
        book.receive(bytes((byte,)))
    authenticate(book, WORD)
    assert book.result == Login("oncall.k7f3", "orders-db", "psql", {}, 0, False)


def test_gss_then_tls_then_a_login_bound_to_the_channel() -> None:
    book = play(tls_required=True)
    assert book.receive(GSS) == b"N"
    assert book.receive(SSL) == b"S"
    assert b"SCRAM-SHA-256-PLUS" in book.receive(STARTUP)
    authenticate(book, WORD, endpoint=b"endpoint")
    assert book.result.over_tls


def test_tls_from_the_first_byte_on() -> None:
    book = play(tls_required=True)
    assert book.receive(TLS_BEGINS) == b""
    assert b"SCRAM-SHA-256-PLUS" in book.receive(STARTUP)
    authenticate(book, WORD, endpoint=b"endpoint")
    assert book.result.over_tls


def test_tls_from_the_first_byte_on_must_name_the_protocol() -> None:
    book = play()
    book.alpn = "http/1.1"
    with pytest.raises(PeerProtocolError, match="ALPN"):
        book.receive(TLS_BEGINS)


def test_within_tls_nobody_asks_for_tls_again() -> None:
    book = play()
    book.receive(TLS_BEGINS)
    with pytest.raises(PeerProtocolError):
        book.receive(SSL)


def test_a_second_gss_request_is_not_answered_for_ever() -> None:
    book = play()
    book.receive(GSS)
    with pytest.raises(PeerProtocolError):
        book.receive(GSS)


def test_plaintext_is_refused_with_the_next_step_where_tls_is_required() -> None:
    book = play(tls_required=True)
    with pytest.raises(Denied):
        book.receive(STARTUP)
    assert b"sslmode=require" in book.sent and b"connection.tls" in book.sent


def test_a_wrong_password_is_28p01_and_names_the_user_for_the_log() -> None:
    book = play()
    book.receive(STARTUP)
    assert b"C28P01" in authenticate(book, b"wrong")
    assert book.result == WrongPassword("oncall.k7f3")


def test_a_cancel_request_is_an_outcome_of_its_own() -> None:
    book = play()
    book.receive(m.cancel_request(4711, b"0123456789abcdef"))
    assert book.result == Cancel(4711, b"0123456789abcdef")


def test_a_newer_protocol_and_unknown_options_are_negotiated() -> None:
    book = play()
    told = book.receive(m.startup((3 << 16) | 9999, {"user": "oncall.k7f3", "_pq_.tomorrow": "1"}))
    assert told[:1] == b"v" and b"_pq_.tomorrow" in told


def test_settings_come_from_options_and_must_be_on_the_list() -> None:
    book = play()
    book.receive(m.startup(m.PROTOCOL_3_0, {"user": "oncall.k7f3", "options": "-c DateStyle=ISO,\\ MDY"}))
    authenticate(book, WORD)
    assert book.result.settings == {"DateStyle": "ISO, MDY"}
    for options in ("-c session_preload_libraries=x", "-W 5", "-c row_security=off"):
        with pytest.raises(Denied):
            play().receive(m.startup(m.PROTOCOL_3_0, {"user": "oncall.k7f3", "options": options}))


def test_replication_is_refused() -> None:
    with pytest.raises(Denied, match=r"postgres\.replication"):
        play().receive(m.startup(m.PROTOCOL_3_0, {"user": "oncall.k7f3", "replication": "database"}))


@pytest.mark.parametrize(
    "garbage", [b"GET / HTTP/1.1\r\n\r\n", b"\0\0\0\4", b"\x7f\xff\xff\xff", b"\0\0\0\x08\0\2\0\0"]
)
def test_garbage_is_a_protocol_error(garbage: bytes) -> None:
    with pytest.raises(PeerProtocolError):
        play().receive(garbage)


def test_a_lying_sasl_length_is_not_waited_for() -> None:
    book = play()
    book.receive(STARTUP)
    with pytest.raises(PeerProtocolError):
        book.receive(m.message(b"p", b"SCRAM-SHA-256\0" + struct.pack("!i", 1_000_000) + b"n,,"))


def test_a_dash_in_an_options_value_is_kept() -> None:
    book = play()
    book.receive(m.startup(m.PROTOCOL_3_0, {"user": "oncall.k7f3", "options": "--DateStyle=a-b"}))
    authenticate(book, WORD)
    assert book.result.settings == {"DateStyle": "a-b"}


def test_a_second_tls_request_is_not_answered_for_ever_where_tls_is_not_offered() -> None:
    handshake = client_handshake(tls_offered=False, tls_required=False, nonce=b"server-nonce", check_setting=check)
    book = Playbook(handshake)
    assert book.receive(SSL) == b"N"
    with pytest.raises(PeerProtocolError):
        book.receive(SSL)
