"""How state changes: the order of evidence, storage and effect.

What gives (:meth:`Changes.make`): audit event durable, then stored, then in the read model. A crash in between leaves
evidence and no access. What takes away (:meth:`Changes.make_at_once`): in the read model first, in the same tick,
then audit and store; it is acknowledged when both have it.

The two kinds may cross. A change is computed from a record as it was; before it is handed to the store, and again
before it takes effect, that record must still be the current one. The store keeps the order of submissions, so an end
that came first in memory also comes last in the store.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, TypeVar

import structlog

from safelight.application.access_state import AccessState
from safelight.domain.audit_event import AuditEvent
from safelight.domain.errors import Denied, Refusal
from safelight.ports.audit import AuditLog
from safelight.ports.store import Add, Change, Key, Record, Replace, Store, StoreConflict, StoreUnavailable, key

T = TypeVar("T")
log = structlog.get_logger(__name__)

CHANGED_MEANWHILE = Refusal(
    "state.changed", "this was changed by somebody else at the same moment", "look again, then retry"
)


class Changes:
    def __init__(self, access: AccessState, store: Store, audit: AuditLog) -> None:
        self._access = access
        self._store = store
        self._audit = audit
        self._turns: dict[str, tuple[asyncio.Lock, int]] = {}
        self._owed: dict[Key, bool] = {}
        """Records that hold in memory and could not be stored; whether the store has never seen them."""

    @asynccontextmanager
    async def turn(self, subject: str) -> AsyncIterator[None]:
        """One at a time for each ``subject`` (a request's id, say): read, decide and change within one turn."""
        lock, waiting = self._turns.get(subject, (asyncio.Lock(), 0))
        self._turns[subject] = (lock, waiting + 1)
        try:
            async with lock:
                yield
        finally:
            lock, waiting = self._turns[subject]
            if waiting == 1:
                del self._turns[subject]
            else:
                self._turns[subject] = (lock, waiting - 1)

    async def make(self, changes: Sequence[Change], events: Sequence[AuditEvent]) -> None:
        """Carry out changes that give something.

        Raises:
            Denied: ``state.changed``; nothing took effect.
            AuditUnavailable, StoreUnavailable, StoreConflict: nothing took effect.
        """
        await uninterrupted(self._make(changes, events))

    async def _make(self, changes: Sequence[Change], events: Sequence[AuditEvent]) -> None:
        await self.record(events)
        try:
            self._check(changes)
            await self._submit(changes, owe=False)
        except (Denied, StoreUnavailable, StoreConflict):
            await self._take_back(events)
            raise
        self._check(changes)
        for change in changes:
            self._access.apply(change)

    async def make_side_by_side(self, changes: Sequence[Change], events: Sequence[AuditEvent]) -> None:
        """Like :meth:`make`, for changes that give nothing by themselves (a session's row under a grant): audit and
        store are waited for together. A crash may leave the row without its event, and nothing live.

        Raises:
            Denied, AuditUnavailable, StoreUnavailable, StoreConflict: nothing took effect.
        """
        await uninterrupted(self._make_side_by_side(changes, events))

    async def _make_side_by_side(self, changes: Sequence[Change], events: Sequence[AuditEvent]) -> None:
        self._check(changes)
        recorded, stored = await asyncio.gather(
            self.record(events), self._submit(changes, owe=False), return_exceptions=True
        )
        if recorded is not None:
            raise recorded
        if stored is not None:
            await self._take_back(events)
            raise stored
        self._check(changes)
        for change in changes:
            self._access.apply(change)

    async def make_at_once(self, changes: Sequence[Change], events: Sequence[AuditEvent]) -> None:
        """Carry out changes that take something away: they hold when this coroutine first yields.

        Raises:
            AuditUnavailable, StoreUnavailable, StoreConflict: the changes hold in this process, but are not recorded
                or not stored.
        """
        self.hold_at_once(changes)
        await self.settle(changes, events)

    def hold_at_once(self, changes: Sequence[Change]) -> None:
        """The first half of :meth:`make_at_once`, for callers with more to do in the same tick."""
        for change in changes:
            self._access.apply(change)

    async def settle(self, changes: Sequence[Change], events: Sequence[AuditEvent]) -> None:
        """The second half: audit and store, both tried whatever becomes of the other."""
        await uninterrupted(self._settle(changes, events))

    async def _settle(self, changes: Sequence[Change], events: Sequence[AuditEvent]) -> None:
        stored = asyncio.ensure_future(self._submit(changes, owe=True))
        try:
            await self.record(events)
        finally:
            await stored

    @property
    def owed(self) -> int:
        """How many records hold in memory and could not be stored yet."""
        return len(self._owed)

    async def pay(self) -> None:
        """Store what could not be stored before. Called when the store is known to work again.

        Raises:
            StoreUnavailable, StoreConflict: it is still owed.
        """
        await uninterrupted(self._submit((), owe=True))

    async def _submit(self, changes: Sequence[Change], *, owe: bool) -> None:
        """Store what is owed, then ``changes``. With ``owe`` a failure keeps them to be stored later: an end that
        this process already carries out must not come undone at its next start. What is paid is the record as it
        is by then, so that no older state ever overwrites a newer one."""
        earlier, self._owed = self._owed, {}
        due = [*self._payments(earlier), *changes]
        if not due:
            return
        try:
            await self._store.apply(due)
        except (StoreUnavailable, StoreConflict):
            for change in changes if owe else ():
                earlier.setdefault(key(record_of(change)), isinstance(change, Add))
            self._owed = earlier | {k: new or earlier.get(k, False) for k, new in self._owed.items()}
            raise

    def _payments(self, owed: Mapping[Key, bool]) -> Iterator[Change]:
        for identity, new in owed.items():
            record = self._access.by_key(identity)
            if record is not None:
                yield Add(record) if new else Replace(record, record)

    async def record(self, events: Sequence[AuditEvent]) -> None:
        """Append events and wait until they are durable.

        Raises:
            AuditUnavailable
        """
        last = None
        for event in events:
            last = self._audit.append(event)
        if last is not None:
            await self._audit.durable(last)

    def _check(self, changes: Sequence[Change]) -> None:
        if not all(self._access.holds(change) for change in changes):
            raise Denied(CHANGED_MEANWHILE)

    async def _take_back(self, events: Sequence[AuditEvent]) -> None:
        """The log already says that this happened; say that it did not."""
        log.error("a recorded change was not stored", kinds=[event.kind.value for event in events])
        await self.record([replace(event, fields={**event.fields, "stored": False}) for event in events])


async def uninterrupted(work: Coroutine[Any, Any, T]) -> T:
    """Finish ``work`` even when the caller is cancelled, and only then be cancelled: the store and the read model
    must not part because a client hung up."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as cause:
            if task.cancelled():
                raise
            cancelled = cause
        except Exception:  # noqa: BLE001 (raised again by task.result below)
            break
    if cancelled is not None:
        raise cancelled
    return task.result()


def record_of(change: Change) -> Record:
    """What is current once ``change`` is made."""
    return change.record if isinstance(change, Add) else change.after


def put(access: AccessState, record: Record) -> Change:
    """The change that makes ``record`` the current one of its id."""
    before = access.current(record)
    return Add(record) if before is None else Replace(before, record)
