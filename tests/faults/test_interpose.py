"""The instrument itself: what was not fsynced is gone after a power loss, and what was is not."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.interposed import Interposed
from tests.rig.gateway import START_SECONDS

WRITER = """
import os, sys
from pathlib import Path
at = Path(sys.argv[1])

def sync(path):
    descriptor = os.open(path, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)

def write(name, data, synced):
    with (at / name).open("ab", buffering=0) as file:
        file.write(data)
        if synced:
            os.fsync(file.fileno())

write("kept", b"one ", True)
write("never synced", b"bytes", False)
write("before", b"renamed", True)
sync(at)
write("kept", b"two ", True)
write("kept", b"three", False)
write("no name", b"its directory was not synced", True)
(at / "before").rename(at / "after")
print("done", flush=True)
sys.stdin.read()
"""


class Writer(Interposed):
    """A process like the gateway's in all that the instrument sees of it."""

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(self.state)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=dict(os.environ) | self.environment,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "done\n"


@pytest.mark.timeout(2 * START_SECONDS)
def test_what_was_not_fsynced_is_gone(tmp_path: Path) -> None:
    writer = Writer([], tmp_path)
    writer.start()
    assert (writer.state / "kept").read_bytes() == b"one two three"
    writer.lose_power()
    left = {path.name: path.read_bytes() for path in writer.state.iterdir() if path.is_file()}
    assert left == {"kept": b"one two ", "never synced": b"", "before": b"renamed"}
    assert (writer.state / "secrets").is_dir(), "what was there before is on disk"


@pytest.mark.timeout(2 * START_SECONDS)
def test_a_second_power_loss_takes_nothing_more(tmp_path: Path) -> None:
    writer = Writer([], tmp_path)
    writer.start()
    writer.lose_power()
    before = sorted(path.name for path in writer.state.iterdir())
    writer._restore(writer.state, tmp_path / "again")
    assert sorted(path.name for path in (tmp_path / "again").iterdir()) == before
    assert (tmp_path / "again" / "kept").read_bytes() == b"one two "
