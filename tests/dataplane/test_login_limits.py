"""Guessing is slowed down by address and by user, and forgotten after a minute."""

from safelight.dataplane.login_limits import (
    MAX_FAILURES_PER_ADDRESS,
    MAX_FAILURES_PER_USER,
    MAX_REMEMBERED,
    WINDOW_MS,
    LoginLimits,
)


def test_a_user_is_limited_from_every_address_after_too_many_failures() -> None:
    limits = LoginLimits()
    for attempt in range(MAX_FAILURES_PER_USER):
        assert not limits.limited("10.0.0.9", "oncall.k7f3", attempt)
        limits.failed(f"10.0.0.{attempt}", "oncall.k7f3", attempt)
    assert limits.limited("10.0.0.99", "oncall.k7f3", 20)
    assert not limits.limited("10.0.0.99", "other.aaaa", 20)


def test_an_address_is_limited_whatever_user_it_tries() -> None:
    limits = LoginLimits()
    for attempt in range(MAX_FAILURES_PER_ADDRESS):
        limits.failed("10.0.0.1", f"user{attempt}", 0)
    assert limits.limited("10.0.0.1", "somebody.else", 1)


def test_a_minute_later_nothing_is_held_against_anybody() -> None:
    limits = LoginLimits()
    for _ in range(MAX_FAILURES_PER_USER):
        limits.failed("10.0.0.1", "oncall.k7f3", 0)
    assert limits.limited("10.0.0.1", "oncall.k7f3", WINDOW_MS - 1)
    assert not limits.limited("10.0.0.1", "oncall.k7f3", WINDOW_MS)


def test_a_flood_of_names_does_not_grow_the_memory() -> None:
    limits = LoginLimits()
    for number in range(2 * MAX_REMEMBERED):
        limits.failed("10.0.0.1", f"user{number}", 0)
    assert len(limits._failures) <= MAX_REMEMBERED
