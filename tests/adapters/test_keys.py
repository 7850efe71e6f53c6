"""Keys are made once, privately, and never repaired in silence."""

import datetime
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from safelight.adapters.keys import KeysUnusable, issue_server_certificate, load_or_create


def test_the_first_start_makes_keys_that_only_their_owner_reads(tmp_path: Path) -> None:
    made = load_or_create(tmp_path / "keys")
    files = list((tmp_path / "keys").iterdir())
    assert {f.name for f in files} == {"node.key", "masking.key", "audit.pem", "ca.key", "ca.pem"}
    assert all(f.stat().st_mode & 0o777 == 0o600 for f in files)
    assert load_or_create(tmp_path / "keys").node_key.reveal() == made.node_key.reveal()


def test_a_key_that_others_can_read_is_refused_with_the_command_that_mends_it(tmp_path: Path) -> None:
    load_or_create(tmp_path)
    (tmp_path / "node.key").chmod(0o644)
    with pytest.raises(KeysUnusable, match="chmod 600"):
        load_or_create(tmp_path)


def test_damaged_keys_are_not_replaced(tmp_path: Path) -> None:
    load_or_create(tmp_path)
    (tmp_path / "audit.pem").write_bytes(b"damaged")
    with pytest.raises(KeysUnusable, match="backup"):
        load_or_create(tmp_path)


def test_a_server_certificate_verifies_against_the_nodes_ca(tmp_path: Path) -> None:
    keys = load_or_create(tmp_path)
    issued = issue_server_certificate(keys, ["localhost", "127.0.0.1"], datetime.datetime.now(datetime.UTC))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    pem = tmp_path / "server.pem"
    pem.write_bytes(issued.key_pem + issued.certificate_pem)
    server.load_cert_chain(pem)
    client = ssl.create_default_context(cadata=keys.ca_pem.decode())
    for name in ("localhost", "127.0.0.1"):
        _handshake(client, server, name)
    with pytest.raises(ssl.SSLCertVerificationError):
        _handshake(client, server, "elsewhere.example")


def test_a_server_certificate_signs_nothing(tmp_path: Path) -> None:
    issued = issue_server_certificate(load_or_create(tmp_path), ["localhost"], datetime.datetime.now(datetime.UTC))
    extensions = x509.load_pem_x509_certificate(issued.certificate_pem).extensions
    constraints = extensions.get_extension_for_class(x509.BasicConstraints)
    assert constraints.critical and not constraints.value.ca
    usage = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH]


def _handshake(client: ssl.SSLContext, server: ssl.SSLContext, name: str) -> None:
    """A TLS handshake in memory."""
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(to_client, to_server, server_hostname=name)
    theirs = server.wrap_bio(to_server, to_client, server_side=True)
    done: set[str] = set()
    while len(done) < 2:
        for label, side in (("client", ours), ("server", theirs)):
            try:
                side.do_handshake()
                done.add(label)
            except ssl.SSLWantReadError:
                continue
