"""One session's way to decisions and to the audit log: the :class:`Gate` of the relay.

What is known is answered at once; what is not becomes :meth:`SessionGate.plan`, which the driver awaits while the
session's messages wait in order.
"""

from collections.abc import Callable, Iterable, Mapping

from safelight import _native
from safelight.dataplane.departures import Departures
from safelight.dataplane.postgres.meaning import Meanings, misses_names
from safelight.dataplane.postgres.planning import plan_message, refused_message
from safelight.domain.decision import Authorized, Decision
from safelight.domain.errors import Refusal, TargetUnavailable
from safelight.domain.statement import StatementFacts
from safelight.ports.audit import AuditLog
from safelight.ports.clock import Clock
from safelight.protocols.postgres.analysis import Analysis
from safelight.protocols.postgres.catalog import Catalog
from safelight.protocols.postgres.plan import MessagePlan, Outcome, StatementPlan
from safelight.protocols.postgres.written_passwords import without_passwords

DecideStatement = Callable[[StatementFacts, bool], Decision]
"""(facts, whether a second person approved this statement) → decision."""
Watcher = Callable[[dict[str, object]], None]
WATCHED_BYTES = 16 * 1024
INTENT, OUTCOME, REFUSED = "statement.intent", "statement.outcome", "statement.refused"


