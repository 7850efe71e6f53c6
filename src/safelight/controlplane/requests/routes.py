"""Asking for access, and deciding on what others ask."""

from fastapi import APIRouter

from safelight.controlplane.parts import Parts
from safelight.controlplane.paths import API
from safelight.controlplane.requests.schemas import Because, NewRequest, RequestView
from safelight.controlplane.route_access import CallerOf
from safelight.controlplane.schema_base import Listing, newest
from safelight.domain.access_request import RequestState

router = APIRouter(prefix=f"{API}/requests", tags=["requests"])


@router.get("")
async def list_requests(parts: Parts, caller: CallerOf, decided: bool = False) -> Listing[RequestView]:
    """Pending ones, and with ``decided`` the latest of the others: one's own, and everybody's where policy allows it.
    Oldest first."""
    every = parts.services.requests.list(caller.name)
    found = [request for request in every if decided or request.state is RequestState.PENDING]
    return Listing(items=[RequestView.model_validate(request) for request in newest(found)])


@router.post("", status_code=201)
async def create_request(parts: Parts, caller: CallerOf, new: NewRequest) -> RequestView:
    """Ask for access. The answer is ``approved`` with its grant when policy approves by itself, else ``pending``."""
    request = await parts.services.requests.request(
        caller.name,
        targets=new.targets,
        capabilities=new.capabilities,
        duration_seconds=new.duration_seconds,
        reason=new.reason,
        incident_id=new.incident_id,
    )
    return RequestView.model_validate(request)


@router.get("/{request_id}")
async def get_request(parts: Parts, caller: CallerOf, request_id: str) -> RequestView:
    return RequestView.model_validate(parts.services.requests.get(caller.name, request_id))


@router.post("/{request_id}/approve")
async def approve_request(parts: Parts, caller: CallerOf, request_id: str) -> RequestView:
    """Add one's approval. Never for one's own request."""
    return RequestView.model_validate(await parts.services.decisions.approve(caller.name, request_id))


@router.post("/{request_id}/deny")
async def deny_request(parts: Parts, caller: CallerOf, request_id: str, why: Because) -> RequestView:
    done = await parts.services.decisions.deny(caller.name, request_id, because=why.because)
    return RequestView.model_validate(done)


@router.post("/{request_id}/withdraw")
async def withdraw_request(parts: Parts, caller: CallerOf, request_id: str) -> RequestView:
    """Take back one's own pending request."""
    return RequestView.model_validate(await parts.services.requests.withdraw(caller.name, request_id))
