"""Deciding on others' requests: approve and deny (I7)."""

from dataclasses import replace

from safelight.application.context import NodeContext
from safelight.application.granting import Granting
from safelight.application.request_access import ask_policy, open_incident, unknown_request
from safelight.domain.access_request import AccessRequest, RequestState
from safelight.domain.access_rules import approved_by, clipped, closed_as, has_enough, pending
from safelight.domain.audit_event import EventKind
from safelight.domain.decision import Effect
from safelight.domain.errors import Denied, Refusal
from safelight.domain.principal import Principal
from safelight.domain.separation import may_not_decide
from safelight.policy.questions import ApprovalQuestion
from safelight.ports.notifier import Notice, NoticeKind
from safelight.ports.store import Replace


class DecideRequest:
    def __init__(self, context: NodeContext, granting: Granting) -> None:
        self._ctx = context
        self._granting = granting

    async def approve(self, by: str, request_id: str) -> AccessRequest:
        """Add ``by``'s approval. With the last one needed the request is APPROVED and has its grant. What the
        request rests on is looked at again: its requester, its incident, its targets, policy.

        Raises:
            Denied: ``approval.own``, ``approval.twice``, ``approval.person``, decided already, policy, or what it
                rests on is gone.
            AuditUnavailable, StoreUnavailable: the approval does not count.
        """
        approver = self._ctx.authority.active(by)
        async with self._ctx.changes.turn(f"request {request_id}"):
            request = self._pending(request_id)
            requester = self._ctx.authority.active(request.requester)
            self._may_decide(approver, requester, request)
            needed = self._needed_now(requester, request)
            now = self._ctx.clock.wall_ms()
            after = approved_by(request, by, now)
            if needed > after.approvals_needed:
                after = replace(after, approvals_needed=needed)
            event = self._ctx.event(
                EventKind.REQUEST_APPROVED,
                by,
                {"request": request.id, "approvals": len(after.approvals), "needed": after.approvals_needed},
            )
            change = Replace(request, after)
            if not has_enough(after):
                await self._ctx.changes.make([change], [event])
                return after
            people = ", ".join(approval.approver for approval in after.approvals)
            done = await self._granting.carry_out(after, [change], [event], by=by, because=f"approved by {people}")
        self._tell(done, f"your request {done.id} is approved by {people}")
        return done

    async def deny(self, by: str, request_id: str, *, because: str) -> AccessRequest:
        """Refuse a request for good. Whoever might approve it may deny it.

        Raises:
            Denied: as for :meth:`approve`.
        """
        decider = self._ctx.authority.active(by)
        async with self._ctx.changes.turn(f"request {request_id}"):
            request = self._pending(request_id)
            requester = self._ctx.access.principal(request.requester)
            assert requester is not None, "a request has a requester"
            self._may_decide(decider, requester, request)
            after = closed_as(request, RequestState.DENIED, by, clipped(because))
            event = self._ctx.event(
                EventKind.REQUEST_DENIED,
                by,
                {"request": request.id},
                sensitive={"because": after.decided_because or ""},
            )
            await self._ctx.changes.make([Replace(request, after)], [event])
        self._tell(after, f"your request {after.id} is denied by {by}")
        return after

    def _pending(self, request_id: str) -> AccessRequest:
        request = self._ctx.access.request(request_id)
        if request is None:
            raise Denied(unknown_request(request_id))
        return pending(request, self._ctx.clock.wall_ms())

    def _may_decide(self, decider: Principal, requester: Principal, request: AccessRequest) -> None:
        approvers = [approval.approver for approval in request.approvals]
        refusal = may_not_decide(decider, requester.name, approvers, self._ctx.access.principals())
        if refusal is not None:
            raise Denied(refusal)
        question = ApprovalQuestion(
            decider, requester, self._ctx.known_targets(request.targets), request.capabilities
        )
        decision = self._ctx.policy.may_approve(question)
        if decision.effect is not Effect.ALLOW:
            raise Denied(
                decision.refusal
                or Refusal("approval.policy", f"{decider.name} may not approve this", "ask an approver to approve")
            )

    def _needed_now(self, requester: Principal, request: AccessRequest) -> int:
        incident = open_incident(self._ctx, request.incident_id)
        seconds = request.duration_seconds
        if request.grant_id is not None:
            grant, longer, _ = self._granting.extension(request.grant_id, seconds)
            seconds = (longer.ends_at_ms - grant.starts_at_ms) // 1000
        decision = ask_policy(self._ctx, requester, request.targets, request.capabilities, seconds, incident)
        if decision.approvals_needed is None:
            raise Denied(decision.refusal or Refusal("policy.denied", "policy no longer allows this", "ask for less"))
        return decision.approvals_needed

    def _tell(self, request: AccessRequest, message: str) -> None:
        self._ctx.notifier.notify(Notice(NoticeKind.REQUEST_DECIDED, request.id, request.requester, message))
