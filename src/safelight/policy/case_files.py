"""Reading files of policy tests: TOML in, questions with their expected answers out. Strict about every key."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from safelight.domain.capability import Capability
from safelight.domain.grant import Grant, GrantState
from safelight.domain.incident import Incident, IncidentOrigin, IncidentState
from safelight.domain.principal import Principal, PrincipalKind
from safelight.domain.statement import StatementFacts
from safelight.domain.target import AccountMode, Target, TargetKind, TlsMode
from safelight.policy.problems import PolicyInvalid, PolicyProblem
from safelight.policy.questions import (
    AdminQuestion,
    ApprovalQuestion,
    Question,
    RequestQuestion,
    StatementQuestion,
)
from safelight.policy.toml_values import (
    Mistake,
    Table,
    flag,
    one_of,
    only,
    optional_text,
    seconds,
    tables,
    text,
    texts,
)

T = TypeVar("T")

_KINDS = ("request", "statement", "approve", "administer")
_COMMON = frozenset({"name", "principal", "expect", "policy"})
_KEYS = {
    "request": frozenset({"request", "target", "incident", "duration"}),
    "statement": frozenset(
        {"statement", "target", "incident", "needs", "granted", "relations", "labels", "approved", "unmasked"}
    ),
    "approve": frozenset({"approve", "target", "requester"}),
    "administer": frozenset({"administer", "subject"}),
}
_EXPECTATIONS = {
    "request": ("approved", "1 approval", "2 approvals", "deny"),
    "statement": ("allow", "hold", "deny"),
    "approve": ("allow", "deny"),
    "administer": ("allow", "deny"),
}


@dataclass(frozen=True, slots=True)
class Case:
    """``policy`` must be among the determining policies, or be the rule of the refusal; ``unmasked`` must be exactly
    the labels seen in clear. None: not asked."""

    name: str
    question: Question
    expect: str
    policy: str | None
    unmasked: frozenset[str] | None


@dataclass(slots=True)
class _World:
    """What a file declares, by name."""

    principals: dict[str, Principal] = field(default_factory=dict)
    targets: dict[str, Target] = field(default_factory=dict)
    incidents: dict[str, Incident] = field(default_factory=dict)


def read_cases(source: str, file: str) -> tuple[Case, ...]:
    """Raises: PolicyInvalid with every mistake of the file."""
    try:
        document = tomllib.loads(source)
    except tomllib.TOMLDecodeError as cause:
        raise PolicyInvalid([PolicyProblem(file, 1, f"not TOML: {cause}")]) from cause
    try:
        only(document, frozenset({"people", "agents", "targets", "incidents", "case"}), "the file")
        world = _world(document)
        entries = document.get("case", [])
        if not isinstance(entries, list) or not entries:
            raise Mistake("there is no [[case]]")
    except Mistake as wrong:
        raise PolicyInvalid([PolicyProblem(file, 1, str(wrong))]) from wrong
    lines = [number for number, line in enumerate(source.splitlines(), 1) if line.strip().startswith("[[case]]")]
    cases: list[Case] = []
    problems: list[PolicyProblem] = []
    for entry, line in zip(entries, [*lines, *[1] * len(entries)], strict=False):
        try:
            cases.append(_case(entry, world))
        except Mistake as wrong:
            problems.append(PolicyProblem(file, line, str(wrong)))
    if problems:
        raise PolicyInvalid(problems)
    return tuple(cases)


def _world(document: Table) -> _World:
    world = _World()
    for name, entry in tables(document, "people"):
        only(entry, frozenset({"groups", "disabled"}), f"people.{name}")
        world.principals[name] = _principal(name, PrincipalKind.PERSON, entry, None)
    for name, entry in tables(document, "agents"):
        only(entry, frozenset({"groups", "disabled", "sponsor"}), f"agents.{name}")
        sponsor = text(entry, "sponsor")
        if sponsor not in world.principals:
            raise Mistake(f"agents.{name}: its sponsor {sponsor} is not among the people")
        world.principals[name] = _principal(name, PrincipalKind.AGENT, entry, sponsor)
    for name, entry in tables(document, "targets"):
        only(entry, frozenset({"service", "labels"}), f"targets.{name}")
        world.targets[name] = _target(name, entry)
    for name, entry in tables(document, "incidents"):
        only(
            entry, frozenset({"service", "origin", "state", "source", "opener", "confirmed_by"}), f"incidents.{name}"
        )
        world.incidents[name] = _incident(name, entry)
    return world


def _principal(name: str, kind: PrincipalKind, entry: Table, sponsor: str | None) -> Principal:
    groups = frozenset(texts(entry, "groups"))
    return Principal(name, kind, groups, None, sponsor, disabled=flag(entry, "disabled"), created_at_ms=0)


def _target(name: str, entry: Table) -> Target:
    labels = entry.get("labels", {})
    if not isinstance(labels, dict) or not all(isinstance(value, str) for value in labels.values()):
        raise Mistake(f"targets.{name}: labels is a table of texts")
    return Target(
        name=name,
        kind=TargetKind.POSTGRES,
        host="",
        port=0,
        databases=(),
        tls=TlsMode.VERIFY_FULL,
        tls_ca_file=None,
        account_mode=AccountMode.STATIC,
        account_user=None,
        account_secret=None,
        admin_user=None,
        admin_secret=None,
        read_role=None,
        write_role=None,
        service=optional_text(entry, "service"),
        labels=labels,
        columns=(),
        statement_timeout_seconds=0,
    )


def _incident(name: str, entry: Table) -> Incident:
    return Incident(
        id=name,
        title="",
        service=optional_text(entry, "service"),
        origin=IncidentOrigin(one_of(entry, "origin", [o.value for o in IncidentOrigin], "webhook")),
        source=text(entry, "source", "a source"),
        opener=text(entry, "opener", "the source"),
        confirmed_by=optional_text(entry, "confirmed_by"),
        state=IncidentState(one_of(entry, "state", [s.value for s in IncidentState], "open")),
        opened_at_ms=0,
        closed_at_ms=None,
        grants_end_at_ms=None,
    )


def _case(entry: Table, world: _World) -> Case:
    if not isinstance(entry, dict):
        raise Mistake("a [[case]] is a table")
    kinds = [kind for kind in _KINDS if kind in entry]
    if len(kinds) != 1:
        raise Mistake(f"a case has exactly one of {', '.join(_KINDS)}")
    (kind,) = kinds
    name = text(entry, "name")
    only(entry, _COMMON | _KEYS[kind], f"case {name!r}")
    principal = _named(world.principals, text(entry, "principal"), "person or agent")
    build = {"request": _request, "statement": _statement, "approve": _approval, "administer": _administration}[kind]
    return Case(
        name,
        build(entry, principal, world),
        one_of(entry, "expect", _EXPECTATIONS[kind]),
        optional_text(entry, "policy"),
        frozenset(texts(entry, "unmasked")) if "unmasked" in entry else None,
    )


def _request(entry: Table, principal: Principal, world: _World) -> Question:
    return RequestQuestion(
        principal,
        _targets(entry, world),
        _capabilities(entry, "request"),
        seconds(entry, "duration", "1h"),
        _incident_of(entry, world),
        _sponsor(principal, world),
    )


def _statement(entry: Table, principal: Principal, world: _World) -> Question:
    (target,) = _targets(entry, world)[:1]
    incident = _incident_of(entry, world)
    needs = _capabilities(entry, "needs")
    granted = _capabilities(entry, "granted") if "granted" in entry else needs
    grant = Grant(
        id="a grant",
        principal=principal.name,
        targets=frozenset({target.name}),
        capabilities=granted,
        request_id="",
        incident_id=incident.id if incident else None,
        reason="",
        starts_at_ms=0,
        ends_at_ms=0,
        state=GrantState.ACTIVE,
        ended_at_ms=None,
        end_reason=None,
    )
    facts = StatementFacts(
        form=text(entry, "statement"),
        capabilities=needs,
        relations=tuple(texts(entry, "relations")),
        labels=frozenset(texts(entry, "labels")),
        harmless_to_lose=False,
        rollback_safe=False,
        stands_alone=False,
        refusal=None,
    )
    sponsor = _sponsor(principal, world)
    return StatementQuestion(principal, target, grant, incident, facts, flag(entry, "approved"), sponsor)


def _approval(entry: Table, principal: Principal, world: _World) -> Question:
    requester = _named(world.principals, text(entry, "requester"), "person or agent")
    return ApprovalQuestion(principal, requester, _targets(entry, world), _capabilities(entry, "approve"))


def _administration(entry: Table, principal: Principal, _world: _World) -> Question:
    return AdminQuestion(principal, text(entry, "administer"), optional_text(entry, "subject"))


def _sponsor(principal: Principal, world: _World) -> Principal | None:
    return world.principals[principal.sponsor] if principal.sponsor is not None else None


def _incident_of(entry: Table, world: _World) -> Incident | None:
    return _named(world.incidents, text(entry, "incident"), "incident") if "incident" in entry else None


def _targets(entry: Table, world: _World) -> tuple[Target, ...]:
    names = [entry["target"]] if isinstance(entry.get("target"), str) else texts(entry, "target")
    if not names:
        raise Mistake("target is missing")
    return tuple(_named(world.targets, name, "target") for name in names)


def _capabilities(entry: Table, key: str) -> frozenset[Capability]:
    known = {capability.value for capability in Capability}
    if unknown := sorted(set(texts(entry, key)) - known):
        raise Mistake(f"{key}: {', '.join(unknown)} is no capability; there are {', '.join(sorted(known))}")
    return frozenset(Capability(name) for name in texts(entry, key))


def _named(declared: Mapping[str, T], name: str, what: str) -> T:
    if name not in declared:
        raise Mistake(f"{name} is not declared as a {what} in this file")
    return declared[name]
