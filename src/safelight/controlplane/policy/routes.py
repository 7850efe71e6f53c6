"""The policies in force, and why they answer as they do."""

import asyncio

from fastapi import APIRouter

from safelight.controlplane.parts import ApiParts, Parts
from safelight.controlplane.paths import API
from safelight.controlplane.policy.questions import question_of
from safelight.controlplane.policy.schemas import ExplainInput, ExplanationView, PoliciesView, PolicyView
from safelight.controlplane.problems import ApiProblem
from safelight.controlplane.route_access import CallerOf
from safelight.domain.decision import Effect
from safelight.domain.errors import Denied, Refusal
from safelight.domain.principal import Principal
from safelight.policy.engine import PolicyEngine
from safelight.policy.questions import AdminAction

router = APIRouter(prefix=f"{API}/policy", tags=["policy"])


@router.get("")
async def policies(parts: Parts) -> PoliciesView:
    """Every policy in force, with its text."""
    engine = _engine(parts)
    return PoliciesView(
        digest=engine.digest, policies=[PolicyView.model_validate(policy) for policy in engine.policies]
    )


@router.post("/explain")
async def explain(parts: Parts, caller: CallerOf, asked: ExplainInput) -> ExplanationView:
    """Which policies decide, what they see, and what would change the answer. Off the loop: it asks many times."""
    principal = _subject(parts, caller.name, asked.principal or caller.name)
    question = question_of(parts.services, principal, asked)
    explanation = await asyncio.to_thread(_engine(parts).explain, question)
    return ExplanationView.model_validate(explanation)


def _subject(parts: ApiParts, caller: str, name: str) -> Principal:
    """The principal to ask about: oneself, or anybody for those who may list principals."""
    access, policy = parts.services.access, parts.services.policy
    if name != caller:
        asking = access.active_principal(caller)
        if asking is None or policy.may(asking, AdminAction.LIST_PRINCIPALS).effect is not Effect.ALLOW:
            raise Denied(
                Refusal("policy.explain-others", "you may ask about yourself only", "leave the principal out")
            )
    principal = access.principal(name)
    if principal is None:
        raise Denied(Refusal("principal.unknown", f"there is no principal {name}", "safelight principals list"))
    return principal


def _engine(parts: ApiParts) -> PolicyEngine:
    engine = parts.services.policy.engine
    if not isinstance(engine, PolicyEngine):
        raise ApiProblem(
            409, Refusal("policy.other", "this node decides by other means than policies", "ask its owner")
        )
    return engine
