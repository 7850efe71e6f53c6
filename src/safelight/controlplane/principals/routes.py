"""People and agents: create, list, change groups, disable."""

from fastapi import APIRouter

from safelight.controlplane.parts import Parts
from safelight.controlplane.paths import API
from safelight.controlplane.principals.schemas import CreatedPrincipal, Groups, NewPrincipal, PrincipalView
from safelight.controlplane.problems import ApiProblem
from safelight.controlplane.route_access import CallerOf
from safelight.controlplane.schema_base import Listing
from safelight.domain.errors import Refusal
from safelight.domain.principal import PrincipalKind

router = APIRouter(prefix=f"{API}/principals", tags=["principals"])


@router.get("")
async def list_principals(parts: Parts, caller: CallerOf) -> Listing[PrincipalView]:
    """Everybody, by name."""
    found = parts.services.principals.list(caller.name)
    return Listing(items=[PrincipalView.model_validate(principal) for principal in found])


@router.post("", status_code=201)
async def create_principal(parts: Parts, caller: CallerOf, new: NewPrincipal) -> CreatedPrincipal:
    """A new person gets a code to set a password with; a new agent gets its tokens from its sponsor."""
    if new.kind is PrincipalKind.AGENT:
        if new.sponsor is None:
            raise ApiProblem(
                422, Refusal("principal.sponsor", "an agent acts for a person", "name its sponsor: --sponsor NAME")
            )
        agent = await parts.services.principals.create_agent(
            caller.name, new.name, sponsor=new.sponsor, groups=new.groups
        )
        return CreatedPrincipal(principal=PrincipalView.model_validate(agent), code=None, code_expires_at_ms=None)
    if new.sponsor is not None:
        raise ApiProblem(422, Refusal("principal.sponsor", "a person has no sponsor", "leave the sponsor out"))
    invitation = await parts.services.principals.create_person(caller.name, new.name, groups=new.groups)
    return CreatedPrincipal(
        principal=PrincipalView.model_validate(invitation.principal),
        code=invitation.code.reveal(),
        code_expires_at_ms=invitation.expires_at_ms,
    )


@router.put("/{name}/groups")
async def set_groups(parts: Parts, caller: CallerOf, name: str, groups: Groups) -> PrincipalView:
    """Replace the groups of somebody else. Running sessions are judged by them at once."""
    changed = await parts.services.principals.set_groups(caller.name, name, groups.groups)
    return PrincipalView.model_validate(changed)


@router.post("/{name}/disable")
async def disable_principal(parts: Parts, caller: CallerOf, name: str) -> PrincipalView:
    """Stop an account and the agents it sponsors: grants, sessions and logins end at once."""
    return PrincipalView.model_validate(await parts.services.principals.disable(caller.name, name))


@router.post("/{name}/enable")
async def enable_principal(parts: Parts, caller: CallerOf, name: str) -> PrincipalView:
    """Let an account act again. What ended stays ended."""
    return PrincipalView.model_validate(await parts.services.principals.enable(caller.name, name))
