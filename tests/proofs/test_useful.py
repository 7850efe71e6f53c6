"""Ordinary debugging is not refused, and what is not labelled is answered as the server itself would answer.

``tests/vectors/useful`` holds the statements, ``known.tsv`` in it those that are refused (with the rule) or whose
result is masked as a whole (``constant``) today. That list only shrinks: a statement that gets worse fails, and so
does a line that is no longer true.
"""

import struct
from collections.abc import Iterator

import pytest

from tests.proofs.attacks import MODES, Message, Vector, cells, columns, error, refusal, run, simple, vectors
from tests.proofs.peer import Peer
from tests.proofs.twins import LABELS, VECTORS, Twins, twins

ALL = vectors(VECTORS / "useful")
AT_LEAST = 250
KNOWN = dict(
    reversed(line.split("\t")) for line in (VECTORS / "useful" / "known.tsv").read_text().splitlines() if line
)
"""Text → what becomes of it."""
LABELLED_NAMES = {place.rpartition(".")[2] for place in LABELS} | {"mail", "who", "n"}
CLOSED = ("pg_db_role_setting", "pg_user_mappings", "pg_subscription", "current_setting(s.name)")
"""What psql asks for in vain, as in ``tests/protocols/postgres/sql/test_agreement.py``."""


@pytest.fixture(scope="module", params=[15, 18])
def hospital(request: pytest.FixtureRequest) -> Iterator[Twins]:
    with twins(request.param, superuser=False, capabilities=("read",)) as running:
        yield running


@pytest.fixture(scope="module")
def peers(hospital: Twins) -> Iterator[tuple[Peer, Peer]]:
    """The same database through the gateway, and directly."""
    server = hospital.server
    with Peer.logged_in(hospital.login("left")) as ours, Peer(server.host, server.port) as direct:
        direct.startup(user=server.superuser, database="left")
        direct.prove(server.password)
        while direct.next_message()[0] != b"Z":
            pass
        yield ours, direct


def test_there_are_enough_of_them_and_none_twice() -> None:
    assert len(ALL) >= AT_LEAST
    assert len({vector.texts for vector in ALL}) == len(ALL)
    assert KNOWN.keys() <= {" ;; ".join(vector.texts) for vector in ALL}


def test_what_is_ordinary_is_answered_as_the_server_answers(peers: tuple[Peer, Peer]) -> None:
    found = {" ;; ".join(v.texts): became(v, run(peers[0], v, simple), run(peers[1], v, simple)) for v in PLAIN}
    worse = [f"{what}\t{text}" for text, what in found.items() if what and KNOWN.get(text) != what]
    better = [f"{what}\t{text}" for text, what in KNOWN.items() if found.get(text, what) != what]
    assert not worse, "refused or answered otherwise:\n" + "\n".join(worse)
    assert not better, "take these off known.tsv:\n" + "\n".join(better)


def test_psql_describes_everything(hospital: Twins, peers: tuple[Peer, Peer]) -> None:
    """What psql's own commands send, word for word."""
    path = VECTORS / "postgres" / "introspection" / f"psql{hospital.server.major}.sql"
    texts = path.read_text().split("\n", 1)[1].rstrip("\n").split("\n----\n")
    assert len(texts) > 100
    open_to_all = [text for text in texts if not any(name in text for name in CLOSED)]
    refused = {text: rule for text in open_to_all if (rule := refusal(simple(peers[0], text)))}
    assert not refused


PLAIN = [vector for vector in ALL if not vector.parameters]
BOUND = [vector for vector in ALL if vector.parameters]


def test_what_is_ordinary_may_be_bound(peers: tuple[Peer, Peer]) -> None:
    ways = [MODES["extended, text"], MODES["extended, binary"]]
    wrong = [f"{vector}: {rule}" for vector in BOUND for way in ways if (rule := refusal(run(peers[0], vector, way)))]
    assert len(BOUND) > 1 and not wrong


def became(vector: Vector, ours: list[Message], direct: list[Message]) -> str | None:
    """The rule of a refusal, ``constant`` for a masked whole, ``other: …`` for another answer; None for the same."""
    if rule := refusal(ours):
        return rule
    if not vector.compared:
        return None
    rows, expected = (([body for kind, body in came if kind == b"D"]) for came in (ours, direct))
    if [kind for kind, _ in ours] != [kind for kind, _ in direct]:
        return f"other: {error(ours)}, {len(rows)} rows of {len(expected)}"
    names = _names(ours)
    for row, wanted in zip(rows, expected, strict=True):
        for name, cell, value in zip(names, cells(row), cells(wanted), strict=True):
            if cell == value or (cell is not None and b":" in cell and cell.startswith((b"[", b'"['))):
                continue
            if cell == b"[masked]" or (cell is None and name not in LABELLED_NAMES):
                return "constant"
            if cell is not None:
                return f"other: {name} is {cell!r}, not {value!r}"
    return None


def _names(came: list[Message]) -> list[str]:
    """Of the last result's columns."""
    body = next((body for kind, body in reversed(came) if kind == b"T"), b"\0\0")
    names, at = [], 2
    for _ in range(struct.unpack_from("!h", body)[0]):
        end = body.index(b"\0", at)
        names.append(body[at:end].decode())
        at = end + 19
    return names


def test_a_wrong_answer_would_be_seen() -> None:
    def answer(*cell: bytes) -> list[Message]:
        row = struct.pack("!h", len(cell)) + b"".join(struct.pack("!i", len(c)) + c for c in cell)
        described = b"\0\1city\0" + bytes(18)
        return [(b"T", described), (b"D", row), (b"C", b"SELECT 1\0"), (b"Z", b"I")]

    vector = Vector("x", ("SELECT city",), "x")
    assert became(vector, answer(b"Oslo"), answer(b"Oslo")) is None
    assert became(vector, answer(b"[masked:name]"), answer(b"Oslo")) is None
    assert became(vector, answer(b"[masked]"), answer(b"Oslo")) == "constant"
    assert became(vector, answer(b"Rome"), answer(b"Oslo")) == "other: city is b'Rome', not b'Oslo'"
    assert columns(answer(b"Oslo")) == [[b"Oslo"]]
