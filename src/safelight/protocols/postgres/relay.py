"""The statement phase, client to target: every message is read, decided, recorded, and only then forwarded.

Sans-IO: :meth:`Relay.from_client` fills ``to_target`` and ``to_client``; what must wait becomes ``wish``, and the
messages behind it wait in order. The way back is :mod:`safelight.protocols.postgres.replies`. A refused statement is
replaced by what the server cannot parse (see :mod:`.deny`), so that order, status and rollback stay the server's.
"""

from collections.abc import Callable

from safelight import _native
from safelight.domain.errors import Denied, PeerProtocolError, Refusal
from safelight.protocols.postgres import messages as m
from safelight.protocols.postgres.bind import decode_bind
from safelight.protocols.postgres.codec import ClientMessages
from safelight.protocols.postgres.deny import INSUFFICIENT_PRIVILEGE, UNPARSEABLE, refusal_error
from safelight.protocols.postgres.flights import Flight, Flights
from safelight.protocols.postgres.plan import Gate, MessagePlan, StatementPlan
from safelight.protocols.postgres.registry import Portal, Prepared, Registry
from safelight.protocols.postgres.wishes import NeedApproval, NeedCatalog, NeedDurable, NeedPlan, Wish

MESSAGES_PER_SLICE = 256
"""After so many messages the relay lets other sessions go first."""
REFUSED_NAME = b"safelight_refused"
COPY_TAIL_BYTES = 96
"""Longest thing that masking makes, so that one cut across two CopyData messages is still seen."""
IDLE, IN_BLOCK = ord("I"), ord("T")

WRITE_BACK = Refusal(
    "postgres.mask.write_back",
    "a masked value would be written into the target",
    "leave masked columns out of the change, or write the real value",
)
HOLD_IN_BLOCK = Refusal(
    "postgres.hold.transaction",
    "this statement needs a second person's approval, and a transaction is open already",
    "send it on its own, outside of BEGIN … COMMIT",
)
STANDS_ALONE = Refusal(
    "postgres.order.alone",
    "a statement that changes how later text is read must finish before anything follows it",
    "send it on its own and wait for its result",
)
FUNCTION_CALL = Refusal(
    "postgres.function_call", "the function call message is not carried", "call the function in a SELECT"
)


