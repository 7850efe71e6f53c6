"""The statement phase, client to target: every message is read, decided, recorded, and only then forwarded.

Sans-IO: :meth:`Relay.from_client` fills ``to_target`` and ``to_client``; what must wait becomes ``wish``, and the
messages behind it wait in order. The way back is :mod:`safelight.protocols.postgres.replies`. A refused statement is
replaced by what the server cannot parse (see :mod:`.deny`), so that order, status and rollback stay the server's.
"""

from safelight import _native
from safelight.domain.decision import Authorized
from safelight.domain.errors import PeerProtocolError, Refusal
from safelight.protocols.postgres import messages as m
from safelight.protocols.postgres.codec import ClientMessages
from safelight.protocols.postgres.conversation import (
    ALONE,
    ANSWERS,
    BATCH,
    FLOW,
    MAX_IN_FLIGHT,
    Conversation,
    FastPath,
)
from safelight.protocols.postgres.deny import UNPARSEABLE
from safelight.protocols.postgres.extended import Extended
from safelight.protocols.postgres.flights import Flight
from safelight.protocols.postgres.handover import rest, take_over
from safelight.protocols.postgres.judgement import FUNCTION_CALL, STANDS_ALONE, copies_in, refusal_of, stands_alone
from safelight.protocols.postgres.plan import Gate, MessagePlan, StatementPlan
from safelight.protocols.postgres.wishes import NeedApproval, NeedCatalog, NeedPlan

MESSAGES_PER_SLICE = 256
"""After so many messages the relay lets other sessions go first."""
QUERY, SYNC, TERMINATE, PASSWORD, FUNCTION, FLUSH = b"QSXpFH"
COPY_MESSAGES = b"dcf"


