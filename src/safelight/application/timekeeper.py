"""One task that watches the clocks: deadlines, warnings, timeouts, and the store lease.

What is due is computed by pure functions (``due.py``). Ends take effect at once; recording and storing them goes on
beside, so that a slow store delays no other deadline. The clocks are read at least every half second, because a jump
of the wall clock wakes nobody. If this task dies the node must stop: without it nothing ends in time.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog

from safelight.application.context import NodeContext
from safelight.application.due import (
    Due,
    EndGrant,
    ExpireRequest,
    FinishIncident,
    WarnGrant,
    due_actions,
    next_grant_due_ms,
)
from safelight.application.grant_ends import GrantEnds
from safelight.application.hold_statement import HoldRegistry
from safelight.application.store_lease import StoreLease
from safelight.domain.access_request import AccessRequest, RequestState
from safelight.domain.access_rules import closed_as
from safelight.domain.audit_event import EventKind
from safelight.domain.errors import Denied
from safelight.domain.grant import Grant
from safelight.domain.hold import Verdict
from safelight.domain.incident import IncidentState
from safelight.domain.incident_rules import closed
from safelight.ports.audit import AuditUnavailable
from safelight.ports.notifier import Notice, NoticeKind
from safelight.ports.store import Replace, StoreConflict, StoreUnavailable

log = structlog.get_logger(__name__)

LONGEST_SLEEP_SECONDS = 0.5
FORGET_EVERY_MS = 30_000
ACTOR = "safelight"
"""Who acts when time does."""


class Timekeeper:
    def __init__(self, context: NodeContext, ends: GrantEnds, holds: HoldRegistry, lease: StoreLease) -> None:
        self._ctx = context
        self._ends = ends
        self._holds = holds
        self.lease = lease
        self._warned: set[tuple[str, int]] = set()
        self._expiring: set[str] = set()
        self._forget_at_monotonic_ms = 0

    async def run(self) -> None:
        """Until cancelled. An exception out of here must stop the node."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._renew_lease())
            while True:
                for work in self.begin_due():
                    group.create_task(work)
                await asyncio.sleep(self._sleep_seconds())

    async def tick(self) -> None:
        """Carry out everything that is due now, to the end."""
        for work in self.begin_due():
            await work

    def begin_due(self) -> list[Coroutine[Any, Any, None]]:
        """Let everything due take effect; what is returned records and stores it, and must be awaited."""
        now = self._ctx.now()
        self.lease.check()
        for hold_id in self._holds.due(now):
            self._holds.finish(hold_id, Verdict.TIMED_OUT, None, None)
        if now.monotonic_ms >= self._forget_at_monotonic_ms:
            self._ctx.access.forget_expired(now)
            self._forget_at_monotonic_ms = now.monotonic_ms + FORGET_EVERY_MS
        actions = due_actions(self._ctx.access, now, warn_before_ms=self._warn_before_ms, warned=self._warned)
        works = [work for action in actions if (work := self._begin(action)) is not None]
        active = {grant.id for grant in self._ctx.access.active_grants()}
        self._warned = {notice for notice in self._warned if notice[0] in active}
        return works

    @property
    def _warn_before_ms(self) -> int:
        return self._ctx.limits.notice_before_end_seconds * 1000

    def _sleep_seconds(self) -> float:
        now = self._ctx.now()
        access = next_grant_due_ms(self._ctx.access, now, warn_before_ms=self._warn_before_ms, warned=self._warned)
        due = [ms for ms in (access, self._holds.next_due_ms(now)) if ms is not None]
        return min([LONGEST_SLEEP_SECONDS, *(max(ms, 1) / 1000 for ms in due)])

    def _begin(self, action: Due) -> Coroutine[Any, Any, None] | None:
        match action:
            case EndGrant(grant=grant):
                changes, events = self._ends.begin([grant], self._end_reason(grant), ACTOR)
                return self._settled(self._ctx.changes.settle(changes, events))
            case FinishIncident(incident=incident):
                change = Replace(incident, closed(incident))
                self._ctx.changes.hold_at_once([change])
                return self._settled(self._ctx.changes.settle([change], []))
            case WarnGrant(grant=grant, notice=notice, remaining_ms=remaining):
                self._warned.add(notice)
                self._warn(grant, remaining)
                return None
            case ExpireRequest(request=request):
                if request.id in self._expiring:
                    return None
                self._expiring.add(request.id)
                return self._settled(self._expire(request))

    def _end_reason(self, grant: Grant) -> str:
        incident = self._ctx.access.incident(grant.incident_id) if grant.incident_id else None
        if incident is not None and incident.state is not IncidentState.OPEN:
            return f"incident {incident.id} is over"
        return "the grant is over; ask again with: safelight request"

    def _warn(self, grant: Grant, remaining_ms: int) -> None:
        minutes = max(1, round(remaining_ms / 60_000))
        unit = "minute" if minutes == 1 else "minutes"
        message = f"access {grant.id} ends in {minutes} {unit}; more time: safelight extend {grant.id}"
        sessions = [s.id for s in self._ctx.live.sessions() if s.grant_id == grant.id]
        self._ctx.live.notify(sessions, message)
        self._ctx.notifier.notify(Notice(NoticeKind.GRANT_ENDING, grant.id, grant.principal, message))

    async def _expire(self, request: AccessRequest) -> None:
        try:
            await self._expire_in_turn(request)
        finally:
            self._expiring.discard(request.id)

    async def _expire_in_turn(self, request: AccessRequest) -> None:
        """Like a decision, and not at once: a grant may be on its way into the store."""
        async with self._ctx.changes.turn(f"request {request.id}"):
            current = self._ctx.access.request(request.id)
            if current is None or current.state is not RequestState.PENDING:
                return
            after = closed_as(current, RequestState.EXPIRED, None, "nobody decided in time")
            event = self._ctx.event(
                EventKind.REQUEST_DENIED, ACTOR, {"request": request.id, "rule": "request.expired"}
            )
            await self._ctx.changes.make([Replace(current, after)], [event])

    async def _settled(self, work: Coroutine[Any, Any, None]) -> None:
        """What could not be recorded or stored has taken effect all the same, or is due again at the next tick."""
        try:
            await work
        except (AuditUnavailable, StoreUnavailable, StoreConflict, Denied) as problem:
            log.error("what time made due is not recorded or not stored", problem=str(problem))

    async def _renew_lease(self) -> None:
        while True:
            await self.lease.renew()
            await asyncio.sleep(self._ctx.limits.store_lease_seconds / 3)
