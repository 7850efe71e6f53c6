"""Held statements: they wait here for a second person, are bound to their exact text, and time out as denials.

The binding is an HMAC-SHA-256 under a key of this process over the session, its grant, what the protocol says gives
the text its meaning, the exact text and every bound value, each length-prefixed. Whoever releases a statement asks
:meth:`HoldRegistry.covers` about the bytes it is about to forward, and policy again.
"""

import asyncio
import hmac
from collections.abc import Sequence
from dataclasses import replace

import structlog

from safelight.application.context import Fields, NodeContext
from safelight.application.identifiers import short_id
from safelight.domain.access_rules import clipped
from safelight.domain.audit_event import AuditEvent, EventKind
from safelight.domain.capability import Capability
from safelight.domain.deadline import Instant, deadline_after
from safelight.domain.decision import Effect
from safelight.domain.errors import Denied, Refusal
from safelight.domain.hold import Hold, HoldVerdict, Verdict
from safelight.domain.principal import Principal
from safelight.domain.separation import may_not_decide
from safelight.domain.session import Session
from safelight.policy.questions import ApprovalQuestion
from safelight.ports.audit import AuditLog, AuditUnavailable
from safelight.ports.notifier import Notice, NoticeKind

log = structlog.get_logger(__name__)

MAXIMUM_LISTED_CHARACTERS = 4_000


class HeldStatement:
    """One waiting statement, as the session's driver sees it."""

    def __init__(self, hold: Hold, intent: int, audit: AuditLog, registry: "HoldRegistry") -> None:
        self.hold = hold
        self._intent = intent
        self._audit = audit
        self._registry = registry
        self._outcome: asyncio.Future[HoldVerdict] = asyncio.get_running_loop().create_future()

    async def verdict(self) -> HoldVerdict:
        """Wait for the end of the hold. Cancelling the wait withdraws the statement.

        Raises:
            AuditUnavailable: the hold could not be recorded, and nothing may be released.
        """
        try:
            await self._audit.durable(self._intent)
            return await asyncio.shield(self._outcome)
        except BaseException:
            self.withdraw()
            raise

    def withdraw(self) -> None:
        """The client gave up, or its session is over. Does nothing when the hold has ended."""
        self._registry.finish(self.hold.id, Verdict.WITHDRAWN, None, None)

    @property
    def waiting(self) -> bool:
        return not self._outcome.done()

    def resolve(self, verdict: HoldVerdict) -> None:
        self._outcome.set_result(verdict)


