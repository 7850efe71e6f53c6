"""Targets are not to be trusted: whatever a server says, at login or later, it gets no secret, the client gets no
value that was not vouched for, and no other session notices (I9)."""

import struct
from collections.abc import Callable

import psycopg
import pytest

from safelight.protocols.postgres import messages as m
from tests.proofs.conftest import VICTIM_PASSWORD
from tests.proofs.hostile import HostileServer, Script, Talk
from tests.proofs.neighbour import Neighbour
from tests.rig.gateway import Gateway, SessionLogin

INT4, TEXT = 23, 25
ATTRIBUTES = {"id": 1, "email": 2, "country": 5}
PLANTED = "planted.secret@example.com"
OK, READY = m.message(b"C", b"SELECT 1\0"), m.ready_for_query()


@pytest.fixture(scope="session")
def hostile_login(gateway: Gateway) -> SessionLogin:
    return gateway.session("hostile-db")


@pytest.fixture(scope="session")
def customers_oid(hostile: HostileServer) -> int:
    return int(hostile.sql("SELECT 'customers'::regclass::oid::int", "shop"))


# --- at login ---------------------------------------------------------------------------------------------------


def _authentication(code: int, payload: bytes = b"") -> Script:
    def play(talk: Talk) -> None:
        talk.send(m.authentication(code, payload))
        talk.listen()

    return play


def _sasl_challenge(change: Callable[[bytes], bytes]) -> Script:
    """A SCRAM challenge, made from the client's nonce by ``change``."""

    def play(talk: Talk) -> None:
        talk.send(m.authentication(m.AUTH_SASL, b"SCRAM-SHA-256\0\0"))
        first = talk.hear()
        nonce = first[first.rindex(b"r=") + 2 :]
        talk.send(m.authentication(m.AUTH_SASL_CONTINUE, change(nonce)))
        talk.listen()

    return play


def _unproven(last: bytes) -> Script:
    """SCRAM in which the server proves nothing: it says ``last`` in place of its signature."""

    def play(talk: Talk) -> None:
        talk.send(m.authentication(m.AUTH_SASL, b"SCRAM-SHA-256\0\0"))
        first = talk.hear()
        nonce = first[first.rindex(b"r=") + 2 :]
        talk.send(m.authentication(m.AUTH_SASL_CONTINUE, b"r=" + nonce + b"abcdefghijkl,s=c2FsdHNhbHQ=,i=4096"))
        talk.hear()
        talk.send(last)
        talk.listen()

    return play


def _says(data: bytes) -> Script:
    def play(talk: Talk) -> None:
        talk.send(data)
        talk.listen()

    return play


def _silence(talk: Talk) -> None:
    talk.listen()


def _hangs_up(_: Talk) -> None:
    return


