"""The machine's clocks."""

import subprocess
import sys

from safelight.adapters.clock import SystemClock

PRINT = "from safelight.adapters.clock import SystemClock as C; n = C().now(); print(n.monotonic_ms, n.boot)"


def test_both_clocks_of_one_reading_go_on() -> None:
    clock = SystemClock()
    first, second = clock.now(), clock.now()
    assert first.boot == second.boot
    assert first.monotonic_ms <= second.monotonic_ms
    assert abs(first.wall_ms - clock.wall_ms()) < 60_000


def test_another_process_counts_from_the_same_start() -> None:
    """So that a restart of the gateway does not lengthen a deadline."""
    before = SystemClock().now()
    printed = subprocess.run([sys.executable, "-c", PRINT], capture_output=True, text=True, check=True).stdout.split()
    after = SystemClock().now()
    assert before.monotonic_ms <= int(printed[0]) <= after.monotonic_ms
    assert " ".join(printed[1:]) == before.boot
