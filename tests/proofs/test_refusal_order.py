"""Order and atomicity under refusal, on a real server: a refused statement anywhere among others gives one error, one
ReadyForQuery with the true status, nothing of its implicit transaction stays, nothing behind it runs, and the session
goes on as if the server itself had failed it.
"""

import struct
from collections.abc import Iterator, Sequence

import psycopg
import pytest

from safelight.protocols.postgres import messages as m
from tests.hostile.conftest import DATABASE, LABELS, POLICY, SETTINGS, shop_server
from tests.proofs.peer import Peer, told
from tests.rig.gateway import Gateway, SessionLogin, Target
from tests.rig.servers import Server

PLACES = range(5)
REFUSED = "DROP TABLE orders"
MARK = "a mark of the test"
CHANGE = f"INSERT INTO orders (note) VALUES ('{MARK}')"
Answer = tuple[bytes, bytes]


@pytest.fixture(scope="module")
def shop() -> Iterator[Server]:
    yield from shop_server()


@pytest.fixture(scope="module")
def login(shop: Server) -> Iterator[SessionLogin]:
    target = Target("shop-db", shop, (DATABASE,), labels=LABELS)
    with Gateway([target], settings=SETTINGS, policies=POLICY) as gateway:
        yield gateway.session("shop-db", capabilities=("read", "write"))


@pytest.fixture
def peer(login: SessionLogin) -> Iterator[Peer]:
    with Peer.logged_in(login) as going_on:
        yield going_on


def _marks(shop: Server) -> int:
    return int(shop.sql(f"SELECT count(*) FROM orders WHERE note = '{MARK}'", DATABASE))


def _among(place: int) -> list[str]:
    """Four changes, and what is refused in this place."""
    return [*[CHANGE] * place, REFUSED, *[CHANGE] * (4 - place)]


def _extended(text: str) -> bytes:
    execute = m.message(b"E", b"\0" + struct.pack("!i", 0))
    return m.parse(b"", text.encode()) + m.message(b"B", bytes(8)) + execute


def _answers(peer: Peer, ready: int = 1) -> list[Answer]:
    """Up to and with so many ReadyForQuery."""
    found: list[Answer] = []
    for answer in peer.messages():
        found.append(answer)
        if sum(kind == b"Z" for kind, _ in found) == ready:
            break
    return found


def _is_one_refusal(answers: Sequence[Answer], status: bytes) -> None:
    errors = [told(body) for kind, body in answers if kind == b"E"]
    assert len(errors) == 1 and errors[0].startswith("ERROR 42501 safelight: "), errors
    assert [body for kind, body in answers if kind == b"Z"] == [status]
    assert answers[-1][0] == b"Z"


@pytest.mark.parametrize("place", PLACES)
def test_in_a_message_of_several(shop: Server, peer: Peer, place: int) -> None:
    peer.send(m.query("; ".join(_among(place)).encode()))
    answers = _answers(peer)
    _is_one_refusal(answers, b"I")
    assert not any(kind == b"C" for kind, _ in answers), "none ran, not even before it"
    assert _marks(shop) == 0


@pytest.mark.parametrize("place", PLACES)
def test_in_a_batch_of_the_extended_protocol(shop: Server, peer: Peer, place: int) -> None:
    """It is one implicit transaction: what ran before the refusal is rolled back, what follows is dropped."""
    peer.send(b"".join(map(_extended, _among(place))) + m.message(b"S"))
    answers = _answers(peer)
    _is_one_refusal(answers, b"I")
    assert sum(kind == b"C" for kind, _ in answers) == place
    assert _marks(shop) == 0


