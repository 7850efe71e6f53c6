"""A state directory that is damaged, or whose files are readable by others: the node does not start, and says which
file it is and what to do. Nothing is repaired in silence."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from tests.proofs.audit_trail import proven
from tests.proofs.peer import Peer
from tests.rig.gateway import Gateway, Target
from tests.rig.servers import Server


@pytest.fixture(scope="module")
def used(spare: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway that was used and stopped in order."""
    directory = tmp_path_factory.mktemp("gateway")
    gateway = Gateway([Target("shop-db", spare, ("shop",))], directory=directory)
    with gateway:
        with psycopg.connect(gateway.session("shop-db").dsn()) as connection:
            for number in range(20):
                connection.execute(f"SELECT total FROM orders WHERE id = {number}")
        report, _ = proven(gateway, tmp_path_factory.mktemp("export"), None)
        assert report.ok
    yield gateway


def _start(gateway: Gateway, directory: Path) -> str:
    """What the program says that does not start."""
    program = Path(sys.executable).with_name("safelight")
    done = subprocess.run(
        [program, "serve", "--config", directory / "safelight.toml"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    told = done.stderr + done.stdout
    assert "safelight cannot start:" in told and "Traceback" not in told, told
    return told


def _flip(file: Path, at: float) -> None:
    """Change one byte at this part of the file's length."""
    data = bytearray(file.read_bytes())
    data[int(len(data) * at)] ^= 1
    file.write_bytes(data)


def _cut(file: Path, at: float) -> None:
    data = file.read_bytes()
    file.write_bytes(data[: int(len(data) * at)])


def _overwrite(file: Path) -> None:
    file.write_bytes(b"x" * file.stat().st_size)


def _records(state: Path) -> Path:
    return next((state / "audit").glob("*.records"))


def _checkpoints(state: Path) -> Path:
    return next((state / "audit").glob("*.checkpoints"))


def _forget_the_log_key(state: Path) -> None:
    (state / "keys" / "audit.pem").unlink()


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "the database's head": (lambda state: (state / "state.db").write_bytes(b"x" * 8192), "state.db"),
    "half of the database": (lambda state: _cut(state / "state.db", 0.5), "state.db"),
    "one bit of a record": (lambda state: _flip(_records(state), 0.3), "audit"),
    "the last record's end": (lambda state: _flip(_records(state), 0.98), "audit"),
    "half of the records": (lambda state: _cut(_records(state), 0.5), "audit"),
    "all of the records": (lambda state: _records(state).unlink(), "audit"),
    "the checkpoints": (lambda state: _overwrite(_checkpoints(state)), "audit"),
    "the log's name and key": (lambda state: _overwrite(state / "audit" / "log.json"), "audit"),
    "the log's signing key, cut": (lambda state: _cut(state / "keys" / "audit.pem", 0.5), "keys"),
    "the log's signing key, gone": (_forget_the_log_key, "audit"),
    "the node's key": (lambda state: _cut(state / "keys" / "node.key", 0.5), "keys"),
    "the authority's key": (lambda state: _overwrite(state / "keys" / "ca.key"), "keys"),
    "a key that others can read": (lambda state: (state / "keys" / "node.key").chmod(0o644), "node.key"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_the_node_does_not_start(used: Gateway, tmp_path: Path, name: str) -> None:
    damage, where = DAMAGE[name]
    copy = tmp_path / "gateway"
    shutil.copytree(used.directory, copy)
    damage(copy / "state")
    assert where in _start(used, copy)


def test_two_nodes_do_not_share_a_state(used: Gateway) -> None:
    used.start()
    try:
        assert "another safelight already runs" in _start(used, used.directory)
        with Peer("127.0.0.1", used.postgres_port):  # the first one did not notice
            pass
    finally:
        used.stop()
