"""The database of the state is held by another process, or overwritten, while the gateway works or before it starts:
nothing is given, sessions end with the lease (I10), and whoever can act is told what it is."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.faults.stories import connect, ends_within, read, refused
from tests.rig.gateway import Gateway, Target
from tests.rig.servers import Server, ServerFailed

LEASE_SECONDS = 6


@pytest.fixture
def gateway(shop: Server, tmp_path: Path) -> Iterator[Gateway]:
    settings = f"[access]\nstore_lease_seconds = {LEASE_SECONDS}"
    with Gateway([Target("shop-db", shop, ("shop",))], directory=tmp_path, settings=settings) as made:
        yield made


@contextmanager
def _held(gateway: Gateway) -> Iterator[None]:
    """Another process writes, and does not end its transaction."""
    with closing(sqlite3.connect(gateway.state / "state.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def test_held_by_another_process_it_gives_nothing_and_ends_what_lives(gateway: Gateway) -> None:
    session = connect(gateway.session("shop-db"))
    with _held(gateway):
        answer = refused(gateway)
        assert answer.status_code in (403, 503)
        assert "store" in answer.text.lower(), answer.text
        assert "store cannot be written" in ends_within(session, LEASE_SECONDS + 10)


def test_held_by_another_process_it_does_not_start(gateway: Gateway) -> None:
    gateway.stop()
    with _held(gateway), pytest.raises(ServerFailed, match=r"state\.db cannot be .*locked"):
        gateway.start()
    gateway.start()
    read(connect(gateway.session("shop-db")))


def test_overwritten_while_it_works_it_gives_nothing_and_ends_what_lives(gateway: Gateway) -> None:
    session = connect(gateway.session("shop-db"))
    for name in ("state.db", "state.db-wal"):
        with (gateway.state / name).open("r+b") as file:
            file.write(b"x" * file.seek(0, 2))
            file.seek(0)
            file.write(b"x" * 65536)
    (gateway.state / "state.db-shm").write_bytes(b"x" * 32768)
    answer = refused(gateway)
    assert answer.status_code in (403, 503), answer.text
    ends_within(session, LEASE_SECONDS + 10)
