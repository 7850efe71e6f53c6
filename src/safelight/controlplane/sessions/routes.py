"""Live sessions: list them, and watch one."""

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from safelight.controlplane.audit.record import record
from safelight.controlplane.event_stream import EventQueue, event_stream
from safelight.controlplane.parts import ApiParts, Parts
from safelight.controlplane.paths import API
from safelight.controlplane.route_access import CallerOf, may_still
from safelight.controlplane.schema_base import Listing, newest
from safelight.controlplane.sessions.schemas import SessionView
from safelight.domain.audit_event import EventKind
from safelight.domain.decision import Effect
from safelight.domain.errors import Denied, Refusal
from safelight.domain.session import Session
from safelight.policy.questions import AdminAction

router = APIRouter(prefix=f"{API}/sessions", tags=["sessions"])


@router.get("")
async def list_sessions(parts: Parts, caller: CallerOf, ended: bool = False) -> Listing[SessionView]:
    """Live sessions: one's own, and everybody's where policy allows it. With ``ended``, the latest ended ones too."""
    found = _visible(parts, caller.name)
    if ended:
        every = _sees_all(parts, caller.name)
        found = [s for s in parts.services.access.ended_sessions() if every or s.principal == caller.name] + found
    return Listing(items=[SessionView.model_validate(session) for session in newest(found)])


@router.get("/{session_id}/events", response_class=StreamingResponse)
async def watch_session(parts: Parts, caller: CallerOf, session_id: str) -> StreamingResponse:
    """Server-sent events: each statement of the session with masked text, its decision and its outcome. The stream
    ends with the session, or when the caller may no longer watch."""
    if parts.live.subjects(session_id) is None:
        raise Denied(_unknown(session_id))
    await record(parts, EventKind.SESSION_WATCHED, caller.name, {"session": session_id})
    queue = EventQueue()
    try:
        stop = parts.live.watch(session_id, queue.put)
    except KeyError:
        raise Denied(_unknown(session_id)) from None
    body = event_stream(
        queue,
        permitted=lambda: may_still(parts, caller, AdminAction.WATCH_SESSION),
        live=lambda: parts.live.subjects(session_id) is not None,
        stop=stop,
    )
    return StreamingResponse(body, media_type="text/event-stream")


def _unknown(session_id: str) -> Refusal:
    return Refusal("session.unknown", f"there is no live session {session_id}", "safelight sessions")


def _visible(parts: ApiParts, name: str) -> list[Session]:
    every = _sees_all(parts, name)
    return [session for session in parts.live.sessions() if every or session.principal == name]


def _sees_all(parts: ApiParts, name: str) -> bool:
    principal = parts.services.access.active_principal(name)
    if principal is None:
        return False
    return parts.services.policy.may(principal, AdminAction.LIST_SESSIONS).effect is Effect.ALLOW
