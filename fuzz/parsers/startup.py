"""A client's startup phase: TLS requests, the startup packet, cancel requests, SCRAM.

The first byte says whether TLS is offered (1) and required (2); the rest is what the client sends.
"""

import struct

from fuzz.parsers.playing import Ended, play
from safelight.domain.errors import Denied, PeerProtocolError
from safelight.protocols.postgres import messages as m
from safelight.protocols.postgres.client_handshake import Cancel, FindVerifier, Login, client_handshake
from safelight.protocols.postgres.scram import ScramClient, ScramServer, Verifier, derive, make_verifier
from safelight.protocols.postgres.sql.settings import check_setting

NONCE, SALT, WORD = b"server-nonce-of-24-bytes", b"salt" * 4, b"word"
VERIFIER = make_verifier(WORD, SALT, 1)
PARAMETERS = {"user": "ada.k7f3", "database": "shop", "application_name": "psql", "client_encoding": "UTF8"}


def _proof() -> bytes:
    """A true exchange, for these nonces."""
    client = ScramClient(b"client-nonce", endpoint=None)
    server = ScramServer(VERIFIER, NONCE, plus=False, endpoint=None)
    first = client.first()
    client.challenge(server.first(first))
    last = client.final(derive(WORD, SALT, 1))
    return m.message(b"p", b"SCRAM-SHA-256\0" + struct.pack("!i", len(first)) + first) + m.message(b"p", last)


_LOGIN = m.startup(m.PROTOCOL_3_0, PARAMETERS) + _proof()
SEEDS = (
    b"\0" + _LOGIN,
    b"\1" + m.ssl_request() + m.startup(m.PROTOCOL_3_2, PARAMETERS | {"_pq_.x": "1"}),
    b"\0" + m.untyped(struct.pack("!i", m.GSSENC_REQUEST)) + m.ssl_request() + _LOGIN,
    b"\0" + m.startup(m.PROTOCOL_3_0, PARAMETERS | {"options": "-c DateStyle=ISO --time-zone=UTC -ca=b\\ c"}),
    b"\0" + m.startup(m.PROTOCOL_3_0, PARAMETERS | {"replication": "database"}),
    b"\0" + m.startup(0x3270F, PARAMETERS),
    b"\3" + m.cancel_request(4711, b"k" * 32),
    b"\1\x16\x03\x01\x02" + _LOGIN,
)


def one_input(data: bytes) -> bool:
    flags = data[:1]
    offered = bool(flags and flags[0] & 1)
    handshake = client_handshake(
        tls_offered=offered,
        tls_required=offered and bool(flags[0] & 2),
        nonce=NONCE,
        check_setting=lambda name, value: check_setting(name, value, at_startup=True),
    )
    try:
        outcome, _ = play(handshake, data[1:], _find)
    except (Ended, PeerProtocolError, Denied):
        return False
    if isinstance(outcome, Login):
        assert outcome.user == PARAMETERS["user"], "only who proves it comes in"
        assert all(" " <= letter <= "~" for letter in outcome.application_name), outcome.application_name
        assert not any(check_setting(k, v, at_startup=True) for k, v in outcome.settings.items()), outcome.settings
    elif isinstance(outcome, Cancel):
        assert 4 <= len(outcome.key) <= 256, len(outcome.key)
    return True


def _find(command: FindVerifier) -> Verifier:
    """Everybody else has another word, and other lengths of it are tried by the fuzzer itself."""
    if command.user == PARAMETERS["user"]:
        return VERIFIER
    return Verifier(SALT, 1, b"\0" * 32, b"\0" * 32)
