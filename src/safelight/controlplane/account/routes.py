"""Logging in and out, and who one is."""

from fastapi import APIRouter, Request
from pydantic import SecretStr

from safelight.application.login import IssuedToken
from safelight.controlplane.account.schemas import (
    CodeAndPassword,
    NameAndPassword,
    NewPassword,
    TokenView,
    WhoAmI,
)
from safelight.controlplane.parts import Parts
from safelight.controlplane.paths import API
from safelight.controlplane.principals.schemas import PrincipalView
from safelight.controlplane.problems import ApiProblem
from safelight.controlplane.route_access import CallerOf, client_address
from safelight.domain.decision import Effect
from safelight.domain.errors import Refusal
from safelight.policy.questions import AdminAction
from safelight.ports.secrets import Secret

router = APIRouter(prefix=API, tags=["account"])


@router.post("/login")
async def login(parts: Parts, request: Request, given: NameAndPassword) -> TokenView:
    """Log in with a name and a password. An unknown name gets the same answer, after the same time."""
    issued = await parts.services.login.login(given.name, _secret(given.password), address=client_address(request))
    return _view(issued)


@router.post("/login/code")
async def redeem_code(parts: Parts, request: Request, given: CodeAndPassword) -> TokenView:
    """Redeem a one-time code and set a password with it. While nobody exists, the code is the one that the gateway
    printed at its first start, and ``name`` is the first administrator's; afterwards it came with a new account."""
    service, address = parts.services.login, client_address(request)
    code, password = _secret(given.code), _secret(given.password)
    if parts.services.access.principals():
        return _view(await service.set_password(code, password, address=address))
    if given.name is None:
        raise ApiProblem(422, Refusal("login.name", "the first administrator has a name", "add it: --name NAME"))
    return _view(await service.claim_first_administrator(code, given.name, password, address=address))


@router.post("/logout", status_code=204)
async def logout(parts: Parts, caller: CallerOf) -> None:
    """The token is void at once."""
    await parts.services.login.logout(caller.token)


@router.put("/password", status_code=204)
async def change_password(parts: Parts, caller: CallerOf, request: Request, given: NewPassword) -> None:
    await parts.services.login.change_password(
        caller.name, _secret(given.old), _secret(given.new), address=client_address(request)
    )


@router.get("/whoami")
async def whoami(parts: Parts, caller: CallerOf) -> WhoAmI:
    principal = parts.services.access.principal(caller.name)
    assert principal is not None, "authenticated"
    policy = parts.services.policy
    may = [action.value for action in AdminAction if policy.may(principal, action).effect is Effect.ALLOW]
    return WhoAmI(principal=PrincipalView.model_validate(principal), may=may)


@router.post("/agents/{name}/tokens", status_code=201)
async def agent_token(parts: Parts, caller: CallerOf, name: str) -> TokenView:
    """A token for an agent that one sponsors."""
    return _view(await parts.services.login.agent_token(caller.name, name))


def _secret(given: SecretStr) -> Secret[str]:
    return Secret(given.get_secret_value())


def _view(issued: IssuedToken) -> TokenView:
    return TokenView(
        token=issued.token.reveal(),
        principal=PrincipalView.model_validate(issued.principal),
        expires_at_ms=issued.expires_at_ms,
    )
