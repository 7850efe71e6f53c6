"""The golden matrix: what the default policies decide for everybody about everything, one line per question.

`python -m tests.policy.matrix --write` makes it again. Whoever changes a default policy reviews the difference.
"""

import sys
from collections.abc import Iterator
from dataclasses import astuple, dataclass, replace
from pathlib import Path

from safelight.domain.capability import Capability
from safelight.domain.decision import Decision
from safelight.domain.incident import Incident, IncidentState
from safelight.domain.principal import Principal
from safelight.policy.engine import PolicyEngine
from safelight.policy.explain import outcome_of_request
from safelight.policy.questions import AdminAction, ApprovalQuestion
from tests.policy.cast import (
    ADA,
    ANA,
    BEN,
    HAND_MADE,
    ORDERS,
    PIA,
    SCOUT,
    SIGNED,
    STRAY,
    SUE,
    facts,
    request,
    statement,
)

GOLDEN = Path(__file__).parents[1] / "vectors" / "policy" / "matrix.tsv"

EVERYBODY: dict[str, Principal] = {
    "person": PIA,
    "oncall": ANA,
    "approver": BEN,
    "security": SUE,
    "admin": ADA,
    "agent-of-oncall": SCOUT,
    "agent-in-every-group": STRAY,
}

FORMS: dict[str, tuple[Capability, ...]] = {
    "begin": (),
    "select": (Capability.READ,),
    "select_for_update": (Capability.READ, Capability.WRITE),
    "insert": (Capability.WRITE,),
    "update": (Capability.READ, Capability.WRITE),
    "delete": (Capability.READ, Capability.WRITE),
    "truncate": (Capability.WRITE,),
    "copy_out": (Capability.READ, Capability.EXPORT),
    "copy_in": (Capability.WRITE,),
    "create_table": (Capability.DDL,),
    "alter_role": (Capability.ADMIN,),
}

LABELS: dict[str, tuple[str, ...]] = {"none": (), "email": ("email",), "email+password": ("email", "password")}

GRANTS: dict[str, frozenset[Capability]] = {
    "read": frozenset({Capability.READ}),
    "all-but-unmask": frozenset(Capability) - {Capability.UNMASK},
    "all": frozenset(Capability),
}

STATES: dict[str, Incident | None] = {
    "none": None,
    "open": SIGNED,
    "closing": replace(SIGNED, state=IncidentState.CLOSING),
    "closed": replace(SIGNED, state=IncidentState.CLOSED),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One question without the one who asks, and its answer."""

    what: str
    about: str
    terms: str
    labels: str
    incident: str
    answer: str
    policies: str
    clear: str


def lines() -> Iterator[str]:
    """Those who get the same answer to the same question share a line."""
    engine = PolicyEngine.load({})
    yield "# what\tabout\tgrant or time\tlabels\tincident\tanswer\tpolicies\tin clear\twho"
    for section in (_statements, _requests, _approvals, _administration):
        rows: dict[Row, list[str]] = {}
        for who, principal in EVERYBODY.items():
            for row in section(engine, principal):
                rows.setdefault(row, []).append(who)
        for row, names in sorted(rows.items(), key=lambda item: _order(item[0])):
            who = "everybody" if len(names) == len(EVERYBODY) else ", ".join(names)
            yield "\t".join((*astuple(row), who))


def _order(row: Row) -> tuple[str, ...]:
    return (row.about, row.terms, row.labels, row.incident, row.answer, row.policies)


def _statements(engine: PolicyEngine, principal: Principal) -> Iterator[Row]:
    for form, capabilities in FORMS.items():
        for grant_name, granted in GRANTS.items():
            for label_name, labels in LABELS.items() if grant_name == "all" else [("none", ())]:
                for state, incident in STATES.items():
                    what = facts(form, *capabilities, labels=labels)
                    q = statement(principal, what, granted=granted, incident=incident)
                    yield _row("statement", form, grant_name, label_name, state, engine.decide_statement(q))


def _requests(engine: PolicyEngine, principal: Principal) -> Iterator[Row]:
    incidents: dict[str, Incident | None] = {
        "none": None,
        "signed": SIGNED,
        "signed, opened by the requester": replace(SIGNED, opener=f"{principal.name}@example.test"),
        "signed, other service": replace(SIGNED, service="billing"),
        "hand-made": HAND_MADE,
        "hand-made, confirmed": replace(HAND_MADE, confirmed_by="ben-2"),
        "closing": STATES["closing"],
        "closed": STATES["closed"],
    }
    for capability in Capability:
        for state, incident in incidents.items():
            for hours in (1, 4, 12) if capability is Capability.READ else (1,):
                decision = engine.decide_request(request(principal, capability, incident=incident, hours=hours))
                rule = decision.refusal.rule if decision.refusal else None
                answer = outcome_of_request(decision)
                policies = _listed(decision.policies, rule)
                yield Row("request", capability, f"{hours:02}h", "-", state, answer, policies, "-")


def _approvals(engine: PolicyEngine, principal: Principal) -> Iterator[Row]:
    for capability in Capability:
        q = ApprovalQuestion(principal, PIA, (ORDERS,), frozenset({capability}))
        yield _row("approve", capability, "-", "-", "-", engine.may_approve(q))


def _administration(engine: PolicyEngine, principal: Principal) -> Iterator[Row]:
    for action in AdminAction:
        yield _row("administer", action, "-", "-", "-", engine.may(principal, action))


def _row(what: str, about: str, terms: str, labels: str, incident: str, decision: Decision) -> Row:
    policies = _listed(decision.policies, decision.refusal.rule if decision.refusal else None)
    clear = ", ".join(sorted(decision.unmasked)) or "-"
    return Row(what, about, terms, labels, incident, decision.effect, policies, clear)


def _listed(policies: tuple[str, ...], rule: str | None) -> str:
    names = list(policies)
    if rule is not None and rule not in names:
        names.append(f"({rule})")
    return ", ".join(names) or "-"


def text() -> str:
    return "".join(f"{line}\n" for line in lines())


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        GOLDEN.parent.mkdir(parents=True, exist_ok=True)
        GOLDEN.write_text(text(), encoding="utf-8")
    else:
        sys.stdout.write(text())
