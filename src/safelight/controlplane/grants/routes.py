"""Grants in force: list, extend, end, and credentials for native clients."""

from fastapi import APIRouter

from safelight.controlplane.grants.schemas import CredentialView, End, Extension, GrantView
from safelight.controlplane.parts import Parts
from safelight.controlplane.paths import API
from safelight.controlplane.requests.schemas import RequestView
from safelight.controlplane.route_access import CallerOf
from safelight.controlplane.schema_base import Listing, newest
from safelight.domain.grant import GrantState

router = APIRouter(prefix=f"{API}/grants", tags=["grants"])


@router.get("")
async def list_grants(parts: Parts, caller: CallerOf, ended: bool = False) -> Listing[GrantView]:
    """Active ones, and with ``ended`` the latest of the others: one's own, and everybody's where policy allows it.
    Oldest first."""
    every = parts.services.grants.list(caller.name)
    found = [grant for grant in every if ended or grant.state is GrantState.ACTIVE]
    return Listing(items=[GrantView.model_validate(grant) for grant in newest(found)])


@router.post("/{grant_id}/extend", status_code=201)
async def extend_grant(parts: Parts, caller: CallerOf, grant_id: str, more: Extension) -> RequestView:
    """Ask for more time under one's own grant: a request like any other. Sessions go on without reconnecting."""
    request = await parts.services.requests.extend(caller.name, grant_id, seconds=more.seconds, reason=more.reason)
    return RequestView.model_validate(request)


@router.post("/{grant_id}/end")
async def end_grant(parts: Parts, caller: CallerOf, grant_id: str, end: End) -> GrantView:
    """Give one's own grant back, or end another's with a reason. Its sessions end at once."""
    grants = parts.services.grants
    if grants.get(caller.name, grant_id).principal == caller.name:
        return GrantView.model_validate(await grants.give_back(caller.name, grant_id))
    because = end.because or f"ended by {caller.name}"
    return GrantView.model_validate(await grants.end(caller.name, grant_id, because=because))


@router.post("/{grant_id}/credentials", status_code=201)
async def issue_credential(parts: Parts, caller: CallerOf, grant_id: str) -> CredentialView:
    """A short-lived credential for native clients, under one's own grant."""
    issued = await parts.services.credentials.issue(caller.name, grant_id)
    return CredentialView(
        id=issued.id,
        user=issued.user,
        secret=issued.secret.reveal(),
        grant_id=issued.grant_id,
        expires_at_ms=issued.expires_at_ms,
    )
