"""Why a question was answered as it was, and what would change the answer.

The second part is found by asking again with one thing changed (a group, an approval, a capability, an open incident,
a shorter time), and with two when no single one is enough: it says what these policies really do, not what they seem
to say.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING

from safelight.domain.decision import Decision, Effect
from safelight.domain.errors import Refusal
from safelight.domain.incident import Incident, IncidentOrigin, IncidentState
from safelight.domain.principal import Principal, PrincipalKind
from safelight.domain.target import Target
from safelight.policy.questions import (
    AdminQuestion,
    ApprovalQuestion,
    Question,
    RequestDecision,
    RequestQuestion,
    StatementQuestion,
)
from safelight.policy.sources import Policy

if TYPE_CHECKING:
    from safelight.policy.engine import PolicyEngine

MOST_SUGGESTIONS = 8
_HOUR_SECONDS = 3600

Change = tuple[str, Callable[[Question], Question]]
Attributes = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """``outcome`` is allow, hold, deny, ``approved`` or ``N approvals``. ``attributes`` are what the policies saw.
    ``would_help`` are changes, each of which alone gives a better answer."""

    outcome: str
    refusal: Refusal | None
    policies: tuple[Policy, ...]
    attributes: Attributes
    would_help: tuple[str, ...]

    def text(self) -> str:
        lines = [f"answer: {self.outcome}"]
        if self.refusal is not None:
            lines += [f"  {self.refusal.rule}: {self.refusal.message}", f"  next: {self.refusal.next_step}"]
        lines.append("policies:" if self.policies else "policies: none decided this")
        for policy in self.policies:
            lines.append(f"  {policy.effect} {policy.id} ({policy.file}:{policy.line}) {policy.description}".rstrip())
        lines.append("seen:")
        lines += [f"  {name} = {value}" for name, value in self.attributes]
        if self.would_help:
            lines.append("would help:")
            lines += [f"  {change}" for change in self.would_help]
        return "\n".join(lines)


def explain(engine: "PolicyEngine", q: Question) -> Explanation:
    outcome, rank, policies, refusal = _answer(engine, q)
    by_id = {policy.id: policy for policy in engine.policies}
    return Explanation(
        outcome,
        refusal,
        tuple(by_id[name] for name in policies if name in by_id),
        _attributes(q),
        _would_help(engine, q, rank) if rank > 0 else (),
    )


def _answer(engine: "PolicyEngine", q: Question) -> tuple[str, int, tuple[str, ...], Refusal | None]:
    """The outcome in words, and how far it is from a plain yes."""
    decision: Decision
    match q:
        case RequestQuestion():
            request: RequestDecision = engine.decide_request(q)
            needed = request.approvals_needed
            return outcome_of_request(request), 3 if needed is None else needed, request.policies, request.refusal
        case StatementQuestion():
            decision = engine.decide_statement(q)
        case ApprovalQuestion():
            decision = engine.may_approve(q)
        case AdminQuestion():
            decision = engine.may(q.principal, q.action, q.resource)
    rank = (Effect.ALLOW, Effect.HOLD, Effect.DENY).index(decision.effect)
    return decision.effect.value, rank, decision.policies, decision.refusal


def outcome_of_request(decision: RequestDecision) -> str:
    match decision.approvals_needed:
        case None:
            return "deny"
        case 0:
            return "approved"
        case 1:
            return "1 approval"
        case more:
            return f"{more} approvals"


def _would_help(engine: "PolicyEngine", q: Question, rank: int) -> tuple[str, ...]:
    changes = list(_changes(engine, q))
    found = [words for words, change in changes if _answer(engine, change(q))[1] < rank]
    if not found:
        for (one, first), (two, second) in combinations(changes, 2):
            if _answer(engine, second(first(q)))[1] < rank:
                found.append(f"{one}, and {two}")
            if len(found) >= MOST_SUGGESTIONS:
                break
    return tuple(found[:MOST_SUGGESTIONS])


def _changes(engine: "PolicyEngine", q: Question) -> Iterator[Change]:
    match q:
        case StatementQuestion():
            yield from _statement_changes(q)
        case RequestQuestion():
            yield from _request_changes(q)
        case ApprovalQuestion() | AdminQuestion():
            pass
    for group in sorted(engine.groups):
        yield from _membership(q, group)


def _statement_changes(q: StatementQuestion) -> Iterator[Change]:
    if not q.approved:
        yield "a second person's approval of this statement", _set(approved=True)
    if missing := sorted(q.facts.capabilities - q.grant.capabilities):
        grant = replace(q.grant, capabilities=q.grant.capabilities | q.facts.capabilities)
        yield f"a grant that has {', '.join(missing)}", _set(grant=grant)
    if q.incident is not None and q.incident.state is not IncidentState.OPEN:
        yield "an incident that is open", _set(incident=replace(q.incident, state=IncidentState.OPEN))


def _request_changes(q: RequestQuestion) -> Iterator[Change]:
    services = {target.service for target in q.targets}
    if len(services) == 1 and None not in services:
        (service,) = services
        incident = _signed_incident(service)
        yield f"an open incident of {service} that arrived signed, opened by somebody else", _set(incident=incident)
    if q.incident is not None:
        yield "asking without the incident", _set(incident=None)
    if q.duration_seconds > _HOUR_SECONDS:
        yield "asking for an hour at most", _set(duration_seconds=_HOUR_SECONDS)
    if len(q.capabilities) > 1:
        for capability in sorted(q.capabilities):
            yield f"asking for {capability} alone", _set(capabilities=frozenset({capability}))


def _set(**values: object) -> Callable[[Question], Question]:
    return lambda q: replace(q, **values)  # type: ignore[arg-type]  # each caller names fields of its own question


def _membership(q: Question, group: str) -> Iterator[Change]:
    """Being in a group; for an agent, its sponsor's being in it."""
    match q:
        case ApprovalQuestion():
            if group not in q.approver.groups:
                yield _is_in(q.approver, group), _set(approver=_joined(q.approver, group))
        case StatementQuestion() | RequestQuestion() if q.principal.kind is PrincipalKind.AGENT:
            if q.sponsor is not None and group not in q.sponsor.groups:
                yield _is_in(q.sponsor, group), _set(sponsor=_joined(q.sponsor, group))
        case _:
            if group not in q.principal.groups:
                yield _is_in(q.principal, group), _set(principal=_joined(q.principal, group))


