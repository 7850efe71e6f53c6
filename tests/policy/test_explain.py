"""An explanation names the policies, what they saw, and changes that really change the answer."""

from dataclasses import replace

import pytest

from safelight.domain.capability import Capability
from safelight.domain.incident import IncidentState
from safelight.policy.engine import PolicyEngine
from safelight.policy.questions import AdminQuestion, ApprovalQuestion, Question
from tests.policy.cast import ANA, BEN, ORDERS, PIA, SCOUT, SIGNED, facts, request, statement

READ, WRITE = Capability.READ, Capability.WRITE


@pytest.fixture(scope="module")
def engine() -> PolicyEngine:
    return PolicyEngine.load({})


@pytest.mark.parametrize(
    ("q", "outcome", "help_expected"),
    [
        (statement(ANA, facts("select", READ)), "allow", None),
        (statement(ANA, facts("update", WRITE)), "hold", "a second person's approval of this statement"),
        (statement(ANA, facts("update", WRITE), granted=frozenset({READ})), "deny", "a grant that has write"),
        (
            statement(ANA, facts("select", READ), incident=replace(SIGNED, state=IncidentState.CLOSED)),
            "deny",
            "an incident that is open",
        ),
        (request(ANA, READ), "1 approval", "an open incident of orders that arrived signed, opened by somebody else"),
        (
            request(PIA, READ),
            "1 approval",
            "an open incident of orders that arrived signed, opened by somebody else, and pia being in oncall",
        ),
        (request(ANA, READ, hours=20), "deny", "asking for an hour at most"),
        (request(SCOUT, READ, Capability.DDL), "deny", "asking for read alone"),
        (ApprovalQuestion(PIA, ANA, (ORDERS,), frozenset({Capability.UNMASK})), "deny", "pia being in security"),
        (AdminQuestion(BEN, "read_audit"), "deny", "ben being in security"),
    ],
)
def test_what_would_help(engine: PolicyEngine, q: Question, outcome: str, help_expected: str | None) -> None:
    explanation = engine.explain(q)
    assert explanation.outcome == outcome
    if help_expected is None:
        assert explanation.would_help == ()
        assert explanation.refusal is None
    else:
        assert help_expected in explanation.would_help


def test_the_text_names_where_a_policy_is_written(engine: PolicyEngine) -> None:
    text = engine.explain(statement(ANA, facts("update", WRITE))).text()
    assert text.splitlines()[0] == "answer: hold"
    policy = next(policy for policy in engine.policies if policy.id == "statements.change.approved")
    assert f"permit statements.change.approved (defaults/statements.cedar:{policy.line})" in text
    assert "  principal = ana (person; oncall)" in text
    assert "  target = orders-db (service orders; env=production)" in text


def test_nothing_is_said_to_help_where_nothing_does(engine: PolicyEngine) -> None:
    assert engine.explain(request(ANA, Capability.SHELL)).would_help == ()
