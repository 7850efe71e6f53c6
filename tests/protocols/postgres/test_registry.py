"""Names of prepared statements and portals stay in step with the server, whatever fails."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safelight.domain.errors import Denied
from safelight.protocols.postgres.plan import MessagePlan
from safelight.protocols.postgres.registry import PORTAL, STATEMENT, Portal, Prepared, Registry


def prepared(text: bytes) -> Prepared:
    return Prepared(text, MessagePlan((), (), None, "", 0, 0, False, False))


OLD, NEW = prepared(b"select 1"), prepared(b"select 2")


def test_a_name_means_the_last_statement_the_server_accepted() -> None:
    registry = Registry()
    registry.prepare(1, b"s", OLD)
    registry.batch_ends()
    registry.settled(idle=True)
    registry.prepare(3, b"s", NEW)
    assert registry.statement(b"s") is NEW
    registry.failed(3)
    assert registry.statement(b"s") is OLD


def test_an_error_undoes_what_followed_it_and_keeps_what_came_before() -> None:
    registry = Registry()
    registry.prepare(1, b"before", OLD)
    registry.prepare(3, b"after", NEW)
    registry.failed(2)
    assert registry.statement(b"before") is OLD
    assert registry.statement(b"after") is None


def test_a_name_that_changed_before_and_after_an_error_means_nothing() -> None:
    registry = Registry()
    registry.prepare(1, b"s", OLD)
    registry.close(4, STATEMENT, b"s")
    registry.prepare(5, b"s", NEW)
    registry.failed(3)
    assert registry.statement(b"s") is None


def test_what_is_settled_cannot_be_undone() -> None:
    registry = Registry()
    registry.prepare(1, b"s", OLD)
    registry.batch_ends()
    registry.settled(idle=True)
    registry.failed(1)
    assert registry.statement(b"s") is OLD


def test_portals_end_with_their_transaction_unless_newer_ones_are_in_flight() -> None:
    registry = Registry()
    registry.bind(1, b"p", Portal(OLD, ()))
    registry.batch_ends()
    registry.settled(idle=False)
    assert registry.portal(b"p") is not None
    registry.batch_ends()
    registry.bind(3, b"q", Portal(OLD, ()))
    registry.batch_ends()
    registry.settled(idle=True)
    assert registry.portal(b"p") is not None
    registry.settled(idle=True)
    assert (registry.portal(b"p"), registry.portal(b"q")) == (None, None)


def test_an_error_does_not_touch_the_batches_behind_its_own() -> None:
    registry = Registry()
    registry.prepare(1, b"s", OLD)
    registry.batch_ends()
    registry.prepare(3, b"s", NEW)
    registry.prepare(4, b"t", NEW)
    registry.batch_ends()
    registry.failed(1)
    registry.settled(idle=True)
    assert (registry.statement(b"s"), registry.statement(b"t")) == (NEW, NEW)
    registry.failed(3)
    assert (registry.statement(b"s"), registry.statement(b"t")) == (None, None)


def test_a_name_is_unsettled_while_an_earlier_batch_may_still_fail_to_make_it() -> None:
    registry = Registry()
    registry.prepare(1, b"s", OLD)
    assert not registry.unsettled(STATEMENT, b"s"), "its own batch may rely on it: they fail together"
    registry.batch_ends()
    assert registry.unsettled(STATEMENT, b"s")
    assert not registry.unsettled(PORTAL, b"s")
    assert not registry.unsettled(STATEMENT, b"other")
    registry.prepare(3, b"s", NEW)
    assert not registry.unsettled(STATEMENT, b"s"), "made anew by the batch that uses it"
    registry.settled(idle=True)
    registry.batch_ends()
    registry.settled(idle=True)
    assert not registry.unsettled(STATEMENT, b"s")


def test_deallocate_forgets_one_or_all_unless_it_fails() -> None:
    registry = Registry()
    for name in (b"a", b"b"):
        registry.prepare(1, name, OLD)
    registry.batch_ends()
    registry.settled(idle=True)
    registry.deallocate(2, "a")
    registry.batch_ends()
    registry.settled(idle=True)
    assert (registry.statement(b"a"), registry.statement(b"b")) == (None, OLD)
    registry.deallocate(3, "*")
    assert registry.statement(b"b") is None
    registry.failed(3)
    assert (registry.statement(b"a"), registry.statement(b"b")) == (None, OLD)


def test_what_one_session_can_name_is_bounded() -> None:
    registry = Registry()
    for number in range(10_000):
        registry.prepare(1, b"%d" % number, OLD)
        registry.bind(1, b"%d" % number, Portal(OLD, ()))
    for refused in (
        lambda: registry.prepare(2, b"one more", OLD),
        lambda: registry.bind(2, b"one more", Portal(OLD, ())),
        lambda: registry.close(2, STATEMENT, b"unknown"),
    ):
        with pytest.raises(Denied):
            refused()
    registry.prepare(2, b"7", NEW)
    registry.close(3, STATEMENT, b"8")
    registry.batch_ends()
    registry.settled(idle=True)
    registry.prepare(4, b"one more", OLD)
    assert registry.statement(b"one more") is OLD


def test_texts_and_values_are_bounded_together() -> None:
    registry, mebibyte = Registry(), bytes(1024 * 1024)
    for number in range(16):
        registry.prepare(1, b"%d" % number, prepared(mebibyte))
        registry.bind(1, b"%d" % number, Portal(OLD, (mebibyte, None)))
    with pytest.raises(Denied, match="too long together"):
        registry.bind(1, b"one more", Portal(OLD, (b"1",)))
    registry.prepare(1, b"7", prepared(mebibyte))  # in place of another as long
    registry.close(1, PORTAL, b"7")
    registry.bind(1, b"one more", Portal(OLD, (b"1",)))


Step = st.tuples(st.sampled_from("PPBCSSF"), st.sampled_from([b"", b"a", b"b"]), st.integers(0, 9))


@settings(max_examples=500, deadline=None)
@given(st.lists(Step, max_size=40))
def test_a_known_name_means_what_it_means_to_a_server(steps: list[tuple[str, bytes, int]]) -> None:
    """A server that takes batches in order, and fails some messages. Where both know a name at rest, they agree."""
    registry, server = Registry(), dict[bytes, Prepared]()
    batch: list[tuple[int, str, bytes, Prepared, bool]] = []
    for token, (what, name, luck) in enumerate([*steps, ("S", b"", 0)], 1):
        made = prepared(b"%d" % token)
        if what == "P":
            registry.prepare(token, name, made)
        elif what == "C":
            registry.close(token, STATEMENT, name)
        if what != "S":
            batch.append((token, what, name, made, luck == 0 or what == "F"))
            continue
        registry.batch_ends()
        for at, kind, named, text, fails in batch:
            if fails:
                registry.failed(at)
                break
            if kind == "P":
                server[named] = text
            elif kind == "C":
                server.pop(named, None)
        registry.settled(idle=True)
        batch.clear()
        for known in (b"", b"a", b"b"):
            meaning = registry.statement(known)
            assert meaning is None or meaning is server.get(known)