class Relay:
    """Client messages of one session. ``replies`` shares the public state."""

    def __init__(self, gate: Gate, stream: _native.ServerStream) -> None:
        self.gate = gate
        self.stream = stream
        self.to_client: list[bytes] = []
        self.to_target: list[bytes] = []
        self.wish: Wish | None = None
        self.terminated = False
        self.registry = Registry()
        self.flights = Flights(gate)
        self.denials: dict[int, bytes] = {}
        self.named: dict[int, tuple[StatementPlan, ...]] = {}
        """Tokens of Parse, Bind and Describe → the statements they concern, until their batch has ended."""
        self.status = IDLE
        self.copying_in = 0
        """Token of the COPY that takes the client's data now; 0 when none does."""
        self.waiting: str = ""
        """``copy`` or ``alone``: client messages wait for the server's answer."""
        self.skip_to_sync = False
        self._messages = ClientMessages()
        self._token = 0
        self._now = 0
        self._described: bytes | None = None
        self._deferred = False
        self._alone = False
        self._copy_tail = b""
        self._resume: Callable[[MessagePlan | None], None] | None = None

    # --- in ---------------------------------------------------------------------------------------------------

    def from_client(self, data: bytes, now_micros: int) -> None:
        """Raises: PeerProtocolError: the client broke the protocol."""
        self._messages.feed(data)
        self.pump(now_micros)

    @property
    def more(self) -> bool:
        """Messages are left that :meth:`pump` may take at once."""
        return self._messages.buffered >= 5 and self.wish is None and not self.waiting and self._sliced

    @property
    def buffered(self) -> int:
        return self._messages.buffered

    def pump(self, now_micros: int) -> None:
        """Handle whole messages, at most a slice of them."""
        self._now = now_micros
        self._sliced = False
        for _ in range(MESSAGES_PER_SLICE):
            if self.wish is not None or self.waiting or self.terminated:
                return
            taken = self._messages.take()
            if taken is None:
                return
            self._handle(*taken)
        self._sliced = True

    _sliced = False

    def _handle(self, kind: int, body: bytes) -> None:
        if kind == 0x53:  # S
            self._sync()
        elif kind == 0x58:  # X
            self.terminated = True
        elif kind == 0x51 and not self.skip_to_sync:  # Q; after an error the server skips it like all else
            self._query(body)
        elif kind in b"dcf":
            self._copy_data(kind, body)
        elif self.copying_in:
            if kind != 0x48:  # Flush is ignored in copy-in, as the server does
                raise PeerProtocolError("only COPY data may be sent while a COPY is open")
        elif self.skip_to_sync:
            return
        elif kind == 0x70:  # p
            raise PeerProtocolError("a password message after the login")
        elif kind == 0x46:  # F
            self._refuse_query(b"", FUNCTION_CALL)
        else:
            self._extended(kind, body)

    def next_token(self) -> int:
        self._token += 1
        return self._token

    # --- answers to wishes ------------------------------------------------------------------------------------

    def _wait(self, wish: Wish, resume: Callable[[MessagePlan | None], None]) -> None:
        self.wish, self._resume = wish, resume

    def _granted(self, plan: MessagePlan | None, now_micros: int) -> None:
        resume, self._resume, self.wish = self._resume, None, None
        self._now = now_micros
        if resume is not None:
            resume(plan)
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
        self._wait(NeedCatalog(), lambda _: None)

    def reloaded(self, now_micros: int) -> None:
        """Answer to NeedCatalog."""
        self._granted(None, now_micros)

    # --- simple protocol --------------------------------------------------------------------------------------

    def _query(self, body: bytes) -> None:
        if self.copying_in:
            raise PeerProtocolError("only COPY data may be sent while a COPY is open")
        text = body[:-1]
        if body[-1:] != b"\0" or b"\0" in text:
            raise PeerProtocolError("a Query that is not one terminated string")
        self._described = None
        plan = self.gate.lookup(text, False)
        if plan is None:
            self._wait(NeedPlan(text, False), lambda made: self._run_query(text, made))
        else:
            self._run_query(text, plan)

    def _run_query(self, text: bytes, plan: MessagePlan | None) -> None:
        assert plan is not None
        refusal = self._refusal(plan, text, ())
        if refusal is not None:
            self._refuse_query(text, refusal, plan)
        elif plan.hold:
            self._wait(NeedApproval(plan, text, ()), lambda made: self._run_query(text, made))
        else:
            token = self.next_token()
            wait = self._must_be_durable(plan)
            intents = [self.gate.intend(s, s.analysis.text.encode() or text, ()) for s in plan.statements]
            self._depart(wait, intents, lambda: self._forward_query(token, text, plan, intents))

    def _forward_query(self, token: int, text: bytes, plan: MessagePlan, intents: list[int]) -> None:
        self.stream.expect(_native.EXPECT_QUERY, plan.results, token)
        self.flights.open[token] = Flight(plan.statements, intents, self._now, extended=False)
        self.flights.batch_ends.append(token)
        self.to_target.append(m.query(text))
        if not plan.simple_read:
            if any(s.analysis.copy is not None and s.analysis.copy.direction == "in" for s in plan.statements):
                self.waiting = "copy"
            if any(s.analysis.facts.stands_alone for s in plan.statements):
                self.waiting = "alone"

    def _refuse_query(self, text: bytes, refusal: Refusal, plan: MessagePlan | None = None) -> None:
        token = self._refused(text, refusal, plan)
        self.stream.expect(_native.EXPECT_QUERY, (), token)
        self.flights.batch_ends.append(token)
        self.to_target.append(m.query(UNPARSEABLE))

    # --- decisions common to both -----------------------------------------------------------------------------

    def _refusal(self, plan: MessagePlan, text: bytes, parameters: tuple[bytes | None, ...]) -> Refusal | None:
        if plan.refusal is not None:
            return plan.refusal
        if plan.simple_read:
            return None
        if plan.hold and self.status == IN_BLOCK:
            return HOLD_IN_BLOCK
        alone = any(s.analysis.facts.stands_alone for s in plan.statements)
        if alone and len(plan.statements) > 1:
            return STANDS_ALONE
        changes = any(not s.analysis.facts.harmless_to_lose for s in plan.statements)
        if changes and (_native.carries_masked(text) or any(p and _native.carries_masked(p) for p in parameters)):
            return WRITE_BACK
        return None

    def _must_be_durable(self, plan: MessagePlan) -> bool:
        """Whether the intents must be fsynced before the effect can be (DESIGN 4.3)."""
        if plan.simple_read and plan.statements[0].safe_to_lose:
            return False
        in_block = self.status == IN_BLOCK and not self.flights.open and len(plan.statements) == 1
        wait = False
        for statement in plan.statements:
            if statement.analysis.transaction == "commit":
                wait |= self._deferred
                self._deferred = False
            elif statement.safe_to_lose:
                continue
            elif in_block and statement.analysis.facts.rollback_safe:
                self._deferred = True
            else:
                wait = True
        return wait

    def _depart(self, wait: bool, intents: list[int], forward: Callable[[], None]) -> None:
        if wait and intents:
            self._wait(NeedDurable(intents[-1]), lambda _: forward())
        else:
            forward()

    def _refused(self, text: bytes, refusal: Refusal, plan: MessagePlan | None) -> int:
        token = self.next_token()
        self.gate.refused(text, refusal)
        if plan is not None and plan.position:
            self.denials[token] = m.error("ERROR", plan.sqlstate, refusal.message, position=plan.position)
        else:
            state = plan.sqlstate if plan is not None and plan.sqlstate else INSUFFICIENT_PRIVILEGE
            self.denials[token] = refusal_error(refusal, sqlstate=state)
        return token

    # --- extended protocol ------------------------------------------------------------------------------------

    def _extended(self, kind: int, body: bytes) -> None:
        if self._alone and kind in b"PBE":
            self._refuse_batch(b"", STANDS_ALONE)
        elif kind == 0x50:
            self._parse(body)
        elif kind == 0x42:
            self._bind(body)
        elif kind == 0x45:
            self._execute(body)
        elif kind == 0x44:
            self._describe(body)
        elif kind == 0x43:
            token = self.next_token()
            what, name = _target_of(body)
            self.registry.close(token, what, name)
            self._forward(_native.EXPECT_CLOSE, (), token, b"C", body)
        elif kind == 0x48:
            self.to_target.append(m.message(b"H", body))
        else:
            raise PeerProtocolError(f"message type '{chr(kind)}' is out of place")

    def _forward(
        self, expectation: int, results: tuple[_native.ResultPlan, ...], token: int, kind: bytes, body: bytes
    ) -> None:
        self._described = None
        self.stream.expect(expectation, results, token)
        self.to_target.append(m.message(kind, body))

    def _parse(self, body: bytes) -> None:
        name, separator, rest = body.partition(b"\0")
        text, separator2, _types = rest.partition(b"\0")
        if not separator or not separator2:
            raise PeerProtocolError("a Parse that is not terminated")
        plan = self.gate.lookup(text, True)
        if plan is None:
            self._wait(NeedPlan(text, True), lambda made: self._parsed(name, text, body, made))
        else:
            self._parsed(name, text, body, plan)

    def _parsed(self, name: bytes, text: bytes, body: bytes, plan: MessagePlan | None) -> None:
        assert plan is not None
        if plan.refusal is not None:
            self._refuse_batch(text, plan.refusal, plan, name)
            return
        token = self.next_token()
        try:
            self.registry.prepare(token, name, Prepared(text, plan))
        except Denied as denial:
            self._refuse_batch(text, denial.refusal)
            return
        self.named[token] = plan.statements
        self._forward(_native.EXPECT_PARSE, (), token, b"P", body)

    def _bind(self, body: bytes) -> None:
        bind = decode_bind(body)
        prepared = self.registry.statement(bind.statement)
        if prepared is None:
            self._refuse_batch(b"", _unknown("prepared statement", "prepare it with Parse"))
            return
        token = self.next_token()
        try:
            self.registry.bind(token, bind.portal, Portal(prepared, bind.parameters))
        except Denied as denial:
            self._refuse_batch(prepared.text, denial.refusal)
            return
        self.named[token] = prepared.plan.statements
        self._forward(_native.EXPECT_BIND, (), token, b"B", body)

    def _describe(self, body: bytes) -> None:
        what, name = _target_of(body)
        token = self.next_token()
        if what == 0x53:
            self._forward(_native.EXPECT_DESCRIBE_STATEMENT, (), token, b"D", body)
            return
        portal = self.registry.portal(name)
        if portal is None:
            self._refuse_batch(b"", _unknown("portal", "bind it first; cursors of SQL are not carried yet"))
            return
        self.named[token] = portal.prepared.plan.statements
        self._forward(_native.EXPECT_DESCRIBE_PORTAL, portal.prepared.plan.results, token, b"D", body)
        self._described = name

    def _execute(self, body: bytes) -> None:
        name, separator, count = body.partition(b"\0")
        if not separator or len(count) != 4:
            raise PeerProtocolError("an Execute of impossible length")
        portal = self.registry.portal(name)
        if portal is None:
            self._refuse_batch(b"", _unknown("portal", "bind it first; cursors of SQL are not carried yet"))
            return
        plan: MessagePlan | None = portal.prepared.plan
        if plan is not None and plan.epoch != self.gate.epoch:
            self._described = None
            plan = self.gate.lookup(portal.prepared.text, True)
        if plan is None:
            wish = NeedPlan(portal.prepared.text, True)
            self._wait(wish, lambda made: self._run_portal(name, portal, body, made))
        else:
            self._run_portal(name, portal, body, plan)

    def _run_portal(self, name: bytes, portal: Portal, body: bytes, plan: MessagePlan | None) -> None:
        assert plan is not None
        text, parameters = portal.prepared.text, portal.parameters
        refusal = self._refusal(plan, text, parameters)
        if refusal is not None:
            self._refuse_batch(text, refusal, plan)
        elif plan.hold:
            if self.flights.open:
                self._refuse_batch(text, HOLD_IN_BLOCK)
                return
            wish = NeedApproval(plan, text, parameters)
            self._wait(wish, lambda made: self._run_portal(name, portal, body, made))
        else:
            wait = self._must_be_durable(plan)
            intents = [self.gate.intend(s, text, parameters) for s in plan.statements]
            self._depart(wait, intents, lambda: self._forward_execute(name, plan, body, intents))

    def _forward_execute(self, name: bytes, plan: MessagePlan, body: bytes, intents: list[int]) -> None:
        token = self.next_token()
        if self._described != name:
            self.stream.expect(_native.EXPECT_DESCRIBE_PORTAL_SILENT, plan.results, token)
            self.to_target.append(m.describe_portal(name))
        self.flights.open[token] = Flight(plan.statements, intents, self._now, extended=True)
        self._forward(_native.EXPECT_EXECUTE, plan.results, token, b"E", body)
        for statement in plan.statements:
            if statement.analysis.copy is not None and statement.analysis.copy.direction == "in":
                self.waiting = "copy"
            self._alone |= statement.analysis.facts.stands_alone

    def _sync(self) -> None:
        if self.copying_in:
            return  # ignored in copy-in, as the server does
        token = self.next_token()
        self.skip_to_sync = False
        self.flights.batch_ends.append(token)
        self._forward(_native.EXPECT_SYNC, (), token, b"S", b"")
        if self._alone:
            self._alone = False
            self.waiting = "alone"

    def _refuse_batch(
        self, text: bytes, refusal: Refusal, plan: MessagePlan | None = None, name: bytes = REFUSED_NAME
    ) -> None:
        """Refuse one message of a batch; the server discards the rest up to Sync, and so do we."""
        token = self._refused(text, refusal, plan)
        self._described = None
        self.stream.expect(_native.EXPECT_PARSE, (), token)
        self.to_target.append(m.parse(name, UNPARSEABLE))
        self.skip_to_sync = True

    # --- COPY from the client ---------------------------------------------------------------------------------

    def _copy_data(self, kind: int, body: bytes) -> None:
        """CopyData, CopyDone, CopyFail. Outside of a COPY they are leftovers of a failed one: dropped."""
        if not self.copying_in:
            return
        if kind == 0x64:
            if _native.carries_masked(self._copy_tail + body):
                self.denials[self.copying_in] = refusal_error(WRITE_BACK)
                self.to_target.append(m.message(b"f", b"safelight refused a masked value\0"))
                self.copying_in, self._copy_tail = 0, b""
                return
            self._copy_tail = body[-COPY_TAIL_BYTES:]
        else:
            self.copying_in, self._copy_tail = 0, b""
        self.to_target.append(m.message(bytes((kind,)), body))


def _target_of(body: bytes) -> tuple[int, bytes]:
    """What a Describe or Close names: (``S`` or ``P``, name)."""
    if len(body) < 2 or body[0] not in b"SP" or body[-1] != 0:
        raise PeerProtocolError("a Describe or Close that names nothing")
    return body[0], body[1:-1]


def _unknown(what: str, next_step: str) -> Refusal:
    return Refusal("postgres.name.unknown_portal", f"this session knows no such {what}", next_step)
