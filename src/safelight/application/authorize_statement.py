"""May this statement run now? The grant must live, no lock may name the session, and policy must allow it.

Any failure on the way is a denial (``policy.error``). The answer may be cached for equal facts of one session's
grant as long as ``epochs`` stay the same; that a grant ends by time is watched by the session's deadline.
"""

from collections import Counter

import structlog

from safelight._native import Epoch
from safelight.application.access_state import AccessState
from safelight.application.authority import lock_refusal
from safelight.application.policy_in_force import FAILED, PolicyInForce
from safelight.application.target_directory import TargetDirectory
from safelight.domain.decision import Decision, Effect
from safelight.domain.errors import Refusal
from safelight.domain.session import Session
from safelight.domain.statement import StatementFacts
from safelight.policy.questions import StatementQuestion
from safelight.ports.clock import Clock
from safelight.ports.policy import Policy

log = structlog.get_logger(__name__)


class StatementAuthorizer:
    def __init__(self, policy: PolicyInForce, access: AccessState, targets: TargetDirectory, clock: Clock) -> None:
        self._policy = policy
        self._access = access
        self._targets = targets
        self._clock = clock
        self.decided: Counter[tuple[Effect, str]] = Counter()
        """Decisions so far, by effect and the rule that refused (empty where none did)."""

    @property
    def epochs(self) -> tuple[Epoch, ...]:
        """One of them advances whenever a decision could be another one than before."""
        return self._access.epoch, self._targets.epoch, self._policy.epoch

    def replace_engine(self, engine: Policy) -> None:
        self._policy.replace_engine(engine)

    def decide(self, session: Session, facts: StatementFacts, *, approved: bool) -> Decision:
        """Never raises. ``approved``: a second person has approved exactly this statement."""
        try:
            decision = self._decide(session, facts, approved)
        except Exception:  # whatever fails while deciding is a denial
            log.exception("a statement could not be decided")
            decision = _denied(FAILED)
        rule = decision.refusal.rule if decision.refusal is not None else ""
        self.decided[decision.effect, rule] += 1
        return decision

    def _decide(self, session: Session, facts: StatementFacts, approved: bool) -> Decision:
        grant = self._access.live_grant(session.grant_id, self._clock.now())
        if grant is None or grant.principal != session.principal:
            return _denied(Refusal("grant.over", "the access of this session is over", "make a new request"))
        principal = self._access.active_principal(session.principal)
        if principal is None:
            return _denied(Refusal("principal.disabled", "this account is disabled", "ask an administrator"))
        target = self._targets.get(session.target)
        if target is None:
            return _denied(Refusal("target.gone", "this target is no longer configured", "ask an administrator"))
        lock = self._access.lock_on(self._access.subjects(session, target))
        if lock is not None:
            return _denied(lock_refusal(lock))
        incident = self._access.incident(grant.incident_id) if grant.incident_id is not None else None
        if grant.incident_id is not None and incident is None:
            return _denied(
                Refusal("incident.unknown", "the incident of this access is unknown", "make a new request")
            )
        question = StatementQuestion(
            principal=principal,
            target=target,
            grant=grant,
            incident=incident,
            facts=facts,
            approved=approved,
            sponsor=self._access.sponsor(principal),
        )
        return self._policy.decide_statement(question)


def _denied(refusal: Refusal) -> Decision:
    return Decision(Effect.DENY, (), refusal, frozenset())