def _is_in(principal: Principal, group: str) -> str:
    return f"{principal.name} being in {group}"


def _joined(principal: Principal, group: str) -> Principal:
    return replace(principal, groups=principal.groups | {group})


def _signed_incident(service: str | None) -> Incident:
    return Incident(
        id="an-incident",
        title="",
        service=service,
        origin=IncidentOrigin.WEBHOOK,
        source="a-source",
        opener="",
        confirmed_by=None,
        state=IncidentState.OPEN,
        opened_at_ms=0,
        closed_at_ms=None,
        grants_end_at_ms=None,
    )


def _attributes(q: Question) -> Attributes:
    match q:
        case StatementQuestion():
            return (
                *_of_principal("principal", q.principal),
                *_of_target(q.target),
                ("grant", f"{q.grant.id} ({_listed(q.grant.capabilities)}; {q.grant.state.value})"),
                *_of_incident(q.incident),
                ("statement", q.facts.form),
                ("needs", _listed(q.facts.capabilities)),
                ("relations", _listed(q.facts.relations)),
                ("labels", _listed(q.facts.labels)),
                ("approved", "yes" if q.approved else "no"),
            )
        case RequestQuestion():
            targets = tuple(attribute for target in q.targets for attribute in _of_target(target))
            return (
                *_of_principal("principal", q.principal),
                *targets,
                ("capabilities", _listed(q.capabilities)),
                ("duration", f"{q.duration_seconds} s"),
                *_of_incident(q.incident),
            )
        case ApprovalQuestion():
            return (
                *_of_principal("approver", q.approver),
                *_of_principal("requester", q.requester),
                ("capabilities", _listed(q.capabilities)),
            )
        case AdminQuestion():
            return (*_of_principal("principal", q.principal), ("action", q.action), ("subject", q.resource or "none"))


def _of_principal(role: str, principal: Principal) -> Attributes:
    sponsor = f", sponsor {principal.sponsor}" if principal.sponsor else ""
    disabled = ", disabled" if principal.disabled else ""
    return ((role, f"{principal.name} ({principal.kind.value}; {_listed(principal.groups)}{sponsor}{disabled})"),)


def _of_target(target: Target) -> Attributes:
    labels = ", ".join(f"{key}={value}" for key, value in sorted(target.labels.items())) or "no labels"
    return (("target", f"{target.name} (service {target.service or 'none'}; {labels})"),)


def _of_incident(incident: Incident | None) -> Attributes:
    if incident is None:
        return (("incident", "none"),)
    confirmed = f", confirmed by {incident.confirmed_by}" if incident.confirmed_by else ""
    what = f"{incident.state.value}, {incident.origin.value} from {incident.source}, opened by {incident.opener}"
    return (("incident", f"{incident.id} (service {incident.service or 'none'}; {what}{confirmed})"),)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"
