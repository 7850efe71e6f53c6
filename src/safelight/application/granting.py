"""From an approved request to its grant, or to the extension it asked for. Once for each request (I11)."""

from safelight.application.changes import CHANGED_MEANWHILE
from safelight.application.context import Fields, NodeContext
from safelight.application.grant_ends import GrantEnds
from safelight.application.identifiers import short_id
from safelight.domain.access_request import AccessRequest
from safelight.domain.access_rules import grant_from, turned_into, with_end
from safelight.domain.audit_event import AuditEvent, EventKind
from safelight.domain.deadline import Deadline, deadline_after, sooner
from safelight.domain.errors import Denied, Refusal
from safelight.domain.grant import Grant
from safelight.domain.incident import Incident, IncidentState
from safelight.ports.store import Add, Change, GrantDeadline, Replace


class Granting:
    def __init__(self, context: NodeContext, ends: GrantEnds) -> None:
        self._ctx = context
        self._ends = ends

    async def carry_out(
        self, request: AccessRequest, first: list[Change], events: list[AuditEvent], *, by: str, because: str
    ) -> AccessRequest:
        """Turn ``request``, which has all its approvals, into what it asked for, together with ``first`` (how the
        request itself changes) in one step. Call within the request's turn.

        Raises:
            Denied: the grant to extend is over; or something changed meanwhile.
            AuditUnavailable, StoreUnavailable: nothing was granted.
        """
        if request.grant_id is not None:
            async with self._ctx.changes.turn(f"grant {request.grant_id}"):
                return await self._extend(request, first, events, by, because)
        return await self._start(request, first, events, by, because)

    async def _start(
        self, request: AccessRequest, first: list[Change], events: list[AuditEvent], by: str, because: str
    ) -> AccessRequest:
        now = self._ctx.now()
        grant = grant_from(request, self._free_id(), now.wall_ms)
        deadline = deadline_after(now, request.duration_seconds * 1000)
        done = turned_into(request, grant.id, by, because)
        changes = [*_ending_in(first, done), Add(grant), Add(GrantDeadline(grant.id, deadline))]
        started = self._ctx.event(
            EventKind.GRANT_STARTED,
            by,
            {
                "grant": grant.id,
                "request": request.id,
                "principal": grant.principal,
                "targets": tuple(sorted(grant.targets)),
                "capabilities": tuple(sorted(grant.capabilities)),
                "incident": grant.incident_id,
                "ends_at_ms": grant.ends_at_ms,
                "because": because,
            },
        )
        await self._ctx.changes.make(changes, [*events, started])
        await self._respect_changes(grant)
        return done

    async def _respect_changes(self, grant: Grant) -> None:
        """What closed an incident or disabled an account while this grant was being stored goes for it too."""
        if self._ctx.access.active_principal(grant.principal) is None:
            await self._ends.end([grant], f"{grant.principal} was disabled", "safelight")
            return
        incident = self._ctx.access.incident(grant.incident_id) if grant.incident_id else None
        if incident is None or incident.state is IncidentState.OPEN:
            return
        if incident.state is IncidentState.CLOSED:
            await self._ends.end([grant], f"incident {incident.id} is over", "safelight")
        else:
            await self._ctx.changes.settle(self._ends.shorten([grant], self.warning_end(incident)), [])

    def warning_end(self, incident: Incident) -> Deadline:
        """When the grants of a closing incident end."""
        now = self._ctx.now()
        latest = deadline_after(now, self._ctx.limits.incident_warning_seconds * 1000)
        if incident.grants_end_at_ms is None:
            return latest
        left = max(0, incident.grants_end_at_ms - now.wall_ms)
        return sooner(deadline_after(now, left), latest)

    async def _extend(
        self, request: AccessRequest, first: list[Change], events: list[AuditEvent], by: str, because: str
    ) -> AccessRequest:
        grant, longer, end = self.extension(request.grant_id or "", request.duration_seconds)
        deadline = self._ctx.access.deadline(grant.id)
        if deadline is None:
            raise Denied(CHANGED_MEANWHILE)
        done = turned_into(request, grant.id, by, because)
        changes: list[Change] = [
            *_ending_in(first, done),
            Replace(grant, longer),
            Replace(GrantDeadline(grant.id, deadline), GrantDeadline(grant.id, end)),
        ]
        fields: Fields = {
            "grant": grant.id,
            "request": request.id,
            "ends_at_ms": longer.ends_at_ms,
            "because": because,
        }
        await self._ctx.changes.make(changes, [*events, self._ctx.event(EventKind.GRANT_EXTENDED, by, fields)])
        self._ctx.live.grant_changed(longer)
        await self._respect_changes(longer)
        return done

    def extension(self, grant_id: str, seconds: int) -> tuple[Grant, Grant, Deadline]:
        """The live grant, the grant as it would be ``seconds`` longer, and its deadline then.

        Raises:
            Denied: ``grant.over``, or ``grant.too_long``.
        """
        now = self._ctx.now()
        grant = self._ctx.access.live_grant(grant_id, now)
        deadline = self._ctx.access.deadline(grant_id)
        if grant is None or deadline is None:
            raise Denied(Refusal("grant.over", f"the grant {grant_id} is over", "make a new request"))
        end = Deadline(deadline.wall_ms + seconds * 1000, deadline.monotonic_ms + seconds * 1000, deadline.boot)
        if end.wall_ms - grant.starts_at_ms > self._ctx.limits.maximum_grant_seconds * 1000:
            raise Denied(
                Refusal(
                    "grant.too_long",
                    f"a grant lasts at most {self._ctx.limits.maximum_grant_seconds} seconds, extensions included",
                    "make a new request",
                )
            )
        return grant, with_end(grant, end.wall_ms), end

    def _free_id(self) -> str:
        while True:
            identity = "g-" + short_id(self._ctx.randomness, 8)
            if self._ctx.access.grant(identity) is None:
                return identity


def _ending_in(first: list[Change], done: AccessRequest) -> list[Change]:
    """The request's own change, with its final form in the place of the one before."""
    last = first[-1]
    final: Change = Add(done) if isinstance(last, Add) else Replace(last.before, done)
    return [*first[:-1], final]
