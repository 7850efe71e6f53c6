"""From a request to a grant: who is asked, who decides, and that nobody decides on their own (I7)."""

import asyncio

import pytest

from safelight.domain.access_request import RequestState
from safelight.domain.audit_event import EventKind
from safelight.domain.capability import Capability
from safelight.domain.errors import Denied
from safelight.domain.grant import GrantState
from safelight.ports.audit import AuditUnavailable
from safelight.ports.notifier import NoticeKind
from safelight.ports.policy_fake import FakePolicy
from safelight.ports.store import StoreUnavailable
from tests.application.conftest import Refused
from tests.application.node import HOUR_MS, PEOPLE, Node, agent, person

pytestmark = pytest.mark.anyio


async def test_an_approval_turns_a_request_into_a_grant(node: Node) -> None:
    request = await node.request()
    assert request.state is RequestState.PENDING
    assert node.notifier.notices[-1].kind is NoticeKind.REQUEST_PENDING

    approved = await node.services.decisions.approve("bob", request.id)

    assert approved.state is RequestState.APPROVED
    grant = node.services.access.grant(approved.grant_id or "")
    assert grant is not None
    assert (grant.principal, grant.targets) == ("ada", frozenset({"orders-db"}))
    assert grant.ends_at_ms - grant.starts_at_ms == HOUR_MS
    kinds = [event.kind for event in node.audit.events]
    assert kinds == [EventKind.REQUEST_CREATED, EventKind.REQUEST_APPROVED, EventKind.GRANT_STARTED]
    assert node.audit.synced == 3


async def test_policy_may_approve_by_itself_and_then_tells_by_which_rule() -> None:
    node = await Node(policy=FakePolicy(automatic=True)).start()
    await node.incident()
    request = await node.request(incident="INC-1")
    assert request.state is RequestState.APPROVED
    assert (request.decided_by, request.decided_because) == ("policy", "test")


async def test_who_opened_the_incident_is_not_approved_automatically() -> None:
    node = await Node(policy=FakePolicy(automatic=True)).start()
    await node.incident(opener="ada")
    for requester in ("ada", "bot"):
        request = await node.request(requester, incident="INC-1")
        assert (request.state, request.approvals_needed) == (RequestState.PENDING, 1)


@pytest.mark.parametrize(
    ("requester", "approver", "rule"),
    [
        ("ada", "ada", "approval.own"),
        ("bot", "ada", "approval.own"),  # the sponsor of the agent
        ("ada", "bot", "approval.person"),  # an agent
        ("ada", "root", "approval.own"),  # who made the account
        ("bot2", "ada", "approval.own"),  # who made the agent's sponsor
        ("root", "bob", "approval.own"),  # an account the requester made
        ("puppet2", "ada", "approval.own"),  # made by a puppet of the approver
        ("ada", "puppet2", "approval.own"),  # a puppet's puppet of the requester
        ("ada", "mona", "test.approve"),  # another person, whom policy does not let approve
    ],
)
async def test_nobody_decides_on_their_own_by_any_path(
    requester: str, approver: str, rule: str, refused: Refused
) -> None:
    more = (
        person("puppet", "approvers", created_by="ada"),
        person("puppet2", "approvers", created_by="puppet"),
        agent("bot2", "puppet", created_by="root"),
        person("mona", "oncall"),
    )
    node = await Node().start((*PEOPLE, *more))
    request = await node.request(requester)
    with refused(rule):
        await node.services.decisions.approve(approver, request.id)
    with refused(rule):
        await node.services.decisions.deny(approver, request.id, because="no")
    assert node.services.access.request(request.id) == request
    assert node.services.access.grants() == []


async def test_two_approvals_are_two_people(refused: Refused) -> None:
    node = await Node(policy=FakePolicy(approvals=2)).start((*PEOPLE, person("bobby", "approvers", created_by="bob")))
    request = await node.request()
    first = await node.services.decisions.approve("bob", request.id)
    assert (first.state, len(first.approvals)) == (RequestState.PENDING, 1)
    for again in ("bob", "bobby"):
        with refused("approval.twice"):
            await node.services.decisions.approve(again, request.id)
    assert (await node.services.decisions.approve("cleo", request.id)).state is RequestState.APPROVED


async def test_approvals_at_the_same_moment_give_one_grant(node: Node) -> None:
    node.fake_store.slow = True
    request = await node.request()
    results = await asyncio.gather(
        *(node.services.decisions.approve(by, request.id) for by in ("bob", "cleo")), return_exceptions=True
    )
    assert len(node.services.access.grants()) == 1
    denials = [r for r in results if isinstance(r, Denied)]
    assert [d.refusal.rule for d in denials] == ["request.decided"]


