"""What every store does: records come back as they were, changes are whole, contradictions change nothing."""

import asyncio
from dataclasses import replace

import pytest

from safelight.domain.access_request import AccessRequest, Approval, RequestState
from safelight.domain.grant import GrantState
from safelight.ports.store import Add, Change, Record, Replace, Store, StoreConflict, StoreUnavailable, key
from tests.adapters.storage import records as r
from tests.adapters.storage.conftest import OpenStore

pytestmark = pytest.mark.anyio


async def loaded(store: Store, now_ms: int = r.NOW) -> list[Record]:
    return list((await store.load(now_ms=now_ms, history=100)).records)


async def fill(store: Store) -> None:
    await store.apply([Add(record) for record in r.EVERYTHING])


async def test_every_kind_of_record_survives_being_opened_again(open_store: OpenStore) -> None:
    await fill(await open_store())
    again = await loaded(await open_store())
    assert sorted(again, key=key) == sorted(r.EVERYTHING, key=key)


async def test_every_kind_of_record_can_be_replaced(open_store: OpenStore) -> None:
    store = await open_store()
    await fill(store)
    changes: list[Record] = [
        replace(r.BOT, disabled=True),
        replace(r.PASSWORD, encoded="other"),
        replace(r.INVITATION, expires_at_ms=r.NOW + 1),
        replace(r.TOKEN, expires_at_ms=r.NOW + 1),
        replace(r.INCIDENT, title="other"),
        replace(r.REQUEST, approvals=(*r.REQUEST.approvals, Approval("bot", r.NOW + 2))),
        replace(r.GRANT, ends_at_ms=r.NOW + 1),
        replace(r.DEADLINE, deadline=replace(r.DEADLINE.deadline, boot="boot-2")),
        replace(r.CREDENTIAL, revoked=True),
        replace(r.SESSION, statements=9),
        replace(r.LOCK, reason="other"),
        replace(r.LEASE, renewed_at_ms=r.NOW + 1),
    ]
    before = {key(record): record for record in r.EVERYTHING}
    await store.apply([Replace(before[key(after)], after) for after in changes])
    found = {key(record): record for record in await loaded(await open_store())}
    assert found == before | {key(after): after for after in changes}


@pytest.mark.parametrize(
    "change",
    [
        Add(r.ADA),
        Replace(replace(r.ADA, name="nobody"), replace(r.ADA, name="nobody", disabled=True)),
        Add(replace(r.GRANT, id="g-2")),  # a second grant for one request
        Add(replace(r.GRANT, id="g-2", request_id="r-2", principal="root")),  # of somebody else's request
        Add(replace(r.CREDENTIAL, id="other1", principal="root")),  # of somebody else's grant
        Add(replace(r.SESSION, id="s-2", principal="root")),  # of somebody else's credential
        Add(replace(r.SESSION, id="s-2", grant_id="g-2")),  # of another grant's credential
        Add(replace(r.CREDENTIAL, id="other1", grant_id="g-404")),
        Add(replace(r.DEADLINE, grant_id="g-404")),
        Replace(r.GRANT, replace(r.GRANT, principal="root")),
    ],
)
async def test_a_contradiction_changes_nothing_of_its_list(store: Store, change: Change) -> None:
    await fill(store)
    await store.apply([Add(replace(r.REQUEST, id="r-2", approvals=()))])
    before = await loaded(store)
    with pytest.raises(StoreConflict):
        await store.apply([Add(replace(r.LOCK, id="l-2")), change])
    assert await loaded(store) == before


async def test_of_many_at_a_time_only_the_contradiction_fails(store: Store) -> None:
    await fill(store)
    locks = [replace(r.LOCK, id=f"l-{number}") for number in range(1, 40)]
    results = await asyncio.gather(*(store.apply([Add(lock)]) for lock in locks), return_exceptions=True)
    assert [type(result) for result in results] == [StoreConflict] + [type(None)] * 38
    assert {key(record) for record in await loaded(store)} >= {key(lock) for lock in locks}


async def test_submissions_keep_their_order(store: Store) -> None:
    await fill(store)
    over = replace(r.GRANT, state=GrantState.ENDED, ended_at_ms=r.NOW, end_reason="enough")
    await asyncio.gather(
        store.apply([Replace(r.GRANT, replace(r.GRANT, ends_at_ms=r.NOW + 1))]),
        store.apply([Replace(r.GRANT, over)]),
    )
    assert over in await loaded(store)


async def test_approvals_keep_their_order_and_are_added_once(open_store: OpenStore) -> None:
    store = await open_store()
    await store.apply([Add(p) for p in (r.ROOT, r.ADA, r.BOB, r.INCIDENT)])
    none = replace(r.REQUEST, approvals=())
    one = replace(none, approvals=(Approval("root", 1),))
    two = replace(one, approvals=(Approval("root", 1), Approval("bob", 2)))
    for change in (Add(none), Replace(none, one), Replace(one, two)):
        await store.apply([change])
    found = [x for x in await loaded(await open_store()) if isinstance(x, AccessRequest)]
    assert found == [two]


async def test_a_closed_store_says_so(store: Store) -> None:
    await store.close()
    with pytest.raises(StoreUnavailable):
        await store.apply([Add(r.LOCK)])


async def test_a_replacement_has_the_same_id() -> None:
    with pytest.raises(ValueError, match="another id"):
        Replace(r.LOCK, replace(r.LOCK, id="l-2"))


def test_every_kind_of_record_is_in_this_suite() -> None:
    assert {type(record) for record in r.EVERYTHING} == set(Record.__args__)
    assert RequestState.PENDING is r.REQUEST.state
