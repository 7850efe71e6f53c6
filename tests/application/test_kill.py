"""The kill switch: in force before the first await, truthful afterwards."""

import asyncio

import pytest

from safelight.application.open_session import Admission
from safelight.domain.audit_event import EventKind
from safelight.domain.lock import LockScope
from safelight.ports.audit_fake import FakeAuditLog
from tests.application.conftest import Refused
from tests.application.node import Node

pytestmark = pytest.mark.anyio


@pytest.fixture
async def busy(node: Node) -> dict[str, Admission]:
    """A session each of ada, her agent and cleo."""
    await node.incident()
    found = {}
    for name in ("ada", "bot", "cleo"):
        request = await node.request(name, incident="INC-1" if name != "cleo" else None)
        approver = "bob" if name == "cleo" else "cleo"
        approved = await node.services.decisions.approve(approver, request.id)
        grant = node.services.access.grant(approved.grant_id or "")
        assert grant is not None
        found[name] = await node.session(grant)
    return found


@pytest.mark.parametrize(
    ("scope", "subject", "hit"),
    [
        (LockScope.SESSION, "{ada.session.id}", {"ada"}),
        (LockScope.GRANT, "{ada.grant.id}", {"ada"}),
        (LockScope.PRINCIPAL, "ada", {"ada", "bot"}),
        (LockScope.PRINCIPAL, "bot", {"bot"}),
        (LockScope.GROUP, "oncall", {"ada", "bot"}),
        (LockScope.GROUP, "agents", {"bot"}),
        (LockScope.TARGET, "orders-db", {"ada", "bot", "cleo"}),
        (LockScope.TARGET, "users-db", set()),
        (LockScope.LABEL, "env=production", {"ada", "bot", "cleo"}),
        (LockScope.INCIDENT, "INC-1", {"ada", "bot"}),
        (LockScope.ALL, "", {"ada", "bot", "cleo"}),
    ],
)
async def test_a_kill_ends_what_it_names_and_reports_it(
    node: Node, busy: dict[str, Admission], scope: LockScope, subject: str, hit: set[str]
) -> None:
    named = subject.format(**busy) if "{" in subject else subject
    sessions = {name: admission.session.id for name, admission in busy.items()}

    dry = await node.services.kill.kill("eve", scope, named, reason="drill", dry_run=True)
    assert {s.principal for s in dry.matching} == hit
    assert dry.lock is None and node.live.ended == {} and node.services.access.locks() == []

    report = await node.services.kill.kill("eve", scope, named, reason="drill")
    assert {e.session_id for e in report.ended} == {sessions[name] for name in hit}
    assert report.remaining == () and report.recorded
    assert set(node.live.live) == {sessions[name] for name in busy.keys() - hit}
    assert [lock.id for lock in node.services.kill.locks("eve")] == [report.lock.id if report.lock else ""]


async def test_the_lock_is_in_force_before_the_first_await(node: Node, busy: dict[str, Admission]) -> None:
    node.fake_store.slow = True
    work = node.services.kill.kill("eve", LockScope.ALL, reason="now")
    work.send(None)  # runs up to its first await, as a task's first step does
    assert node.live.live == {}
    assert node.services.access.lock_on(busy["ada"].subjects) is not None
    work.close()


async def test_work_that_survives_is_reported(node: Node, busy: dict[str, Admission]) -> None:
    stubborn = busy["ada"].session.id
    node.live.stubborn.add(stubborn)
    report = await node.services.kill.kill("eve", LockScope.PRINCIPAL, "ada", reason="drill")
    assert [e.session_id for e in report.remaining] == [stubborn]
    assert [e.session_id for e in report.ended] == [busy["bot"].session.id]
    gone = {e.session_id: e.fields["gone"] for e in node.events(EventKind.WORK_TERMINATED)}
    assert gone == {stubborn: False, busy["bot"].session.id: True}


async def test_killing_a_grant_ends_it_and_killing_a_session_revokes_its_credential(
    node: Node, busy: dict[str, Admission], refused: Refused
) -> None:
    ada, cleo = busy["ada"], busy["cleo"]
    report = await node.services.kill.kill("eve", LockScope.GRANT, ada.grant.id, reason="drill")
    assert report.grants_ended == (ada.grant.id,)
    assert node.services.access.live_grant(ada.grant.id, node.clock.now()) is None
    await node.services.kill.kill("eve", LockScope.SESSION, cleo.session.id, reason="drill")
    with refused("credential.revoked"):
        await node.connect(f"cleo.{cleo.session.credential_id}")


