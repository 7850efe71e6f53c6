"""Names of prepared statements and portals stay in step with the server, whatever fails."""

from safelight.protocols.postgres.plan import MessagePlan
from safelight.protocols.postgres.registry import PORTAL, STATEMENT, Portal, Prepared, Registry


def prepared(text: bytes) -> Prepared:
    return Prepared(text, MessagePlan((), (), None, "", 0, 0, False, False))


OLD, NEW = prepared(b"select 1"), prepared(b"select 2")


def test_a_name_means_the_last_statement_the_server_accepted() -> None:
    registry = Registry()
    registry.prepare(1, b"s", OLD)
    registry.settled(2, idle=True)
    registry.prepare(3, b"s", NEW)
    assert registry.statement(b"s") is NEW
    registry.failed(3, None)
    assert registry.statement(b"s") is OLD


def test_an_error_undoes_what_followed_it_and_keeps_what_came_before() -> None:
    registry = Registry()
    registry.prepare(1, b"before", OLD)
    registry.prepare(3, b"after", NEW)
    registry.close(4, ord("S"), b"before")
    registry.failed(2, None)
    assert registry.statement(b"before") is OLD
    assert registry.statement(b"after") is None


def test_what_is_settled_cannot_be_undone() -> None:
    registry = Registry()
    registry.prepare(1, b"s", OLD)
    registry.settled(1, idle=True)
    registry.failed(1, None)
    assert registry.statement(b"s") is OLD


def test_portals_end_with_their_transaction_unless_newer_ones_are_in_flight() -> None:
    registry = Registry()
    registry.bind(1, b"p", Portal(OLD, ()))
    registry.settled(2, idle=False)
    assert registry.portal(b"p") is not None
    registry.settled(3, idle=True)
    assert registry.portal(b"p") is None


def test_an_error_does_not_touch_the_batches_behind_its_own() -> None:
    registry = Registry()
    registry.prepare(1, b"s", OLD)
    registry.prepare(3, b"s", NEW)
    registry.prepare(4, b"t", NEW)
    registry.failed(1, 2)
    assert (registry.statement(b"s"), registry.statement(b"t")) == (NEW, NEW)
    registry.failed(3, 5)
    assert (registry.statement(b"s"), registry.statement(b"t")) == (None, None)


def test_a_name_is_unsettled_while_an_earlier_batch_may_still_fail_to_make_it() -> None:
    registry = Registry()
    registry.prepare(1, b"s", OLD)
    assert not registry.unsettled(STATEMENT, b"s", []), "its own batch may rely on it: they fail together"
    assert registry.unsettled(STATEMENT, b"s", [2])
    assert not registry.unsettled(PORTAL, b"s", [2])
    assert not registry.unsettled(STATEMENT, b"other", [2])
    registry.settled(2, idle=True)
    assert not registry.unsettled(STATEMENT, b"s", [4])


def test_deallocate_forgets_one_or_all_unless_it_fails() -> None:
    registry = Registry()
    for name in (b"a", b"b"):
        registry.prepare(1, name, OLD)
    registry.settled(1, idle=True)
    registry.deallocate(2, "a")
    assert (registry.statement(b"a"), registry.statement(b"b")) == (None, OLD)
    registry.deallocate(3, "*")
    assert registry.statement(b"b") is None
    registry.failed(3, None)
    assert (registry.statement(b"a"), registry.statement(b"b")) == (None, OLD)
