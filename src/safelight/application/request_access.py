"""Asking for access: request, withdraw, list."""

from collections.abc import Iterable

from safelight.application.context import NodeContext
from safelight.application.granting import Granting
from safelight.application.identifiers import short_id
from safelight.domain.access_request import AccessRequest, RequestState
from safelight.domain.access_rules import closed_as, pending, refusal_of_incident, refusal_of_reason
from safelight.domain.audit_event import EventKind
from safelight.domain.capability import Capability
from safelight.domain.decision import Effect
from safelight.domain.errors import Denied, Refusal
from safelight.domain.incident import Incident
from safelight.domain.principal import Principal
from safelight.domain.separation import same_person
from safelight.policy.questions import AdminAction, RequestDecision, RequestQuestion
from safelight.ports.notifier import Notice, NoticeKind
from safelight.ports.store import Add, Replace

BY_POLICY = "policy"
"""Who decided, when no person did."""


class RequestAccess:
    def __init__(self, context: NodeContext, granting: Granting) -> None:
        self._ctx = context
        self._granting = granting

    async def request(
        self,
        by: str,
        *,
        targets: Iterable[str],
        capabilities: Iterable[Capability],
        duration_seconds: int,
        reason: str,
        incident_id: str | None,
    ) -> AccessRequest:
        """Ask for access to all of ``targets`` with all of ``capabilities``. When policy approves by itself the
        request comes back APPROVED with its ``grant_id``; otherwise it is PENDING and reviewers are told.

        Raises:
            Denied: unknown target or incident, incident over or unconfirmed, a reason that is none, policy.
            AuditUnavailable, StoreUnavailable: nothing was requested.
        """
        principal = self._ctx.authority.active(by)
        self._check(principal, reason, duration_seconds)
        wanted, asked = frozenset(targets), frozenset(capabilities)
        if not wanted or not asked:
            raise Denied(
                Refusal("request.empty", "a request names targets and capabilities", "name at least one each")
            )
        decision = self._decide(principal, wanted, asked, duration_seconds, incident_id)
        request = self._new(principal, wanted, asked, duration_seconds, reason, incident_id, None, decision)
        return await self._submit(request, decision)

    async def extend(self, by: str, grant_id: str, *, seconds: int, reason: str) -> AccessRequest:
        """Ask for ``seconds`` more on one's own grant, decided like a new request for its whole length. The
        request carries the grant's id from the start; sessions go on without reconnecting.

        Raises:
            Denied: not one's own, over, too long, its incident is over, policy.
        """
        principal = self._ctx.authority.active(by)
        self._check(principal, reason, seconds)
        own_grant(self._ctx, by, grant_id)
        grant, longer, _ = self._granting.extension(grant_id, seconds)
        total = (longer.ends_at_ms - grant.starts_at_ms) // 1000
        decision = self._decide(principal, grant.targets, grant.capabilities, total, grant.incident_id)
        request = self._new(
            principal, grant.targets, grant.capabilities, seconds, reason, grant.incident_id, grant.id, decision
        )
        return await self._submit(request, decision)

    async def withdraw(self, by: str, request_id: str) -> AccessRequest:
        """Take back one's own pending request.

        Raises:
            Denied: not one's own, or decided already.
        """
        self._ctx.authority.known(by)
        async with self._ctx.changes.turn(f"request {request_id}"):
            request = self._ctx.access.request(request_id)
            if request is None or request.requester != by:
                raise Denied(unknown_request(request_id))
            before = pending(request, self._ctx.clock.wall_ms())
            after = closed_as(before, RequestState.WITHDRAWN, by, None)
            event = self._ctx.event(EventKind.REQUEST_WITHDRAWN, by, {"request": request_id})
            await self._ctx.changes.make([Replace(before, after)], [event])
            return after

    def list(self, by: str) -> list[AccessRequest]:
        """Those of ``by``, and everybody's if policy lets ``by`` list requests. Oldest first."""
        principal = self._ctx.authority.known(by)
        every = self._ctx.policy.may(principal, AdminAction.LIST_REQUESTS).effect is Effect.ALLOW
        return [r for r in self._ctx.access.requests() if every or r.requester == by]

    def get(self, by: str, request_id: str) -> AccessRequest:
        """Raises: Denied ``request.unknown``, also for a request that ``by`` may not see."""
        for request in self.list(by):
            if request.id == request_id:
                return request
        raise Denied(unknown_request(request_id))

    def _check(self, principal: Principal, reason: str, seconds: int) -> None:
        refusal = refusal_of_reason(reason)
        limits = self._ctx.limits
        if refusal is None and not limits.minimum_grant_seconds <= seconds <= limits.maximum_grant_seconds:
            refusal = Refusal(
                "request.duration",
                f"access lasts from {limits.minimum_grant_seconds} to {limits.maximum_grant_seconds} seconds",
                "ask for another duration, with --for",
            )
        waiting = self._ctx.access.pending_requests()
        if sum(r.requester == principal.name for r in waiting) >= limits.pending_requests_per_principal:
            refusal = Refusal(
                "request.too_many", "too many of your requests wait for a decision", "withdraw one of them first"
            )
        if refusal is not None:
            raise Denied(refusal)

    def _decide(
        self,
        principal: Principal,
        targets: frozenset[str],
        capabilities: frozenset[Capability],
        seconds: int,
        incident_id: str | None,
    ) -> RequestDecision:
        incident = open_incident(self._ctx, incident_id)
        decision = ask_policy(self._ctx, principal, targets, capabilities, seconds, incident)
        if decision.approvals_needed is None:
            raise Denied(
                decision.refusal or Refusal("policy.denied", "policy does not allow this request", "ask for less")
            )
        return decision

    def _new(
        self,
        principal: Principal,
        targets: frozenset[str],
        capabilities: frozenset[Capability],
        seconds: int,
        reason: str,
        incident_id: str | None,
        grant_id: str | None,
        decision: RequestDecision,
    ) -> AccessRequest:
        now = self._ctx.clock.wall_ms()
        assert decision.approvals_needed is not None
        return AccessRequest(
            id=self._free_id(),
            requester=principal.name,
            targets=targets,
            capabilities=capabilities,
            duration_seconds=seconds,
            reason=reason,
            incident_id=incident_id,
            state=RequestState.PENDING,
            approvals_needed=decision.approvals_needed,
            approvals=(),
            decided_by=None,
            decided_because=None,
            created_at_ms=now,
            expires_at_ms=now + self._ctx.limits.request_pending_seconds * 1000,
            grant_id=grant_id,
        )

    async def _submit(self, request: AccessRequest, decision: RequestDecision) -> AccessRequest:
        created = self._ctx.event(
            EventKind.REQUEST_CREATED,
            request.requester,
            {
                "request": request.id,
                "targets": tuple(sorted(request.targets)),
                "capabilities": tuple(sorted(request.capabilities)),
                "seconds": request.duration_seconds,
                "incident": request.incident_id,
                "extends": request.grant_id,
                "approvals_needed": request.approvals_needed,
                "policies": decision.policies,
            },
            sensitive={"reason": request.reason},
        )
        if request.approvals_needed == 0:
            because = ", ".join(decision.policies) or BY_POLICY
            approved = self._ctx.event(
                EventKind.REQUEST_APPROVED, BY_POLICY, {"request": request.id, "policies": decision.policies}
            )
            return await self._granting.carry_out(
                request, [Add(request)], [created, approved], by=BY_POLICY, because=because
            )
        await self._ctx.changes.make([Add(request)], [created])
        where = ", ".join(sorted(request.targets))
        self._ctx.notifier.notify(
            Notice(NoticeKind.REQUEST_PENDING, request.id, None, f"{request.requester} asks for access to {where}")
        )
        return request

    def _free_id(self) -> str:
        while True:
            identity = "r-" + short_id(self._ctx.randomness, 8)
            if self._ctx.access.request(identity) is None:
                return identity