async def test_a_kill_holds_without_store_or_log_says_so_and_is_stored_later(
    node: Node, busy: dict[str, Admission]
) -> None:
    node.fake_store.fail("no space left")
    report = await node.services.kill.kill("eve", LockScope.ALL, reason="now")
    assert not report.recorded and "no space left" in (report.problem or "")
    assert len(report.ended) == 3 and node.live.live == {}
    node.fake_store.fail(None)
    await node.services.timekeeper.lease.renew()
    await node.restart()
    assert [lock.scope for lock in node.services.access.active_locks()] == [LockScope.ALL]
    assert list(node.live.locks) == [lock.id for lock in node.services.access.active_locks()]


async def test_a_kill_holds_although_the_log_is_broken(node: Node, busy: dict[str, Admission]) -> None:
    node.audit.fail()
    report = await node.services.kill.kill("eve", LockScope.ALL, reason="now")
    assert not report.recorded and node.live.live == {}
    node.audit = FakeAuditLog()
    await node.restart()
    assert len(node.services.access.active_locks()) == 1


async def test_who_may_kill_and_lift(node: Node, refused: Refused) -> None:
    with refused("test.admin"):
        await node.services.kill.kill("bob", LockScope.ALL, reason="mine")
    report = await node.services.kill.kill("eve", LockScope.ALL, reason="drill")
    assert report.lock is not None
    with refused("test.admin"):
        await node.services.kill.lift("bob", report.lock.id)
    lifted = await node.services.kill.lift("eve", report.lock.id)
    assert lifted.lifted_by == "eve" and node.live.locks == {}
    with refused("lock.unknown"):
        await node.services.kill.lift("eve", report.lock.id)
    assert node.services.kill.locks("eve") == []
    assert node.services.kill.locks("eve", lifted=True) == [lifted]


@pytest.mark.parametrize(("scope", "subject"), [(LockScope.PRINCIPAL, "eve"), (LockScope.GROUP, "security")])
async def test_nobody_lifts_a_lock_on_themselves(
    node: Node, scope: LockScope, subject: str, refused: Refused
) -> None:
    report = await node.services.kill.kill("root", scope, subject, reason="compromised")
    assert report.lock is not None
    with refused("lock.in_force"):
        await node.services.kill.lift("eve", report.lock.id)
    with refused("lock.in_force"):
        await node.services.kill.kill("eve", LockScope.ALL, reason="revenge")
    await node.services.kill.lift("root", report.lock.id)


async def test_a_locked_person_can_do_nothing(node: Node, refused: Refused) -> None:
    grant = await node.grant()
    pending = await node.request("cleo")
    await node.services.kill.kill("eve", LockScope.PRINCIPAL, "ada", reason="compromised")
    await node.services.kill.kill("eve", LockScope.PRINCIPAL, "bob", reason="compromised")
    for attempt in (
        node.request("ada"),
        node.request("bot"),
        node.services.credentials.issue("ada", grant.id),
        node.services.requests.extend("ada", grant.id, seconds=600, reason="more"),
        node.services.decisions.approve("bob", pending.id),
    ):
        with refused("lock.in_force"):
            await attempt


@pytest.mark.parametrize(
    ("scope", "subject"),
    [
        (LockScope.SESSION, "s-404"),
        (LockScope.GRANT, "g-404"),
        (LockScope.PRINCIPAL, "eva"),
        (LockScope.GROUP, "on-call"),
        (LockScope.TARGET, "order-db"),
        (LockScope.LABEL, "env"),
        (LockScope.LABEL, "env=prod"),
        (LockScope.INCIDENT, "INC-404"),
        (LockScope.ALL, "everything"),
    ],
)
async def test_a_misspelt_subject_is_refused(node: Node, scope: LockScope, subject: str, refused: Refused) -> None:
    with refused("lock.subject"):
        await node.services.kill.kill("eve", scope, subject, reason="drill")


async def test_sessions_that_begin_during_a_kill_meet_the_lock(node: Node) -> None:
    admission = await node.session(await node.grant())
    node.live.live.clear()
    await asyncio.gather(node.services.kill.kill("eve", LockScope.ALL, reason="now"))
    node.live.add(admission.session, admission.subjects)
    assert node.live.live == {}