class Relay(Conversation):
    """Client messages of one session."""

    def __init__(self, gate: Gate, stream: _native.ServerStream, fast: FastPath) -> None:
        super().__init__(gate, stream, fast)
        self._messages = ClientMessages()
        self._extended = Extended(self)
        self._starved = True

    # --- in ---------------------------------------------------------------------------------------------------

    def from_client(self, data: bytes, now_micros: int) -> None:
        """Take client bytes that the fast path has not taken.

        Raises:
            PeerProtocolError: the client broke the protocol.
        """
        take_over(self)
        self._messages.feed(data)
        self.pump(now_micros)

    @property
    def more(self) -> bool:
        """Messages are left that :meth:`pump` may take at once."""
        if self._blocked or self._starved:
            return False
        return self.holds_back or self._messages.buffered > 0

    @property
    def buffered(self) -> int:
        return self._messages.buffered

    @property
    def busy(self) -> bool:
        return self._blocked or self.holds_back or self._messages.buffered > 0

    @property
    def _blocked(self) -> bool:
        return self.wish is not None or bool(self.waiting) or self.terminated

    def pump(self, now_micros: int) -> None:
        """Handle whole messages, at most a slice of them."""
        self._handle_slice(now_micros)
        rest(self)

    def _handle_slice(self, now_micros: int) -> None:
        self.now_micros = now_micros
        self._starved = False
        if not self.waiting and self.stream.pending >= MAX_IN_FLIGHT:
            self.waiting = FLOW
        for _ in range(MESSAGES_PER_SLICE):
            if self._blocked:
                return
            taken = self.take_held_back() or self._messages.take()
            if taken is None:
                self._starved = True
                return
            self._handle(*taken)

    def _handle(self, kind: int, body: bytes) -> None:
        if kind == TERMINATE:
            self.terminated = True
        elif kind in COPY_MESSAGES:
            self.copy_in.handle(kind, body, self.to_target, self.denials)
        elif self.copy_in.token:
            if kind not in (FLUSH, SYNC):  # ignored in copy-in, as the server does
                raise PeerProtocolError("only COPY data may be sent while a COPY is open")
        elif kind == SYNC:
            if self._extended.sync():
                self.waiting = ALONE
        elif self.skip_to_sync:
            return
        elif kind in (QUERY, FUNCTION) and self.batch_open and self.stream.pending:
            # The server skips it if anything before it in the batch fails: known when all of that is answered.
            self.to_target.append(m.message(b"H"))
            self.hold_back(kind, body, ANSWERS)
        elif kind == QUERY:
            self._query(body)
        elif kind == PASSWORD:
            raise PeerProtocolError("a password message after the login")
        elif kind == FUNCTION:
            self._refuse_query(b"", FUNCTION_CALL)
        else:
            self._extended.handle(kind, body)

    # --- answers to wishes ------------------------------------------------------------------------------------

    def _granted(self, plan: MessagePlan | None, now_micros: int) -> None:
        self.now_micros = now_micros
        self.granted(plan)
        self.pump(now_micros)

    def planned(self, plan: MessagePlan, now_micros: int) -> None:
        """Answer to NeedPlan."""
        self._granted(plan, now_micros)

    def durable(self, now_micros: int) -> None:
        """Answer to NeedDurable."""
        self._granted(None, now_micros)

    def approved(self, plan: MessagePlan, now_micros: int) -> None:
        """Answer to NeedApproval: ``plan`` is the same statement, decided again as approved."""
        self._granted(plan, now_micros)

    def denied(self, refused: MessagePlan, now_micros: int) -> None:
        """Answer to NeedApproval: ``refused`` carries the refusal."""
        self._granted(refused, now_micros)

    def await_catalog(self) -> None:
        """A statement that changes how later text is read has finished: later messages wait for the new catalog."""
        self.wait(NeedCatalog(), lambda _: None)

    def reloaded(self, now_micros: int) -> None:
        """Answer to NeedCatalog."""
        self._granted(None, now_micros)

    # --- simple protocol --------------------------------------------------------------------------------------

    def _query(self, body: bytes) -> None:
        text = body[:-1]
        if body[-1:] != b"\0" or b"\0" in text:
            raise PeerProtocolError("a Query that is not one terminated string")
        if self._extended.alone:
            self._refuse_query(text, STANDS_ALONE)
            return
        plan = self.gate.lookup(text, False)
        if plan is None:
            self.wait(NeedPlan(text, False), lambda made: self._decide_query(text, made))
        else:
            self._decide_query(text, plan)

    def _decide_query(self, text: bytes, plan: MessagePlan | None) -> None:
        """``plan`` was made before: what it rests on may have changed since."""
        if plan is not None and plan.epoch != self.gate.epoch and plan.refusal is None:
            plan = self.gate.lookup(text, False)
        if plan is None:
            self.wait(NeedPlan(text, False), lambda made: self._decide_query(text, made))
            return
        if plan.hold and self.flights.batch_ends:
            self.hold_back(QUERY, text + b"\0", BATCH)  # until it is known whether a transaction is open
            return
        refusal = refusal_of(plan, text, (), in_transaction=self.in_transaction or self.batch_ran)
        if refusal is not None:
            self._refuse_query(text, refusal, plan)
        elif plan.hold:
            wish = NeedApproval(plan, text, (), False)
            self.wait(wish, lambda made: self._decide_query(text, made))
        else:
            single = len(plan.statements) == 1
            authorized = tuple(
                self.gate.intend(s, text if single else s.analysis.text.encode(), ()) for s in plan.statements
            )
            self.depart(
                plan,
                authorized,
                forward=lambda: self._forward_query(m.query(text), plan, authorized),
                again=lambda: self._decide_query(text, self.gate.lookup(text, False)),
            )

    def _forward_query(
        self, message: bytes, plan: MessagePlan, authorized: tuple[Authorized[StatementPlan], ...]
    ) -> None:
        token = self.next_token()
        self._extended.over()
        self.stream.expect(_native.EXPECT_QUERY, plan.results, token)
        self.flights.depart(token, Flight(authorized, self.now_micros, extended=False))
        self.flights.batch_ends.append(token)
        self.to_target.append(message)
        for statement in plan.statements:
            if statement.analysis.deallocates is not None:
                self.registry.deallocate(token, statement.analysis.deallocates)
        self.registry.batch_ends()
        if copies_in(plan):
            self.await_copy(token)
        if stands_alone(plan):
            self.waiting = ALONE

    def _refuse_query(self, text: bytes, refusal: Refusal, plan: MessagePlan | None = None) -> None:
        """Refuse a message that is answered by ReadyForQuery. It ends the batch it is in."""
        token = self.refused(text, refusal, plan)
        if self._extended.over():
            self.waiting = ALONE
        self.registry.batch_ends()
        self.stream.expect(_native.EXPECT_QUERY, (), token)
        self.flights.batch_ends.append(token)
        self.to_target.append(m.query(UNPARSEABLE))