LOGINS: dict[str, tuple[Script, str]] = {
    "the password in clear": (_authentication(m.AUTH_CLEARTEXT), "in a form that would give it away"),
    "the password by MD5": (_authentication(m.AUTH_MD5, b"salt"), "in a form that would give it away"),
    "an unknown method": (_authentication(99), "in a form that would give it away"),
    "no password at all": (_authentication(m.AUTH_OK), "without its password"),
    "no mechanism of ours": (_authentication(m.AUTH_SASL, b"PLAIN\0\0"), "offers no SCRAM-SHA-256"),
    "2^31 rounds": (
        _sasl_challenge(lambda n: b"r=%babcdefgh,s=c2FsdHNhbHQ=,i=2147483647" % n),
        "number of SCRAM rounds",
    ),
    "no rounds": (_sasl_challenge(lambda n: b"r=%babcdefgh,s=c2FsdHNhbHQ=,i=0" % n), "number of SCRAM rounds"),
    "another nonce": (_sasl_challenge(lambda n: b"r=somethingelse,s=c2FsdHNhbHQ=,i=4096"), "nonce"),
    "our nonce and no more": (_sasl_challenge(lambda n: b"r=%b,s=c2FsdHNhbHQ=,i=4096" % n), "nonce"),
    "no salt": (_sasl_challenge(lambda n: b"r=%babcdefgh,s=,i=4096" % n), "salt"),
    "a challenge of nothing": (_sasl_challenge(lambda n: b""), "attributes"),
    "a false signature": (_unproven(m.authentication(m.AUTH_SASL_FINAL, b"v=" + b"A" * 43 + b"=")), "did not prove"),
    "a failure of the proof": (_unproven(m.authentication(m.AUTH_SASL_FINAL, b"e=other-error")), "did not prove"),
    "welcome without a signature": (_unproven(m.authentication(m.AUTH_OK)), "sent no SCRAM signature"),
    "ready without a login": (_says(READY), "skipped authentication"),
    "another protocol": (_says(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "broke the protocol"),
    "a message of 4 GB": (_says(b"R\xff\xff\xff\xff"), "impossible length"),
    "a message of 2 GB": (_says(b"R\x7f\xff\xff\xff"), "impossible length"),
    "notices without end": (_says(m.notice("wait") * 1000), "floods the login"),
    "an error": (_says(m.error("FATAL", "57P03", f"ask {PLANTED}")), "SQLSTATE 57P03"),
    "silence": (_silence, "did not answer within 2 s"),
    "half a message": (_says(b"R\0\0"), "did not answer within 2 s"),
    "goodbye": (_hangs_up, "closed the connection during the handshake"),
}


@pytest.mark.parametrize("name", LOGINS)
def test_a_login_that_cannot_be_trusted(
    hostile: HostileServer, hostile_login: SessionLogin, neighbour: Neighbour, name: str
) -> None:
    hostile.script, why = LOGINS[name]
    hostile.talks.clear()
    with pytest.raises(psycopg.OperationalError) as refused:
        psycopg.connect(hostile_login.dsn())
    told = str(refused.value)
    assert why in told and "Rule: target.unavailable" in told and PLANTED not in told, told
    heard = b"".join(talk.received for talk in hostile.talks)
    assert VICTIM_PASSWORD.encode() not in heard


# --- in a session -----------------------------------------------------------------------------------------------


def _columns(oid: int, *names: str, types: tuple[int, ...] = (INT4, TEXT)) -> bytes:
    """A RowDescription in which the columns are those of table ``oid``."""
    fields = [
        name.encode() + b"\0" + struct.pack("!IhIhih", oid, ATTRIBUTES[name], kind, -1, -1, 0)
        for name, kind in zip(names, types, strict=True)
    ]
    return m.message(b"T", struct.pack("!H", len(fields)) + b"".join(fields))


def _row(*values: bytes) -> bytes:
    return m.message(b"D", struct.pack("!H", len(values)) + b"".join(struct.pack("!i", len(v)) + v for v in values))


LEAK = _row(b"1", PLANTED.encode())
Answer = Callable[[int], bytes]
ANSWERS: dict[str, Answer] = {
    "a row that was not described": lambda _: LEAK + OK + READY,
    "a description of one more column": lambda oid: (
        _columns(oid, "id", "email", "country", types=(INT4, TEXT, TEXT)) + LEAK
    ),
    "a description of one column less": lambda oid: _columns(oid, "id", types=(INT4,)) + LEAK,
    "a labelled column in another's place": lambda oid: _columns(oid, "email", "email") + LEAK,
    "a table that nobody knows": lambda _: _columns(999_999, "id", "email") + LEAK,
    "another unlabelled column in a labelled one's place": lambda oid: _columns(oid, "id", "country") + LEAK,
    "a row with one more value": lambda oid: _columns(oid, "id", "email") + _row(b"1", b"x", PLANTED.encode()),
    "a row with one value less": lambda oid: _columns(oid, "id", "email") + _row(PLANTED.encode()),
    "a value longer than its row": lambda oid: (
        _columns(oid, "id", "email") + m.message(b"D", struct.pack("!Hi", 2, 1_000_000) + PLANTED.encode())
    ),
    "a value of negative length": lambda oid: (
        _columns(oid, "id", "email") + m.message(b"D", struct.pack("!Hi", 2, -7))
    ),
    "a row of 4 GB": lambda oid: _columns(oid, "id", "email") + b"D\xff\xff\xff\xff" + PLANTED.encode(),
    "a row of 2 GB": lambda oid: _columns(oid, "id", "email") + b"D\x7f\xff\xff\xff" + PLANTED.encode(),
    "a description inside of a description": lambda oid: _columns(oid, "id", "email") * 2 + LEAK,
    "a broken description": lambda _: m.message(b"T", b"\xff\xff" + PLANTED.encode()) + LEAK,
    "COPY in place of rows": lambda _: (
        m.message(b"H", b"\0\0\2\0\0\0\0") + m.message(b"d", PLANTED.encode() + b"\n") + m.message(b"c")
    ),
    "a wish for the client's data": lambda _: m.message(b"G", b"\0\0\1\0\0"),
    "both directions at once": lambda _: m.message(b"W", b"\0\0\0"),
    "a wish for a password": lambda _: m.authentication(m.AUTH_CLEARTEXT),
    "a second key": lambda _: m.backend_key_data(1, b"key!"),
    "an answer to a function call": lambda _: m.message(b"V", struct.pack("!i", 26) + PLANTED.encode()),
    "parameters that nobody described": lambda _: m.message(b"t", struct.pack("!Hi", 1, TEXT)),
    "a message of no type": lambda _: m.message(b"\0", PLANTED.encode()),
    "ready, and once more": lambda _: m.message(b"I") + READY + READY,
    "ready in no state": lambda _: m.message(b"I") + m.ready_for_query(b"X"),
    "an end of nothing": lambda _: OK + OK + READY,
    "an error that is not one": lambda _: m.message(b"E", b"S" + PLANTED.encode()),
    "the end of the connection": lambda oid: _columns(oid, "id", "email") + b"D\0\0\0\x40\0\2",
}
QUERY = "SELECT id, email FROM customers WHERE id = 1"


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_that_cannot_be_vouched_for(
    hostile: HostileServer, hostile_login: SessionLogin, neighbour: Neighbour, customers_oid: int, name: str
) -> None:
    answer = ANSWERS[name](customers_oid)

    def play(talk: Talk) -> None:
        talk.login()
        talk.hear()
        talk.send(answer)
        if name != "the end of the connection":
            talk.listen()

    hostile.script = play
    with psycopg.connect(hostile_login.dsn(), autocommit=True) as connection:
        with pytest.raises(psycopg.Error) as broken:
            connection.execute(QUERY).fetchall()
            connection.execute("SELECT 1")
        assert PLANTED not in str(broken.value) and connection.broken


def test_a_true_answer_is_masked(
    hostile: HostileServer, hostile_login: SessionLogin, neighbour: Neighbour, customers_oid: int
) -> None:
    """The same bytes, told as they should be: what the refusals above are held against."""
    hostile.script = lambda talk: talk.answer_query(_columns(customers_oid, "id", "email") + LEAK + OK + READY)
    with psycopg.connect(hostile_login.dsn(), autocommit=True) as connection:
        [(identity, email)] = connection.execute(QUERY).fetchall()
    assert identity == 1 and email != PLANTED


def test_a_flood_holds_up_nobody(
    hostile: HostileServer, hostile_login: SessionLogin, neighbour: Neighbour, customers_oid: int
) -> None:
    notice = m.notice("look at this")
    flood = notice * (2_000_000 // len(notice))
    hostile.script = lambda talk: talk.answer_query(flood, _columns(customers_oid, "id", "email"), LEAK, OK, READY)
    with psycopg.connect(hostile_login.dsn(), autocommit=True) as connection:
        connection.execute(QUERY).fetchall()
    assert neighbour.slowest_seconds < 0.3


UNASKED: dict[str, bytes] = {
    "a setting": m.parameter_status("TimeZone", "UTC"),
    "what is no setting": m.parameter_status("x", PLANTED),
    "a notification": m.message(b"A", struct.pack("!i", 1) + b"jobs\0run\0"),
    "an error": m.error("ERROR", "22012", "no"),
}


@pytest.mark.parametrize("name", UNASKED)
def test_a_flood_of_what_nobody_asked_for_ends_the_session(
    hostile: HostileServer, hostile_login: SessionLogin, neighbour: Neighbour, name: str
) -> None:
    hostile.script = lambda talk: talk.answer_query(UNASKED[name] * 100_000)
    with psycopg.connect(hostile_login.dsn(), autocommit=True) as connection:
        with pytest.raises(psycopg.Error) as first:
            connection.execute(QUERY)
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
        assert connection.broken
    assert name == "an error" or "the target broke the protocol" in str(first.value)
    assert neighbour.slowest_seconds < 0.3


def test_a_long_row_in_tiny_pieces_holds_up_nobody(
    hostile: HostileServer, hostile_login: SessionLogin, neighbour: Neighbour, customers_oid: int
) -> None:
    size = 7 * 1024 * 1024
    value = b"x" * (size - 2000)
    start = _columns(customers_oid, "id", "email") + b"D" + struct.pack("!iHi", 4 + 2 + 5 + 4 + size, 2, 1) + b"1"
    pieces = [b"x"] * 2000
    hostile.script = lambda talk: talk.answer_query(start + struct.pack("!i", size) + value, *pieces, OK + READY)
    with psycopg.connect(hostile_login.dsn(), autocommit=True) as connection:
        connection.execute(QUERY).fetchall()
    assert neighbour.slowest_seconds < 0.3


@pytest.mark.parametrize(
    ("value", "told"),
    [("Europe/Amsterdam", "Europe/Amsterdam"), (PLANTED, None), ("UTC'; DROP TABLE orders", None)],
)
def test_no_value_is_smuggled_in_a_setting(
    hostile: HostileServer, hostile_login: SessionLogin, customers_oid: int, value: str, told: str | None
) -> None:
    status = m.parameter_status("TimeZone", value) + m.parameter_status("session_authorization", PLANTED)
    hostile.script = lambda talk: talk.answer_query(
        status + _columns(customers_oid, "id", "email") + LEAK + OK + READY
    )
    with psycopg.connect(hostile_login.dsn(), autocommit=True) as connection:
        before = connection.info.parameter_status("TimeZone")
        connection.execute(QUERY).fetchall()
        assert connection.info.parameter_status("TimeZone") == (told or before)
        assert connection.info.parameter_status("session_authorization") == hostile_login.user


# --- not there --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["down-db", "silent-db"])
def test_a_target_that_is_down_or_silent(gateway: Gateway, neighbour: Neighbour, target: str) -> None:
    login = gateway.session(target)
    with pytest.raises(psycopg.OperationalError) as refused:
        psycopg.connect(login.dsn())
    told = str(refused.value)
    assert "Rule: target.unavailable" in told and "safelight doctor" in told


def test_no_such_target(gateway: Gateway, login: SessionLogin, neighbour: Neighbour) -> None:
    with pytest.raises(psycopg.OperationalError, match="there is no target nowhere-db"):
        psycopg.connect(login.dsn(dbname="nowhere-db"))
