"""The policy in force, replaced as a whole at a reload. Whatever goes wrong in it is a denial (I4)."""

from collections.abc import Callable
from typing import TypeVar

import structlog

from safelight._native import Epoch
from safelight.domain.decision import Decision, Effect
from safelight.domain.errors import Refusal
from safelight.domain.principal import Principal
from safelight.policy.questions import ApprovalQuestion, RequestDecision, RequestQuestion, StatementQuestion
from safelight.ports.policy import Policy

log = structlog.get_logger(__name__)
T = TypeVar("T")

FAILED = Refusal(
    "policy.error",
    "policy could not be evaluated, so the answer is no",
    "ask an administrator to run: safelight doctor",
)


class PolicyInForce:
    """Answers like a :class:`Policy`, but never raises. ``epoch`` advances when the engine is replaced."""

    def __init__(self, engine: Policy) -> None:
        self.engine = engine
        self.epoch = Epoch()

    def replace_engine(self, engine: Policy) -> None:
        self.engine = engine
        self.epoch.advance()

    def decide_statement(self, question: StatementQuestion) -> Decision:
        return self._guarded(lambda: self.engine.decide_statement(question), _denied())

    def decide_request(self, question: RequestQuestion) -> RequestDecision:
        return self._guarded(lambda: self.engine.decide_request(question), RequestDecision(None, (), FAILED))

    def may_approve(self, question: ApprovalQuestion) -> Decision:
        return self._guarded(lambda: self.engine.may_approve(question), _denied())

    def may(self, principal: Principal, action: str, resource: str | None = None) -> Decision:
        return self._guarded(lambda: self.engine.may(principal, action, resource), _denied())

    def _guarded(self, ask: Callable[[], T], otherwise: T) -> T:
        try:
            return ask()
        except Exception:  # whatever fails while deciding is a denial
            log.exception("policy failed")
            return otherwise


def _denied() -> Decision:
    return Decision(Effect.DENY, (), FAILED, frozenset())
