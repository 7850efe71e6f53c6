"""Deadlines pass with the first of their clocks, and nothing makes them later (I11)."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safelight.domain.deadline import Deadline, Instant, deadline_after, on_this_boot, sooner

START = Instant(1_767_225_600_000, 5_000_000, "boot-1")
spans = st.integers(0, 10**9)
jumps = st.integers(-(10**10), 10**10)


def later(now: Instant, elapsed: int, jump: int = 0) -> Instant:
    return Instant(now.wall_ms + elapsed + jump, now.monotonic_ms + elapsed, now.boot)


@given(spans, spans, jumps)
def test_no_jump_of_the_wall_clock_makes_it_late(length: int, elapsed: int, jump: int) -> None:
    deadline = deadline_after(START, length)
    now = later(START, elapsed, jump)
    assert deadline.remaining_ms(now) <= max(0, length - elapsed)
    assert deadline.passed(now) or elapsed < length


@given(spans, spans)
def test_without_a_jump_it_passes_exactly_in_time(length: int, elapsed: int) -> None:
    assert deadline_after(START, length).passed(later(START, elapsed)) == (elapsed >= length)


@given(spans, spans, jumps)
def test_a_restart_on_the_same_boot_changes_nothing(length: int, elapsed: int, jump: int) -> None:
    deadline = deadline_after(START, length)
    assert on_this_boot(deadline, later(START, elapsed, jump)) is deadline


@given(spans, spans, jumps)
def test_after_a_reboot_the_wall_clock_tells_and_then_holds(length: int, elapsed: int, jump: int) -> None:
    rebooted = Instant(START.wall_ms + elapsed, 7, "boot-2")
    again = on_this_boot(deadline_after(START, length), rebooted)
    assert again.remaining_ms(rebooted) == max(0, length - elapsed)
    assert again.remaining_ms(later(rebooted, 100, jump)) <= max(0, length - elapsed - 100)


@given(spans, spans, spans, jumps)
def test_the_sooner_of_two_is_never_later_than_either(a: int, b: int, elapsed: int, jump: int) -> None:
    first, second, now = deadline_after(START, a), deadline_after(START, b), later(START, elapsed, jump)
    nearer = sooner(first, second)
    assert nearer.remaining_ms(now) == min(first.remaining_ms(now), second.remaining_ms(now))


def test_deadlines_of_two_boots_are_not_compared() -> None:
    one = deadline_after(START, 1)
    with pytest.raises(AssertionError):
        sooner(one, replace(one, boot="boot-2"))
    assert Deadline(START.wall_ms + 5, 0, "boot-0").remaining_ms(START) == 5
