"""Targets whose configuration demands TLS: a server that does not give it, or proves to be another, hears nothing."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from safelight.protocols.postgres import messages as m
from tests.hostile.conftest import DATABASE, LABELS, SETTINGS, VICTIM_PASSWORD, shop_server
from tests.proofs.hostile import HostileServer, Script, Talk
from tests.rig.certificates import make_certificates
from tests.rig.gateway import Gateway, SessionLogin, Target


@pytest.fixture(scope="module")
def over_tls() -> Iterator[HostileServer]:
    for real in shop_server(15, tls=True):
        server = HostileServer(real)
        yield server
        server.close()


@pytest.fixture(scope="module")
def login(over_tls: HostileServer) -> Iterator[SessionLogin]:
    target = Target("tls-db", over_tls, (DATABASE,), labels=LABELS, account=("victim", VICTIM_PASSWORD))
    with Gateway([target], settings=SETTINGS) as gateway:
        login = gateway.session("tls-db")
        psycopg.connect(login.dsn()).close()  # as long as the server is true
        yield login


def _says(data: bytes) -> Script:
    def play(talk: Talk) -> None:
        talk.send(data)
        talk.listen()

    return play


def _with_certificate(directory: Path, host: str) -> Script:
    """A TLS handshake with a certificate of its own authority."""
    _, certificate, key = make_certificates(directory, host)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    def play(talk: Talk) -> None:
        talk.upgrade(context)
        talk.listen()

    return play


SAID: dict[str, tuple[bytes, str]] = {
    "no": (b"N", "offers no TLS"),
    "an old server's error": (m.error("FATAL", "0A000", "unsupported frontend protocol"), "offers no TLS"),
    "something else": (b"HTTP/1.1 400", "offers no TLS"),
    "no, and a request for the password": (b"N" + m.authentication(m.AUTH_CLEARTEXT), "offers no TLS"),
    "yes, and words in clear before it": (b"S" + m.authentication(m.AUTH_OK), "in clear"),
    "yes, and TLS before we begin it": (b"S\x16\x03\x01", "in clear"),
    "yes, and then nothing": (b"S", "did not answer within 2 s"),
    "nothing": (b"", "did not answer within 2 s"),
}


@pytest.mark.parametrize("name", SAID)
def test_no_tls(over_tls: HostileServer, login: SessionLogin, name: str) -> None:
    said, why = SAID[name]
    _refused(over_tls, login, _says(said), why)
    assert all(talk.received.startswith(b"\x16\x03") or not talk.received for talk in over_tls.talks)


@pytest.mark.parametrize("host", ["localhost", "elsewhere.example"])
def test_another_servers_certificate(over_tls: HostileServer, login: SessionLogin, tmp_path: Path, host: str) -> None:
    _refused(over_tls, login, _with_certificate(tmp_path, host), "TLS failed")


def _refused(over_tls: HostileServer, login: SessionLogin, script: Script, why: str) -> None:
    over_tls.script, over_tls.passes_tls = script, False
    over_tls.talks.clear()
    try:
        with pytest.raises(psycopg.OperationalError, match=why) as refused:
            psycopg.connect(login.dsn())
    finally:
        over_tls.passes_tls = True
    assert "Rule: target.unavailable" in str(refused.value)
    heard = b"".join(talk.received for talk in over_tls.talks)
    assert VICTIM_PASSWORD.encode() not in heard and b"victim" not in heard
    psycopg.connect(login.dsn()).close()
