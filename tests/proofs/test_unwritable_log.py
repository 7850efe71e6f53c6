"""A full disk, a log that cannot be written: nothing more is forwarded, everybody is told, nothing is lost (I1)."""

import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from tests.proofs.audit_trail import proven, records
from tests.rig.gateway import Gateway, Target
from tests.rig.servers import Server

DISK_MIB = 24


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of a few MiB. Only root may mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("this test mounts a small file system, which takes root")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def _fill(gateway: Gateway) -> Callable[[], None]:
    """Fill the disk to the last byte. Returns how to make room again."""
    filler = gateway.directory / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (1 << 20, 4096, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue
    return filler.unlink


def _forbid_writing(gateway: Gateway) -> Callable[[], None]:
    """No file of the gateway may grow any more."""
    resource.prlimit(gateway.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    return lambda: None


StopWriting = Callable[[Gateway], Callable[[], None]]
"""Gives how to make the log writable again."""


def _story(gateway: Gateway, server: Server, stop_writing: StopWriting, where: Path) -> None:
    before = len(server.log_text())
    with gateway:
        login = gateway.session("shop-db")
        connection = psycopg.connect(login.dsn(), autocommit=True)
        idle = psycopg.connect(login.dsn(), autocommit=True)
        connection.execute(_text(0))
        checkpoint = proven(gateway, _new(where / "before"), None)[1]
        write_again = stop_writing(gateway)
        answered = _until_it_ends(connection)
        with pytest.raises(psycopg.OperationalError, match="cannot record"):
            idle.execute("SELECT 1")
        assert gateway.process is not None
        assert gateway.process.wait(20) == 1, "a node that cannot record has failed"
        assert "audit.unavailable" in gateway.log() and "Traceback" not in gateway.log()

        write_again()
        gateway.start()
        report, _ = proven(gateway, _new(where / "after"), checkpoint)
        assert report.ok, report.problems
        intents = [record for record in records(gateway) if record.kind == "statement.intent"]
        texts = {text for record in intents for text in (record.sensitive or {}).values()}
        ran = [number for number in range(answered + 2) if _text(number) in server.log_text()[before:]]
        assert 0 in ran and {_text(number) for number in ran} <= texts, "a statement ran without an intent"


def _text(number: int) -> str:
    return f"SELECT total FROM orders WHERE note = 'number {number}'"


def _until_it_ends(connection: "psycopg.Connection[tuple[object, ...]]") -> int:
    """How many statements were answered before the session was ended."""
    with pytest.raises(psycopg.OperationalError, match="cannot record"):
        for number in range(1, 100_000):
            connection.execute(_text(number))
    return number


def _new(directory: Path) -> Path:
    directory.mkdir()
    return directory


def test_a_full_disk(spare: Server, small_disk: Path, tmp_path: Path) -> None:
    gateway = Gateway([Target("shop-db", spare, ("shop",))], directory=small_disk / "gateway")
    _story(gateway, spare, _fill, tmp_path)


def test_a_log_that_cannot_be_written(spare: Server, tmp_path: Path) -> None:
    gateway = Gateway([Target("shop-db", spare, ("shop",))], directory=tmp_path / "gateway")
    _story(gateway, spare, _forbid_writing, tmp_path)
