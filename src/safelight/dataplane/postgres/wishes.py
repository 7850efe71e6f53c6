"""Grants what a session's relay waits for: plans, fsyncs, approvals, catalogs.

A held statement goes to the reviewers' registry with its exact text and values; when it is released the approval must
cover just these bytes, and everything is decided again.
"""

import asyncio
from collections.abc import Callable

import structlog

from safelight.application.hold_statement import HeldStatement, HoldRegistry
from safelight.dataplane.postgres.dial import cancel
from safelight.dataplane.postgres.gate import SessionGate
from safelight.domain.capability import Capability
from safelight.domain.decision import Effect
from safelight.domain.errors import Denied, PeerProtocolError, Refusal, TargetUnavailable
from safelight.domain.hold import HoldVerdict, Verdict
from safelight.domain.session import Session
from safelight.domain.target import Target
from safelight.ports.audit import AuditLog
from safelight.ports.target_admin import TargetAdmin
from safelight.protocols.postgres.catalog import Catalog
from safelight.protocols.postgres.relay import Relay
from safelight.protocols.postgres.target_login import TargetReady
from safelight.protocols.postgres.wishes import NeedApproval, NeedCatalog, NeedDurable, NeedPlan, Wish
from safelight.protocols.postgres.written_passwords import without_passwords

log = structlog.get_logger(__name__)

COUNT_SECONDS = 2.0
"""How long counting the rows of a held statement may take; reviewers then see no number."""
CANCEL_SECONDS = 5.0
Answer = Callable[[Relay, int], None]
"""Called with the relay and the time in microseconds."""


class Wishes:
    """One session's. ``notice`` tells the client something; it is set by the session."""

    def __init__(
        self,
        *,
        info: Session,
        gate: SessionGate,
        audit: AuditLog,
        holds: HoldRegistry,
        admin: TargetAdmin[Catalog],
        target: Target,
        ready: TargetReady,
    ) -> None:
        self._info = info
        self._gate = gate
        self._audit = audit
        self._holds = holds
        self._admin = admin
        self._target = target
        self._ready = ready
        self._held: HeldStatement | None = None
        self._cancelling: asyncio.Task[None] | None = None
        self.notice: Callable[[str], None] = lambda _: None

    async def grant(self, wish: Wish) -> Answer:
        """Wait for what the relay wishes; returns how to tell it.

        Raises:
            PeerProtocolError: the session cannot go on.
            AuditUnavailable: the log cannot be written.
        """
        match wish:
            case NeedPlan(text, extended):
                plan = await self._gate.plan(text, extended)
                return lambda relay, now: relay.planned(plan, now)
            case NeedDurable(intent):
                await self._audit.durable(intent)
                return lambda relay, now: relay.durable(now)
            case NeedCatalog():
                await self._reload()
                return lambda relay, now: relay.reloaded(now)
            case NeedApproval():
                return await self._hold(wish)

    async def _reload(self) -> None:
        try:
            await self._gate.reload()
        except TargetUnavailable as problem:
            raise PeerProtocolError("the target's catalog cannot be read after a change to it") from problem

    # --- holds ------------------------------------------------------------------------------------------------

    async def _hold(self, wish: NeedApproval) -> Answer:
        plan, text = wish.plan, wish.text
        held_statements = [s for s in plan.statements if s.decision.effect is Effect.HOLD]
        capabilities = frozenset[Capability]().union(*(s.analysis.facts.capabilities for s in held_statements))
        policies = tuple(sorted({policy for s in held_statements for policy in s.decision.policies}))
        meaning = self._gate.meaning
        rows = await self._count(text) if not wish.parameters else None
        try:
            held = self._holds.hold(
                self._info,
                text,
                wish.parameters,
                meaning=meaning,
                capabilities=capabilities,
                policies=policies,
                masked_text=self._gate.mask_text(without_passwords(text)).decode("utf-8", "replace"),
                rows=rows,
            )
        except Denied as denial:
            return self._denied(denial.refusal)
        self._held = held
        self.notice(_waiting(held, rows))
        try:
            verdict = await held.verdict()
        finally:
            self._held = None
        if not self._holds.covers(verdict, self._info, text, wish.parameters, meaning):
            return self._denied(_refusal(verdict))
        self.notice(f"approved by {verdict.by}; running")
        # Several statements exist in the simple protocol only; one alone reads the same in both.
        approved = await self._gate.plan_approved(text, extended=len(plan.statements) == 1)
        return lambda relay, now: relay.approved(approved, now)

    def _denied(self, refusal: Refusal) -> Answer:
        plan = self._gate.refused_plan(refusal)
        return lambda relay, now: relay.denied(plan, now)

    async def _count(self, text: bytes) -> int | None:
        """How many rows the statement would touch, where that can be told quickly."""
        try:
            query = await self._gate.count_query(text)
            return await self._admin.count_rows(self._info.database, query, COUNT_SECONDS) if query else None
        except TargetUnavailable as problem:
            log.info("hold.not_counted", session=self._info.id, why=str(problem))
            return None

    # --- cancel -----------------------------------------------------------------------------------------------

    def withdraw(self) -> bool:
        """Withdraw the statement that is held, if there is one."""
        if self._held is None:
            return False
        self._held.withdraw()
        return True

    def cancel_on_target(self) -> "asyncio.Task[None]":
        """Ask the server to cancel what runs. One request at a time: a storm of them is one."""
        if self._cancelling is None or self._cancelling.done():
            self._cancelling = asyncio.get_running_loop().create_task(self._cancel())
        return self._cancelling

    async def _cancel(self) -> None:
        try:
            await cancel(self._target, self._ready, timeout_seconds=CANCEL_SECONDS)
        except TargetUnavailable as problem:
            log.warning("cancel.failed", session=self._info.id, why=str(problem))


def _waiting(held: HeldStatement, rows: int | None) -> str:
    touches = f" It would touch {rows} row{'' if rows == 1 else 's'}." if rows is not None else ""
    return (
        f"this statement waits for a second person.{touches} "
        f"They run: safelight holds approve {held.hold.id}   (Ctrl-C withdraws it)"
    )


def _refusal(verdict: HoldVerdict) -> Refusal:
    match verdict.verdict:
        case Verdict.WITHDRAWN:
            return Refusal("postgres.hold.withdrawn", "the held statement was withdrawn", "send it again when needed")
        case Verdict.TIMED_OUT:
            return Refusal("postgres.hold.timeout", "nobody approved the statement in time", "send it again")
        case Verdict.DENIED:
            because = f": {verdict.because}" if verdict.because else ""
            return Refusal("postgres.hold.denied", f"{verdict.by} denied the statement{because}", "talk to them")
        case _:
            return Refusal("postgres.hold.binding", "the approval does not cover this statement", "send it again")
