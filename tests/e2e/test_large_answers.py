"""Large answers, in the gateway's memory: a row of 100 MB, a reader that takes its time, a neighbour meanwhile."""

import re
import time
from pathlib import Path

import psycopg
import pytest

from safelight.protocols.postgres import messages as m
from tests.e2e.conftest import Connect, MakeLogin
from tests.proofs.neighbour import Neighbour
from tests.proofs.peer import Peer
from tests.rig.gateway import Gateway

MIB = 1 << 20
ROWS = 400_000
LINE = 100


def resident(gateway: Gateway) -> int:
    """Bytes of memory that the gateway's process holds now."""
    assert gateway.process is not None
    status = Path(f"/proc/{gateway.process.pid}/status").read_text()
    return int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0]) * 1024


def test_a_row_of_100_megabytes_is_refused_in_bounded_memory(
    gateway: Gateway, connect: Connect, login: MakeLogin
) -> None:
    session = connect()
    session.execute("SELECT 1")
    before = resident(gateway)
    with Neighbour(login()):
        try:
            session.execute("SELECT repeat('x', 100000000)").fetchone()
        except psycopg.Error as refusal:
            assert refusal.sqlstate == "54000" and "safelight" in str(refusal)
        grown = resident(gateway) - before
    assert grown < 48 * MIB
    assert connect().execute("SELECT 1").fetchone() == (1,)


def test_a_slow_reader_gets_it_all_and_the_gateway_keeps_little_of_it(gateway: Gateway, login: MakeLogin) -> None:
    """40 MB, of which the sockets hold a few: the server must be made to wait."""
    with Peer.logged_in(login()) as reader, Neighbour(login()):
        before = resident(gateway)
        reader.send(m.query(b"SELECT repeat('x', %d) FROM generate_series(1, %d)" % (LINE, ROWS)))
        time.sleep(1.0)
        grown = resident(gateway) - before
        rows = 0
        for kind, body in reader.messages():
            if kind == b"Z":
                break
            rows += kind == b"D" and body[6:] == b"x" * LINE
    assert rows == ROWS
    assert grown < 16 * MIB


@pytest.mark.parametrize("length", [7_000_000, 8_300_000])
def test_a_row_that_can_be_masked_whole_arrives(connect: Connect, length: int) -> None:
    ((value,),) = connect().execute(f"SELECT repeat('x', {length})").fetchall()
    assert value == "x" * length
