"""The kill switch: end work at once, and list and lift the locks that it leaves."""

from fastapi import APIRouter

from safelight.controlplane.kills.schemas import Kill, KillView, LockView
from safelight.controlplane.parts import Parts
from safelight.controlplane.paths import API
from safelight.controlplane.route_access import CallerOf
from safelight.controlplane.schema_base import Listing, newest

router = APIRouter(prefix=API, tags=["kill switch"])


@router.post("/kills")
async def kill(parts: Parts, caller: CallerOf, what: Kill) -> KillView:
    """Lock a subject and end all live work that it names. The answer says what ended and what did not."""
    report = await parts.services.kill.kill(
        caller.name, what.scope, what.subject, reason=what.reason, dry_run=what.dry_run
    )
    return KillView.model_validate(report)


@router.get("/locks")
async def list_locks(parts: Parts, caller: CallerOf, lifted: bool = False) -> Listing[LockView]:
    """Locks in force, and with ``lifted`` the latest of those that are not. Oldest first."""
    found = parts.services.kill.locks(caller.name, lifted=lifted)
    return Listing(items=[LockView.model_validate(lock) for lock in newest(found)])


@router.post("/locks/{lock_id}/lift")
async def lift_lock(parts: Parts, caller: CallerOf, lock_id: str) -> LockView:
    """Take a lock away. What it ended stays ended."""
    return LockView.model_validate(await parts.services.kill.lift(caller.name, lock_id))
