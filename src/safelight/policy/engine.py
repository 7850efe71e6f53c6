"""The policy engine: questions in, decisions out. Whatever goes wrong inside is a denial.

Hold and the number of approvals are the same question asked again (docs/decisions/0002): a statement with
``approved`` false, then true; a request with 0, 1 and 2 approvals. An agent is asked about together with its sponsor
and gets the stricter answer. The engine is immutable: new policies are a new engine.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeVar

import cedarpy

from safelight.domain.capability import Capability
from safelight.domain.decision import Decision, Effect
from safelight.domain.errors import Refusal
from safelight.domain.grant import GrantState
from safelight.domain.principal import Principal, PrincipalKind
from safelight.domain.target import Target
from safelight.policy import refusals
from safelight.policy.asks import (
    admin_ask,
    approval_asks,
    capability_asks,
    request_asks,
    statement_context,
    unmask_asks,
)
from safelight.policy.cedar import Answer, Ask, Cedar
from safelight.policy.entities import gateway_entity, principal_entities, target_entity, target_key
from safelight.policy.explain import Explanation, explain
from safelight.policy.problems import PolicyInvalid, PolicyProblem
from safelight.policy.questions import (
    AdminAction,
    AdminQuestion,
    ApprovalQuestion,
    Question,
    RequestDecision,
    RequestQuestion,
    StatementQuestion,
)
from safelight.policy.refusals import Subject
from safelight.policy.sources import Policy, default_sources, read_policies, schema_text

MOST_APPROVALS = 2
_ENTITY_SETS_KEPT = 512

_ADMIN_ACTIONS = frozenset(action.value for action in AdminAction)

ResultT = TypeVar("ResultT")


class PolicyEngine:
    """One immutable set of policies. ``digest`` names it: equal digests decide equally."""

    def __init__(self, policies: Sequence[Policy], digest: str, cedar: Cedar) -> None:
        self.policies = tuple(policies)
        self.digest = digest
        self.on_failure: Callable[[BaseException], None] = _ignore
        """Told of everything that was answered by `policy.error`. Never a client's business."""
        self._cedar = cedar
        self._entities: dict[tuple[object, ...], cedarpy.Entities] = {}

    @classmethod
    def load(cls, sources: Mapping[str, str], *, defaults: bool = True) -> "PolicyEngine":
        """Parse and check ``sources`` (file name → Cedar text), on top of the default set unless told otherwise.

        Raises:
            PolicyInvalid: with every problem; nothing of the set is used then.
        """
        base = default_sources() if defaults else {}
        if clash := sorted(base.keys() & sources.keys()):
            raise PolicyInvalid([PolicyProblem(name, 1, "this name belongs to the default set") for name in clash])
        every = base | dict(sources)
        schema_source = schema_text()
        schema = cedarpy.Schema.from_str(schema_source)
        policies = read_policies(every, schema)
        digest = hashlib.sha256(schema_source.encode())
        for policy in policies:
            digest.update(b"\0" + policy.id.encode() + b"\0" + policy.text.encode())
        return cls(policies, digest.hexdigest(), Cedar(policies, schema))

    @property
    def groups(self) -> frozenset[str]:
        """The groups that any policy names. One that has no members is often a misspelling."""
        return frozenset().union(*(policy.groups for policy in self.policies))

    def decide_statement(self, q: StatementQuestion) -> Decision:
        """Allow, hold or deny. Sees no clock: the same question always has the same answer."""
        return self._closed(lambda: self._decide_statement(q), refusals.deny)

    def decide_request(self, q: RequestQuestion) -> RequestDecision:
        """The least number of approvals (0, 1 or 2) that policy allows, or a denial."""
        return self._closed(lambda: self._decide_request(q), lambda refusal: RequestDecision(None, (), refusal))

    def may_approve(self, q: ApprovalQuestion) -> Decision:
        """Whether the approver's yes counts, for every target and capability. I7 is not policy's to decide."""
        return self._closed(lambda: self._may_approve(q), refusals.deny)

    def may(self, principal: Principal, action: str, resource: str | None = None) -> Decision:
        """Whether the principal may administer the gateway so. An unknown action is denied."""
        return self._closed(lambda: self._may(AdminQuestion(principal, action, resource)), refusals.deny)

    def explain(self, q: Question) -> Explanation:
        """Which policies decided, what they saw, and what would give a better answer. Asks many questions: not for
        the path of a statement."""
        return explain(self, q)

    def _closed(self, answer: Callable[[], ResultT], deny: Callable[[Refusal], ResultT]) -> ResultT:
        """``answer()``, or a denial when anything at all goes wrong: a native panic is no `Exception`."""
        try:
            return answer()
        except (KeyboardInterrupt, SystemExit, GeneratorExit):
            raise
        except BaseException as failure:  # noqa: BLE001 - no failure of any kind may allow
            self.on_failure(failure)
            return deny(refusals.FAILED)

    # ---- statements

    def _decide_statement(self, q: StatementQuestion) -> Decision:
        if (refusal := _statement_refusal(q)) is not None:
            return refusals.deny(refusal)
        subjects = _subjects(q.principal, q.sponsor)
        decisions = [self._statement_for(subject, q) for subject in subjects]
        effect = max((decision.effect for decision in decisions), key=_STRICTNESS.index)
        strictest = [decision for decision in decisions if decision.effect is effect]
        said = strictest if effect is Effect.DENY else decisions
        policies = tuple(dict.fromkeys(name for decision in said for name in decision.policies))
        refusal = strictest[0].refusal
        unmasked = frozenset.intersection(*(decision.unmasked for decision in decisions))
        return Decision(effect, policies, refusal, unmasked if effect is not Effect.DENY else frozenset())

    def _statement_for(self, subject: Principal, q: StatementQuestion) -> Decision:
        entities = self._entities_of(subject, q.sponsor, (q.target,))
        ask = partial(self._cedar.ask, entities=entities)
        asks = capability_asks(subject, q, approved=q.approved)
        labels = sorted(q.facts.labels) if Capability.UNMASK in q.grant.capabilities else []
        answers = ask([*asks, *unmask_asks(subject, q, labels)])
        own, clear = answers[: len(asks)], answers[len(asks) :]
        unmasked = frozenset(label for label, answer in zip(labels, clear, strict=True) if answer.allowed)
        if all(answer.allowed for answer in own):
            return Decision(Effect.ALLOW, _ids(own), None, unmasked)
        refused = [a for a, answer in zip(asks, own, strict=True) if not answer.allowed]
        again = refused if q.approved else [_approved(a, q, subject) for a in refused]
        finals = [answer for answer in own if not answer.allowed] if q.approved else ask(again)
        for asked, answer in zip(again, finals, strict=True):
            if not answer.allowed:
                return refusals.deny(_statement_denial(asked, answer, subject, q), _ids([answer]))
        held = refusals.by_policies(
            finals[0].policies, _subject(subject, q, again[0].action), otherwise=refusals.FAILED
        )
        return Decision(Effect.HOLD, _ids([*(a for a in own if a.allowed), *finals]), held, unmasked)

    # ---- requests

    def _decide_request(self, q: RequestQuestion) -> RequestDecision:
        if (refusal := _request_refusal(q)) is not None:
            return RequestDecision(None, (), refusal)
        subjects = _subjects(q.principal, q.sponsor)
        refused: tuple[Ask, Answer] | None = None
        for approvals in range(MOST_APPROVALS + 1):
            answers: list[Answer] = []
            refused = None
            for subject in subjects:
                entities = self._entities_of(subject, q.sponsor, q.targets)
                asks = request_asks(subject, q, approvals)
                batch = self._cedar.ask(asks, entities)
                answers += batch
                no = (pair for pair in zip(asks, batch, strict=True) if not pair[1].allowed)
                refused = refused or next(no, None)
            if refused is None:
                return RequestDecision(approvals, _ids(answers), None)
        assert refused is not None
        ask, answer = refused
        words = Subject(
            q.principal.name,
            ask.resource[1],
            ask.action.removeprefix("request_"),
            q.incident.id if q.incident else "",
        )
        otherwise = refusals.nothing_permits(f"ask for {words.capability}", words)
        refusal = refusals.by_policies(answer.policies, words, otherwise=otherwise)
        return RequestDecision(None, _ids([answer]), refusal)

    # ---- approvals and administration

    def _may_approve(self, q: ApprovalQuestion) -> Decision:
        if q.approver.disabled:
            return refusals.deny(refusals.principal_disabled(q.approver.name))
        if not q.targets or not q.capabilities:
            return refusals.deny(refusals.FAILED)
        asks = approval_asks(q)
        answers = self._cedar.ask(asks, self._entities_of(q.approver, None, q.targets))
        for ask, answer in zip(asks, answers, strict=True):
            if not answer.allowed:
                words = Subject(q.approver.name, ask.resource[1], ", ".join(sorted(q.capabilities)))
                otherwise = refusals.nothing_permits(f"approve {words.capability}", words)
                return refusals.deny(
                    refusals.by_policies(answer.policies, words, otherwise=otherwise), _ids([answer])
                )
        return Decision(Effect.ALLOW, _ids(answers), None, frozenset())

    def _may(self, q: AdminQuestion) -> Decision:
        if q.principal.disabled:
            return refusals.deny(refusals.principal_disabled(q.principal.name))
        if q.action not in _ADMIN_ACTIONS:
            return refusals.deny(
                Refusal("policy.unknown-action", "no policy can speak of this action", "safelight policy explain")
            )
        (answer,) = self._cedar.ask([admin_ask(q)], self._entities_of(q.principal, None, ()))
        if answer.allowed:
            return Decision(Effect.ALLOW, _ids([answer]), None, frozenset())
        words = Subject(q.principal.name, capability=q.action)
        otherwise = refusals.nothing_permits(q.action.replace("_", " "), words)
        return refusals.deny(refusals.by_policies(answer.policies, words, otherwise=otherwise), _ids([answer]))

    def _entities_of(
        self, principal: Principal, sponsor: Principal | None, targets: tuple[Target, ...]
    ) -> cedarpy.Entities:
        """Parsed entities, kept for as long as there is room: parsing costs more than deciding."""
        key = (principal, sponsor, *map(target_key, targets))
        entities = self._entities.get(key)
        if entities is None:
            if len(self._entities) >= _ENTITY_SETS_KEPT:
                self._entities.clear()
            documents = [*principal_entities(principal, sponsor), *map(target_entity, targets), gateway_entity()]
            entities = self._entities[key] = self._cedar.entities(documents)
        return entities


