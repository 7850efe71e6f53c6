"""Asking for access, approving, administering: the stories behind the matrix."""

from dataclasses import replace

import pytest

from safelight.domain.capability import Capability
from safelight.domain.decision import Effect
from safelight.domain.incident import Incident, IncidentState
from safelight.policy.engine import PolicyEngine
from safelight.policy.questions import ApprovalQuestion
from tests.policy.cast import (
    ADA,
    ANA,
    BEN,
    BILLING,
    HAND_MADE,
    ORDERS,
    PIA,
    SCOUT,
    SIGNED,
    STRAY,
    SUE,
    agent,
    person,
    request,
)

READ, WRITE = Capability.READ, Capability.WRITE


@pytest.fixture(scope="module")
def engine() -> PolicyEngine:
    return PolicyEngine.load({})


def test_on_call_reads_at_once_for_a_signed_incident_of_the_service(engine: PolicyEngine) -> None:
    decision = engine.decide_request(request(ANA, READ, incident=SIGNED))
    assert decision.approvals_needed == 0
    assert "requests.read.oncall" in decision.policies
    assert decision.refusal is None


@pytest.mark.parametrize(
    "incident",
    [
        None,
        replace(SIGNED, service="billing"),
        replace(SIGNED, service=None),
        replace(SIGNED, opener="ana"),
        replace(SIGNED, opener="Ana@example.test"),
        HAND_MADE,
        replace(HAND_MADE, confirmed_by="ben"),
        replace(HAND_MADE, confirmed_by="ana"),
    ],
)
def test_anything_less_needs_a_person(engine: PolicyEngine, incident: Incident | None) -> None:
    assert engine.decide_request(request(ANA, READ, incident=incident)).approvals_needed == 1


def test_one_target_outside_the_incident_is_enough_to_need_a_person(engine: PolicyEngine) -> None:
    q = request(ANA, READ, incident=SIGNED, targets=(ORDERS, BILLING))
    assert engine.decide_request(q).approvals_needed == 1


def test_the_strictest_capability_counts(engine: PolicyEngine) -> None:
    assert engine.decide_request(request(ANA, READ, WRITE, incident=SIGNED)).approvals_needed == 1
    assert engine.decide_request(request(ANA, READ, WRITE)).approvals_needed == 2
    assert engine.decide_request(request(ANA, READ, Capability.UNMASK, incident=SIGNED)).approvals_needed == 2


@pytest.mark.parametrize("state", [IncidentState.CLOSING, IncidentState.CLOSED])
def test_an_incident_that_is_over_gives_nothing(engine: PolicyEngine, state: IncidentState) -> None:
    decision = engine.decide_request(request(ANA, READ, incident=replace(SIGNED, state=state)))
    assert decision.approvals_needed is None
    assert decision.refusal is not None
    assert decision.refusal.rule == "requests.incident.over"
    assert "INC-1" in decision.refusal.message


def test_what_nothing_permits_is_denied_by_name(engine: PolicyEngine) -> None:
    decision = engine.decide_request(request(ANA, Capability.SHELL, incident=SIGNED))
    assert decision.approvals_needed is None
    assert decision.refusal is not None
    assert decision.refusal.message == "no policy lets ana ask for shell on orders-db"


def test_an_agent_gets_what_its_sponsor_would_and_no_more(engine: PolicyEngine) -> None:
    assert engine.decide_request(request(SCOUT, READ, incident=SIGNED)).approvals_needed == 0
    assert engine.decide_request(request(SCOUT, READ, incident=SIGNED, hours=2)).approvals_needed == 1
    assert engine.decide_request(request(STRAY, READ, incident=SIGNED)).approvals_needed == 1
    assert engine.decide_request(request(SCOUT, WRITE, incident=SIGNED)).approvals_needed == 2
    assert engine.decide_request(request(SCOUT, Capability.UNMASK)).approvals_needed is None


def test_an_incident_opened_by_the_sponsor_is_no_reason_for_its_agent(engine: PolicyEngine) -> None:
    q = request(SCOUT, READ, incident=replace(SIGNED, opener="ana"))
    assert engine.decide_request(q).approvals_needed == 1


def test_an_agents_request_without_its_sponsor_is_denied(engine: PolicyEngine) -> None:
    for sponsor in (None, SUE):
        decision = engine.decide_request(replace(request(SCOUT, READ, incident=SIGNED), sponsor=sponsor))
        assert decision.refusal is not None
        assert decision.refusal.rule == "agent.sponsor"
    orphan = replace(agent("orphan", ANA), sponsor=None)
    assert engine.decide_request(request(orphan, READ)).approvals_needed is None


def test_disabled_people_and_empty_requests_get_nothing(engine: PolicyEngine) -> None:
    for q in (
        request(replace(ANA, disabled=True), READ, incident=SIGNED),
        replace(request(SCOUT, READ), sponsor=replace(ANA, disabled=True)),
        request(ANA),
        request(ANA, READ, targets=()),
        request(ANA, READ, hours=0),
    ):
        assert engine.decide_request(q).approvals_needed is None


def test_whose_approval_counts(engine: PolicyEngine) -> None:
    def may(approver: str, *capabilities: Capability) -> bool:
        who = {"pia": PIA, "ben": BEN, "sue": SUE, "scout": SCOUT, "stray": STRAY, "rob": person("rob", "oncall")}
        q = ApprovalQuestion(who[approver], ANA, (ORDERS, BILLING), frozenset(capabilities))
        return engine.may_approve(q).effect is Effect.ALLOW

    assert may("ben", READ, WRITE)
    assert may("rob", READ)
    assert not may("rob", READ, Capability.DDL)
    assert not may("ben", READ, Capability.UNMASK)
    assert may("sue", READ, Capability.UNMASK)
    assert not may("pia", READ)
    assert not may("scout", READ)
    assert not may("stray", READ)
    assert not may("sue")


def test_a_policy_can_look_at_who_asks() -> None:
    engine = PolicyEngine.load(
        {
            "mine.cedar": """
            @id("mine.contractors")
            @message("{capability} for contractors is approved by security")
            forbid (principal, action == Action::"approve", resource)
            when { context.requester_groups.contains("contractors") }
            unless { principal in Group::"security" };
            """
        }
    )
    contractor = person("con", "contractors")
    q = ApprovalQuestion(BEN, contractor, (ORDERS,), frozenset({READ}))
    refusal = engine.may_approve(q).refusal
    assert refusal is not None
    assert (refusal.rule, refusal.message) == ("mine.contractors", "read for contractors is approved by security")
    assert engine.may_approve(replace(q, approver=SUE)).effect is Effect.ALLOW


def test_administration_is_by_group_and_unknown_actions_are_denied(engine: PolicyEngine) -> None:
    assert engine.may(SUE, "lift_lock").effect is Effect.ALLOW
    assert engine.may(ADA, "manage_principals", "ana").effect is Effect.ALLOW
    assert engine.may(ADA, "read_audit").effect is Effect.DENY
    assert engine.may(STRAY, "kill").effect is Effect.DENY
    assert engine.may(replace(SUE, disabled=True), "kill").effect is Effect.DENY
    for action in ("read", "administration", "", 'kill"'):
        decision = engine.may(SUE, action)
        assert decision.refusal is not None
        assert decision.refusal.rule == "policy.unknown-action"
