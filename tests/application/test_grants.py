"""Grants end, get longer and get shorter, and every session under them with them (I2, I11)."""

import asyncio

import pytest

from safelight.domain.access_request import RequestState
from safelight.domain.audit_event import EventKind
from safelight.domain.errors import Denied
from safelight.domain.grant import Grant, GrantState
from safelight.policy.questions import RequestQuestion
from safelight.ports.notifier import NoticeKind
from safelight.ports.policy_fake import FakePolicy
from safelight.ports.store import StoreUnavailable
from tests.application.conftest import Refused
from tests.application.node import HOUR_MS, MINUTE_MS, Node

pytestmark = pytest.mark.anyio


def current(node: Node, grant: Grant) -> Grant:
    found = node.services.access.grant(grant.id)
    assert found is not None
    return found


async def test_time_ends_a_grant_and_its_sessions(node: Node) -> None:
    grant = await node.grant(minutes=30)
    session = (await node.session(grant)).session
    await node.pass_time(30 * MINUTE_MS - 1)
    assert session.id in node.live.live
    await node.pass_time(1)
    assert node.live.ended == {session.id: "the grant is over; ask again with: safelight request"}
    assert current(node, grant).state is GrantState.ENDED
    assert node.events(EventKind.GRANT_ENDED)[-1].actor == "safelight"
    assert node.services.access.deadline(grant.id) is None


@pytest.mark.parametrize("jump", [-24 * HOUR_MS, -HOUR_MS, -1, 0])
async def test_setting_the_clock_back_ends_nothing_late(node: Node, jump: int) -> None:
    session = (await node.session(await node.grant(minutes=30))).session
    await node.pass_time(MINUTE_MS, jump=jump)
    assert session.id in node.live.live
    await node.pass_time(29 * MINUTE_MS)
    assert session.id in node.live.ended


async def test_setting_the_clock_forward_can_only_end_early(node: Node) -> None:
    session = (await node.session(await node.grant(minutes=30))).session
    await node.pass_time(0, jump=HOUR_MS)
    assert session.id in node.live.ended


@pytest.mark.parametrize("jump", [-24 * HOUR_MS, 0])
async def test_a_restart_after_a_clock_jump_lengthens_nothing(node: Node, jump: int) -> None:
    grant = await node.grant(minutes=30)
    await node.pass_time(20 * MINUTE_MS, jump=jump)
    await node.restart()
    await node.pass_time(10 * MINUTE_MS - 1)
    assert current(node, grant).state is GrantState.ACTIVE
    await node.pass_time(1)
    assert current(node, grant).state is GrantState.ENDED


async def test_after_a_reboot_the_wall_clock_counts(node: Node) -> None:
    grant = await node.grant(minutes=30)
    node.clock.advance(20 * MINUTE_MS)
    node.clock.reboot()
    await node.restart()
    deadline = node.services.access.deadline(grant.id)
    assert deadline is not None and deadline.remaining_ms(node.clock.now()) == 10 * MINUTE_MS


async def test_after_a_reboot_a_later_restart_lengthens_nothing(node: Node) -> None:
    grant = await node.grant(minutes=30)
    node.clock.reboot()
    await node.restart()
    node.clock.jump(-HOUR_MS)
    await node.restart()
    await node.pass_time(30 * MINUTE_MS)
    assert current(node, grant).state is GrantState.ENDED


async def test_what_ended_while_the_node_was_down_ends_at_its_start(node: Node) -> None:
    grant = await node.grant(minutes=30)
    node.clock.advance(HOUR_MS)
    await node.restart()
    assert current(node, grant).state is GrantState.ENDED
    assert len(node.events(EventKind.GRANT_ENDED)) == 1


async def test_five_minutes_before_the_end_sessions_are_told_once(node: Node) -> None:
    session = (await node.session(await node.grant(minutes=30))).session
    await node.pass_time(25 * MINUTE_MS - 1)
    assert node.live.notices == []
    await node.pass_time(1)
    await node.pass_time(MINUTE_MS)
    ((told, message),) = node.live.notices
    assert told == session.id
    assert "5 minutes" in message and "safelight extend" in message
    assert node.notifier.notices[-1].kind is NoticeKind.GRANT_ENDING


async def test_an_extension_moves_the_deadline_of_running_sessions_and_warns_again() -> None:
    node = await Node(policy=FakePolicy(automatic=True)).start()
    await node.incident()
    grant = await node.grant(minutes=30, incident="INC-1")
    session = (await node.session(grant)).session
    await node.pass_time(26 * MINUTE_MS)
    done = await node.services.requests.extend("ada", grant.id, seconds=1800, reason="not done yet")
    assert (done.state, done.grant_id) == (RequestState.APPROVED, grant.id)
    assert node.live.grants[-1].ends_at_ms == grant.ends_at_ms + 30 * MINUTE_MS
    assert node.policy.asked[-1].duration_seconds == 3600
    await node.pass_time(4 * MINUTE_MS)
    assert session.id in node.live.live
    await node.pass_time(25 * MINUTE_MS)
    assert len(node.live.notices) == 2
    await node.pass_time(5 * MINUTE_MS)
    assert session.id in node.live.ended


