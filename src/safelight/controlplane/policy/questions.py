"""Questions to policy, built from what this node knows: its principals, targets, incidents and grants."""

from typing import TypeVar

from safelight.application.services import Services
from safelight.controlplane.policy.schemas import (
    ExplainAdministration,
    ExplainInput,
    ExplainRequest,
    ExplainStatement,
)
from safelight.domain.errors import Denied, Refusal
from safelight.domain.grant import Grant, GrantState
from safelight.domain.incident import Incident
from safelight.domain.principal import Principal
from safelight.domain.statement import StatementFacts
from safelight.domain.target import Target
from safelight.policy.questions import AdminQuestion, Question, RequestQuestion, StatementQuestion

T = TypeVar("T")


def question_of(services: Services, principal: Principal, asked: ExplainInput) -> Question:
    """Raises: Denied: it names something that does not exist."""
    match asked:
        case ExplainAdministration():
            return AdminQuestion(principal, asked.action.value, asked.subject)
        case ExplainRequest():
            return RequestQuestion(
                principal=principal,
                targets=tuple(_target(services, name) for name in sorted(set(asked.targets))),
                capabilities=frozenset(asked.capabilities),
                duration_seconds=asked.duration_seconds,
                incident=_incident(services, asked.incident_id),
                sponsor=services.access.sponsor(principal),
            )
        case ExplainStatement():
            grant = _grant(services, principal, asked)
            return StatementQuestion(
                principal=principal,
                target=_target(services, asked.target),
                grant=grant,
                incident=_incident(services, grant.incident_id),
                facts=_facts(asked),
                approved=asked.approved,
                sponsor=services.access.sponsor(principal),
            )


def _facts(asked: ExplainStatement) -> StatementFacts:
    return StatementFacts(
        form=asked.form,
        capabilities=frozenset(asked.capabilities),
        relations=tuple(asked.relations),
        labels=frozenset(asked.labels),
        harmless_to_lose=False,
        rollback_safe=False,
        stands_alone=False,
        refusal=None,
    )


def _grant(services: Services, principal: Principal, asked: ExplainStatement) -> Grant:
    if asked.grant_id is not None:
        grant = services.access.grant(asked.grant_id)
        if grant is None or grant.principal != principal.name:
            raise Denied(_unknown("grant", asked.grant_id, "safelight grants"))
        return grant
    return Grant(
        id="a-grant",
        principal=principal.name,
        targets=frozenset({asked.target}),
        capabilities=frozenset(asked.capabilities),
        request_id="a-request",
        incident_id=asked.incident_id,
        reason="",
        starts_at_ms=0,
        ends_at_ms=0,
        state=GrantState.ACTIVE,
        ended_at_ms=None,
        end_reason=None,
    )


def _target(services: Services, name: str) -> Target:
    return _known(services.targets.get(name), _unknown("target", name, "safelight targets list"))


def _incident(services: Services, identity: str | None) -> Incident | None:
    if identity is None:
        return None
    return _known(services.access.incident(identity), _unknown("incident", identity, "safelight incidents list"))


def _known(found: T | None, refusal: Refusal) -> T:
    if found is None:
        raise Denied(refusal)
    return found


def _unknown(kind: str, name: str, next_step: str) -> Refusal:
    return Refusal(f"{kind}.unknown", f"there is no {kind} {name}", next_step)
