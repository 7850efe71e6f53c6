"""Which work a lock names: every scope has its match and its miss."""

from dataclasses import replace

import pytest

from safelight.domain.lock import Lock, LockScope, Subjects, matches

WORK = Subjects("s1", "g1", "ada", frozenset({"oncall"}), "orders-db", {"env": "production"}, "INC-1")
TABLE = [
    (LockScope.SESSION, "s1", "s2"),
    (LockScope.GRANT, "g1", "g2"),
    (LockScope.PRINCIPAL, "ada", "bob"),
    (LockScope.GROUP, "oncall", "admins"),
    (LockScope.TARGET, "orders-db", "users-db"),
    (LockScope.LABEL, "env=production", "env=staging"),
    (LockScope.INCIDENT, "INC-1", "INC-2"),
]


def lock(scope: LockScope, subject: str) -> Lock:
    return Lock("l1", scope, subject, "because", "eve", 1, None, None)


@pytest.mark.parametrize(("scope", "hit", "miss"), TABLE)
def test_a_lock_names_its_work_and_nothing_else(scope: LockScope, hit: str, miss: str) -> None:
    assert matches(lock(scope, hit), WORK)
    assert not matches(lock(scope, miss), WORK)


def test_everything_is_named_by_all_and_nothing_by_a_lifted_lock() -> None:
    everything = lock(LockScope.ALL, "")
    assert matches(everything, WORK)
    assert not matches(replace(everything, lifted_by="eve", lifted_at_ms=2), WORK)


def test_every_scope_is_in_the_table() -> None:
    assert {scope for scope, _, _ in TABLE} | {LockScope.ALL} == set(LockScope)