@pytest.mark.parametrize("place", PLACES)
def test_in_a_transaction_block(shop: Server, peer: Peer, place: int) -> None:
    """The block has failed, as with any error; its COMMIT is a rollback."""
    peer.send(m.query(b"BEGIN"))
    assert _answers(peer)[-1] == (b"Z", b"T")
    peer.send(b"".join(map(_extended, _among(place))) + m.message(b"S"))
    _is_one_refusal(_answers(peer), b"E")
    peer.send(m.query(CHANGE.encode()))
    failed = _answers(peer)
    assert "25P02" in told(failed[0][1]) and failed[-1] == (b"Z", b"E")
    peer.send(m.query(b"COMMIT"))
    assert _answers(peer) == [(b"C", b"ROLLBACK\0"), (b"Z", b"I")]
    assert _marks(shop) == 0


@pytest.mark.parametrize("place", PLACES)
def test_each_with_a_sync_of_its_own(shop: Server, peer: Peer, place: int) -> None:
    """All in flight at once: the others are transactions of their own, and stay."""
    peer.send(b"".join(_extended(text) + m.message(b"S") for text in _among(place)))
    answers = _answers(peer, ready=5)
    order = [kind for kind, _ in answers if kind in (b"C", b"E", b"Z")]
    assert order == [part for at in PLACES for part in (b"E" if at == place else b"C", b"Z")]
    assert {body for kind, body in answers if kind == b"Z"} == {b"I"}
    assert _marks(shop) == 4
    shop.sql(f"DELETE FROM orders WHERE note = '{MARK}'", DATABASE)


@pytest.mark.parametrize("place", PLACES)
def test_in_a_drivers_pipeline(shop: Server, login: SessionLogin, place: int) -> None:
    with psycopg.connect(login.dsn(), autocommit=True) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.pipeline():
            for text in _among(place):
                connection.execute(text)
        assert connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
        assert connection.execute("SELECT 1").fetchall() == [(1,)]
    assert _marks(shop) == 0


@pytest.mark.parametrize("name", [b"", b"named"])
def test_what_was_prepared_before_under_the_name_does_not_run(shop: Server, peer: Peer, name: bytes) -> None:
    """The stale statement is an allowed change: whoever ran it in the refused one's place would be wrong."""
    peer.send(m.parse(b"", CHANGE.encode()) + m.message(b"S"))
    _answers(peer)
    execute = m.message(b"E", b"\0" + struct.pack("!i", 0))
    bind = m.message(b"B", b"\0" + name + b"\0" + bytes(6))
    peer.send(m.parse(name, REFUSED.encode()) + bind + execute + m.message(b"S"))
    _is_one_refusal(_answers(peer), b"I")
    peer.send(bind + execute + m.message(b"S"))
    assert [kind for kind, _ in _answers(peer)] == [b"E", b"Z"], "there is no such statement now"
    assert _marks(shop) == 0


@pytest.mark.parametrize(
    "text",
    [
        f"SELECT 1 --\r; {REFUSED}",
        f"SELECT 1 -- x\r; {REFUSED}; --\r",
        f"SELECT 1 --\n; {REFUSED}",
        f"SELECT 1 /* /* */ -- */ \r; {REFUSED}",
        f"SELECT 'a\\'; {REFUSED}; --'",
        f"SELECT E'a\\''; {REFUSED}; --'",
        f"SELECT $a$ $b$ $a$; {REFUSED}",
        f'SELECT 1 AS "--"; {REFUSED}',
        f"SELECT U&'\\0027'; {REFUSED}",
    ],
)
def test_where_a_comment_or_a_string_ends_is_where_it_ends_for_the_server(peer: Peer, text: str) -> None:
    """A carriage return alone ends a comment; a backslash is no escape in a plain string."""
    peer.send(m.query(text.encode()))
    _is_one_refusal(_answers(peer), b"I")


def test_a_type_that_is_none_ends_the_connection_before_its_length_is_believed(peer: Peer) -> None:
    peer.send(b"\x07\x7f\xff\xff\xff")
    assert "FATAL 08P01 protocol violation: unknown message type 0x07" in peer.error()
    assert peer.closed()
