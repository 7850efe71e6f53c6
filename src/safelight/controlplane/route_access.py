"""Who may call which route: one table, and the one place that enforces it.

Denied by default: a route that is not in the table answers nobody. Whether the caller may touch *this* request, grant
or session is decided by the use case, at the data.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Annotated

from fastapi import Depends, Request

from safelight.application.authority import lock_refusal
from safelight.controlplane.parts import ApiParts, parts_of
from safelight.controlplane.paths import API
from safelight.controlplane.problems import ApiProblem
from safelight.domain.decision import Effect
from safelight.domain.errors import Denied, Refusal
from safelight.domain.lock import Lock, LockScope, matches
from safelight.domain.principal import Principal
from safelight.policy.questions import AdminAction
from safelight.ports.secrets import Secret


class Gate(Enum):
    PUBLIC = "anybody"
    SIGNED = "whoever signs the body with the source's secret"
    LOGGED_IN = "any principal; the use case decides on the object"
    METRICS = "anybody where metrics are public, else read_metrics"


ROUTES: dict[tuple[str, str], Gate | AdminAction] = {
    ("GET", "/healthz"): Gate.PUBLIC,
    ("GET", "/readyz"): Gate.PUBLIC,
    ("GET", "/metrics"): Gate.METRICS,
    ("GET", f"{API}/openapi.json"): Gate.PUBLIC,
    ("POST", f"{API}/login"): Gate.PUBLIC,
    ("POST", f"{API}/login/code"): Gate.PUBLIC,
    ("POST", f"{API}/logout"): Gate.LOGGED_IN,
    ("PUT", f"{API}/password"): Gate.LOGGED_IN,
    ("POST", f"{API}/agents/{{name}}/tokens"): Gate.LOGGED_IN,
    ("GET", f"{API}/whoami"): Gate.LOGGED_IN,
    ("GET", f"{API}/gateway"): Gate.LOGGED_IN,
    ("GET", f"{API}/principals"): AdminAction.LIST_PRINCIPALS,
    ("POST", f"{API}/principals"): AdminAction.MANAGE_PRINCIPALS,
    ("PUT", f"{API}/principals/{{name}}/groups"): AdminAction.MANAGE_PRINCIPALS,
    ("POST", f"{API}/principals/{{name}}/disable"): AdminAction.MANAGE_PRINCIPALS,
    ("POST", f"{API}/principals/{{name}}/enable"): AdminAction.MANAGE_PRINCIPALS,
    ("GET", f"{API}/targets"): AdminAction.LIST_TARGETS,
    ("GET", f"{API}/targets/{{name}}"): AdminAction.LIST_TARGETS,
    ("GET", f"{API}/targets/{{name}}/preflight"): AdminAction.RELOAD_CONFIG,
    ("POST", f"{API}/config/reload"): AdminAction.RELOAD_CONFIG,
    ("GET", f"{API}/incidents"): AdminAction.LIST_INCIDENTS,
    ("POST", f"{API}/incidents"): AdminAction.MANAGE_INCIDENTS,
    ("POST", f"{API}/incidents/{{incident_id}}/confirm"): AdminAction.CONFIRM_INCIDENT,
    ("POST", f"{API}/incidents/{{incident_id}}/close"): AdminAction.MANAGE_INCIDENTS,
    ("POST", f"{API}/incidents/webhooks/{{source}}"): Gate.SIGNED,
    ("GET", f"{API}/requests"): Gate.LOGGED_IN,
    ("POST", f"{API}/requests"): Gate.LOGGED_IN,
    ("GET", f"{API}/requests/{{request_id}}"): Gate.LOGGED_IN,
    ("POST", f"{API}/requests/{{request_id}}/approve"): Gate.LOGGED_IN,
    ("POST", f"{API}/requests/{{request_id}}/deny"): Gate.LOGGED_IN,
    ("POST", f"{API}/requests/{{request_id}}/withdraw"): Gate.LOGGED_IN,
    ("GET", f"{API}/grants"): Gate.LOGGED_IN,
    ("POST", f"{API}/grants/{{grant_id}}/extend"): Gate.LOGGED_IN,
    ("POST", f"{API}/grants/{{grant_id}}/end"): Gate.LOGGED_IN,
    ("POST", f"{API}/grants/{{grant_id}}/credentials"): Gate.LOGGED_IN,
    ("GET", f"{API}/sessions"): Gate.LOGGED_IN,
    ("GET", f"{API}/sessions/{{session_id}}/events"): AdminAction.WATCH_SESSION,
    ("GET", f"{API}/holds"): Gate.LOGGED_IN,
    ("POST", f"{API}/holds/{{hold_id}}/approve"): Gate.LOGGED_IN,
    ("POST", f"{API}/holds/{{hold_id}}/deny"): Gate.LOGGED_IN,
    ("POST", f"{API}/kills"): AdminAction.KILL,
    ("GET", f"{API}/locks"): AdminAction.LIST_LOCKS,
    ("POST", f"{API}/locks/{{lock_id}}/lift"): AdminAction.LIFT_LOCK,
    ("GET", f"{API}/audit/records"): AdminAction.READ_AUDIT,
    ("GET", f"{API}/audit/export"): AdminAction.READ_AUDIT,
    ("GET", f"{API}/audit/status"): AdminAction.READ_AUDIT,
    ("GET", f"{API}/policy"): AdminAction.READ_POLICY,
    ("POST", f"{API}/policy/explain"): AdminAction.READ_POLICY,
}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling. ``token`` is the bearer token, for logging out."""

    name: str
    token: Secret[str]


