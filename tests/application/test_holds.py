"""Held statements: approved by somebody else, for exactly these bytes, in time; anything else is a refusal."""

import asyncio

import pytest

from safelight.application.hold_statement import HeldStatement
from safelight.application.limits import AccessLimits
from safelight.domain.audit_event import EventKind
from safelight.domain.capability import Capability
from safelight.domain.hold import Verdict
from safelight.domain.lock import LockScope
from safelight.domain.session import Session
from safelight.ports.audit import AuditUnavailable
from tests.application.conftest import Refused
from tests.application.node import MINUTE_MS, Node

pytestmark = pytest.mark.anyio
TEXT, VALUES, MEANING = b"update orders set note = $1 where id = $2", (b"late", None), b"search_path=public"


@pytest.fixture
async def session(node: Node) -> Session:
    return (await node.session(await node.grant())).session


def hold(node: Node, session: Session) -> HeldStatement:
    return node.services.holds.hold(
        session,
        TEXT,
        VALUES,
        meaning=MEANING,
        capabilities=frozenset({Capability.WRITE}),
        policies=("statement.write",),
        masked_text="update orders set note = $1 where id = $2",
        rows=1,
    )


async def test_a_second_person_releases_it(node: Node, session: Session) -> None:
    held = hold(node, session)
    waiting = asyncio.create_task(held.verdict())
    (listed,) = node.services.holds.list("bob")
    assert (listed.id, listed.rows, listed.principal) == (held.hold.id, 1, "ada")
    await node.services.holds.approve("bob", held.hold.id)
    verdict = await waiting
    assert (verdict.verdict, verdict.by) == (Verdict.APPROVED, "bob")
    assert node.services.holds.covers(verdict, session, TEXT, VALUES, MEANING)
    assert node.events(EventKind.STATEMENT_RELEASED)[-1].fields["binding"] == held.hold.binding
    assert node.services.holds.list("bob") == []


async def test_the_approval_is_for_exactly_this(node: Node, session: Session) -> None:
    held = hold(node, session)
    await node.services.holds.approve("bob", held.hold.id)
    verdict = await held.verdict()
    other = (await node.session(await node.grant())).session
    covers = node.services.holds.covers
    assert not covers(verdict, other, TEXT, VALUES, MEANING)
    assert not covers(verdict, session, TEXT + b" ", VALUES, MEANING)
    assert not covers(verdict, session, TEXT, (b"late", b""), MEANING)
    assert not covers(verdict, session, TEXT, (b"lat", b"e", None), MEANING)
    assert not covers(verdict, session, TEXT, (None, b"late"), MEANING)
    assert not covers(verdict, session, TEXT, VALUES, b"search_path=evil")
    assert not covers(verdict, session, MEANING + TEXT, VALUES, b"")


async def test_nobody_releases_their_own(node: Node, session: Session, refused: Refused) -> None:
    held = hold(node, session)
    for by, rule in (("ada", "approval.own"), ("root", "approval.own"), ("bot", "approval.person")):
        with refused(rule):
            await node.services.holds.approve(by, held.hold.id)
        with refused(rule):
            await node.services.holds.deny(by, held.hold.id, because="no")
    assert held.waiting
    assert [h.id for h in node.services.holds.list("ada")] == [held.hold.id]
    assert node.services.holds.list("bot") == []
    await node.services.kill.kill("eve", LockScope.PRINCIPAL, "bob", reason="compromised")
    with refused("lock.in_force"):
        await node.services.holds.approve("bob", held.hold.id)


async def test_denied_withdrawn_and_timed_out_are_refusals(node: Node, session: Session, refused: Refused) -> None:
    denied, withdrawn, late = hold(node, session), hold(node, session), hold(node, session)
    await node.services.holds.deny("bob", denied.hold.id, because="wrong table")
    withdrawn.withdraw()
    withdrawn.withdraw()
    await node.pass_time(node.limits.hold_timeout_seconds * 1000)
    verdicts = [await one.verdict() for one in (denied, withdrawn, late)]
    assert [v.verdict for v in verdicts] == [Verdict.DENIED, Verdict.WITHDRAWN, Verdict.TIMED_OUT]
    assert not any(node.services.holds.covers(v, session, TEXT, VALUES, MEANING) for v in verdicts)
    rules = [e.fields["rule"] for e in node.events(EventKind.STATEMENT_REFUSED)]
    assert rules == ["hold.denied", "hold.withdrawn", "hold.timed_out"]
    with refused("hold.unknown"):
        await node.services.holds.approve("bob", late.hold.id)


async def test_past_its_deadline_nothing_is_approved_even_before_the_timekeeper_saw_it(
    node: Node, session: Session, refused: Refused
) -> None:
    held = hold(node, session)
    node.clock.advance(node.limits.hold_timeout_seconds * 1000)
    node.clock.jump(-60 * MINUTE_MS)
    with refused("hold.unknown"):
        await node.services.holds.approve("bob", held.hold.id)


async def test_a_cancelled_wait_withdraws(node: Node, session: Session) -> None:
    held = hold(node, session)
    waiting = asyncio.create_task(held.verdict())
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert not held.waiting and node.services.holds.list("bob") == []


async def test_an_approval_that_cannot_be_recorded_releases_nothing(node: Node, session: Session) -> None:
    held = hold(node, session)
    node.audit.fail()
    with pytest.raises(AuditUnavailable):
        await node.services.holds.approve("bob", held.hold.id)
    assert held.waiting


async def test_a_refusal_needs_no_log(node: Node, session: Session) -> None:
    held = hold(node, session)
    node.audit.fail()
    await node.pass_time(node.limits.hold_timeout_seconds * 1000)
    with pytest.raises(AuditUnavailable):
        await held.verdict()
    assert not held.waiting


async def test_holds_are_bounded(refused: Refused) -> None:
    node = await Node(limits=AccessLimits(held_statements_per_session=1, held_statements=2)).start()
    grant = await node.grant()
    sessions = [(await node.session(grant)).session for _ in range(3)]
    hold(node, sessions[0])
    with refused("hold.too_many"):
        hold(node, sessions[0])
    hold(node, sessions[1])
    with refused("hold.too_many"):
        hold(node, sessions[2])
