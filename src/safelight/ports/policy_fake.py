"""A policy that tests set up by hand: who may do what, and how many approvals a request needs."""

from safelight.domain.decision import Decision, Effect
from safelight.domain.errors import Refusal
from safelight.domain.principal import Principal
from safelight.policy.questions import ApprovalQuestion, RequestDecision, RequestQuestion, StatementQuestion

ALLOWED = Decision(Effect.ALLOW, ("test",), None, frozenset())


class FakePolicy:
    """Admins may do everything; approvers approve; requests need ``approvals`` people, or none with an incident when
    ``automatic``. Statements are allowed."""

    def __init__(self, approvals: int | None = 1, *, automatic: bool = False) -> None:
        self.approvals = approvals
        self.automatic = automatic
        self.broken = False
        self.asked: list[RequestQuestion] = []

    def decide_statement(self, question: StatementQuestion) -> Decision:
        self._check()
        return ALLOWED

    def decide_request(self, question: RequestQuestion) -> RequestDecision:
        self._check()
        self.asked.append(question)
        if self.automatic and question.incident is not None:
            return RequestDecision(0, ("test",), None)
        refusal = Refusal("test.request", "no", "ask for less") if self.approvals is None else None
        return RequestDecision(self.approvals, ("test",), refusal)

    def may_approve(self, question: ApprovalQuestion) -> Decision:
        self._check()
        return ALLOWED if question.approver.groups & {"approvers", "admins"} else _denied("test.approve")

    def may(self, principal: Principal, action: str, resource: str | None = None) -> Decision:
        self._check()
        return ALLOWED if "admins" in principal.groups else _denied("test.admin")

    def _check(self) -> None:
        if self.broken:
            raise RuntimeError("the policy engine is broken")


def _denied(rule: str) -> Decision:
    return Decision(Effect.DENY, (), Refusal(rule, "policy does not allow this", "ask an administrator"), frozenset())
