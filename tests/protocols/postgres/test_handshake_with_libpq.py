"""The startup phase against a real client: libpq (psycopg's own), in clear and over TLS with channel binding."""

import datetime
import hashlib
import secrets
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from safelight.protocols.base.commands import Read, Send, StartTls, TlsInfo
from safelight.protocols.postgres import messages as m
from safelight.protocols.postgres.client_handshake import FindVerifier, Login, client_handshake
from safelight.protocols.postgres.scram import make_verifier

WORD = secrets.token_urlsafe(24)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    """A self-signed certificate with its key in one file, and its hash."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now).not_valid_after(now + datetime.timedelta(hours=1))
    signed = builder.sign(key, hashes.SHA256())
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    return file, hashlib.sha256(signed.public_bytes(serialization.Encoding.DER)).digest()


class OneLogin:
    """Accepts one connection and plays the gateway's side of its handshake."""

    def __init__(self, certificate: tuple[Path, bytes]) -> None:
        self._certificate = certificate
        self._verifier = make_verifier(WORD.encode(), secrets.token_bytes(16), 4096)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.result: Any = None

    def serve(self) -> None:
        connection, _ = self.listener.accept()
        connection.settimeout(10)
        nonce = secrets.token_urlsafe(18).encode()
        handshake = client_handshake(tls_offered=True, tls_required=False, nonce=nonce, check_setting=lambda *_: None)
        reply: Any = None
        try:
            while True:
                connection, reply = self._carry_out(handshake.send(reply), connection)
        except StopIteration as end:
            self.result = end.value
        if isinstance(self.result, Login):
            connection.sendall(
                m.authentication(m.AUTH_OK)
                + m.parameter_status("client_encoding", "UTF8")
                + m.backend_key_data(4711, b"key!")
                + m.ready_for_query()
            )
        connection.close()

    def _carry_out(self, command: Any, connection: socket.socket) -> tuple[socket.socket, Any]:
        if isinstance(command, Read):
            data = b""
            while len(data) < command.count:
                data += connection.recv(command.count - len(data)) or pytest.fail("the client went away")
            return connection, data
        if isinstance(command, Send):
            connection.sendall(command.data)
            return connection, None
        if isinstance(command, StartTls):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self._certificate[0])
            return context.wrap_socket(connection, server_side=True), TlsInfo(self._certificate[1])
        assert isinstance(command, FindVerifier)
        return connection, self._verifier


@contextmanager
def gateway(certificate: tuple[Path, bytes]) -> Iterator[tuple[OneLogin, str]]:
    login = OneLogin(certificate)
    thread = threading.Thread(target=login.serve, daemon=True)
    thread.start()
    port = login.listener.getsockname()[1]
    try:
        yield login, f"host=127.0.0.1 port={port} user=oncall.k7f3 dbname=orders-db gssencmode=disable"
    finally:
        thread.join(10)
        login.listener.close()


@pytest.mark.parametrize(
    ("options", "over_tls"),
    [("sslmode=disable", False), ("sslmode=require", True), ("sslmode=require channel_binding=require", True)],
)
def test_libpq_logs_in(certificate: tuple[Path, bytes], options: str, over_tls: bool) -> None:
    with gateway(certificate) as (login, address):
        connection = psycopg.connect(f"{address} {options}", password=WORD)
        assert connection.info.backend_pid == 4711
        connection.close()
    assert login.result == Login("oncall.k7f3", "orders-db", "", {}, 0, over_tls)


def test_libpq_is_told_of_a_wrong_password(certificate: tuple[Path, bytes]) -> None:
    with (
        gateway(certificate) as (_, address),
        pytest.raises(psycopg.OperationalError, match="password authentication failed"),
    ):
        psycopg.connect(f"{address} sslmode=disable", password="wrong")
