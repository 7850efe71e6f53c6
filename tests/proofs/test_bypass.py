"""Nobody talks masking around: every statement of ``tests/vectors/bypass``, in every mode, on PostgreSQL 15 and 18.

The account is a superuser's, so that nothing but the gateway protects the values. Each statement runs in two
databases that differ only in labelled values: nothing of a value comes out in any disguise, the two answers are the
same, and the session goes on.
"""

from collections.abc import Iterator

import pytest

from tests.proofs.attacks import MODES, Message, Vector, columns, normal, run, simple, vectors
from tests.proofs.canaries import Search
from tests.proofs.peer import Peer
from tests.proofs.twins import SIDES, VECTORS, Twins, known, twins

ALL = vectors(VECTORS / "bypass")
AT_LEAST = 690
ALIVE = [(b"D", b"\0\1\0\0\0\1" + b"1"), (b"C", b"SELECT 1\0"), (b"Z", b"I")]


@pytest.fixture(scope="module", params=[15, 18])
def hospital(request: pytest.FixtureRequest) -> Iterator[Twins]:
    capabilities = ("read", "export", "write", "ddl")
    with twins(request.param, superuser=True, capabilities=capabilities) as running:
        yield running


def test_there_are_enough_of_them_and_none_twice() -> None:
    assert len(ALL) >= AT_LEAST
    assert len({vector.texts for vector in ALL}) == len(ALL)


@pytest.mark.parametrize("mode", MODES)
def test_no_labelled_value_comes_out_and_none_makes_a_difference(hospital: Twins, mode: str) -> None:
    with Peer.logged_in(hospital.login("left")) as left, Peer.logged_in(hospital.login("right")) as right:
        found = [(vector, told(hospital, (left, right), vector, mode)) for vector in ALL]
    wrong = [f"{vector}\n  {what}" for vector, what in found if what]
    assert not wrong, f"{len(wrong)} in {mode}:\n" + "\n".join(wrong)


def told(hospital: Twins, peers: tuple[Peer, Peer], vector: Vector, mode: str) -> str | None:
    """What a statement tells, if anything, in the two databases. Both sessions must go on."""
    answers = [run(peer, vector, MODES[mode]) for peer in peers]
    for peer in peers:
        assert simple(peer, "SELECT 1")[1:] == ALIVE, vector
    for side, came in zip(SIDES, answers, strict=True):
        if leak := leaks(hospital.search, came):
            return f"on {side}: {leak}"
    one, other = map(normal, answers)
    return f"differs: {difference(one, other)}" if vector.compared and one != other else None


def leaks(search: Search, came: list[Message]) -> str | None:
    """What of a canary is in any message, or in the cells of any column put together."""
    parts = [body for kind, body in came if kind not in (b"Z", b"T", b"1", b"2", b"3", b"C")]
    for column in columns(came):
        parts += [b" ".join(column), b" ".join(cell[-1:] for cell in column)]
    return next((found for part in parts if (found := search.found(part))), None)


def difference(one: list[Message], other: list[Message]) -> str:
    pairs = zip(one, other, strict=False)
    return next((f"{a!r:.300} / {b!r:.300}" for a, b in pairs if a != b), f"{len(one)} / {len(other)} messages")


# --- the search itself -------------------------------------------------------------------------------------------

SHOWN = {
    "plain": "SELECT full_name FROM patients",
    "upper case": "SELECT upper(full_name) FROM patients",
    "reversed": "SELECT reverse(full_name) FROM patients",
    "the first six": "SELECT left(full_name, 6) FROM patients",
    "the last six": "SELECT right(full_name, 6) FROM patients",
    "hexadecimal": "SELECT encode(full_name::bytea, 'hex') FROM patients",
    "base64": "SELECT encode(('ab' || full_name)::bytea, 'base64') FROM patients",
    "a character a row": "SELECT unnest(string_to_array(full_name, NULL)) FROM patients",
    "a code point a row": "SELECT ascii(unnest(string_to_array(full_name, NULL))) FROM patients",
    "code points": "SELECT array_agg(ascii(x)) FROM (SELECT unnest(string_to_array(handle, NULL)) x FROM patients) s",
    "an array": "SELECT string_to_array(full_name, NULL) FROM patients",
    "a number": "SELECT badge FROM patients",
    "an amount": "SELECT salary FROM patients",
    "a date": "SELECT born FROM patients",
    "a date in words": "SET DateStyle = 'SQL, DMY' ;; SELECT born FROM patients",
    "bytes": "SELECT raw FROM patients",
    "a document": "SELECT profile FROM patients",
    "an error": "SELECT full_name::int FROM patients",
    "a notice": "SELECT told(full_name) FROM patients",
    "an export": "COPY patients TO STDOUT",
    "a binary export": "COPY patients (id, badge) TO STDOUT WITH (FORMAT binary)",
}


@pytest.mark.parametrize("name", SHOWN)
def test_the_search_finds_what_a_server_tells_without_a_gateway(hospital: Twins, name: str) -> None:
    peer = Peer(hospital.server.host, hospital.server.port)
    with peer:
        peer.startup(user=hospital.server.superuser, database="left")
        peer.prove(hospital.server.password)
        assert any(kind == b"Z" for kind, _ in _until_ready(peer))
        vector = Vector("shown", tuple(SHOWN[name].split(" ;; ")), name)
        assert leaks(hospital.search, run(peer, vector, simple)), name


def _until_ready(peer: Peer) -> Iterator[Message]:
    for kind, body in peer.messages():
        yield kind, body
        if kind == b"Z":
            return


def test_what_is_known_is_the_same_in_both(hospital: Twins) -> None:
    counts = [
        hospital.server.sql(f"SELECT count(*) FROM patients WHERE handle = '{known().handle}'", s) for s in SIDES
    ]
    assert counts == ["1", "1"]
