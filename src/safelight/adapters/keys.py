"""The node's keys and its certificate authority, made at the first start, in files that only their owner can read.

Losing ``node.key`` makes sealed audit fields unreadable; losing ``audit.pem`` starts a new log. ``safelight doctor``
reminds of the backup.
"""

import datetime
import ipaddress
import os
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from safelight.domain.errors import SafelightError
from safelight.ports.secrets import Secret

CA_DAYS = 3650
SERVER_DAYS = 397
"""The longest that clients accept; a new certificate is issued at each start."""


class KeysUnusable(SafelightError):
    """A key file is missing its neighbours, unreadable, or readable by others."""


@dataclass(frozen=True, slots=True)
class NodeKeys:
    """``node_key`` wraps session keys of the audit log; ``masking_key`` is what pseudonyms are derived from."""

    node_key: Secret[bytes]
    masking_key: Secret[bytes]
    audit_key: Ed25519PrivateKey
    ca_certificate: x509.Certificate
    ca_key: ec.EllipticCurvePrivateKey

    @property
    def ca_pem(self) -> bytes:
        return self.ca_certificate.public_bytes(serialization.Encoding.PEM)


@dataclass(frozen=True, slots=True)
class ServerCertificate:
    certificate_pem: bytes
    key_pem: bytes


def load_or_create(directory: Path) -> NodeKeys:
    """Read the keys, or make those that do not exist yet (a new directory gets mode 0700, files 0600).

    Raises:
        KeysUnusable: a file can be read by others, or is not what it should be.
    """
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    node = _file(directory / "node.key", lambda: secrets.token_bytes(32))
    masking = _file(directory / "masking.key", lambda: secrets.token_bytes(32))
    audit = _file(directory / "audit.pem", lambda: _pem(Ed25519PrivateKey.generate()))
    ca_key_pem = _file(directory / "ca.key", lambda: _pem(ec.generate_private_key(ec.SECP256R1())))
    try:
        audit_key = serialization.load_pem_private_key(audit, None)
        ca_key = serialization.load_pem_private_key(ca_key_pem, None)
        if not isinstance(audit_key, Ed25519PrivateKey) or not isinstance(ca_key, ec.EllipticCurvePrivateKey):
            raise ValueError("another kind of key")
        ca_pem = _file(directory / "ca.pem", lambda: _authority(ca_key))
        certificate = x509.load_pem_x509_certificate(ca_pem)
        if certificate.public_key() != ca_key.public_key():
            raise ValueError("ca.pem does not belong to ca.key")
    except ValueError as cause:
        raise KeysUnusable(f"a key file in {directory} is damaged ({cause}); restore it from a backup") from cause
    if len(node) != 32 or len(masking) != 32:
        raise KeysUnusable(f"a key file in {directory} is damaged (length); restore it from a backup")
    for changed in (directory, directory.parent):
        _sync_names(changed)
    return NodeKeys(Secret(node), Secret(masking), audit_key, certificate, ca_key)


def issue_server_certificate(keys: NodeKeys, names: Sequence[str], now: datetime.datetime) -> ServerCertificate:
    """A certificate for the listeners, for ``names`` (host names and IP addresses), signed by the node's CA."""
    key = ec.generate_private_key(ec.SECP256R1())
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])]))
        .issuer_name(keys.ca_certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(days=SERVER_DAYS))
        .add_extension(x509.SubjectAlternativeName([_alternative(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    )
    signed = builder.sign(keys.ca_key, hashes.SHA256())
    return ServerCertificate(signed.public_bytes(serialization.Encoding.PEM), _pem(key))


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _authority(key: ec.EllipticCurvePrivateKey) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "safelight gateway CA")])
    now = datetime.datetime.now(datetime.UTC)
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(days=CA_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
    )
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _pem(key: Ed25519PrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _file(path: Path, make: Callable[[], bytes]) -> bytes:
    """The file's bytes; made whole or not at all (written beside, fsynced, then renamed)."""
    if not path.exists():
        beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(make())
            file.flush()
            os.fsync(file.fileno())
        beside.rename(path)
    if path.stat().st_mode & 0o077:
        raise KeysUnusable(f"{path} can be read by others; run: chmod 600 {path}")
    return path.read_bytes()


def _sync_names(directory: Path) -> None:
    """Make the names in ``directory`` durable: a key that a power loss took away would leave a log that nobody can
    go on with, and sealed fields that nobody can open."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
