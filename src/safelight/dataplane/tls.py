"""TLS contexts and channel binding (RFC 5929 §4: tls-server-end-point)."""

import os
import ssl
from collections.abc import Callable

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from safelight.dataplane.connection import TlsSide


def certificate_hash(der: bytes) -> bytes:
    """RFC 5929 §4.1: the certificate's hash, by the hash function of its signature (SHA-256 for MD5 and SHA-1)."""
    algorithm = x509.load_der_x509_certificate(der).signature_hash_algorithm
    if algorithm is None or isinstance(algorithm, hashes.MD5 | hashes.SHA1):
        algorithm = hashes.SHA256()
    digest = hashes.Hash(algorithm)
    digest.update(der)
    return digest.finalize()


ALPN = ["postgresql", "http/1.1"]
"""What the listeners speak (RFC 7301). A PostgreSQL client that begins with TLS must name its protocol."""


def server_side(certificate_pem: bytes, key_pem: bytes) -> TlsSide:
    """Our side towards clients. The key goes to OpenSSL through an anonymous file: it touches no disk."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(ALPN)
    file = os.memfd_create("server.pem", os.MFD_CLOEXEC)
    try:
        os.write(file, key_pem + b"\n" + certificate_pem)
        context.load_cert_chain(f"/proc/self/fd/{file}")
    finally:
        os.close(file)
    binding = certificate_hash(ssl.PEM_cert_to_DER_cert(_first_certificate(certificate_pem)))
    return TlsSide(context, server_side=True, host=None, endpoint=lambda _: binding)


def client_side(host: str, ca_file: str | None) -> TlsSide:
    """Our side towards a target: the certificate's chain and its host name are verified, always."""
    context = ssl.create_default_context(cafile=ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return TlsSide(context, server_side=False, host=host, endpoint=_peer_binding())


def _peer_binding() -> Callable[[ssl.SSLObject], bytes]:
    def binding(tls: ssl.SSLObject) -> bytes:
        der = tls.getpeercert(binary_form=True)
        assert der is not None, "verification was required"
        return certificate_hash(der)

    return binding


def _first_certificate(pem: bytes) -> str:
    text = pem.decode("ascii")
    end = "-----END CERTIFICATE-----"
    return text[: text.index(end) + len(end)] + "\n"
