"""Incidents: from signed webhooks, or by hand and confirmed by a second person. Closing one ends its grants."""

from dataclasses import dataclass
from enum import StrEnum

from safelight.application.context import Fields, NodeContext
from safelight.application.grant_ends import GrantEnds
from safelight.application.identifiers import short_id
from safelight.domain import incident_rules as rules
from safelight.domain.access_rules import refusal_of_reason
from safelight.domain.audit_event import EventKind
from safelight.domain.deadline import deadline_after
from safelight.domain.errors import Denied, Refusal
from safelight.domain.incident import Incident, IncidentOrigin, IncidentState
from safelight.domain.separation import may_not_decide
from safelight.policy.questions import AdminAction
from safelight.ports.notifier import Notice, NoticeKind
from safelight.ports.store import Add, Replace

MAXIMUM_ID_CHARACTERS = 64
MAXIMUM_TEXT_CHARACTERS = 300


class IncidentAction(StrEnum):
    OPEN = "open"
    CLOSE = "close"


@dataclass(frozen=True, slots=True)
class IncidentEvent:
    """What a webhook says, once its signature, time and freshness are checked. ``opener`` is the source's own name
    for whoever opened it there; empty if it was a machine."""

    action: IncidentAction
    incident_id: str
    title: str
    service: str | None
    opener: str