class HoldRegistry:
    def __init__(self, context: NodeContext, audit: AuditLog) -> None:
        self._ctx = context
        self._audit = audit
        self._key = context.randomness.bytes(32)
        self._held: dict[str, HeldStatement] = {}

    def hold(
        self,
        session: Session,
        text: bytes,
        parameters: Sequence[bytes | None],
        *,
        meaning: bytes,
        capabilities: frozenset[Capability],
        policies: tuple[str, ...],
        masked_text: str,
        rows: int | None,
    ) -> HeldStatement:
        """Let a statement wait; then await its :meth:`HeldStatement.verdict`. ``meaning`` is whatever else decides
        what the text does (the search_path, say); it is part of the binding.

        Raises:
            Denied: ``hold.too_many``.
            AuditUnavailable
        """
        self._check_room(session)
        now = self._ctx.now()
        hold = Hold(
            id=self._free_id(),
            session_id=session.id,
            principal=session.principal,
            target=session.target,
            database=session.database,
            incident_id=session.incident_id,
            capabilities=capabilities,
            policies=policies,
            masked_text=masked_text[:MAXIMUM_LISTED_CHARACTERS],
            rows=rows,
            binding=self.binding(session, text, parameters, meaning),
            created_at_ms=now.wall_ms,
            deadline=deadline_after(now, self._ctx.limits.hold_timeout_seconds * 1000),
        )
        intent = self._audit.append(self._held_event(hold, text))
        held = HeldStatement(hold, intent, self._audit, self)
        self._held[hold.id] = held
        message = f"a statement of {hold.principal} on {hold.target} waits for approval"
        self._ctx.notifier.notify(Notice(NoticeKind.STATEMENT_HELD, hold.id, None, message))
        return held

    @property
    def waiting(self) -> int:
        """Statements that wait for a second person."""
        return len(self._held)

    def set_rows(self, hold_id: str, rows: int) -> None:
        """The number of rows became known later."""
        held = self._held.get(hold_id)
        if held is not None:
            held.hold = replace(held.hold, rows=rows)

    def list(self, by: str) -> list[Hold]:
        """Those that ``by`` may decide, and one's own. Oldest first."""
        person = self._ctx.authority.known(by)
        return [
            held.hold
            for held in self._held.values()
            if held.hold.principal == by or self._refusal(person, held.hold) is None
        ]

    async def approve(self, by: str, hold_id: str) -> Hold:
        """Release a statement, after STATEMENT_RELEASED is durable.

        Raises:
            Denied: one's own (I7), policy, or it no longer waits.
            AuditUnavailable: it still waits.
        """
        hold = self._decidable(by, hold_id)
        event = self._ctx.event(
            EventKind.STATEMENT_RELEASED,
            by,
            {"hold": hold.id, "binding": hold.binding, "rows": hold.rows},
            session_id=hold.session_id,
        )
        await self._ctx.changes.record([event])
        self._decidable(by, hold_id)
        self.finish(hold_id, Verdict.APPROVED, by, None)
        return hold

    async def deny(self, by: str, hold_id: str, *, because: str) -> Hold:
        """Refuse a statement. Raises as :meth:`approve`."""
        hold = self._decidable(by, hold_id)
        self.finish(hold_id, Verdict.DENIED, by, clipped(because))
        return hold

    def covers(
        self, verdict: HoldVerdict, session: Session, text: bytes, parameters: Sequence[bytes | None], meaning: bytes
    ) -> bool:
        """Whether ``verdict`` approves exactly this."""
        same = hmac.compare_digest(verdict.binding, self.binding(session, text, parameters, meaning))
        return verdict.verdict is Verdict.APPROVED and same

    def binding(self, session: Session, text: bytes, parameters: Sequence[bytes | None], meaning: bytes) -> str:
        """See the module."""
        context = (session.id, session.principal, session.grant_id, session.target, session.database)
        mac = hmac.new(self._key, digestmod="sha256")
        for part in (*(one.encode() for one in context), meaning, text, *parameters):
            mac.update(b"-" if part is None else b"%d:%b" % (len(part), part))
        return mac.hexdigest()

    def due(self, now: Instant) -> Sequence[str]:
        """Ids of holds that have waited too long."""
        return [identity for identity, held in self._held.items() if held.hold.deadline.passed(now)]

    def next_due_ms(self, now: Instant) -> int | None:
        return min((held.hold.deadline.remaining_ms(now) for held in self._held.values()), default=None)

    def finish(self, hold_id: str, verdict: Verdict, by: str | None, because: str | None) -> None:
        """End a hold. Everything but an approval is a refusal on the audit log; a log that cannot be written does
        not keep a statement from being refused."""
        held = self._held.pop(hold_id, None)
        if held is None:
            return
        hold = held.hold
        held.resolve(HoldVerdict(hold_id, verdict, by, because, hold.binding))
        if verdict is Verdict.APPROVED:
            return
        event = self._ctx.event(
            EventKind.STATEMENT_REFUSED,
            by or hold.principal,
            {"hold": hold.id, "rule": f"hold.{verdict.value}", "binding": hold.binding},
            session_id=hold.session_id,
            sensitive={"because": because} if because else {},
        )
        try:
            self._audit.append(event)
        except AuditUnavailable as problem:
            log.error("the refusal of a held statement is not recorded", problem=str(problem))

    def _check_room(self, session: Session) -> None:
        limits = self._ctx.limits
        of_session = sum(held.hold.session_id == session.id for held in self._held.values())
        if of_session >= limits.held_statements_per_session or len(self._held) >= limits.held_statements:
            raise Denied(
                Refusal("hold.too_many", "too many statements wait for approval", "wait until some are decided")
            )

    def _held_event(self, hold: Hold, text: bytes) -> AuditEvent:
        fields: Fields = {
            "hold": hold.id,
            "target": hold.target,
            "rows": hold.rows,
            "policies": hold.policies,
            "binding": hold.binding,
        }
        sensitive = {"statement": text.decode(errors="backslashreplace")}
        return self._ctx.event(
            EventKind.STATEMENT_HELD, hold.principal, fields, session_id=hold.session_id, sensitive=sensitive
        )

    def _decidable(self, by: str, hold_id: str) -> Hold:
        person = self._ctx.authority.active(by)
        held = self._held.get(hold_id)
        if held is None or held.hold.deadline.passed(self._ctx.now()):
            raise Denied(
                Refusal("hold.unknown", f"no statement {hold_id} waits for approval", "see: safelight holds")
            )
        refusal = self._refusal(person, held.hold)
        if refusal is not None:
            raise Denied(refusal)
        return held.hold

    def _refusal(self, person: Principal, hold: Hold) -> Refusal | None:
        refusal = may_not_decide(person, hold.principal, (), self._ctx.access.principals())
        if refusal is not None:
            return refusal
        requester = self._ctx.access.principal(hold.principal)
        target = self._ctx.targets.get(hold.target)
        if requester is None or target is None:
            return Refusal("hold.gone", "what this statement was for is gone", "nothing is left to approve")
        question = ApprovalQuestion(person, requester, (target,), hold.capabilities)
        decision = self._ctx.policy.may_approve(question)
        if decision.effect is Effect.ALLOW:
            return None
        return decision.refusal or Refusal("approval.policy", "you may not approve this", "ask an approver")

    def _free_id(self) -> str:
        while True:
            identity = "h-" + short_id(self._ctx.randomness, 6)
            if identity not in self._held:
                return identity
