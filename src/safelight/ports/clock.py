"""Time as an input (I11)."""

from typing import Protocol

from safelight.domain.deadline import Instant


class Clock(Protocol):
    def wall_ms(self) -> int:
        """Milliseconds since the Unix epoch. May jump."""
        ...

    def monotonic_ms(self) -> int:
        """Milliseconds since an arbitrary start. Never jumps."""
        ...

    def now(self) -> Instant:
        """Both clocks at once, and the run of the machine that the monotonic one counts from."""
        ...
