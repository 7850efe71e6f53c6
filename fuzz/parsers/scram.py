"""SCRAM, both sides: the first byte says whose messages these are, a line break parts the first from the last."""

from safelight.domain.errors import PeerProtocolError
from safelight.protocols.postgres.scram import (
    MAX_ITERATIONS,
    ScramClient,
    ScramServer,
    derive,
    make_verifier,
)

SALT, WORD, CLIENT_NONCE, SERVER_NONCE = b"salt" * 4, b"word", b"client-nonce", b"server-nonce"
CLIENTS, SERVERS, CLIENTS_PLUS = 0, 1, 2
VERIFIER = make_verifier(WORD, SALT, 2)
KEYS = derive(WORD, SALT, 2)


def _exchange(endpoint: bytes | None) -> tuple[bytes, bytes, bytes, bytes]:
    client = ScramClient(CLIENT_NONCE, endpoint=endpoint)
    server = ScramServer(VERIFIER, SERVER_NONCE, plus=endpoint is not None, endpoint=endpoint)
    first = client.first()
    challenge = server.first(first)
    client.challenge(challenge)
    last = client.final(KEYS)
    return first, last, challenge, server.final(last) or b""


_FIRST, _LAST, _CHALLENGE, _SIGNATURE = _exchange(None)
_FIRST_PLUS, _LAST_PLUS, _, _ = _exchange(b"endpoint")
SEEDS = (
    b"\0" + _FIRST + b"\n" + _LAST,
    b"\1" + _CHALLENGE + b"\n" + _SIGNATURE,
    b"\2" + _FIRST_PLUS + b"\n" + _LAST_PLUS,
    b"\0y,,n=,r=client-nonce\nc=eSws,r=client-nonceserver-nonce,p=AAAA",
    b"\1r=client-nonceserver-nonce,s=c2FsdHNhbHQ=,i=2147483647\nv=",
    b"\1m=x,r=client-nonceserver-nonce,s=,i=1\ne=other-error",
)


def one_input(data: bytes) -> bool:
    side, (first, _, last) = (data[0] if data else 0) % 3, data[1:].partition(b"\n")
    try:
        return _as_server(first, last, plus=side == CLIENTS_PLUS) if side != SERVERS else _as_client(first, last)
    except PeerProtocolError:
        return False


def _as_server(first: bytes, last: bytes, *, plus: bool) -> bool:
    server = ScramServer(VERIFIER, SERVER_NONCE, plus=plus, endpoint=b"endpoint" if plus else None)
    server.first(first)
    if server.final(last) is None:
        return False
    assert b"r=" in first and b",p=" in last, "nobody comes in without a proof"
    assert SERVER_NONCE in last, "a proof over another nonce"
    return True


def _as_client(challenge: bytes, signature: bytes) -> bool:
    client = ScramClient(CLIENT_NONCE, endpoint=None)
    salt, rounds = client.challenge(challenge)
    assert 4 <= len(salt) <= 1024 and 1 <= rounds <= MAX_ITERATIONS
    if (salt, rounds) != (SALT, 2):
        return False  # another key: what it would take is time
    said = client.final(KEYS)
    assert WORD not in said
    client.verify(signature)
    assert challenge.startswith(b"r=" + CLIENT_NONCE), "a server was believed for another exchange"
    return True
