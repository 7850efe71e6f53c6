"""Whatever goes wrong inside the engine is a denial, and is reported to whoever runs it."""

from collections.abc import Sequence

import cedarpy
import pytest

from safelight.domain.capability import Capability
from safelight.domain.decision import Effect
from safelight.policy.cedar import Answer, Ask, Cedar
from safelight.policy.engine import PolicyEngine
from safelight.policy.problems import PolicyFailed
from tests.policy.cast import ANA, facts, request, statement

OVERFLOW = """
@id("mine.everything") permit (principal, action, resource);
@id("mine.overflow")
forbid (principal, action in Action::"request", resource)
when { context.duration_seconds + 9223372036854775807 > 0 };
"""


def test_a_forbid_that_cannot_be_evaluated_denies() -> None:
    """Cedar would skip it, and the permit beside it would win."""
    engine = PolicyEngine.load({"mine.cedar": OVERFLOW}, defaults=False)
    failures: list[BaseException] = []
    engine.on_failure = failures.append
    decision = engine.decide_request(request(ANA, Capability.READ))
    assert decision.approvals_needed is None
    assert decision.refusal is not None
    assert decision.refusal.rule == "policy.error"
    assert isinstance(failures[0], PolicyFailed)
    assert "mine.overflow" not in decision.refusal.message


class _Panic(BaseException):
    """A native panic reaches Python as an exception that is no `Exception`."""


@pytest.mark.parametrize("failure", [ValueError("x"), _Panic("x"), RecursionError("x"), MemoryError("x")])
def test_any_exception_denies(failure: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = PolicyEngine.load({})

    def fail(_self: Cedar, _asks: Sequence[Ask], _entities: cedarpy.Entities) -> list[Answer]:
        raise failure

    q = statement(ANA, facts("select", Capability.READ))
    assert engine.decide_statement(q).effect is Effect.ALLOW
    monkeypatch.setattr(Cedar, "ask", fail)
    decision = engine.decide_statement(q)
    assert decision.effect is Effect.DENY
    assert decision.refusal is not None
    assert decision.refusal.rule == "policy.error"
    assert engine.may(ANA, "kill").effect is Effect.DENY


def test_an_interrupt_is_not_swallowed(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = PolicyEngine.load({})

    def interrupt(_self: Cedar, _asks: Sequence[Ask], _entities: cedarpy.Entities) -> list[Answer]:
        raise KeyboardInterrupt

    monkeypatch.setattr(Cedar, "ask", interrupt)
    with pytest.raises(KeyboardInterrupt):
        engine.may(ANA, "kill")


@pytest.mark.parametrize(
    "context",
    ['{"approvals":0}', "{}", "not json", '{"approvals":"0","duration_seconds":1,"capabilities":[]}'],
)
def test_a_request_that_does_not_fit_the_schema_gets_no_answer(context: str) -> None:
    engine = PolicyEngine.load({"mine.cedar": '@id("mine.all") permit (principal, action, resource);'})
    entities = engine._entities_of(ANA, None, request(ANA).targets)
    ask = Ask(("Person", "ana"), "request_read", ("Target", "orders-db"), context)
    with pytest.raises((PolicyFailed, ValueError)):
        engine._cedar.ask([ask], entities)


def test_no_policies_at_all_deny() -> None:
    engine = PolicyEngine.load({}, defaults=False)
    assert engine.decide_statement(statement(ANA, facts("select", Capability.READ))).effect is Effect.DENY
    assert engine.decide_request(request(ANA, Capability.READ)).approvals_needed is None
    assert engine.may(ANA, "kill").effect is Effect.DENY
