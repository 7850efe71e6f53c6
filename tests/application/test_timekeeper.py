"""The timekeeper's own loop, on the real clocks: it ends a grant in time although nobody calls it."""

import asyncio
import time

import pytest

from safelight.adapters.clock import SystemClock
from safelight.application.due import EndGrant, WarnGrant, due_actions, next_grant_due_ms
from safelight.application.limits import AccessLimits
from safelight.domain.grant import Grant, GrantState
from safelight.ports.clock_fake import FakeClock
from safelight.ports.live_sessions_fake import FakeLiveSessions
from tests.application.node import HOUR_MS, MINUTE_MS, Node

pytestmark = pytest.mark.anyio


class TellingSessions(FakeLiveSessions):
    """Says when a grant has ended."""

    def __init__(self) -> None:
        super().__init__()
        self.ended_at: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    def grant_changed(self, grant: Grant) -> None:
        super().grant_changed(grant)
        if grant.state is GrantState.ENDED:
            self.ended_at.set_result(time.monotonic())


class RealTime(SystemClock, FakeClock):
    """The machine's clocks where a node of the tests has hand-driven ones."""


async def test_the_loop_ends_a_grant_within_a_tenth_of_a_second() -> None:
    node = Node(limits=AccessLimits(minimum_grant_seconds=1))
    node.clock = RealTime()
    node.live_sessions = TellingSessions
    await node.start()
    assert isinstance(node.live, TellingSessions)
    request = await node.services.requests.request(
        "ada", targets=["orders-db"], capabilities=["read"], duration_seconds=1, reason="brief", incident_id=None
    )
    running = asyncio.create_task(node.services.timekeeper.run())
    await node.services.decisions.approve("bob", request.id)
    due = time.monotonic() + 1
    async with asyncio.timeout(5):
        ended_at = await node.live.ended_at
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert -0.05 < ended_at - due < 0.1


async def test_what_is_due_and_when_is_told_without_doing_it(node: Node) -> None:
    grant = await node.grant(minutes=60)
    access, now = node.services.access, node.clock.now
    wait = next_grant_due_ms(access, now(), warn_before_ms=5 * MINUTE_MS, warned=())
    assert wait == 55 * MINUTE_MS
    node.clock.advance(wait)
    (warning,) = due_actions(access, now(), warn_before_ms=5 * MINUTE_MS, warned=())
    assert isinstance(warning, WarnGrant) and warning.remaining_ms == 5 * MINUTE_MS
    assert due_actions(access, now(), warn_before_ms=5 * MINUTE_MS, warned={warning.notice}) == []
    assert next_grant_due_ms(access, now(), warn_before_ms=5 * MINUTE_MS, warned={warning.notice}) == 5 * MINUTE_MS
    node.clock.advance(HOUR_MS)
    assert due_actions(access, now(), warn_before_ms=0, warned=()) == [EndGrant(grant)]
    assert access.grant(grant.id) == grant


async def test_nothing_is_due_on_an_idle_node(node: Node) -> None:
    assert next_grant_due_ms(node.services.access, node.clock.now(), warn_before_ms=0, warned=()) is None
    await node.pass_time(24 * HOUR_MS)
    assert node.audit.events == []


async def test_credentials_tokens_and_codes_that_are_over_are_forgotten(node: Node) -> None:
    grant = await node.grant()
    issued = await node.services.credentials.issue("ada", grant.id)
    token = await node.services.login.agent_token("ada", "bot")
    await node.services.principals.create_person("eve", "dora", groups=[])
    await node.pass_time(2 * HOUR_MS)
    assert node.services.access.credential(issued.id) is not None
    await node.pass_time(48 * HOUR_MS)
    assert node.services.access.credential(issued.id) is None
    assert node.services.access.tokens_of("bot") == [] and node.services.access.codes() == []
    assert node.services.login.authenticate(token.token) is None


async def test_what_is_over_is_kept_for_listing_in_bounded_number() -> None:
    node = await Node(limits=AccessLimits(history=3)).start()
    for _ in range(5):
        grant = await node.grant()
        await node.services.grants.give_back("ada", grant.id)
    kept = node.services.access.grants()
    assert len(kept) == 3 and grant.id in {g.id for g in kept}
    assert len(node.services.access.requests()) == 3
