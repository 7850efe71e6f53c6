"""A node that is cut off from the store ends its sessions when its lease has run out (I10).

Renewing means writing to the store; a lock that another node made would be read the same way. When the lease runs
out, a lock on everything is made in memory. It is lifted when the store can be written again, after what could not
be stored meanwhile has been.
"""

from dataclasses import replace

import structlog

from safelight.application.changes import put
from safelight.application.context import NodeContext
from safelight.domain.lock import Lock, LockScope
from safelight.ports.store import Add, NodeLease, Replace, Store, StoreConflict, StoreUnavailable

log = structlog.get_logger(__name__)
LOCK_ID = "store-lease"


class StoreLease:
    def __init__(self, context: NodeContext, store: Store, node: str) -> None:
        self._ctx = context
        self._store = store
        self._node = node
        self._renewed_monotonic_ms = context.clock.monotonic_ms()

    @property
    def lost(self) -> bool:
        lock = self._ctx.access.lock(LOCK_ID)
        return lock is not None and lock.lifted_at_ms is None

    def remaining_ms(self) -> int:
        end = self._renewed_monotonic_ms + self._ctx.limits.store_lease_seconds * 1000
        return max(0, end - self._ctx.clock.monotonic_ms())

    async def renew(self) -> bool:
        """Try once. The lease counts from before the attempt, so that a slow store cannot lengthen it."""
        started = self._ctx.clock.monotonic_ms()
        change = put(self._ctx.access, NodeLease(self._node, self._ctx.clock.wall_ms()))
        try:
            await self._store.apply([change])
            await self._ctx.changes.pay()
        except (StoreUnavailable, StoreConflict) as problem:
            log.warning("the store lease could not be renewed", problem=str(problem))
            return False
        self._ctx.access.apply(change)
        self._renewed_monotonic_ms = started
        if self.lost and self.remaining_ms() > 0:
            self._lift()
        return True

    def check(self) -> None:
        """End everything if the lease has run out."""
        if self.remaining_ms() > 0 or self.lost:
            return
        log.error("the store cannot be written: ending all sessions")
        now = self._ctx.clock.wall_ms()
        lock = Lock(LOCK_ID, LockScope.ALL, "", "the store cannot be written", self._node, now, None, None)
        before = self._ctx.access.lock(LOCK_ID)
        self._ctx.changes.hold_at_once([Add(lock) if before is None else Replace(before, lock)])
        self._ctx.live.lock(lock)

    def _lift(self) -> None:
        lock = self._ctx.access.lock(LOCK_ID)
        assert lock is not None
        log.warning("the store can be written again")
        lifted = replace(lock, lifted_by=self._node, lifted_at_ms=self._ctx.clock.wall_ms())
        self._ctx.changes.hold_at_once([Replace(lock, lifted)])
        self._ctx.live.unlock(LOCK_ID)
