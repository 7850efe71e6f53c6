"""A node that is cut off from its store ends its sessions in time, and takes new ones only when it is back (I10)."""

import asyncio
from collections.abc import Sequence

import pytest

from safelight.ports.store import Change
from safelight.ports.store_fake import FakeStore
from tests.application.conftest import Refused
from tests.application.node import Node

pytestmark = pytest.mark.anyio


async def test_cut_off_for_a_lease_everything_ends_and_comes_back_only_with_the_store(
    node: Node, refused: Refused
) -> None:
    lease_ms = node.limits.store_lease_seconds * 1000
    admission = await node.session(await node.grant())
    user = f"ada.{admission.session.credential_id}"
    node.fake_store.fail()
    await node.pass_time(lease_ms - 1)
    assert admission.session.id in node.live.live
    await node.pass_time(1)
    assert node.live.live == {} and node.services.timekeeper.lease.lost
    with refused("lock.in_force"):
        await node.connect(user)
    node.fake_store.fail(None)
    await node.pass_time(1000)
    assert not node.services.timekeeper.lease.lost and node.live.locks == {}
    assert (await node.connect(user)).session.id in node.live.live


async def test_losing_the_lease_again_ends_everything_again(node: Node) -> None:
    lease_ms = node.limits.store_lease_seconds * 1000
    for _ in range(2):
        admission = await node.session(await node.grant())
        node.fake_store.fail()
        await node.pass_time(lease_ms)
        assert admission.session.id in node.live.ended
        node.fake_store.fail(None)
        await node.pass_time(1)


class SlowStore(FakeStore):
    """Takes changes and does not answer until it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.answers = asyncio.Event()
        self.answers.set()

    async def apply(self, changes: Sequence[Change]) -> None:
        await self.answers.wait()
        await super().apply(changes)


async def test_a_store_that_never_answers_is_a_store_that_is_gone() -> None:
    node = Node()
    node.store = store = SlowStore()
    await node.start()
    admission = await node.session(await node.grant())
    store.answers.clear()
    renewal = asyncio.create_task(node.services.timekeeper.lease.renew())
    await asyncio.sleep(0)
    node.clock.advance(node.limits.store_lease_seconds * 1000)
    await node.services.timekeeper.tick()
    assert admission.session.id in node.live.ended
    store.answers.set()
    assert await renewal
    assert node.services.timekeeper.lease.lost, "an answer older than the lease proves nothing"
    await node.services.timekeeper.lease.renew()
    assert not node.services.timekeeper.lease.lost


async def test_the_lock_of_a_lost_lease_is_of_this_process_only(node: Node) -> None:
    node.fake_store.fail()
    await node.pass_time(node.limits.store_lease_seconds * 1000)
    node.fake_store.fail(None)
    await node.restart()
    assert node.services.access.active_locks() == []
