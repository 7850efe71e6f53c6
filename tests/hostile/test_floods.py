"""Servers that never stop talking: the client is told or goes on, memory is bounded, nobody else notices."""

import threading
import time
from collections.abc import Callable

import psycopg
import pytest

from safelight.protocols.postgres import messages as m
from tests.hostile.conftest import Ends
from tests.hostile.measuring import Beside, Growth
from tests.hostile.saying import LEAK, PLANTED, QUERY, columns, floods, pours, row
from tests.proofs.hostile import HostileServer, Script
from tests.proofs.peer import Peer
from tests.rig.gateway import Gateway, SessionLogin

MOST_MIB = 48
"""A session keeps a row of up to 8 MiB, what a slow client has not taken, and what was masked meanwhile."""
NOTICED_MS = 250
"""At p99. Two cores are shared with the server that floods and with the other half of the suite, so that this finds
only what stalls the gateway; how much a neighbour notices on a quiet machine is a figure of ``make bench``."""
FLOOD_SECONDS = 1.0


@pytest.fixture(scope="session")
def oid(hostile: HostileServer) -> int:
    return int(hostile.sql("SELECT 'customers'::regclass::oid::int", "shop"))


LOGINS: dict[str, bytes] = {
    "notices": m.notice("wait"),
    "long notices": m.notice("x" * 60_000),
    "settings": m.parameter_status("a", "b"),
    "notifications": m.message(b"A", b"\0\0\0\1jobs\0run\0"),
    "requests for a password": m.authentication(m.AUTH_CLEARTEXT),
    "challenges": m.authentication(m.AUTH_SASL, b"SCRAM-SHA-256\0\0"),
    "keys": m.backend_key_data(1, b"key!"),
    "errors": m.error("FATAL", "28000", "no " * 1000),
    "zeros": bytes(65536),
    "a message of 4 GB": b"R\xff\xff\xff\xff" + bytes(65536),
    "a message of 60 KiB again and again": m.message(b"R", bytes(60_000)),
}


@pytest.mark.parametrize("name", LOGINS)
def test_a_flood_instead_of_a_login(
    gateway: Gateway,
    hostile: HostileServer,
    victim: SessionLogin,
    neighbour_login: SessionLogin,
    ends: Ends,
    name: str,
) -> None:
    hostile.script = pours(LOGINS[name])
    with Beside(neighbour_login) as beside, Growth(gateway) as growth:
        began = time.monotonic()
        with pytest.raises(psycopg.OperationalError, match=r"Rule: target\.unavailable"):
            psycopg.connect(victim.dsn())
        assert time.monotonic() - began < 4
        time.sleep(0.2)
    assert ends.reason() == "not opened: TargetUnavailable"
    _unnoticed(growth, beside)


Flood = Callable[[int], Script]
ENDLESS: dict[str, Flood] = {
    "rows": lambda oid: floods(columns(oid), LEAK * 1000),
    "empty rows": lambda oid: floods(columns(oid), row(b"", b"") * 5000),
    "rows of 1 MB": lambda oid: floods(columns(oid), row(b"1", b"x" * 1_000_000)),
    "notices": lambda oid: floods(columns(oid), m.notice(f"about {PLANTED}") * 500),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_an_answer_without_end_that_is_read(
    gateway: Gateway, hostile: HostileServer, victim: SessionLogin, neighbour_login: SessionLogin, oid: int, name: str
) -> None:
    """By a client as fast as it can, until it has had enough."""
    hostile.script = ENDLESS[name](oid)
    with Beside(neighbour_login) as beside, Growth(gateway) as growth, Peer.logged_in(victim) as peer:
        peer.send(m.query(QUERY.encode()))
        received = peer.drain(FLOOD_SECONDS)
    assert PLANTED.encode() not in received
    _unnoticed(growth, beside)


@pytest.mark.parametrize("name", ENDLESS)
def test_an_answer_without_end_that_nobody_reads(
    gateway: Gateway, hostile: HostileServer, victim: SessionLogin, neighbour_login: SessionLogin, oid: int, name: str
) -> None:
    hostile.script = ENDLESS[name](oid)
    with Beside(neighbour_login) as beside, Growth(gateway) as growth, Peer.logged_in(victim) as peer:
        peer.send(m.query(QUERY.encode()))
        time.sleep(FLOOD_SECONDS)
    _unnoticed(growth, beside)


BROKEN: dict[str, Callable[[int], tuple[Script, str]]] = {
    "errors": lambda oid: (floods(b"", m.error("ERROR", "22012", f"about {PLANTED}") * 500), "floods us with errors"),
    "notifications": lambda oid: (
        floods(columns(oid), m.message(b"A", b"\0\0\0\1jobs\0run\0") * 2000),
        "floods us with errors or notifications",
    ),
    "settings": lambda oid: (
        floods(columns(oid), m.parameter_status("TimeZone", "UTC") * 500),
        "floods us with settings",
    ),
    "descriptions": lambda oid: (floods(b"", columns(oid) * 500), "broke the protocol"),
    "readiness": lambda oid: (floods(b"", m.ready_for_query() * 5000), "that nobody asked for"),
    "a row of 4 GB": lambda oid: (floods(columns(oid) + b"D\xff\xff\xff\xff", bytes(65536)), "longer than the limit"),
    "a row of 2 GB": lambda oid: (floods(columns(oid) + b"D\x7f\xff\xff\xff", bytes(65536)), "longer than the limit"),
    "a notice of 2 GB": lambda oid: (floods(b"N\x7f\xff\xff\xff", bytes(65536)), "with length 2147483647"),
    "an error of 20 MB": lambda oid: (floods(b"E\1\x40\0\0", bytes(65536)), "with length 20971520"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_flood_that_makes_no_sense(
    gateway: Gateway,
    hostile: HostileServer,
    victim: SessionLogin,
    neighbour_login: SessionLogin,
    ends: Ends,
    oid: int,
    name: str,
) -> None:
    """It ends the session, at once and with an error that says whose fault it was."""
    hostile.script, reason = BROKEN[name](oid)
    with Beside(neighbour_login) as beside, Growth(gateway) as growth, Peer.logged_in(victim) as peer:
        peer.send(m.query(QUERY.encode()))
        told = [body for kind, body in peer.messages() if kind == b"E"]
        assert b"FATAL" in told[-1] and (b"target" in told[-1] or b"54000" in told[-1]), told
    assert reason in ends.reason()
    _unnoticed(growth, beside)


def test_what_a_neighbour_has_idle_and_while_a_server_floods(
    gateway: Gateway,
    hostile: HostileServer,
    victim: SessionLogin,
    neighbour_login: SessionLogin,
    idle_p99_ms: float,
    oid: int,
) -> None:
    """Three floods at once."""
    hostile.script = floods(columns(oid), LEAK * 1000, FLOOD_SECONDS)
    peers = [Peer.logged_in(victim) for _ in range(3)]
    threads = [threading.Thread(target=peer.drain, args=(FLOOD_SECONDS,)) for peer in peers]
    with Beside(neighbour_login) as beside, Growth(gateway) as growth:
        for peer, thread in zip(peers, threads, strict=True):
            peer.send(m.query(QUERY.encode()))
            thread.start()
        for thread in threads:
            thread.join()
    for peer in peers:
        peer.__exit__()
    assert beside.p99_ms < max(NOTICED_MS, 2 * idle_p99_ms) and growth.most_mib < 3 * MOST_MIB


def _unnoticed(growth: Growth, beside: Beside) -> None:
    assert growth.most_mib < MOST_MIB and beside.p99_ms < NOTICED_MS, (growth.most_mib, beside.p99_ms)