_STRICTNESS = (Effect.ALLOW, Effect.HOLD, Effect.DENY)


def _ignore(_failure: BaseException) -> None:
    return None


def _subjects(principal: Principal, sponsor: Principal | None) -> tuple[Principal, ...]:
    return (principal,) if sponsor is None else (principal, sponsor)


def _principal_refusal(principal: Principal, sponsor: Principal | None) -> Refusal | None:
    if principal.disabled:
        return refusals.principal_disabled(principal.name)
    if sponsor is not None and sponsor.disabled:
        return refusals.principal_disabled(sponsor.name)
    known = None if principal.kind is PrincipalKind.PERSON else principal.sponsor or ""
    given = sponsor.name if sponsor is not None else None
    return None if given == known else refusals.sponsor_unknown(principal.name)


def _statement_refusal(q: StatementQuestion) -> Refusal | None:
    """What no policy can override."""
    target, grant = q.target.name, q.grant
    if (refusal := _principal_refusal(q.principal, q.sponsor)) is not None:
        return refusal
    if q.facts.refusal is not None:
        return q.facts.refusal
    if (refusal := refusals.grant_not_for(grant, q.principal.name, target)) is not None:
        return refusal
    if grant.state is not GrantState.ACTIVE:
        return refusals.grant_over(grant, target)
    if grant.incident_id is not None and (q.incident is None or q.incident.id != grant.incident_id):
        return refusals.incident_unknown(grant, target)
    if missing := q.facts.capabilities - grant.capabilities:
        return refusals.capability_missing(missing, grant, target)
    return None


def _request_refusal(q: RequestQuestion) -> Refusal | None:
    if (refusal := _principal_refusal(q.principal, q.sponsor)) is not None:
        return refusal
    if not q.targets or not q.capabilities or q.duration_seconds <= 0:
        return Refusal(
            "request.empty",
            "a request names at least one target, one capability and a time",
            "safelight request TARGET --capability read --for 1h",
        )
    return None


def _statement_denial(ask: Ask, answer: Answer, subject: Principal, q: StatementQuestion) -> Refusal:
    words = _subject(subject, q, ask.action)
    return refusals.by_policies(
        answer.policies, words, otherwise=refusals.nothing_permits(f"run {ask.action} statements", words)
    )


def _approved(ask: Ask, q: StatementQuestion, subject: Principal) -> Ask:
    return Ask(ask.principal, ask.action, ask.resource, statement_context(subject, q, approved=True))


def _subject(principal: Principal, q: StatementQuestion, action: str) -> Subject:
    return Subject(principal.name, q.target.name, action, q.incident.id if q.incident else "")


def _ids(answers: Sequence[Answer]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(policy.id for answer in answers for policy in answer.policies))
