"""What an access request and a grant may become: pure transitions, each raising on what is not listed.

pending ──approve (enough people)──▶ approved ──▶ grant: active ──▶ ended
   └──── deny · withdraw · expire ──▶ over
"""

from dataclasses import replace

from safelight.domain.access_request import AccessRequest, Approval, RequestState
from safelight.domain.errors import Denied, Refusal
from safelight.domain.grant import Grant, GrantState
from safelight.domain.incident import Incident, IncidentOrigin, IncidentState

MAXIMUM_REASON_CHARACTERS = 1_000


def refusal_of_reason(reason: str) -> Refusal | None:
    """A reason is for people to read: one to a thousand printable characters."""
    if not reason.strip():
        return Refusal("request.reason", "a reason is needed", "say why, with --reason")
    if len(reason) > MAXIMUM_REASON_CHARACTERS or not all(c.isprintable() or c == "\n" for c in reason):
        return Refusal(
            "request.reason",
            f"the reason is longer than {MAXIMUM_REASON_CHARACTERS} characters, or holds control characters",
            "say it shorter, in plain text",
        )
    return None


def clipped(text: str) -> str:
    """A reason given for taking something away. It is cut rather than refused: an end must not fail on its text."""
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in text[:MAXIMUM_REASON_CHARACTERS])


def counts(incident: Incident) -> bool:
    """Whether an incident may justify access: open, and signed by its source or confirmed by a second person."""
    vouched = incident.origin is IncidentOrigin.WEBHOOK or incident.confirmed_by is not None
    return incident.state is IncidentState.OPEN and vouched


def refusal_of_incident(incident: Incident | None, incident_id: str) -> Refusal | None:
    """Why this incident cannot be named in a request now."""
    if incident is None:
        return Refusal("incident.unknown", f"there is no incident {incident_id}", "see: safelight incidents")
    if incident.state is not IncidentState.OPEN:
        return Refusal("incident.closed", f"the incident {incident_id} is over", "name an open incident, or none")
    if not counts(incident):
        return Refusal(
            "incident.unconfirmed",
            f"the incident {incident_id} was opened by hand and nobody has confirmed it",
            f"ask a second person to run: safelight incidents confirm {incident_id}",
        )
    return None


def pending(request: AccessRequest, now_ms: int) -> AccessRequest:
    """The request, if it still waits for a decision.

    Raises:
        Denied: ``request.decided`` or ``request.expired``.
    """
    if request.state is not RequestState.PENDING:
        raise Denied(
            Refusal("request.decided", f"the request {request.id} is already {request.state.value}", "make a new one")
        )
    if now_ms >= request.expires_at_ms:
        raise Denied(Refusal("request.expired", f"the request {request.id} waited too long", "make a new one"))
    return request


def approved_by(request: AccessRequest, approver: str, now_ms: int) -> AccessRequest:
    """With one more approval. Who may give it is decided in :mod:`separation`; whether it is enough, by
    :func:`has_enough`."""
    assert approver not in {approval.approver for approval in request.approvals}, "one person approved twice"
    return replace(pending(request, now_ms), approvals=(*request.approvals, Approval(approver, now_ms)))


def has_enough(request: AccessRequest) -> bool:
    return len({approval.approver for approval in request.approvals}) >= request.approvals_needed


def turned_into(request: AccessRequest, grant_id: str, by: str | None, because: str) -> AccessRequest:
    """Approved for good; it has its one grant (for an extension the one it named) and can never have another."""
    assert request.state is RequestState.PENDING and request.grant_id in (None, grant_id) and has_enough(request)
    return replace(request, state=RequestState.APPROVED, grant_id=grant_id, decided_by=by, decided_because=because)


def closed_as(request: AccessRequest, state: RequestState, by: str | None, because: str | None) -> AccessRequest:
    """Denied, withdrawn or expired."""
    assert request.state is RequestState.PENDING and state not in (RequestState.PENDING, RequestState.APPROVED)
    return replace(request, state=state, decided_by=by, decided_because=because)


def grant_from(request: AccessRequest, grant_id: str, now_ms: int) -> Grant:
    return Grant(
        id=grant_id,
        principal=request.requester,
        targets=request.targets,
        capabilities=request.capabilities,
        request_id=request.id,
        incident_id=request.incident_id,
        reason=request.reason,
        starts_at_ms=now_ms,
        ends_at_ms=now_ms + request.duration_seconds * 1000,
        state=GrantState.ACTIVE,
        ended_at_ms=None,
        end_reason=None,
    )


def ended(grant: Grant, now_ms: int, reason: str) -> Grant:
    """Over, for good: nothing makes an ended grant active again."""
    assert grant.state is GrantState.ACTIVE, "a grant ends once"
    return replace(
        grant, state=GrantState.ENDED, ends_at_ms=min(grant.ends_at_ms, now_ms), ended_at_ms=now_ms, end_reason=reason
    )


def with_end(grant: Grant, ends_at_ms: int) -> Grant:
    """With another deadline: later (an extension) or sooner (the warning of a closed incident)."""
    assert grant.state is GrantState.ACTIVE, "an ended grant has no deadline to move"
    return replace(grant, ends_at_ms=ends_at_ms)
