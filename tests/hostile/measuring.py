"""What others notice: how long a point query takes in a process of its own, and how much memory the gateway needs.

    with Beside(login) as beside, Growth(gateway) as growth:
        …
    assert beside.p99_ms < … and growth.most_mib < …

Run as ``python -m tests.hostile.measuring`` it is the other process.
"""

import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg

from tests.rig.gateway import Gateway, SessionLogin

QUERY = "SELECT total FROM orders WHERE id = 7"
EVERY_SECONDS = 0.005
MIB = 1024 * 1024


class Beside:
    """A point query every few milliseconds. ``latencies_ms`` and ``p99_ms`` are known when the block is over."""

    def __init__(self, login: SessionLogin) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.hostile.measuring"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(login.dsn() + "\n")
        self._process.stdin.flush()
        assert self._process.stdout.readline() == "ready\n"
        self.latencies_ms: list[float] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        told, _ = self._process.communicate("stop\n", timeout=30)
        self.latencies_ms = json.loads(told) if told else []
        if kind is None:
            assert self._process.returncode == 0 and self.latencies_ms, "the neighbour's session was harmed"

    @property
    def p99_ms(self) -> float:
        ordered = sorted(self.latencies_ms)
        return ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)]


class Growth:
    """``most_mib``: how much the gateway's resident memory rose, at most, above what it was."""

    def __init__(self, gateway: Gateway) -> None:
        self._pid = gateway.pid
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._before = resident_bytes(self._pid)
        self.most_mib = 0.0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.02):
            self.most_mib = max(self.most_mib, (resident_bytes(self._pid) - self._before) / MIB)


def resident_bytes(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("the gateway is gone")


def main() -> None:
    """Say "ready" when warm; query until a line comes; tell the latencies."""
    over, latencies = threading.Event(), []
    with psycopg.connect(sys.stdin.readline().strip(), autocommit=True) as connection:
        answer = [connection.execute(QUERY).fetchall() for _ in range(20)][-1]
        print("ready", flush=True)
        threading.Thread(target=lambda: (sys.stdin.readline(), over.set()), daemon=True).start()
        while not over.is_set():
            began = time.perf_counter()
            assert connection.execute(QUERY).fetchall() == answer
            latencies.append(round((time.perf_counter() - began) * 1000, 3))
            over.wait(EVERY_SECONDS)
    print(json.dumps(latencies))


if __name__ == "__main__":
    main()
