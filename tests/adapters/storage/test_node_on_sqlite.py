"""A node on the real store and the real policies: access as it is used, over restarts."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from safelight.adapters.storage.sql_store import SqlStore
from safelight.domain.access_request import RequestState
from safelight.domain.capability import Capability
from safelight.domain.errors import Denied
from safelight.domain.grant import GrantState
from safelight.domain.lock import LockScope
from safelight.policy.engine import PolicyEngine
from safelight.ports.store import Record, key
from tests.application.node import ADDRESS, MINUTE_MS, Node

pytestmark = pytest.mark.anyio


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Node]:
    node = Node()
    node.store = await SqlStore.open(tmp_path / "state.db")
    node.policy = PolicyEngine.load({})  # type: ignore[assignment]  # the real one where tests have a fake
    yield await node.start()
    await node.store.close()


async def start_again(node: Node, path: Path) -> None:
    """Stop, and start from the file alone."""
    await node.store.close()
    node.store = await SqlStore.open(path / "state.db")
    await node.restart()


def remembered(node: Node) -> dict[tuple[str, str], Record]:
    """What is in memory of what is kept. Leases are written anew at each start."""
    kinds = node.services.access._kinds
    records = [record for name, found in kinds.items() if name != "NodeLease" for record in found.values()]
    return {key(record): record for record in records}


async def test_an_incident_from_page_to_closing(node: Node, tmp_path: Path) -> None:
    await node.incident()
    request = await node.request(incident="INC-1", minutes=30)
    assert request.state is RequestState.APPROVED, "read on the incident's service, by who is on call"
    grant = node.services.access.grants()[0]
    admission = await node.session(grant)
    written = await node.request(incident="INC-1", minutes=30, capabilities=(Capability.WRITE,))
    assert written.state is RequestState.PENDING
    for approver in ("bob", "cleo")[: written.approvals_needed]:
        written = await node.services.decisions.approve(approver, written.id)
    assert written.state is RequestState.APPROVED

    before = remembered(node)
    await start_again(node, tmp_path)
    session = admission.session
    over = node.services.access.ended_sessions()[0]
    assert over.id == session.id
    assert remembered(node) == before | {key(over): over}

    await node.connect(f"ada.{session.credential_id}")
    await node.close_incident()
    await node.pass_time(2 * MINUTE_MS)
    assert node.live.live == {}
    await start_again(node, tmp_path)
    assert {g.state for g in node.services.access.grants()} == {GrantState.ENDED}
    with pytest.raises(Denied, match=r"grant\.over"):
        await node.connect(f"ada.{session.credential_id}")


async def test_a_lock_is_in_force_after_a_restart(node: Node, tmp_path: Path) -> None:
    await node.services.kill.kill("eve", LockScope.TARGET, "orders-db", reason="drill")
    await start_again(node, tmp_path)
    assert [lock.subject for lock in node.live.locks.values()] == ["orders-db"]


async def test_many_at_a_time(node: Node) -> None:
    await node.incident()
    requests = await asyncio.gather(*(node.request(incident="INC-1", minutes=30) for _ in range(20)))
    assert {r.state for r in requests} == {RequestState.APPROVED}
    grants = [node.services.access.grant(r.grant_id or "") for r in requests]
    issued = await asyncio.gather(*(node.services.credentials.issue("ada", g.id) for g in grants if g))
    started = time.monotonic()
    await asyncio.gather(*(node.connect(one.user) for one in issued))
    assert time.monotonic() - started < 2
    assert len(node.live.live) == 20
    assert {s.client_address for s in node.live.sessions()} == {ADDRESS}