class SessionGate:
    """``decision_epochs``: one of them advances whenever a decision could change; with the catalog's they date plans.
    ``read_only``: intents of harmless statements need no fsync, because the account itself can change nothing."""

    def __init__(
        self,
        *,
        session_id: str,
        principal: str,
        decide: DecideStatement,
        decision_epochs: Iterable[_native.Epoch],
        meanings: Meanings,
        search_path: str | None,
        masker: _native.Masker,
        read_only: bool,
        longest_ms: Mapping[str, int],
        audit: AuditLog,
        departures: Departures,
        clock: Clock,
    ) -> None:
        self._session_id = session_id
        self._principal = principal
        self._decide = decide
        self.epochs = (*decision_epochs, meanings.epoch)
        self._meanings = meanings
        self._search_path = search_path
        self._masker = masker
        self._read_only = read_only
        self._longest_ms = longest_ms
        self._audit = audit
        self._departures = departures
        self._clock = clock
        self._catalog: Catalog | None = None
        self._analyses: _native.ShapeCache[Analysis] = _native.ShapeCache()
        self.plans: _native.ShapeCache[MessagePlan] = _native.ShapeCache()
        self.watchers: list[Watcher] = []
        self.statements = 0

    async def open(self) -> Catalog:
        """Load what the session's texts mean: the catalog they are read against.

        Raises:
            TargetUnavailable: the target's catalog cannot be loaded.
        """
        self._catalog, self._analyses = await self._meanings.under(self._search_path)
        return self._catalog

    @property
    def meaning(self) -> bytes:
        """What gives a text its meaning besides its bytes and the catalog: part of what an approval binds to."""
        return f"search_path={self._search_path or ''}".encode()

    # --- plans ------------------------------------------------------------------------------------------------

    @property
    def epoch(self) -> int:
        return sum(epoch.value for epoch in self.epochs)

    def lookup(self, text: bytes, extended: bool) -> MessagePlan | None:
        epoch = self.epoch
        if epoch != self.plans.epoch:
            self.plans.renew(epoch)
        return self.plans.get(text, extended)

    async def plan(self, text: bytes, extended: bool) -> MessagePlan:
        """Read and decide a text; a refusal when it cannot be read."""
        try:
            analysis, epoch = await self._analysis(text, extended)
        except TargetUnavailable as problem:
            return refused_message(_unavailable(problem), self.epoch)
        plan = self._decided(analysis, epoch, approved=False)
        if not misses_names(analysis) and epoch == self.epoch:
            self.lookup(text, extended)  # drops plans of another epoch
            self._keep(text, extended, analysis, plan)
        return plan

    def _keep(self, text: bytes, extended: bool, analysis: Analysis, plan: MessagePlan) -> None:
        significant = analysis.significant if not plan.hold else None
        weight = _weight(analysis)
        # The fast path records a text as it stands.
        if not (plan.simple_read and plan.statements[0].safe_to_lose and without_passwords(text) == text):
            self.plans.put(text, extended, significant, plan, weight=weight)
            return
        statement = plan.statements[0]
        self.plans.put_read(
            text,
            extended,
            significant,
            plan,
            weight=weight,
            result=statement.result,
            record=statement.record,
            reads_labels=statement.analysis.restricted_reads,
        )

    async def plan_approved(self, text: bytes, extended: bool) -> MessagePlan:
        """Decide a held statement again, now that a second person has approved it. Never kept."""
        try:
            analysis, epoch = await self._analysis(text, extended)
            return self._decided(analysis, epoch, approved=True)
        except TargetUnavailable as problem:
            return refused_message(_unavailable(problem), self.epoch)

    async def count_query(self, text: bytes) -> str | None:
        """The statement that counts the rows that this UPDATE or DELETE would touch, where there is one."""
        analysis = await self._read(text, extended=False)
        return analysis.statements[0].count_query if len(analysis.statements) == 1 else None

    def refused_plan(self, refusal: Refusal) -> MessagePlan:
        return refused_message(refusal, self.epoch)

    async def reload(self) -> None:
        """Raises: TargetUnavailable."""
        await self._meanings.reload()
        await self.open()

    async def _analysis(self, text: bytes, extended: bool) -> tuple[Analysis, int]:
        """What the text means, and the epoch of the catalog that says so: it may have passed meanwhile."""
        await self.open()
        epoch = self.epoch
        known = self._analyses.get(text, extended)
        if known is not None:
            return known, epoch
        analysis = await self._read(text, extended=extended)
        if misses_names(analysis):
            before = self._catalog_version
            await self.reload()
            epoch = self.epoch
            if self._catalog_version != before:
                analysis = await self._read(text, extended=extended)
        if analysis.refusal is None and not misses_names(analysis):
            self._analyses.put(text, extended, analysis.significant, analysis, weight=_weight(analysis))
        return analysis, epoch

    async def _read(self, text: bytes, *, extended: bool) -> Analysis:
        assert self._catalog is not None
        return await self._meanings.read(text, self._catalog, extended, self._principal)

    @property
    def _catalog_version(self) -> str:
        assert self._catalog is not None
        return self._catalog.version

    def _decided(self, analysis: Analysis, epoch: int, *, approved: bool) -> MessagePlan:
        assert self._catalog is not None
        return plan_message(
            analysis,
            lambda facts: self._decide(facts, approved),
            masker=self._masker,
            catalog=self._catalog,
            read_only=self._read_only,
            longest_ms=self._longest_ms,
            epoch=epoch,
        )

    # --- the log ----------------------------------------------------------------------------------------------

    def intended(self, plan: StatementPlan, intent: int) -> Authorized[StatementPlan]:
        return Authorized(plan, plan.decision, intent)

    def intend(
        self, plan: StatementPlan, text: bytes, parameters: tuple[bytes | None, ...]
    ) -> Authorized[StatementPlan]:
        self.statements += 1
        text = without_passwords(text)
        index = self._audit.append_statement(
            self._session_id, INTENT, self._clock.wall_ms(), plan.record, text, parameters
        )
        if self.watchers:
            self._tell({"event": INTENT, "index": index, "form": plan.analysis.facts.form, "text": text})
        return Authorized(plan, plan.decision, index)

    def outcome(self, intent: int, plan: StatementPlan, outcome: Outcome, cells: dict[str, int], micros: int) -> None:
        self._audit.append_outcome(
            self._session_id,
            self._clock.wall_ms(),
            intent,
            outcome.result,
            outcome.rows,
            outcome.bytes,
            micros,
            outcome.sqlstate,
            cells or None,
        )
        self._departures.note()
        if self.watchers:
            self._tell({"event": OUTCOME, "intent": intent, "result": outcome.result, "rows": outcome.rows})

    def refused(self, text: bytes, refusal: Refusal) -> None:
        self.statements += 1
        text = without_passwords(text)
        fields = b'"rule":"%s"' % refusal.rule.encode()
        self._audit.append_statement(self._session_id, REFUSED, self._clock.wall_ms(), fields, text)
        self._departures.note()
        if self.watchers:
            self._tell({"event": REFUSED, "rule": refusal.rule, "message": refusal.message, "text": text})

    def mask_text(self, text: bytes) -> bytes:
        return self._masker.mask_text(text)[0]

    def _tell(self, event: dict[str, object]) -> None:
        """Watchers see masked text, like every client; its head, for a thousand events may wait for a slow one."""
        text = event.get("text")
        if isinstance(text, bytes):
            event["text"] = self.mask_text(text)[:WATCHED_BYTES].decode("utf-8", "replace")
        event["at_ms"] = self._clock.wall_ms()
        for watcher in list(self.watchers):
            watcher(event)


def _unavailable(problem: TargetUnavailable) -> Refusal:
    return Refusal("target.unavailable", f"the target's catalog cannot be read: {problem}", "try again in a moment")


def _weight(analysis: Analysis) -> int:
    """How much is kept with an analysis, in usual statements: they have a few columns each."""
    return len(analysis.statements) + sum(len(statement.outputs or ()) for statement in analysis.statements) // 8 + 1