def open_incident(context: NodeContext, incident_id: str | None) -> Incident | None:
    """The incident a request names.

    Raises:
        Denied: it does not exist, is over, or nobody has confirmed it.
    """
    if incident_id is None:
        return None
    incident = context.access.incident(incident_id)
    refusal = refusal_of_incident(incident, incident_id)
    if refusal is not None:
        raise Denied(refusal)
    return incident


def ask_policy(
    context: NodeContext,
    requester: Principal,
    targets: frozenset[str],
    capabilities: frozenset[Capability],
    seconds: int,
    incident: Incident | None,
) -> RequestDecision:
    """Policy's answer, and at least one person if the requester may have opened the incident themselves."""
    question = RequestQuestion(
        principal=requester,
        targets=context.known_targets(targets),
        capabilities=capabilities,
        duration_seconds=seconds,
        incident=incident,
        sponsor=context.access.sponsor(requester),
    )
    decision = context.policy.decide_request(question)
    own = incident is not None and same_person(incident.opener, requester.name, context.access.principals())
    if own and decision.approvals_needed == 0:
        return RequestDecision(1, decision.policies, None)
    return decision


def own_grant(context: NodeContext, by: str, grant_id: str) -> None:
    """Raises: Denied ``grant.unknown`` unless the grant is ``by``'s; others' grants look like none."""
    grant = context.access.grant(grant_id)
    if grant is None or grant.principal != by:
        raise Denied(Refusal("grant.unknown", f"you have no grant {grant_id}", "see: safelight grants"))


def unknown_request(request_id: str) -> Refusal:
    return Refusal("request.unknown", f"there is no request {request_id} that you may see", "see: safelight requests")