async def guard(request: Request) -> None:
    """The application-wide dependency: every route passes here before its own code runs."""
    parts = parts_of(request)
    gate = ROUTES.get((request.method, request.scope["route"].path))
    if gate is None:
        raise ApiProblem(403, Refusal("http.unlisted-route", "nobody may call this", "see /api/v1/openapi.json"))
    if gate in (Gate.PUBLIC, Gate.SIGNED) or (gate is Gate.METRICS and parts.public_metrics):
        return
    caller = request.state.caller = _caller(request, parts)
    if gate is not Gate.LOGGED_IN:
        _require(parts, caller, AdminAction.READ_METRICS if gate is Gate.METRICS else AdminAction(gate))


def may_still(parts: ApiParts, caller: Caller, action: AdminAction) -> bool:
    """Whether a long answer may go on: the login still holds and policy still allows it."""
    if parts.services.login.authenticate(caller.token) is None:
        return False
    try:
        _require(parts, caller, action)
    except Denied:
        return False
    return True


def caller_of(request: Request) -> Caller:
    caller = request.state.caller
    assert isinstance(caller, Caller)
    return caller


async def _caller_of(request: Request) -> Caller:
    """A coroutine, so that it runs in this very turn of the loop."""
    return caller_of(request)


CallerOf = Annotated[Caller, Depends(_caller_of)]


def client_address(request: Request) -> str:
    """The peer's address as the socket has it. Forwarding headers are not trusted: anybody can write them."""
    return request.client.host if request.client is not None else "unix"


def _caller(request: Request, parts: ApiParts) -> Caller:
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not text:
        raise _login_needed("this needs a login")
    token = Secret(text.strip())
    principal = parts.services.login.authenticate(token)
    if principal is None:
        raise _login_needed("this login is over")
    return Caller(principal.name, token)


def _login_needed(message: str) -> ApiProblem:
    return ApiProblem(401, Refusal("login.needed", message, "safelight login"), {"WWW-Authenticate": "Bearer"})


def _require(parts: ApiParts, caller: Caller, action: AdminAction) -> None:
    principal = parts.services.access.active_principal(caller.name)
    if principal is None:
        raise Denied(Refusal("principal.disabled", "this account is disabled", "ask an administrator"))
    if (lock := _lock_naming(parts, principal)) is not None:
        raise Denied(lock_refusal(lock))
    decision = parts.services.policy.may(principal, action)
    if decision.effect is not Effect.ALLOW:
        raise Denied(
            decision.refusal or Refusal("policy.denied", f"{caller.name} may not {action}", "ask an administrator")
        )


def _lock_naming(parts: ApiParts, principal: Principal) -> Lock | None:
    """A lock on this person or one of their groups. One on everything must not blind those who made it."""
    subjects = parts.services.access.subjects_of(principal.name, None)
    named = (LockScope.PRINCIPAL, LockScope.GROUP)
    locks = parts.services.access.active_locks()
    return next((lock for lock in locks if lock.scope in named and matches(lock, subjects)), None)
