"""What runs under a grant: the stories behind the matrix, and what no policy can override."""

from dataclasses import replace

import pytest

from safelight.domain.capability import Capability
from safelight.domain.decision import Effect
from safelight.domain.errors import Refusal
from safelight.domain.grant import GrantState
from safelight.domain.incident import IncidentState
from safelight.domain.principal import Principal
from safelight.policy.engine import PolicyEngine
from safelight.policy.questions import StatementQuestion
from tests.policy.cast import ANA, EVERYTHING, ORDERS, PIA, SCOUT, SIGNED, STRAY, SUE, facts, statement

READ, WRITE = Capability.READ, Capability.WRITE


@pytest.fixture(scope="module")
def engine() -> PolicyEngine:
    return PolicyEngine.load({})


def test_reading_under_a_grant_runs(engine: PolicyEngine) -> None:
    decision = engine.decide_statement(statement(ANA, facts("select", READ), granted=frozenset({READ})))
    assert decision.effect is Effect.ALLOW
    assert decision.policies == ("statements.read",)
    assert decision.refusal is None


def test_a_delete_without_write_says_which_command_asks_for_it(engine: PolicyEngine) -> None:
    q = statement(ANA, facts("delete", READ, WRITE), granted=frozenset({READ}), incident=SIGNED)
    decision = engine.decide_statement(q)
    assert decision.effect is Effect.DENY
    assert decision.refusal == Refusal(
        "grant.capability",
        "the grant does not cover write",
        "safelight request orders-db --capability write --incident INC-1",
    )


def test_an_update_waits_and_runs_once_approved(engine: PolicyEngine) -> None:
    q = statement(ANA, facts("update", READ, WRITE))
    held = engine.decide_statement(q)
    assert held.effect is Effect.HOLD
    assert held.refusal is not None
    assert held.refusal.rule == "statements.change.approved"
    assert held.refusal.message.startswith("write on orders-db waits")
    assert engine.decide_statement(replace(q, approved=True)).effect is Effect.ALLOW


def test_an_approval_does_not_help_against_a_forbid(engine: PolicyEngine) -> None:
    q = statement(SCOUT, facts("create_table", Capability.DDL), approved=True)
    decision = engine.decide_statement(q)
    assert decision.effect is Effect.DENY
    assert decision.policies == ("statements.agent.limits",)
    assert decision.refusal is not None
    assert decision.refusal.next_step == "let scout's sponsor run this statement"


def test_a_statement_that_needs_nothing_is_asked_about_too(engine: PolicyEngine) -> None:
    assert engine.decide_statement(statement(ANA, facts("begin"))).policies == ("statements.control",)
    strict = PolicyEngine.load(
        {"mine.cedar": '@id("mine.no-control") forbid (principal, action == Action::"control", resource);'}
    )
    assert strict.decide_statement(statement(ANA, facts("begin"))).effect is Effect.DENY


def test_labels_are_seen_in_clear_only_under_unmask_and_never_credentials(engine: PolicyEngine) -> None:
    what = facts("select", READ, labels=("email", "password"))
    assert engine.decide_statement(statement(ANA, what)).unmasked == {"email"}
    without = EVERYTHING - {Capability.UNMASK}
    assert engine.decide_statement(statement(ANA, what, granted=without)).unmasked == frozenset()


def test_an_agent_sees_nothing_in_clear_that_its_sponsor_could(engine: PolicyEngine) -> None:
    what = facts("select", READ, labels=("email",))
    assert engine.decide_statement(statement(ANA, what)).unmasked == {"email"}
    assert engine.decide_statement(statement(SCOUT, what)).unmasked == frozenset()


def test_an_agent_is_never_allowed_more_than_its_sponsor() -> None:
    engine = PolicyEngine.load(
        {"mine.cedar": '@id("mine.no-ana") forbid (principal == Person::"ana", action == Action::"read", resource);'}
    )
    decision = engine.decide_statement(statement(SCOUT, facts("select", READ)))
    assert decision.effect is Effect.DENY
    assert decision.policies == ("mine.no-ana",)


def test_a_denied_statement_shows_nothing_in_clear(engine: PolicyEngine) -> None:
    closed = replace(SIGNED, state=IncidentState.CLOSED)
    decision = engine.decide_statement(statement(ANA, facts("select", READ, labels=("email",)), incident=closed))
    assert decision.effect is Effect.DENY
    assert decision.unmasked == frozenset()


def _other_grant(q: StatementQuestion, **changes: object) -> StatementQuestion:
    return replace(q, grant=replace(q.grant, **changes))  # type: ignore[arg-type]


