"""Questions as Cedar requests: which actions, on which targets, in which context."""

from safelight.domain.principal import Principal, PrincipalKind
from safelight.policy.cedar import Ask
from safelight.policy.entities import (
    GATEWAY,
    Json,
    capabilities_value,
    capability_value,
    encode,
    incident_value,
    principal_uid,
    target_uid,
)
from safelight.policy.questions import AdminQuestion, ApprovalQuestion, RequestQuestion, StatementQuestion

CONTROL = "control"
"""The action of a statement that needs no capability (BEGIN, SET)."""


def statement_context(subject: Principal, q: StatementQuestion, *, approved: bool) -> str:
    return encode(_statement_values(subject, q, approved=approved))


def capability_asks(subject: Principal, q: StatementQuestion, *, approved: bool) -> list[Ask]:
    """One ask for each capability the statement needs; one for none at all, so that nothing passes unasked."""
    context = statement_context(subject, q, approved=approved)
    actions = sorted(capability.value for capability in q.facts.capabilities) or [CONTROL]
    return [Ask(principal_uid(subject), action, target_uid(q.target), context) for action in actions]


def unmask_asks(subject: Principal, q: StatementQuestion, labels: list[str]) -> list[Ask]:
    values = _statement_values(subject, q, approved=q.approved)
    return [
        Ask(principal_uid(subject), "unmask", target_uid(q.target), encode(values | {"label": label}))
        for label in labels
    ]


def request_asks(subject: Principal, q: RequestQuestion, approvals: int) -> list[Ask]:
    context: Json = {
        "approvals": approvals,
        "duration_seconds": q.duration_seconds,
        "capabilities": capabilities_value(q.capabilities),
    }
    if q.incident is not None:
        context["incident"] = incident_value(q.incident, q.principal)
    encoded = encode(context)
    return [
        Ask(principal_uid(subject), f"request_{capability.value}", target_uid(target), encoded)
        for target in q.targets
        for capability in sorted(q.capabilities)
    ]


def approval_asks(q: ApprovalQuestion) -> list[Ask]:
    requester: Json = {
        "requester": q.requester.name,
        "requester_groups": sorted(q.requester.groups),
        "requester_is_agent": q.requester.kind is PrincipalKind.AGENT,
    }
    return [
        Ask(
            principal_uid(q.approver),
            "approve",
            target_uid(target),
            encode(requester | {"capability": capability_value(capability)}),
        )
        for target in q.targets
        for capability in sorted(q.capabilities)
    ]


def admin_ask(q: AdminQuestion) -> Ask:
    context = {} if q.resource is None else {"subject": q.resource}
    return Ask(principal_uid(q.principal), q.action, GATEWAY, encode(context))


def _statement_values(subject: Principal, q: StatementQuestion, *, approved: bool) -> Json:
    values: Json = {
        "approved": approved,
        "form": q.facts.form,
        "relations": list(q.facts.relations),
        "labels": sorted(q.facts.labels),
    }
    if q.incident is not None:
        values["incident"] = incident_value(q.incident, q.principal)
    return values
