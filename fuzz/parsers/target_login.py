"""A server's side of the login: the first byte says whether TLS is asked for and which secret there is."""

import base64
import hmac

from fuzz.parsers.playing import Ended, play
from safelight.domain.errors import PeerProtocolError, TargetUnavailable
from safelight.protocols.base.commands import Compute
from safelight.protocols.postgres import messages as m
from safelight.protocols.postgres.scram import MAX_ITERATIONS, ClientKeys, ScramServer, derive, make_verifier
from safelight.protocols.postgres.target_login import VERIFIED, TargetSecret, target_login

WORD, SALT, NONCE = b"the account's word", b"salt" * 4, b"client-nonce"
KEYS = derive(WORD, SALT, 2)
PASSWORD, KEPT, NOTHING = (
    TargetSecret(WORD, None, None, None),
    TargetSecret(None, KEYS, SALT, 2),
    TargetSecret(None, None, None, None),
)


def _replies() -> bytes:
    """A true server's, for our nonce."""
    server = ScramServer(make_verifier(WORD, SALT, 2), b"server-nonce", plus=False, endpoint=None)
    challenge = server.first(b"n,,n=,r=" + NONCE)
    without_proof = b"c=biws,r=" + NONCE + b"server-nonce"
    auth = b"n=,r=" + NONCE + b"," + challenge + b"," + without_proof
    return (
        m.authentication(m.AUTH_SASL, b"SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0")
        + m.authentication(m.AUTH_SASL_CONTINUE, challenge)
        + m.authentication(m.AUTH_SASL_FINAL, _signature(auth))
        + m.authentication(m.AUTH_OK)
    )


def _signature(auth: bytes) -> bytes:
    return b"v=" + base64.b64encode(hmac.digest(KEYS.server_key, auth, "sha256"))


_REST = (
    b"".join(m.parameter_status(name, value) for name, value in VERIFIED.items())
    + m.parameter_status("TimeZone", "UTC")
    + m.backend_key_data(4711, b"k" * 4)
    + m.notice("hello")
    + m.ready_for_query()
)
SEEDS = (
    b"\0" + _replies() + _REST,
    b"\1" + _replies() + _REST,
    b"\2" + m.authentication(m.AUTH_OK) + _REST,
    b"\4S" + m.authentication(m.AUTH_CLEARTEXT),
    b"\0" + m.authentication(m.AUTH_SASL, b"SCRAM-SHA-256\0\0") + m.authentication(11, b"r=client-nonce12345678,s="),
    b"\0" + m.error("FATAL", "28P01", "no"),
    b"\0" + m.negotiate_protocol_version(0, ["_pq_.x"]),
)


def one_input(data: bytes) -> bool:
    flags = data[0] if data else 0
    secret = (PASSWORD, KEPT, NOTHING)[(flags & 3) % 3]
    handshake = target_login(
        parameters={"user": "ada", "database": "shop"}, secret=secret, nonce=NONCE, use_tls=bool(flags & 4)
    )
    try:
        ready, sent = play(handshake, data[1:], _compute)
    except (Ended, PeerProtocolError, TargetUnavailable):
        return False
    assert WORD not in sent
    assert all(ready.parameters[name] == value for name, value in VERIFIED.items())
    if secret is not NOTHING:
        assert b"v=" in data, "a server was believed that proved nothing"
    return True


def _compute(command: Compute) -> ClientKeys:
    """The keys, without the work that the rounds would be."""
    _password, salt, rounds = command.arguments
    assert 4 <= len(salt) <= 1024 and 1 <= rounds <= MAX_ITERATIONS
    return KEYS