async def test_what_a_request_rests_on_is_looked_at_again(node: Node, refused: Refused) -> None:
    await node.incident()
    request = await node.request(incident="INC-1")
    await node.close_incident()
    with refused("incident.closed"):
        await node.services.decisions.approve("bob", request.id)
    await node.services.principals.disable("eve", "ada")
    other = await node.request("bot2" if node.services.access.principal("bot2") else "cleo")
    node.policy.approvals = 2
    raised = await node.services.decisions.approve("bob", other.id)
    assert (raised.state, raised.approvals_needed) == (RequestState.PENDING, 2)


async def test_a_disabled_requester_gets_nothing(node: Node, refused: Refused) -> None:
    request = await node.request()
    await node.services.principals.disable("eve", "ada")
    with refused("principal.disabled"):
        await node.services.decisions.approve("bob", request.id)


async def test_a_decided_request_stays_decided(node: Node, refused: Refused) -> None:
    request = await node.request()
    assert (await node.services.decisions.deny("bob", request.id, because="not now")).state is RequestState.DENIED
    with refused("request.decided"):
        await node.services.decisions.approve("cleo", request.id)
    with refused("request.decided"):
        await node.services.requests.withdraw("ada", request.id)


async def test_only_the_requester_withdraws(node: Node, refused: Refused) -> None:
    request = await node.request()
    with refused("request.unknown"):
        await node.services.requests.withdraw("bob", request.id)
    assert (await node.services.requests.withdraw("ada", request.id)).state is RequestState.WITHDRAWN


async def test_nobody_decides_in_time(node: Node, refused: Refused) -> None:
    request = await node.request()
    await node.pass_time(HOUR_MS)
    after = node.services.access.request(request.id)
    assert after is not None and after.state is RequestState.EXPIRED
    with refused("request.decided"):
        await node.services.decisions.approve("bob", request.id)


async def test_requests_that_cannot_be(node: Node, refused: Refused) -> None:
    await node.services.incidents.open("eve", title="something is wrong", service="orders")
    (manual,) = node.services.access.incidents()
    with refused("target.unknown"):
        await node.request(targets=("nowhere",))
    with refused("incident.unknown"):
        await node.request(incident="INC-404")
    with refused("incident.unconfirmed"):
        await node.request(incident=manual.id)
    with refused("request.reason"):
        await node.request(reason=" ")
    with refused("request.duration"):
        await node.request(minutes=60 * 24)
    with refused("request.empty"):
        await node.request(targets=())
    with refused("principal.unknown"):
        await node.request("nobody")
    node.policy.approvals = None
    with refused("test.request"):
        await node.request()
    assert node.services.access.requests() == []


async def test_a_broken_policy_engine_is_a_denial(node: Node, refused: Refused) -> None:
    node.policy.broken = True
    with refused("policy.error"):
        await node.request()


async def test_pending_requests_are_bounded(node: Node, refused: Refused) -> None:
    for _ in range(node.limits.pending_requests_per_principal):
        await node.request()
    with refused("request.too_many"):
        await node.request()
    await node.request("cleo")


async def test_nothing_is_granted_when_the_log_or_the_store_cannot_be_written(node: Node) -> None:
    request = await node.request()
    node.fake_store.fail()
    with pytest.raises(StoreUnavailable):
        await node.services.decisions.approve("bob", request.id)
    assert node.services.access.request(request.id) == request
    assert [e.fields.get("stored") for e in node.events(EventKind.GRANT_STARTED)] == [None, False]
    node.fake_store.fail(None)
    node.audit.fail()
    with pytest.raises(AuditUnavailable):
        await node.services.decisions.approve("bob", request.id)
    assert node.services.access.grants() == []
    assert request in node.fake_store.records.values()


async def test_people_see_their_own_requests_and_administrators_all(node: Node, refused: Refused) -> None:
    mine = await node.request("ada")
    theirs = await node.request("cleo", capabilities=(Capability.READ, Capability.WRITE))
    assert node.services.requests.list("ada") == [mine]
    assert node.services.requests.list("root") == [mine, theirs]
    with refused("request.unknown"):
        node.services.requests.get("ada", theirs.id)


async def test_a_cancelled_caller_does_not_part_memory_from_the_store(node: Node) -> None:
    request = await node.request()
    node.fake_store.slow = True
    work = asyncio.create_task(node.services.decisions.approve("bob", request.id))
    await asyncio.sleep(0)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    in_memory = {g.id: g for g in node.services.access.grants()}
    in_store = {r.id: r for r in node.fake_store.records.values() if type(r).__name__ == "Grant"}
    assert in_memory == in_store


async def test_a_grant_for_somebody_disabled_while_it_was_stored_ends_at_once(node: Node) -> None:
    request = await node.request()
    node.fake_store.slow = True
    await asyncio.gather(
        node.services.decisions.approve("bob", request.id), node.services.principals.disable("eve", "ada")
    )
    assert [g.state for g in node.services.access.grants()] == [GrantState.ENDED]
