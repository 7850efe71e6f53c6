"""SCRAM-SHA-256 and SCRAM-SHA-256-PLUS, both sides, sans-IO.

RFC 5802 (the exchange), RFC 7677 (SHA-256), RFC 5929 §4 (tls-server-end-point), and PostgreSQL's "SASL
Authentication" chapter (the user name is empty in the exchange: the startup packet's counts). Nonces are inputs.
A password is never given away: a server that cannot prove itself is not believed.
"""

import hashlib
import hmac
import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from dataclasses import dataclass

from safelight.domain.errors import PeerProtocolError

MECHANISM = "SCRAM-SHA-256"
MECHANISM_PLUS = "SCRAM-SHA-256-PLUS"
MAX_ITERATIONS = 100_000
"""More rounds than this from a server are an attack on our time (a hostile one asks for 2^31)."""
_ROUNDS = re.compile(rb"[1-9][0-9]{0,9}")
"""RFC 5802 §7, posit-number; one of thousands of digits is not turned into a number at all."""


@dataclass(frozen=True, slots=True)
class Verifier:
    """What a server keeps of a password."""

    salt: bytes
    iterations: int
    stored_key: bytes
    server_key: bytes


@dataclass(frozen=True, slots=True)
class ClientKeys:
    """What a client needs to answer; derived from a password, or kept in its place."""

    client_key: bytes
    server_key: bytes


def _mac(key: bytes, text: bytes) -> bytes:
    return hmac.digest(key, text, "sha256")


def derive(password: bytes, salt: bytes, iterations: int) -> ClientKeys:
    """RFC 5802 §3: SaltedPassword, ClientKey and ServerKey. Slow on purpose: run it off the loop.

    The password is taken as its UTF-8 bytes; PostgreSQL falls back to the same where SASLprep does not apply.
    """
    salted = hashlib.pbkdf2_hmac("sha256", password, salt, iterations)
    return ClientKeys(_mac(salted, b"Client Key"), _mac(salted, b"Server Key"))


def make_verifier(password: bytes, salt: bytes, iterations: int) -> Verifier:
    keys = derive(password, salt, iterations)
    return Verifier(salt, iterations, hashlib.sha256(keys.client_key).digest(), keys.server_key)


def mock_verifier(secret: bytes, user: str, iterations: int) -> Verifier:
    """A verifier for a user that does not exist: stable per name, never satisfiable (RFC 5802 §9)."""
    seed = _mac(secret, b"mock:" + user.encode())
    return Verifier(seed[:16], iterations, _mac(seed, b"stored"), _mac(seed, b"server"))


def _attributes(text: bytes, *names: bytes) -> list[bytes]:
    """The values of the comma-separated attributes, which must come in just this order."""
    parts = text.split(b",")
    if len(parts) < len(names):
        raise PeerProtocolError("a SCRAM message lacks attributes")
    values = []
    for part, name in zip(parts, names, strict=False):
        if part[:2] != name + b"=":
            raise PeerProtocolError("a SCRAM message has an attribute out of place")
        values.append(part[2:])
    return values


def _decode(value: bytes) -> bytes:
    try:
        return b64decode(value, validate=True)
    except (Base64Error, ValueError) as cause:
        raise PeerProtocolError("a SCRAM attribute is not base64") from cause


