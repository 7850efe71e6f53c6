"""What time has made due, as pure functions of the state and one reading of the clocks."""

from collections.abc import Container
from dataclasses import dataclass

from safelight.application.access_state import AccessState
from safelight.domain.access_request import AccessRequest
from safelight.domain.deadline import Instant
from safelight.domain.grant import Grant
from safelight.domain.incident import Incident


@dataclass(frozen=True, slots=True)
class EndGrant:
    """Its deadline has passed."""

    grant: Grant


@dataclass(frozen=True, slots=True)
class WarnGrant:
    """It ends soon. ``notice`` identifies this warning: a moved deadline is warned of again."""

    grant: Grant
    notice: tuple[str, int]
    remaining_ms: int


@dataclass(frozen=True, slots=True)
class FinishIncident:
    """The warning of a closed incident has passed."""

    incident: Incident


@dataclass(frozen=True, slots=True)
class ExpireRequest:
    """Nobody decided in time."""

    request: AccessRequest


Due = EndGrant | WarnGrant | FinishIncident | ExpireRequest


def due_actions(
    access: AccessState, now: Instant, *, warn_before_ms: int, warned: Container[tuple[str, int]]
) -> list[Due]:
    """Everything that is due at ``now``. Ends come first."""
    ends: list[Due] = []
    warnings: list[Due] = []
    for grant in access.active_grants():
        deadline = access.deadline(grant.id)
        remaining = deadline.remaining_ms(now) if deadline is not None else 0
        notice = (grant.id, grant.ends_at_ms)
        if remaining == 0:
            ends.append(EndGrant(grant))
        elif remaining <= warn_before_ms and notice not in warned:
            warnings.append(WarnGrant(grant, notice, remaining))
    incidents: list[Due] = [
        FinishIncident(incident)
        for incident in access.closing_incidents()
        if now.wall_ms >= (incident.grants_end_at_ms or 0)
    ]
    requests: list[Due] = [
        ExpireRequest(request) for request in access.pending_requests() if now.wall_ms >= request.expires_at_ms
    ]
    return [*ends, *incidents, *warnings, *requests]


def next_grant_due_ms(
    access: AccessState, now: Instant, *, warn_before_ms: int, warned: Container[tuple[str, int]]
) -> int | None:
    """Milliseconds until a grant ends or is to be warned of, if the clocks run on as they do now; None when that is
    never. The rest of what becomes due can wait for the next look at the clocks."""
    times: list[int] = []
    for grant in access.active_grants():
        deadline = access.deadline(grant.id)
        remaining = deadline.remaining_ms(now) if deadline is not None else 0
        times.append(remaining)
        if (grant.id, grant.ends_at_ms) not in warned:
            times.append(max(0, remaining - warn_before_ms))
    return min(times, default=None)
