"""Pipelines made to confuse: names prepared again, closed and failing in flight, batches nobody waits for, texts that
are allowed, labelled, refused or broken, in random order. Whatever the gateway believes that a name means, the server
runs only what was allowed and recorded, and no labelled value comes out."""

import random
import struct
from collections import Counter

import pytest

from safelight.protocols.postgres import messages as m
from tests.proofs.audit_trail import records
from tests.proofs.neighbour import Neighbour
from tests.proofs.peer import Peer
from tests.proofs.server_log import entries
from tests.rig.gateway import Gateway, SessionLogin
from tests.rig.servers import Server

NAMES = [b"", b"a", b"b"]
TEXTS = [
    b"SELECT id FROM orders WHERE id = 1",
    b"SELECT full_name FROM customers WHERE id = 2",
    b"SELECT email, id FROM customers ORDER BY id LIMIT 3",
    b"SELECT note FROM orders WHERE id = 3",
    b"SELECT 1 / (id - id) FROM orders",
    b"SELECT id FROM nowhere",
    b"SELEC 1",
    b"DELETE FROM orders",
    b"SELECT pay(1)",
    b"BEGIN",
    b"COMMIT",
    b"ROLLBACK",
]
MESSAGES_EACH = 40
PIPELINES = 12


def _random_message(chance: random.Random) -> bytes:
    name, other, text = chance.choice(NAMES), chance.choice(NAMES), chance.choice(TEXTS)
    formats = struct.pack("!HH", 1, chance.choice((0, 1)))
    return chance.choice(
        [
            m.parse(name, text),
            m.parse(name, text) + m.message(b"B", other + b"\0" + name + b"\0\0\0\0\0" + formats),
            m.message(b"B", other + b"\0" + name + b"\0\0\0\0\0" + formats),
            m.message(b"D", b"P" + other + b"\0"),
            m.message(b"D", b"S" + name + b"\0"),
            m.message(b"E", other + b"\0" + struct.pack("!i", chance.choice((0, 0, 1)))),
            m.message(b"E", other + b"\0" + struct.pack("!i", 0)),
            m.message(b"C", chance.choice((b"S", b"P")) + name + b"\0"),
            m.message(b"H"),
            m.message(b"S"),
            m.message(b"S") + m.query(text),
            m.message(b"S") + m.query(b"DEALLOCATE ALL"),
        ]
    )


@pytest.mark.parametrize("seed", range(PIPELINES))
def test_nothing_but_what_was_allowed_runs(
    gateway: Gateway, login: SessionLogin, shop: Server, neighbour: Neighbour, seed: int
) -> None:
    chance = random.Random(seed)
    last = records(gateway)[-1].index
    logged_before = shop.log_path.stat().st_size
    with Peer.logged_in(login) as peer:
        pid = _own_pid(peer)
        for _ in range(5):
            peer.send(b"".join(_random_message(chance) for _ in range(MESSAGES_EACH)))
            peer.send(m.message(b"S") + m.query(b"SELECT 'this pipeline is over'"))
            received = b"".join(_until_over(peer))
            assert b"Person " not in received and b"@example.com" not in received
        peer.message(b"X")
        assert peer.closed()
    ran = _ran(shop, pid, logged_before)
    intents = _intents(gateway, last)
    assert ran and not [text for text in ran if "DELETE" in text or "pay(" in text]
    assert ran <= intents, ran - intents


def _own_pid(peer: Peer) -> str:
    peer.send(m.query(b"SELECT pg_backend_pid()"))
    rows = [body for kind, body in _until_ready(peer) if kind == b"D"]
    return rows[0][6:].decode()


def _until_ready(peer: Peer) -> list[tuple[bytes, bytes]]:
    found = []
    for kind, body in peer.messages():
        found.append((kind, body))
        if kind == b"Z":
            return found
    raise AssertionError("the session ended")


def _until_over(peer: Peer) -> list[bytes]:
    """What comes until the answer to the pipeline's last query, in whatever transaction that is."""
    bodies: list[bytes] = []
    while True:
        part = [body for kind, body in _until_ready(peer) if kind in b"DE"]
        bodies += part
        if any(b"this pipeline is over" in body or b"current transaction is aborted" in body for body in part):
            return bodies


def _ran(server: Server, pid: str, before: int) -> Counter[str]:
    """The statements that the session's server process logged."""
    log = server.log_path.read_bytes()[before:].decode()
    lines = "\n".join(line for line in log.splitlines() if f"[{pid}]" in line)
    texts: Counter[str] = Counter()
    for _, message in entries(lines + "\n"):
        if message.startswith(("statement: ", "execute ")):
            texts[message.partition(": ")[2].strip()] += 1
    return texts


def _intents(gateway: Gateway, after: int) -> Counter[str]:
    found = records(gateway, after=after)
    return Counter(
        r.sensitive["statement"] for r in found if r.kind == "statement.intent" and r.sensitive is not None
    )
