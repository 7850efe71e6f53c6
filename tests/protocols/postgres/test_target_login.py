"""Playbooks of the login to a target. Targets are untrusted: most of these servers are hostile."""

import struct

import pytest

from safelight.domain.errors import PeerProtocolError, TargetUnavailable
from safelight.protocols.postgres import messages as m
from safelight.protocols.postgres.scram import ScramServer, derive, make_verifier
from safelight.protocols.postgres.target_login import TargetSecret, target_login
from tests.protocols.playbook import Playbook

WORD = b"the account's secret"
SALT = b"salt" * 4
PASSWORD = TargetSecret(WORD, None, None, None)
REPORTED = {"client_encoding": "UTF8", "standard_conforming_strings": "on", "integer_datetimes": "on"}


def play(secret: TargetSecret = PASSWORD, *, use_tls: bool = False) -> Playbook:
    parameters = {"user": "safelight_ab12", "database": "shop"}
    return Playbook(target_login(parameters=parameters, secret=secret, nonce=b"client-nonce", use_tls=use_tls))


def authenticate(book: Playbook, *, known: bytes = WORD, signature: bytes | None = None) -> None:
    server = ScramServer(make_verifier(known, SALT, 64), b"server-nonce", plus=False, endpoint=None)
    book.receive(b"")
    first = book.receive(m.authentication(m.AUTH_SASL, b"SCRAM-SHA-256\0\0"))
    challenge = server.first(first[5 + len(b"SCRAM-SHA-256\0") + 4 :])
    final = server.final(book.receive(m.authentication(m.AUTH_SASL_CONTINUE, challenge))[5:])
    book.receive(m.authentication(m.AUTH_SASL_FINAL, signature or final or b"v=AAAA"))


def ready(reported: dict[str, str] = REPORTED) -> bytes:
    statuses = b"".join(m.parameter_status(name, value) for name, value in reported.items())
    return m.authentication(m.AUTH_OK) + statuses + m.backend_key_data(4711, b"k" * 4) + m.ready_for_query()


@pytest.mark.parametrize(
    "secret", [PASSWORD, TargetSecret(None, derive(WORD, SALT, 64), SALT, 64)], ids=["password", "kept keys"]
)
def test_a_login_by_password_or_by_kept_keys(secret: TargetSecret) -> None:
    book = play(secret)
    authenticate(book)
    book.receive(ready())
    assert (book.result.pid, book.result.key) == (4711, b"kkkk")
    assert WORD not in book.sent


def test_a_server_that_cannot_prove_itself_is_not_used() -> None:
    book = play()
    with pytest.raises(PeerProtocolError, match="did not prove"):
        authenticate(book, signature=b"v=AAAA")


@pytest.mark.parametrize("code", [m.AUTH_CLEARTEXT, m.AUTH_MD5])
def test_a_password_is_never_given_away(code: int) -> None:
    book = play()
    with pytest.raises(TargetUnavailable, match="scram-sha-256"):
        book.receive(m.authentication(code, b"salt"))
    assert WORD not in book.sent


def test_a_server_that_asks_for_no_proof_is_not_the_server_we_know() -> None:
    with pytest.raises(TargetUnavailable, match="trust"):
        play().receive(m.authentication(m.AUTH_OK))


def test_a_server_without_tls_is_refused_where_tls_is_configured() -> None:
    book = play(use_tls=True)
    with pytest.raises(TargetUnavailable, match="no TLS"):
        book.receive(b"N")
    assert b"shop" not in book.sent


@pytest.mark.parametrize("setting", sorted(REPORTED))
def test_settings_that_give_text_its_meaning_are_verified(setting: str) -> None:
    book = play()
    authenticate(book)
    with pytest.raises(TargetUnavailable, match=setting):
        book.receive(ready(REPORTED | {setting: "something else"}))


def test_a_refused_login_tells_the_sqlstate_and_not_the_servers_text() -> None:
    with pytest.raises(TargetUnavailable, match="53300") as problem:
        play().receive(m.error("FATAL", "53300", "sorry, role safelight_ab12 has too many clients"))
    assert "sorry" not in str(problem.value)


@pytest.mark.parametrize(
    "hostile",
    [b"R\x7f\xff\xff\xff", b"N" + struct.pack("!i", 1), m.notice("x") * 300, m.ready_for_query(), b"garbage!!"],
    ids=["4 GB", "lying length", "flood of notices", "no authentication", "garbage"],
)
def test_a_hostile_server_gets_a_clean_error(hostile: bytes) -> None:
    with pytest.raises(PeerProtocolError):
        play().receive(hostile)


@pytest.mark.parametrize(
    "flood",
    [m.notice("x"), m.parameter_status("x", "y"), m.parameter_status("x", "y" * 60_000), m.notice("x" * 60_000)],
    ids=["notices", "settings", "long settings", "long notices"],
)
def test_a_login_that_goes_on_is_a_flood(flood: bytes) -> None:
    book = play()
    authenticate(book)
    book.receive(m.authentication(m.AUTH_OK))
    with pytest.raises(PeerProtocolError, match="floods the login"):
        book.receive(flood * 300)


def test_all_that_is_kept_of_a_login_is_bounded() -> None:
    """What is read and thrown away between counts as well: one kind of message does not hide another."""
    book = play()
    authenticate(book)
    book.receive(m.authentication(m.AUTH_OK))
    with pytest.raises(PeerProtocolError, match="floods the login"):
        book.receive((m.notice("x") * 3 + m.parameter_status("x", "y")) * 70)


@pytest.mark.parametrize("rounds", [b"0", b"00001", b"-1", b"1e3", b"2147483648", b"9" * 5000, b"\xd9\xa1", b""])
def test_rounds_that_are_no_number_we_accept(rounds: bytes) -> None:
    """Thousands of digits are more than Python makes a number of."""
    book = play()
    book.receive(m.authentication(m.AUTH_SASL, b"SCRAM-SHA-256\0\0"))
    with pytest.raises(PeerProtocolError, match="SCRAM rounds"):
        challenge = b"r=client-nonce-and-more,s=c2FsdHNhbHQ=,i=" + rounds
        book.receive(m.authentication(m.AUTH_SASL_CONTINUE, challenge))


@pytest.mark.parametrize("code", [b"\x1b[2Jx", b"XX", b"28P01 and more", "é".encode() * 2 + b"x", b""])
def test_what_is_no_sqlstate_is_not_told(code: bytes) -> None:
    with pytest.raises(TargetUnavailable, match="SQLSTATE unknown"):
        play().receive(m.message(b"E", b"SFATAL\0C" + code + b"\0Mx\0\0"))


@pytest.mark.parametrize("key", [b"", b"kkk", b"k" * 257], ids=["none", "three bytes", "257 bytes"])
def test_a_cancel_key_of_impossible_length(key: bytes) -> None:
    book = play()
    authenticate(book)
    with pytest.raises(PeerProtocolError, match="out of place"):
        book.receive(m.authentication(m.AUTH_OK) + m.backend_key_data(1, key))


@pytest.mark.parametrize(
    "answer", [m.negotiate_protocol_version(0, []), m.message(b"v", b"\0\3\0\2\x7f\xff\xff\xff"), m.message(b"v")]
)
def test_a_server_that_haggles_over_the_version(answer: bytes) -> None:
    with pytest.raises(PeerProtocolError, match="does not speak protocol"):
        play().receive(answer)
