"""The machine's clocks."""

import time
from pathlib import Path

from safelight.domain.deadline import Instant

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class SystemClock:
    """Monotonic time goes on while the machine sleeps where the system offers that (Linux: CLOCK_BOOTTIME), so that
    access does not outlive a closed lid. It is the same for all processes of one boot, so that a restart of the
    gateway does not lengthen a deadline."""

    def __init__(self) -> None:
        self._clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
        self._boot = _boot_id()

    def wall_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic_ms(self) -> int:
        return time.clock_gettime_ns(self._clock) // 1_000_000

    def now(self) -> Instant:
        return Instant(self.wall_ms(), self.monotonic_ms(), self._boot)


def _boot_id() -> str:
    """The kernel's name for this boot. Where there is none, one that no other process has: monotonic deadlines then
    do not survive a restart, and the wall clock alone counts."""
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return f"process {time.time_ns()}"
