"""SCRAM on both sides, against the RFC's own example and against each other."""

import secrets
from base64 import b64decode, b64encode

import pytest

from safelight.domain.errors import PeerProtocolError
from safelight.protocols.postgres.scram import (
    ScramClient,
    ScramServer,
    derive,
    make_verifier,
    mock_verifier,
)


def exchange(password: bytes, known: bytes, *, client_endpoint: bytes | None, server_endpoint: bytes | None) -> bool:
    plus = client_endpoint is not None
    server = ScramServer(make_verifier(known, b"salt" * 4, 64), b"server-nonce", plus=plus, endpoint=server_endpoint)
    client = ScramClient(b"client-nonce", endpoint=client_endpoint)
    salt, iterations = client.challenge(server.first(client.first()))
    final = server.final(client.final(derive(password, salt, iterations)))
    if final is None:
        return False
    client.verify(final)
    return True


def test_the_example_of_rfc_7677() -> None:
    verifier = make_verifier(b"pencil", b64decode("W22ZaJ0SNY7soEsUEjb6gQ=="), 4096)
    server = ScramServer(verifier, b"%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0", plus=False, endpoint=None)
    assert server.first(b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO").endswith(b"s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096")
    proof = (
        b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    )
    assert server.final(proof) == b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="


def test_both_sides_agree_with_and_without_channel_binding() -> None:
    word = secrets.token_bytes(24)
    assert exchange(word, word, client_endpoint=None, server_endpoint=None)
    assert exchange(word, word, client_endpoint=b"cert", server_endpoint=b"cert")


def test_a_wrong_password_and_a_man_in_the_middle_fail() -> None:
    word = secrets.token_bytes(24)
    assert not exchange(word + b"x", word, client_endpoint=None, server_endpoint=None)
    assert not exchange(word, word, client_endpoint=b"his", server_endpoint=b"ours")


def test_a_mock_verifier_is_stable_and_never_satisfied() -> None:
    secret = secrets.token_bytes(32)
    assert mock_verifier(secret, "ghost", 4096) == mock_verifier(secret, "ghost", 4096)
    server = ScramServer(mock_verifier(secret, "ghost", 64), b"server-nonce", plus=False, endpoint=None)
    client = ScramClient(b"client-nonce", endpoint=None)
    salt, rounds = client.challenge(server.first(client.first()))
    assert server.final(client.final(derive(b"anything", salt, rounds))) is None


def test_a_client_talked_out_of_channel_binding_is_refused() -> None:
    server = ScramServer(make_verifier(b"w", b"salt", 64), b"nonce-nonce", plus=False, endpoint=b"cert")
    with pytest.raises(PeerProtocolError, match="downgrade"):
        server.first(b"y,,n=,r=client-nonce")


@pytest.mark.parametrize(
    "challenge",
    [
        b"r=client-nonce-and-more,s=c2FsdA==,i=2147483648",
        b"r=client-nonce-and-more,s=c2FsdA==,i=0",
        b"r=another-nonce-altogether,s=c2FsdA==,i=4096",
        b"r=client-nonce,s=c2FsdA==,i=4096",
        b"r=client-nonce-and-more,s=***,i=4096",
        b"s=c2FsdA==,i=4096",
    ],
)
def test_a_hostile_server_challenge_is_refused(challenge: bytes) -> None:
    with pytest.raises(PeerProtocolError):
        ScramClient(b"client-nonce", endpoint=None).challenge(challenge)


def test_a_server_that_cannot_sign_is_not_believed() -> None:
    client = ScramClient(b"client-nonce", endpoint=None)
    salt, rounds = client.challenge(b"r=client-nonce-and-more,s=c2FsdA==,i=64")
    client.final(derive(b"word", salt, rounds))
    with pytest.raises(PeerProtocolError, match="did not prove"):
        client.verify(b"v=" + b64encode(bytes(32)))
