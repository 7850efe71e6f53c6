"""Statements that wait for a second person."""

from fastapi import APIRouter

from safelight.controlplane.holds.schemas import HoldView, view
from safelight.controlplane.parts import Parts
from safelight.controlplane.paths import API
from safelight.controlplane.requests.schemas import Because
from safelight.controlplane.route_access import CallerOf
from safelight.controlplane.schema_base import Listing

router = APIRouter(prefix=f"{API}/holds", tags=["holds"])


@router.get("")
async def list_holds(parts: Parts, caller: CallerOf) -> Listing[HoldView]:
    """Those that one may decide, and one's own. Oldest first."""
    return Listing(items=[view(hold) for hold in parts.services.holds.list(caller.name)])


@router.post("/{hold_id}/approve")
async def approve_hold(parts: Parts, caller: CallerOf, hold_id: str) -> HoldView:
    """Release exactly this statement, once. Never one's own."""
    return view(await parts.services.holds.approve(caller.name, hold_id))


@router.post("/{hold_id}/deny")
async def deny_hold(parts: Parts, caller: CallerOf, hold_id: str, why: Because) -> HoldView:
    return view(await parts.services.holds.deny(caller.name, hold_id, because=why.because))
