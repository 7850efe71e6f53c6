"""Deadlines that no clock jump can move (I11).

A deadline has two halves and passes with the first of them: a point on the monotonic clock, which never jumps, and
the wall-clock time that people were told, as a cap. Setting the wall clock back cannot make a session end late;
setting it forward can only end one early.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Instant:
    """One reading of both clocks. ``boot`` names the run of the machine that ``monotonic_ms`` counts from."""

    wall_ms: int
    monotonic_ms: int
    boot: str


@dataclass(frozen=True, slots=True)
class Deadline:
    """``boot`` says which run of the machine ``monotonic_ms`` belongs to; on another one it means nothing."""

    wall_ms: int
    monotonic_ms: int
    boot: str

    def passed(self, now: Instant) -> bool:
        return self.remaining_ms(now) <= 0

    def remaining_ms(self, now: Instant) -> int:
        """Milliseconds left, never less than zero."""
        left = self.wall_ms - now.wall_ms
        if now.boot == self.boot:
            left = min(left, self.monotonic_ms - now.monotonic_ms)
        return max(0, left)


def deadline_after(now: Instant, duration_ms: int) -> Deadline:
    """The deadline ``duration_ms`` from now."""
    return Deadline(now.wall_ms + duration_ms, now.monotonic_ms + duration_ms, now.boot)


def sooner(a: Deadline, b: Deadline) -> Deadline:
    """The nearer of each half. Both must be of one boot."""
    assert a.boot == b.boot, "deadlines of two boots cannot be compared"
    return Deadline(min(a.wall_ms, b.wall_ms), min(a.monotonic_ms, b.monotonic_ms), a.boot)


def on_this_boot(deadline: Deadline, now: Instant) -> Deadline:
    """A stored deadline read back. On the same run of the machine its monotonic half still holds; after a reboot
    only the wall clock is left, and a new monotonic half is taken from it."""
    if deadline.boot == now.boot:
        return deadline
    return Deadline(deadline.wall_ms, now.monotonic_ms + max(0, deadline.wall_ms - now.wall_ms), now.boot)
