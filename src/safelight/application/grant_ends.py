"""How grants end, or get a nearer deadline: in memory and on the live sessions in the same tick, then recorded.

Every end of a grant goes through here: its time, its owner, an administrator, its incident, its principal, the kill
switch.
"""

from collections.abc import Iterable

from safelight.application.context import Fields, NodeContext
from safelight.domain.access_rules import ended, with_end
from safelight.domain.audit_event import AuditEvent, EventKind
from safelight.domain.deadline import Deadline, sooner
from safelight.domain.grant import Grant, GrantState
from safelight.ports.notifier import Notice, NoticeKind
from safelight.ports.store import Change, GrantDeadline, Replace


class GrantEnds:
    def __init__(self, context: NodeContext) -> None:
        self._ctx = context

    def begin(self, grants: Iterable[Grant], reason: str, by: str) -> tuple[list[Change], list[AuditEvent]]:
        """End the grants that are still active, now. What is returned must be settled
        (:meth:`safelight.application.changes.Changes.settle`)."""
        changes: list[Change] = []
        events = []
        for grant in grants:
            current = self._ctx.access.grant(grant.id)
            if current is None or current.state is not GrantState.ACTIVE:
                continue
            over = ended(current, self._ctx.clock.wall_ms(), reason)
            change = Replace(current, over)
            self._ctx.changes.hold_at_once([change])
            self._ctx.live.grant_changed(over)
            changes.append(change)
            fields: Fields = {"grant": over.id, "principal": over.principal, "reason": reason}
            events.append(self._ctx.event(EventKind.GRANT_ENDED, by, fields))
            message = f"access {over.id} to {', '.join(sorted(over.targets))} has ended: {reason}"
            self._ctx.notifier.notify(Notice(NoticeKind.GRANT_ENDED, over.id, over.principal, message))
        return changes, events

    async def end(self, grants: Iterable[Grant], reason: str, by: str) -> None:
        """End the grants that are still active; return when that is recorded and stored.

        Raises:
            AuditUnavailable, StoreUnavailable: they have ended in this process all the same.
        """
        changes, events = self.begin(grants, reason, by)
        await self._ctx.changes.settle(changes, events)

    def shorten(self, grants: Iterable[Grant], end: Deadline) -> list[Change]:
        """Let the grants end no later than ``end``, now. The changes must be settled."""
        changes: list[Change] = []
        for one in grants:
            grant, deadline = self._ctx.access.grant(one.id), self._ctx.access.deadline(one.id)
            if grant is None or deadline is None or (nearer := sooner(deadline, end)) == deadline:
                continue
            shorter = with_end(grant, nearer.wall_ms)
            both = [
                Replace(grant, shorter),
                Replace(GrantDeadline(grant.id, deadline), GrantDeadline(grant.id, nearer)),
            ]
            self._ctx.changes.hold_at_once(both)
            self._ctx.live.grant_changed(shorter)
            changes += both
        return changes
