"""What a session can do to keep a gateway busy. Each is done again and again until its time is over; how often."""

import struct
import time
from collections.abc import Callable

from safelight.protocols.postgres import messages as m
from tests.proofs.peer import Peer
from tests.rig.gateway import SessionLogin

TINY_ROWS = "SELECT generate_series(1, 1000000)"
ROW_OF_100_MB = "SELECT repeat('x', 100000000)"
LONG_ROW_BYTES = 9_000_000
SYNCS = 10_000
SUM_OF_TERMS = "SELECT " + "+".join(["1"] * 30_000)
LONG_LIST = "SELECT id FROM orders WHERE id IN (" + ",".join(str(n) for n in range(100_000)) + ")"
LONG_VALUES = "SELECT * FROM (VALUES " + ",".join(f"({n}, 'text {n}')" for n in range(20_000)) + ") v"
CANCELS = 200


def million_rows(login: SessionLogin, seconds: float) -> int:
    """Of one small column each, read as fast as they come."""
    return _written(login, seconds, m.query(TINY_ROWS.encode()), 1)


def giant_row(login: SessionLogin, seconds: float) -> int:
    """Longer than can be masked: refused, and the server sends it all the same."""
    done, end = 0, time.monotonic() + seconds
    while time.monotonic() < end or not done:
        with Peer.logged_in(login) as peer:
            peer.send(m.query(ROW_OF_100_MB.encode()))
            assert "54000" in peer.error()
        done += 1
    return done


def sum_of_terms(login: SessionLogin, seconds: float) -> int:
    """The parser dies of it; whoever does it again and again is not read for a while."""
    return _queries(login, seconds, SUM_OF_TERMS, refused=True)


def long_list(login: SessionLogin, seconds: float) -> int:
    """A text of 600 KB with 100,000 literals, other ones each time."""
    return _queries(login, seconds, *(LONG_LIST.replace("(0,", f"({n},") for n in range(10)))


def long_values(login: SessionLogin, seconds: float) -> int:
    """A text of 400 KB with 20,000 rows, other ones each time."""
    return _queries(login, seconds, *(LONG_VALUES.replace("text 0'", f"other {n}'") for n in range(10)))


def pipelined_syncs(login: SessionLogin, seconds: float) -> int:
    """10,000 statements, each parsed, bound, executed and synced, in one write."""
    one = (
        m.parse(b"", b"SELECT 1")
        + m.message(b"B", bytes(8))
        + m.message(b"E", b"\0" + struct.pack("!i", 0))
        + m.message(b"S")
    )
    return _written(login, seconds, one * SYNCS, SYNCS)


def bare_syncs(login: SessionLogin, seconds: float) -> int:
    """10,000 Syncs with nothing between them, in one write."""
    return _written(login, seconds, m.message(b"S") * SYNCS, SYNCS)


def refused_in_a_pipeline(login: SessionLogin, seconds: float) -> int:
    """10,000 statements that are refused, each with its Sync: each has its own error and record."""
    return _written(login, seconds, (m.parse(b"", b"DELETE FROM orders") + m.message(b"S")) * SYNCS, SYNCS)


def storm_of_cancels(login: SessionLogin, seconds: float) -> int:
    """Cancel requests, each on a connection of its own, for a session that waits and for none."""
    done, end = 0, time.monotonic() + seconds
    with Peer.logged_in(login) as victim:
        pid, key = victim.cancel_key
        while time.monotonic() < end or done < CANCELS:
            victim.send(m.query(b"SELECT pg_sleep(60)"))
            for _ in range(20):
                with Peer(login.host, login.port) as stranger:
                    stranger.send(m.cancel_request(1, b"nobody's"))
                with Peer(login.host, login.port) as canceller:
                    canceller.send(m.cancel_request(pid, key))
                    canceller.closed()
            assert "57014" in victim.error()
            victim.until_ready()
            done += 40
    return done


Scenario = Callable[[SessionLogin, float], int]
SCENARIOS: dict[str, Scenario] = {
    "million_rows": million_rows,
    "giant_row": giant_row,
    "long_list": long_list,
    "long_values": long_values,
    "pipelined_syncs": pipelined_syncs,
    "bare_syncs": bare_syncs,
    "refused_in_a_pipeline": refused_in_a_pipeline,
    "storm_of_cancels": storm_of_cancels,
    "sum_of_terms": sum_of_terms,
}
"""The last one's person is not read for a minute, which is part of the answer."""


def _queries(login: SessionLogin, seconds: float, *texts: str, refused: bool = False) -> int:
    done, end = 0, time.monotonic() + seconds
    with Peer.logged_in(login) as peer:
        while time.monotonic() < end or not done:
            peer.send(m.query(texts[done % len(texts)].encode()))
            error = peer.error()
            assert bool(error) is refused, error
            if error:
                peer.until_ready()
            done += 1
    return done


def _written(login: SessionLogin, seconds: float, data: bytes, answers: int) -> int:
    """All of it in one write, again when all is answered."""
    done, end = 0, time.monotonic() + seconds
    with Peer.logged_in(login) as peer:
        while time.monotonic() < end or not done:
            peer.send_while_reading(data, m.ready_for_query(), answers)
            done += answers
    return done