READING = statement(ANA, facts("select", READ), incident=SIGNED)
HOUSE_RULE = Refusal("postgres.copy.program", "no programs", "use psql's own copy")


@pytest.mark.parametrize(
    ("q", "rule"),
    [
        (replace(READING, facts=replace(READING.facts, refusal=HOUSE_RULE)), "postgres.copy.program"),
        (_other_grant(READING, principal="rob"), "grant.principal"),
        (_other_grant(READING, targets=frozenset({"billing-db"})), "grant.target"),
        (_other_grant(READING, state=GrantState.ENDED), "grant.ended"),
        (_other_grant(READING, capabilities=frozenset()), "grant.capability"),
        (replace(READING, incident=None), "grant.incident"),
        (replace(READING, incident=replace(SIGNED, id="INC-2")), "grant.incident"),
        (replace(READING, principal=replace(ANA, disabled=True)), "principal.disabled"),
        (replace(statement(SCOUT, facts("select", READ)), sponsor=replace(ANA, disabled=True)), "principal.disabled"),
        (replace(statement(SCOUT, facts("select", READ)), sponsor=SUE), "agent.sponsor"),
        (replace(statement(SCOUT, facts("select", READ)), sponsor=None), "agent.sponsor"),
        (replace(READING, sponsor=SUE), "agent.sponsor"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_no_policy_can_override(q: StatementQuestion, rule: str) -> None:
    everything = '@id("mine.everything") permit (principal, action, resource);'
    engine = PolicyEngine.load({"mine.cedar": everything}, defaults=False)
    assert engine.decide_statement(READING).effect is Effect.ALLOW
    decision = engine.decide_statement(q)
    assert decision.effect is Effect.DENY
    assert decision.refusal is not None
    assert decision.refusal.rule == rule


def test_a_policy_of_ones_own_forbids_a_table_for_some() -> None:
    payroll = """
        @id("mine.payroll")
        @message("{principal} may not read payroll on {target}")
        @next("ask finance")
        forbid (principal, action in Action::"statement", resource)
        when { context.relations.contains("public.payroll") }
        unless { principal in Group::"finance" };
    """
    engine = PolicyEngine.load({"payroll.cedar": payroll})
    what = replace(facts("select", READ), relations=("public.orders", "public.payroll"))
    denied = engine.decide_statement(statement(ANA, what))
    assert denied.refusal == Refusal("mine.payroll", "ana may not read payroll on orders-db", "ask finance")
    finance = replace(PIA, groups=frozenset({"finance"}))
    assert engine.decide_statement(statement(finance, what)).effect is Effect.ALLOW


def test_target_labels_are_tags() -> None:
    production = """
        @id("mine.production")
        forbid (principal, action == Action::"write", resource)
        when { resource.hasTag("env") && resource.getTag("env") == "production" };
    """
    engine = PolicyEngine.load({"mine.cedar": production})
    q = statement(ANA, facts("insert", WRITE))
    assert engine.decide_statement(q).effect is Effect.DENY
    assert engine.decide_statement(replace(q, target=replace(ORDERS, labels={"env": "test"}))).effect is Effect.HOLD


def test_names_with_quotes_stay_names(engine: PolicyEngine) -> None:
    """Policy's input is data: a relation's name cannot become Cedar or JSON."""
    what = replace(facts("select", READ), relations=('public."a\\"}, x', "public.\x00\n"), form='s"el')
    assert engine.decide_statement(statement(ANA, what)).effect is Effect.ALLOW


def test_equal_questions_have_equal_answers_whatever_was_asked_between(engine: PolicyEngine) -> None:
    q = statement(ANA, facts("select", READ))
    first = engine.decide_statement(q)
    people: list[Principal] = [replace(ANA, name=f"p{number}") for number in range(600)]
    for other in people:
        engine.decide_statement(statement(other, facts("select", READ)))
    assert engine.decide_statement(q) == first


def test_a_policy_can_look_at_an_agents_sponsor() -> None:
    engine = PolicyEngine.load(
        {
            "mine.cedar": '@id("mine.agents") permit (principal is Agent, action == Action::"read", resource)'
            ' when { principal.sponsor in Group::"oncall" };'
            '@id("mine.people") permit (principal is Person, action == Action::"read", resource);'
        },
        defaults=False,
    )
    assert engine.decide_statement(statement(SCOUT, facts("select", READ))).effect is Effect.ALLOW
    assert engine.decide_statement(statement(STRAY, facts("select", READ))).effect is Effect.DENY
