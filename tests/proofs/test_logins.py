"""Logins with wrong, expired and revoked credentials: told what may be told, recorded, and no oracle for guessing."""

import statistics
import time
from dataclasses import replace

import psycopg
import pytest

from safelight.domain.errors import PeerProtocolError
from tests.proofs.audit_trail import records
from tests.proofs.neighbour import Neighbour
from tests.proofs.peer import Peer
from tests.rig.gateway import Gateway, SessionLogin, Target
from tests.rig.servers import Server

ATTEMPTS = 60


def _failed_login(login: SessionLogin) -> tuple[str, float]:
    """What is told, and how long it took from the proof to the answer."""
    with Peer(login.host, login.port) as peer:
        peer.startup(user=login.user, database=login.database)
        began = time.perf_counter()
        with pytest.raises(PeerProtocolError) as failed:
            peer.prove("not the password")
        return str(failed.value).replace(login.user, "…"), time.perf_counter() - began


def test_a_wrong_password_and_an_unknown_user_are_the_same(
    gateway: Gateway, login: SessionLogin, neighbour: Neighbour
) -> None:
    """Alternately, so that whatever else the machine does meets both: equal words, and times that overlap."""
    grant = gateway.grant("shop-db")
    known, unknown = [], []
    for number in range(ATTEMPTS):
        if number % 5 == 0:
            wrong = gateway.credential(grant, "shop-db")  # each user has a limit of failures
        stranger = replace(wrong, user=f"nobody.{number:06}")
        known.append(_failed_login(wrong))
        unknown.append(_failed_login(stranger))
    assert {told for told, _ in known} == {told for told, _ in unknown}
    assert known[0][0] == 'FATAL 28P01 password authentication failed for user "…"'
    _assert_overlap([seconds for _, seconds in known], [seconds for _, seconds in unknown])


def _assert_overlap(one: list[float], other: list[float]) -> None:
    """The median of each lies within the middle 80% of the other."""
    for samples, against in ((one, other), (other, one)):
        deciles = statistics.quantiles(against, n=10)
        assert deciles[0] <= statistics.median(samples) <= deciles[-1], (statistics.median(samples), deciles)


def test_the_challenge_tells_no_users_apart(gateway: Gateway, login: SessionLogin) -> None:
    """Salt and rounds of a user who does not exist stay the same when asked again, as a real one's do."""

    def challenge(user: str) -> tuple[bytes, bytes]:
        with Peer(login.host, login.port) as peer:
            peer.startup(user=user, database="shop-db")
            assert peer.next_message()[0] == b"R"
            peer.message(b"p", b"SCRAM-SHA-256\0\0\0\0\x19n,,n=,r=abcdefghijklmnopq")
            _, salt, rounds = peer.next_message()[1].split(b",")
            return salt, rounds

    strangers = [challenge(f"stranger.{number}") for number in (1, 1, 2)]
    known = [challenge(login.user), challenge(login.user)]
    assert strangers[0] == strangers[1] != strangers[2] and known[0] == known[1]
    assert {len(salt) for salt, _ in strangers + known} == {len(known[0][0])}
    assert {rounds for _, rounds in strangers + known} == {known[0][1]}


def test_after_too_many_failures_the_right_password_does_not_help(gateway: Gateway, neighbour: Neighbour) -> None:
    guessed = gateway.session("shop-db")
    for _ in range(10):
        _failed_login(guessed)
    told, _ = _failed_login(guessed)
    assert told.startswith("FATAL 28P01")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(guessed.dsn())
    psycopg.connect(gateway.session("shop-db").dsn()).close()  # somebody's other credentials are not closed
    refused = [record for record in records(gateway) if record.kind == "connection.refused"]
    mine = [record for record in refused if (record.sensitive or {}).get("user") == guessed.user]
    assert len(mine) == 10, "past the limit failures are counted, not written: nobody fills the log"


def test_a_revoked_credential_and_a_grant_that_was_given_back(gateway: Gateway, neighbour: Neighbour) -> None:
    login = gateway.session("shop-db")
    live = psycopg.connect(login.dsn(), autocommit=True)
    gateway.api("POST", f"/grants/{login.grant}/end", {}, by="ada")
    with pytest.raises(psycopg.OperationalError):
        live.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError, match="safelight: "):
        psycopg.connect(login.dsn())


def test_an_expired_credential(spare: Server) -> None:
    settings = "[access]\ncredential_seconds = 2\nminimum_grant_seconds = 1"
    with Gateway([Target("shop-db", spare, ("shop",))], settings=settings) as gateway:
        login = gateway.session("shop-db")
        time.sleep(2.1)  # by the wall clock, as it is written in the credential
        with pytest.raises(psycopg.OperationalError, match=r"this credential has expired.*\n.*credential\.expired"):
            psycopg.connect(login.dsn())
        last = [record for record in records(gateway) if record.kind == "connection.refused"][-1]
        assert last.fields["rule"] == "credential.expired" and last.actor == "ada"
