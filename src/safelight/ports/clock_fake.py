"""A clock that tests drive by hand."""

from safelight.domain.deadline import Instant


class FakeClock:
    """Starts at a fixed wall time. :meth:`advance` moves both clocks, :meth:`jump` the wall clock alone."""

    def __init__(self, wall_ms: int = 1_767_225_600_000, monotonic_ms: int = 5_000_000) -> None:
        self._wall_ms = wall_ms
        self._monotonic_ms = monotonic_ms
        self._boot = 1

    def wall_ms(self) -> int:
        return self._wall_ms

    def monotonic_ms(self) -> int:
        return self._monotonic_ms

    def now(self) -> Instant:
        return Instant(self._wall_ms, self._monotonic_ms, f"boot-{self._boot}")

    def advance(self, milliseconds: int) -> None:
        if milliseconds < 0:
            raise ValueError("time does not run backwards; use jump for the wall clock")
        self._wall_ms += milliseconds
        self._monotonic_ms += milliseconds

    def jump(self, milliseconds: int) -> None:
        """Set the wall clock forward or back."""
        self._wall_ms += milliseconds

    def reboot(self) -> None:
        """The monotonic clock starts again from zero."""
        self._boot += 1
        self._monotonic_ms = 0
