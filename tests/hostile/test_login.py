"""Logins that no server gives: each is refused with the same words, is on the log, and gives nothing away."""

import time
from queue import SimpleQueue

import psycopg
import pytest

from safelight.protocols.postgres import messages as m
from tests.hostile.conftest import VICTIM_PASSWORD, Ends
from tests.hostile.saying import PLANTED, says
from tests.proofs.hostile import HostileServer, Script, Talk
from tests.rig.gateway import SessionLogin

EVERY_BYTES = 9
"""A true login is cut off at every so many bytes: no multiple of a message's head."""
OURS = b"".join(
    m.parameter_status(name, value)
    for name, value in {
        "client_encoding": "UTF8",
        "standard_conforming_strings": "on",
        "integer_datetimes": "on",
    }.items()
)


def _after_the_proof(data: bytes) -> Script:
    """A login that is true up to AuthenticationOk, which this follows."""

    def play(talk: Talk) -> None:
        talk.login(until=m.authentication(m.AUTH_OK))
        talk.send(data)
        talk.listen()

    return play


NEVER: dict[str, tuple[Script, str]] = {
    "a version that is none": (
        says(m.message(b"v", b"\xff\xff\xff\xff\x7f\xff\xff\xff")),
        "does not speak protocol 3.0",
    ),
    "a version and no names": (says(m.negotiate_protocol_version(2, [])), "does not speak protocol 3.0"),
    "a version, cut off": (says(m.message(b"v", b"\0")), "does not speak protocol 3.0"),
    "authentication of nothing": (says(m.message(b"R")), "skipped authentication"),
    "Kerberos": (says(m.authentication(7)), "in a form that would give it away"),
    "a mechanism without an end": (says(m.authentication(m.AUTH_SASL, b"SCRAM-SHA-256" * 1000)), "offers no SCRAM"),
    "an error that is none": (says(m.message(b"E", b"S" + PLANTED.encode())), "not terminated"),
    "an error with a code for the terminal": (says(m.message(b"E", b"C\x1b]0;x\0\0")), "SQLSTATE unknown"),
    "an error for another protocol": (says(b"E" + b"FATAL: too many connections for you\n\0"), "impossible length"),
    "a key of three bytes": (_after_the_proof(OURS + m.backend_key_data(1, b"key")), "out of place"),
    "a key of 257 bytes": (_after_the_proof(OURS + m.backend_key_data(1, b"k" * 257)), "out of place"),
    "a key without a process": (_after_the_proof(OURS + m.message(b"K", b"\0\0")), "out of place"),
    "another encoding": (
        _after_the_proof(OURS + m.parameter_status("client_encoding", "SJIS") + m.ready_for_query()),
        "does not keep client_encoding",
    ),
    "strings of another kind": (
        _after_the_proof(OURS + m.parameter_status("standard_conforming_strings", "off") + m.ready_for_query()),
        "does not keep standard_conforming_strings",
    ),
    "settings that are not reported": (_after_the_proof(m.ready_for_query()), "does not keep"),
    "rows before it is ready": (_after_the_proof(OURS + m.message(b"D", b"\0\0")), "out of place"),
    "a second login": (_after_the_proof(OURS + m.authentication(m.AUTH_CLEARTEXT)), "out of place"),
}


@pytest.mark.parametrize("name", NEVER)
def test_what_no_server_says(hostile: HostileServer, victim: SessionLogin, ends: Ends, name: str) -> None:
    hostile.script, why = NEVER[name]
    hostile.talks.clear()
    with pytest.raises(psycopg.OperationalError) as refused:
        psycopg.connect(victim.dsn())
    told = str(refused.value)
    assert why in told and "Rule: target.unavailable" in told and "\x1b" not in told and PLANTED not in told, told
    assert ends.reason() == "not opened: TargetUnavailable"
    assert VICTIM_PASSWORD.encode() not in b"".join(talk.received for talk in hostile.talks)


def test_a_login_that_is_cut_off_anywhere(hostile: HostileServer, victim: SessionLogin) -> None:
    """And then the connection ends. Nothing is left of it, and a true login works afterwards."""
    whole: SimpleQueue[int] = SimpleQueue()
    hostile.script = lambda talk: whole.put(talk.login())
    psycopg.connect(victim.dsn()).close()
    cuts = range(1, whole.get(timeout=5), EVERY_BYTES)
    assert len(cuts) > 50
    for cut in cuts:
        hostile.script = lambda talk, cut=cut: talk.login(cut)  # type: ignore[misc]
        began = time.monotonic()
        with pytest.raises(psycopg.OperationalError, match=r"Rule: target\.unavailable"):
            psycopg.connect(victim.dsn())
        assert time.monotonic() - began < 1.5, f"the gateway waited for more after {cut} bytes"
    hostile.script = lambda talk: talk.listen() if talk.login() else None
    psycopg.connect(victim.dsn()).close()


def test_half_a_login_and_silence(hostile: HostileServer, victim: SessionLogin) -> None:
    """The gateway waits for as long as its settings say: two seconds."""

    def play(talk: Talk) -> None:
        talk.login(200)
        talk.listen()

    hostile.script = play
    began = time.monotonic()
    with pytest.raises(psycopg.OperationalError, match="did not answer within 2 s"):
        psycopg.connect(victim.dsn())
    assert 1.5 < time.monotonic() - began < 5


def test_no_login_says_what_the_password_is(hostile: HostileServer, victim: SessionLogin) -> None:
    """All that a server hears of a whole true login is a proof of it."""
    told: SimpleQueue[bytes] = SimpleQueue()

    def play(talk: Talk) -> None:
        talk.login()
        told.put(talk.answered)
        talk.listen()

    hostile.script = play
    psycopg.connect(victim.dsn()).close()
    heard = told.get(timeout=5)
    assert b"user\0victim\0" in heard and b",p=" in heard and VICTIM_PASSWORD.encode() not in heard
