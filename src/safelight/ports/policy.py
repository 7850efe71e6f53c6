"""Policy as the application asks it. ``policy/engine.py`` is the real one; ``policy_fake.py`` answers for tests."""

from typing import Protocol

from safelight.domain.decision import Decision
from safelight.domain.principal import Principal
from safelight.policy.questions import ApprovalQuestion, RequestDecision, RequestQuestion, StatementQuestion


class Policy(Protocol):
    """Every method answers with a denial when it cannot decide; the callers treat an exception as one too."""

    def decide_statement(self, question: StatementQuestion, /) -> Decision: ...

    def decide_request(self, question: RequestQuestion, /) -> RequestDecision: ...

    def may_approve(self, question: ApprovalQuestion, /) -> Decision: ...

    def may(self, principal: Principal, action: str, resource: str | None = None) -> Decision: ...
