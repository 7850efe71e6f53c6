"""Incidents: what opens them, who vouches for them, and what their end ends."""

import pytest

from safelight.application.manage_incidents import IncidentAction, IncidentEvent
from safelight.domain.audit_event import EventKind
from safelight.domain.grant import GrantState
from safelight.domain.incident import IncidentState
from tests.application.conftest import Refused
from tests.application.node import MINUTE_MS, PEOPLE, Node, person

pytestmark = pytest.mark.anyio


def event(
    action: IncidentAction = IncidentAction.OPEN, identity: str = "INC-1", title: str = "slow"
) -> IncidentEvent:
    return IncidentEvent(action, identity, title, "orders", "ana@vendor")


async def test_closing_warns_and_two_minutes_later_grants_end(node: Node) -> None:
    await node.incident()
    grant = await node.grant(incident="INC-1")
    other = await node.grant()
    session = (await node.session(grant)).session
    kept = (await node.session(other)).session

    closing = await node.close_incident()

    assert closing.state is IncidentState.CLOSING
    ((told, message),) = node.live.notices
    assert told == session.id and "120 seconds" in message
    await node.pass_time(2 * MINUTE_MS - 1)
    assert session.id in node.live.live
    await node.pass_time(1)
    assert node.live.ended == {session.id: "incident INC-1 is over"}
    assert kept.id in node.live.live
    incident = node.services.access.incident("INC-1")
    assert incident is not None and incident.state is IncidentState.CLOSED


async def test_closing_never_lengthens_a_grant(node: Node) -> None:
    await node.incident()
    grant = await node.grant(minutes=5, incident="INC-1")
    await node.pass_time(4 * MINUTE_MS)
    await node.close_incident()
    await node.pass_time(MINUTE_MS)
    after = node.services.access.grant(grant.id)
    assert after is not None and after.state is GrantState.ENDED


async def test_reopening_revives_nothing(node: Node) -> None:
    await node.incident()
    grant = await node.grant(incident="INC-1")
    await node.close_incident()
    await node.pass_time(MINUTE_MS)
    reopened = await node.incident()
    assert reopened.state is IncidentState.OPEN
    await node.pass_time(MINUTE_MS)
    after = node.services.access.grant(grant.id)
    assert after is not None and after.state is GrantState.ENDED
    assert (await node.grant(incident="INC-1")).state is GrantState.ACTIVE


async def test_saying_the_same_twice_changes_nothing(node: Node) -> None:
    first = await node.incident()
    assert await node.incident() == first
    closing = await node.close_incident()
    node.clock.advance(MINUTE_MS)
    assert await node.close_incident() == closing
    assert len(node.events(EventKind.INCIDENT_OPENED)) == len(node.events(EventKind.INCIDENT_CLOSED)) == 1


async def test_another_source_cannot_touch_an_incident(node: Node, refused: Refused) -> None:
    await node.incident()
    manual = await node.services.incidents.open("eve", title="odd", service=None)
    for identity in ("INC-1", manual.id):
        for action in IncidentAction:
            with refused("incident.source"):
                await node.services.incidents.webhook("chat", event(action, identity))
    assert node.rule(EventKind.WEBHOOK_REFUSED) == "incident.source"
    with refused("incident.unknown"):
        await node.services.incidents.webhook("pager", event(IncidentAction.CLOSE, "INC-404"))


@pytest.mark.parametrize(
    ("identity", "title"), [("", "slow"), ("a b", "slow"), ("I" * 65, "slow"), ("INC-1", ""), ("INC-1", "a\x1b[2J")]
)
async def test_text_that_is_none(node: Node, identity: str, title: str, refused: Refused) -> None:
    with refused("incident.text"):
        await node.services.incidents.webhook("pager", event(identity=identity, title=title))


async def test_a_manual_incident_needs_a_second_person(refused: Refused) -> None:
    people = (*PEOPLE, person("puppet", "admins", created_by="eve"), person("fay", "admins"))
    node = await Node().start(people)
    incident = await node.services.incidents.open("eve", title="odd", service="orders")
    for same in ("eve", "puppet", "root"):
        with refused("approval.own"):
            await node.services.incidents.confirm(same, incident.id)
    with refused("test.admin"):
        await node.services.incidents.confirm("ada", incident.id)
    with refused("incident.unconfirmed"):
        await node.request(incident=incident.id)
    confirmed = await node.services.incidents.confirm("fay", incident.id)
    assert confirmed.confirmed_by == "fay"
    await node.request(incident=incident.id)
    with refused("incident.confirmed"):
        await node.services.incidents.confirm("fay", incident.id)


async def test_closing_by_hand(node: Node, refused: Refused) -> None:
    await node.incident()
    with refused("test.admin"):
        await node.services.incidents.close("ada", "INC-1")
    await node.services.incidents.close("eve", "INC-1")
    with refused("incident.closed"):
        await node.services.incidents.close("eve", "INC-1")
    assert [i.id for i in node.services.incidents.list("eve")] == ["INC-1"]
    await node.pass_time(2 * MINUTE_MS)
    assert node.services.incidents.list("eve") == []
    assert [i.id for i in node.services.incidents.list("eve", closed=True)] == ["INC-1"]


async def test_a_closing_survives_a_restart(node: Node) -> None:
    await node.incident()
    grant = await node.grant(incident="INC-1")
    await node.close_incident()
    await node.restart()
    await node.pass_time(2 * MINUTE_MS)
    after = node.services.access.grant(grant.id)
    assert after is not None and (after.state, after.end_reason) == (GrantState.ENDED, "incident INC-1 is over")
