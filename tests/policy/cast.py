"""The people, targets and incidents that the policy tests speak of."""

from dataclasses import replace

from safelight.domain.capability import Capability
from safelight.domain.grant import Grant, GrantState
from safelight.domain.incident import Incident, IncidentOrigin, IncidentState
from safelight.domain.principal import Principal, PrincipalKind
from safelight.domain.statement import StatementFacts
from safelight.domain.target import AccountMode, Target, TargetKind, TlsMode
from safelight.policy.questions import RequestQuestion, StatementQuestion

EVERYTHING = frozenset(Capability)


def person(name: str, *groups: str) -> Principal:
    return Principal(name, PrincipalKind.PERSON, frozenset(groups), "root", None, disabled=False, created_at_ms=0)


def agent(name: str, sponsor: Principal, *groups: str) -> Principal:
    return replace(person(name, *groups), kind=PrincipalKind.AGENT, sponsor=sponsor.name)


PIA = person("pia")
ANA = person("ana", "oncall")
BEN = person("ben", "approvers")
SUE = person("sue", "security")
ADA = person("ada", "admins")
SCOUT = agent("scout", ANA)
STRAY = agent("stray", PIA, "oncall", "approvers", "security", "admins")
"""An agent that somebody has put into every group; its sponsor is in none."""

SPONSORS = {"scout": ANA, "stray": PIA}


def target(name: str = "orders-db", service: str | None = "orders", **labels: str) -> Target:
    return Target(
        name=name,
        kind=TargetKind.POSTGRES,
        host="localhost",
        port=5432,
        databases=("shop",),
        tls=TlsMode.VERIFY_FULL,
        tls_ca_file=None,
        account_mode=AccountMode.STATIC,
        account_user=None,
        account_secret=None,
        admin_user=None,
        admin_secret=None,
        read_role=None,
        write_role=None,
        service=service,
        labels=labels or {"env": "production"},
        columns=(),
        statement_timeout_seconds=30,
    )


ORDERS = target()
BILLING = target("billing-db", "billing")

SIGNED = Incident(
    id="INC-1",
    title="orders are slow",
    service="orders",
    origin=IncidentOrigin.WEBHOOK,
    source="pager",
    opener="monitor",
    confirmed_by=None,
    state=IncidentState.OPEN,
    opened_at_ms=0,
    closed_at_ms=None,
    grants_end_at_ms=None,
)
HAND_MADE = replace(SIGNED, origin=IncidentOrigin.MANUAL, opener="rob")


def grant(principal: Principal, capabilities: frozenset[Capability], incident: Incident | None = None) -> Grant:
    return Grant(
        id="g1",
        principal=principal.name,
        targets=frozenset({ORDERS.name}),
        capabilities=capabilities,
        request_id="r1",
        incident_id=incident.id if incident else None,
        reason="orders are slow",
        starts_at_ms=0,
        ends_at_ms=3_600_000,
        state=GrantState.ACTIVE,
        ended_at_ms=None,
        end_reason=None,
    )


def facts(form: str, *capabilities: Capability, labels: tuple[str, ...] = ()) -> StatementFacts:
    return StatementFacts(
        form=form,
        capabilities=frozenset(capabilities),
        relations=("public.orders",),
        labels=frozenset(labels),
        harmless_to_lose=False,
        rollback_safe=False,
        stands_alone=False,
        refusal=None,
    )


def statement(
    principal: Principal,
    what: StatementFacts,
    *,
    granted: frozenset[Capability] = EVERYTHING,
    incident: Incident | None = None,
    approved: bool = False,
) -> StatementQuestion:
    return StatementQuestion(
        principal,
        ORDERS,
        grant(principal, granted, incident),
        incident,
        what,
        approved,
        SPONSORS.get(principal.name),
    )


def request(
    principal: Principal,
    *capabilities: Capability,
    incident: Incident | None = None,
    hours: float = 1,
    targets: tuple[Target, ...] = (ORDERS,),
) -> RequestQuestion:
    return RequestQuestion(
        principal,
        targets,
        frozenset(capabilities),
        int(hours * 3600),
        incident,
        SPONSORS.get(principal.name),
    )
