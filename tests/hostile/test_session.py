"""Servers that break off, lie about COPY, or speak unasked in a session that began well."""

import time

import psycopg
import pytest

from safelight.protocols.postgres import messages as m
from tests.hostile.conftest import Ends, live_on_hostile
from tests.hostile.saying import LEAK, OK, PLANTED, QUERY, READY, answers, columns, row
from tests.proofs.hostile import HostileServer, Script, Talk
from tests.proofs.peer import Peer, told
from tests.rig.gateway import Gateway, SessionLogin

COPY_OUT = "COPY (SELECT id, country FROM customers) TO STDOUT"
COPY_IN = "COPY orders (note) FROM STDIN"
OUT_BEGINS, IN_BEGINS = m.message(b"H", b"\0\0\2\0\0\0\0"), m.message(b"G", b"\0\0\1\0\0")
COPIED = m.message(b"d", b"1\tNL\n")


@pytest.fixture(scope="session")
def oid(hostile: HostileServer) -> int:
    return int(hostile.sql("SELECT 'customers'::regclass::oid::int", "shop"))


def _then_gone(*replies: bytes) -> Script:
    """A true login; this for the first statement, whole or not; then nobody is there."""

    def play(talk: Talk) -> None:
        talk.login()
        talk.hear()
        for reply in replies:
            talk.send(reply)
        talk.hang_up()

    return play


@pytest.mark.parametrize(
    "said", [b"", OUT_BEGINS, OUT_BEGINS + COPIED, OUT_BEGINS + COPIED[:-2], OUT_BEGINS + COPIED + m.message(b"c")]
)
def test_a_server_that_dies_while_it_copies_out(
    hostile: HostileServer, victim: SessionLogin, ends: Ends, said: bytes
) -> None:
    hostile.script = _then_gone(said)
    with psycopg.connect(victim.dsn(), autocommit=True) as connection:
        with pytest.raises(psycopg.OperationalError), connection.cursor().copy(COPY_OUT) as copy:
            list(copy)
        assert connection.broken
    assert ends.reason() == "the target closed the connection"


def test_a_server_that_dies_while_it_copies_in(hostile: HostileServer, victim: SessionLogin, ends: Ends) -> None:
    """The writer is told, however much it still has to write."""
    hostile.script = _then_gone(IN_BEGINS)
    with psycopg.connect(victim.dsn(), autocommit=True) as connection:
        began = time.monotonic()
        with pytest.raises(psycopg.OperationalError), connection.cursor().copy(COPY_IN) as copy:
            while time.monotonic() - began < 10:
                copy.write("something to note\n" * 1000)
        assert time.monotonic() - began < 5
    assert ends.reason() == "the target closed the connection"


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (COPY_OUT, IN_BEGINS),
        (COPY_OUT, m.message(b"W", b"\0\0\0")),
        (COPY_OUT, OUT_BEGINS + m.message(b"d", b"1\tNL\textra\n")),
        (COPY_OUT, m.message(b"H", b"\1\0\2\0\1\0\1") + COPIED),
        (COPY_OUT, m.message(b"H", b"\0\0\3\0\0\0\0\0\0") + COPIED),
        (COPY_OUT, OUT_BEGINS + COPIED + READY),
        (COPY_OUT, OUT_BEGINS + m.message(b"d", b"1\tNL") + m.message(b"c")),
        (COPY_OUT, COPIED),
        (COPY_IN, OUT_BEGINS + COPIED),
        (COPY_IN, COPIED),
        (COPY_IN, IN_BEGINS + IN_BEGINS),
        (QUERY, OUT_BEGINS + COPIED),
    ],
)
def test_a_copy_that_nobody_asked_for(
    hostile: HostileServer, victim: SessionLogin, ends: Ends, statement: str, said: bytes
) -> None:
    hostile.script = answers(said)
    with Peer.logged_in(victim) as peer:
        peer.send(m.query(statement.encode()))
        errors = [told(body) for kind, body in peer.messages() if kind == b"E"]
    assert errors == ["FATAL 08P01 the target broke the protocol; the session cannot go on"]
    assert ends.reason()


def test_an_answer_that_is_cut_off_anywhere(hostile: HostileServer, victim: SessionLogin, oid: int) -> None:
    """The client never takes a part of an answer for the whole."""
    answer = columns(oid) + LEAK + row(b"2", b"bob@example.com") + m.message(b"C", b"SELECT 2\0")
    for cut in range(0, len(answer), 5):
        hostile.script = _then_gone(answer[:cut])
        with psycopg.connect(victim.dsn(), autocommit=True) as connection:
            with pytest.raises(psycopg.OperationalError) as broken:
                connection.execute(QUERY)
            assert connection.broken and PLANTED not in str(broken.value)


@pytest.mark.parametrize(
    "said",
    [LEAK, OK, READY, m.message(b"1"), m.message(b"n"), m.message(b"c"), m.message(b"t", b"\0\0"), b"\0\0\0\0\0"],
)
def test_a_server_that_speaks_unasked(hostile: HostileServer, victim: SessionLogin, ends: Ends, said: bytes) -> None:
    """While nothing runs: the session ends, and what was said does not reach the client."""

    def play(talk: Talk) -> None:
        talk.login()
        talk.send(said)
        talk.listen()

    hostile.script = play
    try:
        with Peer.logged_in(victim) as peer:
            kinds = [kind for kind, _ in peer.messages()]
    except psycopg.OperationalError:
        kinds = [b"E"]
    assert kinds == [b"E"]
    assert "broke the protocol" in ends.reason()


@pytest.mark.parametrize("said", ["half a row", "half a head", "nothing"])
def test_silence_can_be_ended_from_outside(
    gateway: Gateway, hostile: HostileServer, ends: Ends, oid: int, said: str
) -> None:
    """A server that stops in the middle holds its own session up, and no longer than until somebody ends it."""
    begun = {"half a row": columns(oid) + LEAK[:-3], "half a head": columns(oid) + LEAK[:3], "nothing": b""}[said]
    hostile.script = answers(begun)
    with Peer.logged_in(gateway.session("hostile-db")) as peer:  # a kill revokes its credential
        peer.send(m.query(QUERY.encode()))
        peer.drain(0.3)
        [session] = live_on_hostile(gateway)
        began = time.monotonic()
        body = {"scope": "session", "subject": session, "reason": "it hangs"}
        gateway.api("POST", "/kills", body, by="sam")
        assert peer.closed() and time.monotonic() - began < 3
    assert "it hangs" in ends.reason()


def test_a_client_that_gives_up_ends_the_session(
    hostile: HostileServer, victim: SessionLogin, ends: Ends, oid: int
) -> None:
    hostile.script = answers(columns(oid) + LEAK[:-3])
    with Peer.logged_in(victim) as peer:
        peer.send(m.query(QUERY.encode()))
        peer.drain(0.2)
    assert ends.reason() == "the client vanished"
