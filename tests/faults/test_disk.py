"""A disk that is slow or fails, under the log and under the state (I1, I10): no change without its durable intent, no
access that was not stored, everybody is told, and who is not concerned notices nothing."""

import errno
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from tests.faults.interposed import Interposed
from tests.faults.stories import FREE_HANDS, connect, ends_within, read, refused
from tests.proofs.audit_trail import proven, records
from tests.rig.gateway import Target
from tests.rig.servers import Server

SLOW_SECONDS = 2.0
UNNOTICED_SECONDS = 1.0


@pytest.fixture
def gateway(shop: Server, tmp_path: Path) -> Iterator[Interposed]:
    shop.sql("TRUNCATE crash", "shop")
    settings = "[access]\nstore_lease_seconds = 3"
    with Interposed([Target("shop-db", shop, ("shop",))], tmp_path, policies=FREE_HANDS, settings=settings) as made:
        yield made


def _committed(shop: Server) -> str:
    return shop.sql("SELECT count(*) FROM crash", "shop")


def test_a_change_waits_for_a_slow_disk_and_nobody_else_does(gateway: Interposed, shop: Server) -> None:
    changing = connect(gateway.session("shop-db", capabilities=("read", "write")))
    reading = connect(gateway.session("shop-db", by="grace"))
    read(reading)
    changing.execute("SELECT 1")
    with gateway.faulty(delay_ms=int(SLOW_SECONDS * 1000), only="/audit/"):
        began = time.monotonic()
        thread = threading.Thread(target=changing.execute, args=("INSERT INTO crash VALUES ('slow')",))
        thread.start()
        while time.monotonic() - began < SLOW_SECONDS * 0.6:
            assert read(reading) < UNNOTICED_SECONDS
            assert _committed(shop) == "0", "a change before its intent was durable"
        thread.join(20)
        assert time.monotonic() - began >= SLOW_SECONDS * 0.9
    assert _committed(shop) == "1"


@pytest.mark.parametrize("fault", [{"sync": errno.EIO}, {"write": errno.EIO}, {"write": errno.ENOSPC}], ids=str)
def test_a_log_whose_disk_fails_stops_everything(
    gateway: Interposed, shop: Server, tmp_path: Path, fault: dict[str, int]
) -> None:
    changing = connect(gateway.session("shop-db", capabilities=("read", "write")))
    idle = connect(gateway.session("shop-db", by="grace"))
    (tmp_path / "before").mkdir()
    checkpoint = proven(gateway, tmp_path / "before", None)[1]
    with gateway.faulty(only="/audit/", **fault):
        with pytest.raises(psycopg.OperationalError, match="cannot record"):
            changing.execute("INSERT INTO crash VALUES ('lost')")
        assert "cannot record" in ends_within(idle, 5)
        assert gateway.process is not None
        assert gateway.process.wait(20) == 1, "a node that cannot record has failed"
    assert _committed(shop) == "0", "a change whose intent is not on disk"
    assert "audit.unavailable" in gateway.log() and "Traceback" not in gateway.log()

    gateway.start()
    (tmp_path / "after").mkdir()
    report, _ = proven(gateway, tmp_path / "after", checkpoint)
    assert report.ok, report.problems


@pytest.mark.parametrize("fault", [{"sync": errno.EIO}, {"write": errno.ENOSPC}], ids=str)
def test_a_state_that_cannot_be_stored_gives_nothing_and_ends_what_lives(
    gateway: Interposed, fault: dict[str, int]
) -> None:
    login = gateway.session("shop-db")
    session = connect(login)
    with gateway.faulty(only="/state.db", **fault):
        answer = refused(gateway)
        assert answer.status_code == 503 and "store" in answer.text.lower(), answer.text
        told = ends_within(session, 10)  # I10: the lease of three seconds runs out
        assert "store cannot be written" in told
        with pytest.raises(psycopg.OperationalError):
            connect(login)
    _works_again(gateway)
    assert "a look" not in str(gateway.api("GET", "/requests", by="sam")), "what was refused is there"
    taken_back = [record for record in records(gateway) if record.fields.get("stored") is False]
    assert taken_back, "the log says that what it announced did not happen"


def _works_again(gateway: Interposed) -> None:
    """Without a restart, in a moment: by somebody who may ask."""
    deadline = time.monotonic() + 15
    while True:
        try:
            read(connect(gateway.session("shop-db", by="grace")))
        except (httpx.HTTPStatusError, psycopg.OperationalError):
            assert time.monotonic() < deadline, "the gateway does not get over it"
            time.sleep(0.2)
        else:
            return