class ManageIncidents:
    def __init__(self, context: NodeContext, ends: GrantEnds) -> None:
        self._ctx = context
        self._ends = ends

    async def webhook(self, source: str, event: IncidentEvent) -> Incident:
        """Carry out a verified webhook of ``source``. Saying the same twice changes nothing.

        Raises:
            Denied: an incident of another source, or to close one that is unknown, or text that is none.
            AuditUnavailable, StoreUnavailable
        """
        self._check_text(event)
        async with self._ctx.changes.turn(f"incident {event.incident_id}"):
            incident = self._ctx.access.incident(event.incident_id)
            if incident is not None and (incident.source, incident.origin) != (source, IncidentOrigin.WEBHOOK):
                await self.webhook_refused(source, "", "incident.source")
                raise Denied(
                    Refusal("incident.source", "this incident belongs to another source", "use the source's own id")
                )
            if event.action is IncidentAction.CLOSE:
                if incident is None:
                    raise Denied(unknown_incident(event.incident_id))
                return await self._close(incident, by=source) if incident.state is IncidentState.OPEN else incident
            if incident is not None and incident.state is IncidentState.OPEN:
                return incident
            return await self._open_signed(source, event, incident)

    async def webhook_refused(self, source: str, address: str, rule: str) -> None:
        """Record a webhook that did not pass its checks (signature, time, replay, size, shape)."""
        fields: Fields = {"source": source[:MAXIMUM_ID_CHARACTERS], "address": address, "rule": rule}
        await self._ctx.changes.record([self._ctx.event(EventKind.WEBHOOK_REFUSED, "unknown", fields)])

    async def open(self, by: str, *, title: str, service: str | None) -> Incident:
        """Open an incident by hand. It counts once a second person has confirmed it.

        Raises:
            Denied: policy, or a title that is none.
            AuditUnavailable, StoreUnavailable: nothing was opened.
        """
        self._ctx.authority.require(by, AdminAction.MANAGE_INCIDENTS)
        incident_id = self._free_id()
        self._check_text(IncidentEvent(IncidentAction.OPEN, incident_id, title, service, by))
        incident = self._new(incident_id, title, service, IncidentOrigin.MANUAL, "manual", by)
        fields: Fields = {"incident": incident_id, "origin": "manual", "service": service}
        event = self._ctx.event(EventKind.INCIDENT_OPENED, by, fields, sensitive={"title": title})
        await self._ctx.changes.make([Add(incident)], [event])
        message = f"{by} opened {incident_id} by hand; a second person has to confirm it"
        self._ctx.notifier.notify(Notice(NoticeKind.INCIDENT_UNCONFIRMED, incident_id, None, message))
        return incident

    async def confirm(self, by: str, incident_id: str) -> Incident:
        """Vouch for an incident opened by hand, as a second person (I7).

        Raises:
            Denied: policy, ``approval.own``, not open, or nothing to confirm.
        """
        person = self._ctx.authority.require(by, AdminAction.CONFIRM_INCIDENT, incident_id)
        async with self._ctx.changes.turn(f"incident {incident_id}"):
            incident = self._open_one(incident_id)
            if incident.origin is not IncidentOrigin.MANUAL or incident.confirmed_by is not None:
                raise Denied(
                    Refusal("incident.confirmed", f"{incident_id} needs no confirmation", "name it in a request")
                )
            refusal = may_not_decide(person, incident.opener, (), self._ctx.access.principals())
            if refusal is not None:
                raise Denied(refusal)
            after = rules.confirmed(incident, by)
            event = self._ctx.event(EventKind.INCIDENT_CONFIRMED, by, {"incident": incident_id})
            await self._ctx.changes.make([Replace(incident, after)], [event])
            return after

    async def close(self, by: str, incident_id: str) -> Incident:
        """Close an incident: its sessions are warned, its grants end when the warning has passed.

        Raises:
            Denied: policy, or not open.
            AuditUnavailable, StoreUnavailable: it is closed in this process all the same.
        """
        self._ctx.authority.require(by, AdminAction.MANAGE_INCIDENTS, incident_id)
        return await self._close(self._open_one(incident_id), by=by)

    def list(self, by: str, *, closed: bool = False) -> list[Incident]:
        """Incidents that are not over, and with ``closed`` the latest of those that are. Oldest first.

        Raises:
            Denied: policy.
        """
        self._ctx.authority.require(by, AdminAction.LIST_INCIDENTS)
        return [i for i in self._ctx.access.incidents() if closed or i.state is not IncidentState.CLOSED]

    async def _close(self, incident: Incident, *, by: str) -> Incident:
        """Takes access away, so it holds before the first await."""
        warning = self._ctx.limits.incident_warning_seconds
        end = deadline_after(self._ctx.now(), warning * 1000)
        after = rules.closing(incident, self._ctx.clock.wall_ms(), end)
        change = Replace(incident, after)
        self._ctx.changes.hold_at_once([change])
        grants = [g for g in self._ctx.access.active_grants() if g.incident_id == incident.id]
        changes = [change, *self._ends.shorten(grants, end)]
        sessions = [s.id for s in self._ctx.live.sessions() if s.incident_id == incident.id]
        self._ctx.live.notify(
            sessions, f"the incident {incident.id} is closed; this session ends in {warning} seconds"
        )
        for grant in grants:
            message = f"the incident {incident.id} is closed; access {grant.id} ends in {warning} seconds"
            self._ctx.notifier.notify(Notice(NoticeKind.GRANT_ENDING, grant.id, grant.principal, message))
        fields: Fields = {
            "incident": incident.id,
            "grants": tuple(g.id for g in grants),
            "grants_end_at_ms": end.wall_ms,
        }
        await self._ctx.changes.settle(changes, [self._ctx.event(EventKind.INCIDENT_CLOSED, by, fields)])
        return after

    async def _open_signed(self, source: str, event: IncidentEvent, before: Incident | None) -> Incident:
        fields: Fields = {
            "incident": event.incident_id,
            "origin": "webhook",
            "source": source,
            "service": event.service,
            "reopened": before is not None,
        }
        opener = event.opener or source
        opened = self._ctx.event(
            EventKind.INCIDENT_OPENED, source, fields, sensitive={"title": event.title, "opener": opener}
        )
        if before is not None:
            after = rules.reopened(before, self._ctx.clock.wall_ms(), event.title, opener)
            await self._ctx.changes.make([Replace(before, after)], [opened])
            return after
        incident = self._new(event.incident_id, event.title, event.service, IncidentOrigin.WEBHOOK, source, opener)
        await self._ctx.changes.make([Add(incident)], [opened])
        return incident

    def _new(
        self, identity: str, title: str, service: str | None, origin: IncidentOrigin, source: str, opener: str
    ) -> Incident:
        return Incident(
            id=identity,
            title=title,
            service=service,
            origin=origin,
            source=source,
            opener=opener,
            confirmed_by=None,
            state=IncidentState.OPEN,
            opened_at_ms=self._ctx.clock.wall_ms(),
            closed_at_ms=None,
            grants_end_at_ms=None,
        )

    def _open_one(self, incident_id: str) -> Incident:
        incident = self._ctx.access.incident(incident_id)
        if incident is None:
            raise Denied(unknown_incident(incident_id))
        if incident.state is not IncidentState.OPEN:
            raise Denied(
                Refusal("incident.closed", f"the incident {incident_id} is over", "see: safelight incidents")
            )
        return incident

    def _check_text(self, event: IncidentEvent) -> None:
        good_id = 0 < len(event.incident_id) <= MAXIMUM_ID_CHARACTERS and all(
            c.isascii() and (c.isalnum() or c in "-_.#") for c in event.incident_id
        )
        texts = (event.title, event.service or "", event.opener)
        good_text = all(len(text) <= MAXIMUM_TEXT_CHARACTERS and text.isprintable() for text in texts)
        if not (good_id and good_text) or refusal_of_reason(event.title) is not None:
            raise Denied(
                Refusal(
                    "incident.text",
                    f"an incident has an id of at most {MAXIMUM_ID_CHARACTERS} letters, digits and -_.# "
                    f"and a title of at most {MAXIMUM_TEXT_CHARACTERS} printable characters",
                    "shorten it",
                )
            )

    def _free_id(self) -> str:
        while True:
            identity = "M-" + short_id(self._ctx.randomness, 6)
            if self._ctx.access.incident(identity) is None:
                return identity


def unknown_incident(incident_id: str) -> Refusal:
    return Refusal("incident.unknown", f"there is no incident {incident_id[:64]}", "see: safelight incidents")