class ScramServer:
    """The gateway's side towards a client.

    ``endpoint`` is our certificate's tls-server-end-point, or None without TLS. ``plus`` says which mechanism the
    client chose.
    """

    def __init__(self, verifier: Verifier, nonce: bytes, *, plus: bool, endpoint: bytes | None) -> None:
        self._verifier = verifier
        self._nonce = nonce
        self._plus = plus
        self._endpoint = endpoint
        self._header = b""
        self._first = b""
        self._server_first = b""

    def first(self, message: bytes) -> bytes:
        """client-first-message in, server-first-message out."""
        flag, _, rest = message.partition(b",")
        authzid, _, bare = rest.partition(b",")
        self._check_binding_flag(flag)
        if authzid:
            raise PeerProtocolError("SCRAM authorization identities are not supported")
        _user, client_nonce = _attributes(bare, b"n", b"r")
        if not 8 <= len(client_nonce) <= 256 or b"," in client_nonce:
            raise PeerProtocolError("the SCRAM client nonce has an unusable length")
        self._header = flag + b",,"
        self._first = bare
        self._full_nonce = client_nonce + self._nonce
        v = self._verifier
        self._server_first = b"r=%s,s=%s,i=%d" % (self._full_nonce, b64encode(v.salt), v.iterations)
        return self._server_first

    def _check_binding_flag(self, flag: bytes) -> None:
        """RFC 5802 §6: a client that could bind, and was offered it, must not be talked out of it."""
        if self._plus:
            if flag != b"p=tls-server-end-point":
                raise PeerProtocolError("SCRAM-SHA-256-PLUS needs the channel binding tls-server-end-point")
        elif flag == b"y" and self._endpoint is not None:
            raise PeerProtocolError("the client believes that channel binding is not offered: downgrade refused")
        elif flag not in (b"n", b"y"):
            raise PeerProtocolError("SCRAM-SHA-256 was chosen with a channel binding")

    def final(self, message: bytes) -> bytes | None:
        """client-final-message in; server-final-message out, or None when the proof is wrong."""
        without_proof, separator, proof_text = message.rpartition(b",p=")
        if not separator:
            raise PeerProtocolError("the SCRAM final message has no proof")
        binding, nonce = _attributes(without_proof, b"c", b"r")
        expected = self._header + (self._endpoint or b"" if self._plus else b"")
        proof = _decode(proof_text)
        auth = self._first + b"," + self._server_first + b"," + without_proof
        signature = _mac(self._verifier.stored_key, auth)
        key = bytes(a ^ b for a, b in zip(proof, signature, strict=False))
        good = (
            hmac.compare_digest(_decode(binding), expected)
            & hmac.compare_digest(nonce, self._full_nonce)
            & (len(proof) == 32)
            & hmac.compare_digest(hashlib.sha256(key).digest(), self._verifier.stored_key)
        )
        return b"v=" + b64encode(_mac(self._verifier.server_key, auth)) if good else None


class ScramClient:
    """The gateway's side towards a target. Mutual: :meth:`verify` must succeed before the server is believed."""

    def __init__(self, nonce: bytes, *, endpoint: bytes | None) -> None:
        self._header = b"p=tls-server-end-point,," if endpoint is not None else b"n,,"
        self._endpoint = endpoint or b""
        self._nonce = nonce
        self._auth = b""
        self._server_first = b""
        self._server_key = b""

    def first(self) -> bytes:
        return self._header + b"n=,r=" + self._nonce

    def challenge(self, server_first: bytes) -> tuple[bytes, int]:
        """server-first-message in; (salt, iterations) out, for the keys to be derived off the loop."""
        nonce, salt_text, iterations_text = _attributes(server_first, b"r", b"s", b"i")
        if not nonce.startswith(self._nonce) or len(nonce) < len(self._nonce) + 8:
            raise PeerProtocolError("the server's SCRAM nonce does not continue ours")
        salt = _decode(salt_text)
        if not _ROUNDS.fullmatch(iterations_text) or int(iterations_text) > MAX_ITERATIONS:
            raise PeerProtocolError("the server asks for an unacceptable number of SCRAM rounds")
        if not 4 <= len(salt) <= 1024:
            raise PeerProtocolError("the server's SCRAM salt has an unusable length")
        self._server_first = server_first
        self._full_nonce = nonce
        return salt, int(iterations_text)

    def final(self, keys: ClientKeys) -> bytes:
        without_proof = b"c=" + b64encode(self._header + self._endpoint) + b",r=" + self._full_nonce
        self._auth = b"n=,r=" + self._nonce + b"," + self._server_first + b"," + without_proof
        signature = _mac(hashlib.sha256(keys.client_key).digest(), self._auth)
        proof = bytes(a ^ b for a, b in zip(keys.client_key, signature, strict=True))
        self._server_key = keys.server_key
        return without_proof + b",p=" + b64encode(proof)

    def verify(self, server_final: bytes) -> None:
        """Raises: PeerProtocolError unless the server proved that it knows the verifier."""
        expected = b"v=" + b64encode(_mac(self._server_key, self._auth))
        if not hmac.compare_digest(server_final, expected):
            raise PeerProtocolError("the server did not prove that it knows the account")
