"""A store in memory, for tests. It passes the contract suite of the port (``tests/adapters/storage``)."""

import asyncio
from collections.abc import Sequence

from safelight.domain.access_request import AccessRequest
from safelight.domain.grant import Grant, SessionCredential
from safelight.domain.session import Session
from safelight.ports.store import (
    Change,
    GrantDeadline,
    Key,
    Loaded,
    Record,
    Replace,
    StoreConflict,
    StoreUnavailable,
    key,
)


class FakeStore:
    """Keeps what was applied; :meth:`load` gives everything, as if nothing were ever old. ``fail`` makes it
    unavailable, ``slow`` makes each change take a turn of the loop."""

    def __init__(self) -> None:
        self.records: dict[Key, Record] = {}
        self.applied = 0
        self.slow = False
        self.entered = asyncio.Event()
        """Set when a slow change has begun."""
        self._failure: str | None = None
        self._closed = False

    def fail(self, why: str | None = "no space left on device") -> None:
        """From now on nothing can be read or written; None ends that."""
        self._failure = why

    async def load(self, *, now_ms: int, history: int) -> Loaded:
        self._check()
        return Loaded(tuple(self.records.values()))

    async def apply(self, changes: Sequence[Change]) -> None:
        if self.slow:
            self.entered.set()
            await asyncio.sleep(0)
        self._check()
        after = dict(self.records)
        for change in changes:
            _apply(after, change)
        self.records = after
        self.applied += 1

    async def close(self) -> None:
        self._closed = True

    def _check(self) -> None:
        if self._failure is not None or self._closed:
            raise StoreUnavailable(self._failure or "the store is closed")


def _apply(records: dict[Key, Record], change: Change) -> None:
    if isinstance(change, Replace):
        if key(change.after) not in records:
            raise StoreConflict("a change to what is not stored")
        _keep_owner(records[key(change.after)], change.after)
        records[key(change.after)] = change.after
        return
    if key(change.record) in records:
        raise StoreConflict("an id that is in use")
    _check_owner(records, change.record)
    records[key(change.record)] = change.record


def _keep_owner(before: Record, after: Record) -> None:
    if isinstance(before, Grant) and isinstance(after, Grant) and before.principal != after.principal:
        raise StoreConflict("a grant changes its owner")


def _check_owner(records: dict[Key, Record], record: Record) -> None:
    """What the database's keys say: everything names what exists, and belongs to one owner."""
    match record:
        case Grant():
            request = records.get((AccessRequest.__name__, record.request_id))
            same = isinstance(request, AccessRequest) and request.requester == record.principal
            once = not any(isinstance(r, Grant) and r.request_id == record.request_id for r in records.values())
            good = same and once
        case GrantDeadline():
            good = (Grant.__name__, record.grant_id) in records
        case SessionCredential():
            grant = records.get((Grant.__name__, record.grant_id))
            good = isinstance(grant, Grant) and grant.principal == record.principal
        case Session():
            credential = records.get((SessionCredential.__name__, record.credential_id))
            owner = (record.grant_id, record.principal)
            good = isinstance(credential, SessionCredential) and (credential.grant_id, credential.principal) == owner
        case _:
            good = True
    if not good:
        raise StoreConflict("a record names what does not exist, or is not its owner's")