async def test_an_extension_that_people_must_approve_is_a_request(node: Node, refused: Refused) -> None:
    grant = await node.grant(minutes=30)
    request = await node.services.requests.extend("ada", grant.id, seconds=600, reason="not done yet")
    assert current(node, grant) == grant
    with refused("approval.own"):
        await node.services.decisions.approve("ada", request.id)
    await node.services.decisions.approve("cleo", request.id)
    assert current(node, grant).ends_at_ms == grant.ends_at_ms + 10 * MINUTE_MS
    assert [g.id for g in node.services.access.grants()] == [grant.id]
    with refused("request.decided"):
        await node.services.decisions.approve("bob", request.id)


async def test_what_cannot_be_extended(node: Node, refused: Refused) -> None:
    await node.incident()
    grant = await node.grant(minutes=30, incident="INC-1")
    with refused("grant.unknown"):
        await node.services.requests.extend("bob", grant.id, seconds=600, reason="mine now")
    with refused("grant.too_long"):
        await node.services.requests.extend("ada", grant.id, seconds=12 * 3600, reason="all day")
    waiting = await node.services.requests.extend("ada", grant.id, seconds=600, reason="not done yet")
    await node.close_incident()
    with refused("incident.closed"):
        await node.services.requests.extend("ada", grant.id, seconds=600, reason="not done yet")
    await node.services.grants.give_back("ada", grant.id)
    with refused("grant.over"):
        await node.services.requests.extend("ada", grant.id, seconds=600, reason="not done yet")
    with refused("incident.closed"):
        await node.services.decisions.approve("bob", waiting.id)


async def test_an_end_beats_an_extension_that_is_being_stored() -> None:
    node = await Node(policy=FakePolicy(automatic=True)).start()
    await node.incident()
    grant = await node.grant(minutes=30, incident="INC-1")
    node.fake_store.slow = True
    extension = asyncio.create_task(
        node.services.requests.extend("ada", grant.id, seconds=600, reason="not done yet")
    )
    await node.fake_store.entered.wait()
    await node.services.grants.end("eve", grant.id, because="enough")
    with pytest.raises(Denied, match="changed"):
        await extension
    assert current(node, grant).state is GrantState.ENDED
    assert current(node, grant) in node.fake_store.records.values()


async def test_giving_back_ends_at_once_and_only_ones_own(node: Node, refused: Refused) -> None:
    grant = await node.grant()
    session = (await node.session(grant)).session
    with refused("grant.unknown"):
        await node.services.grants.give_back("bob", grant.id)
    over = await node.services.grants.give_back("ada", grant.id)
    assert (over.state, over.end_reason) == (GrantState.ENDED, "given back")
    assert session.id in node.live.ended
    with refused("grant.over"):
        await node.services.grants.give_back("ada", grant.id)


async def test_administrators_end_others_grants_and_nobody_else_does(node: Node, refused: Refused) -> None:
    grant = await node.grant()
    with refused("test.admin"):
        await node.services.grants.end("bob", grant.id, because="enough")
    over = await node.services.grants.end("eve", grant.id, because="enough")
    assert over.end_reason == "enough"


async def test_an_end_that_cannot_be_stored_holds_and_is_stored_later(node: Node) -> None:
    grant = await node.grant()
    session = (await node.session(grant)).session
    node.fake_store.fail()
    with pytest.raises(StoreUnavailable):
        await node.services.grants.give_back("ada", grant.id)
    assert session.id in node.live.ended
    node.fake_store.fail(None)
    await node.services.timekeeper.lease.renew()
    await node.restart()
    assert current(node, grant).state is GrantState.ENDED


async def test_grants_are_seen_by_their_owner_and_administrators(node: Node, refused: Refused) -> None:
    grant = await node.grant()
    assert [g.id for g in node.services.grants.list("ada")] == [grant.id]
    assert node.services.grants.list("bob") == []
    assert node.services.grants.get("root", grant.id) == grant
    with refused("grant.unknown"):
        node.services.grants.get("bob", grant.id)


async def test_policy_is_asked_about_the_sponsor_of_an_agent(node: Node) -> None:
    await node.request("bot")
    question = node.policy.asked[-1]
    assert isinstance(question, RequestQuestion)
    assert question.sponsor == node.services.access.principal("ada")
