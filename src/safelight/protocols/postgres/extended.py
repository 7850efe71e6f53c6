"""The extended protocol, client to target: Parse, Bind, Describe, Execute, Close, Flush, Sync.

Decisions are made at Parse (what may be prepared) and again at Execute, when the values are known and the session's
rights may be others. Before every Execute that does not directly follow the client's own Describe of its portal the
gateway describes it itself, so that the origins of columns are checked before the first row moves.
"""

from safelight import _native
from safelight.domain.decision import Authorized
from safelight.domain.errors import Denied, PeerProtocolError, Refusal
from safelight.protocols.postgres import messages as m
from safelight.protocols.postgres.bind import decode_bind
from safelight.protocols.postgres.conversation import BATCH, Conversation
from safelight.protocols.postgres.deny import UNPARSEABLE
from safelight.protocols.postgres.flights import Flight
from safelight.protocols.postgres.judgement import (
    NO_PORTAL,
    NO_STATEMENT,
    SEVERAL,
    STANDS_ALONE,
    copies_in,
    refusal_of,
    refusal_of_types,
    stands_alone,
)
from safelight.protocols.postgres.parse import Parse, decode_parse
from safelight.protocols.postgres.plan import MessagePlan, StatementPlan
from safelight.protocols.postgres.registry import PORTAL, STATEMENT, Portal, Prepared
from safelight.protocols.postgres.wishes import NeedApproval, NeedPlan

REFUSED_NAME = b"safelight_refused"
"""A refused Bind or Execute becomes a Parse under this name, so that the client's own statements stay."""
PARSE, BIND, EXECUTE, DESCRIBE, CLOSE, FLUSH = b"PBEDCH"


class Extended:
    """One session's. State that the simple protocol shares is in ``conversation``."""

    def __init__(self, conversation: Conversation) -> None:
        self._talk = conversation
        self._described: tuple[bytes, MessagePlan] | None = None
        """The portal that the message just forwarded describes, and by which plan."""
        self._alone = False
        """Something that stands alone runs in the batch at hand: nothing may follow it there."""

    def handle(self, kind: int, body: bytes) -> None:
        if self._alone and kind in (PARSE, BIND, EXECUTE):
            self.refuse(self._text_of(kind, body), STANDS_ALONE)
        elif kind == PARSE:
            self._parse(body)
        elif kind == BIND:
            self._bind(body)
        elif kind == EXECUTE:
            self._execute(body)
        elif kind == DESCRIBE:
            self._describe(body)
        elif kind == CLOSE:
            self._close(body)
        elif kind == FLUSH:
            self._talk.to_target.append(m.message(b"H", body))
        else:
            raise PeerProtocolError(f"message type '{chr(kind)}' is out of place")

    def sync(self) -> bool:
        """Forward Sync. Gives whether what the batch did stands alone."""
        talk = self._talk
        token = talk.next_token()
        alone = self.over()
        talk.registry.batch_ends()
        talk.stream.expect(_native.EXPECT_SYNC, (), token)
        talk.flights.batch_ends.append(token)
        talk.to_target.append(b"S\0\0\0\4")
        return alone

    def over(self) -> bool:
        """The batch ends with the message at hand, a Sync or a Query. Gives whether what it did stands alone."""
        talk = self._talk
        talk.skip_to_sync = talk.batch_open = talk.batch_ran = False
        self._described = None
        alone, self._alone = self._alone, False
        return alone

    @property
    def alone(self) -> bool:
        """Something that stands alone runs in the batch at hand."""
        return self._alone

    def refuse(
        self, text: bytes, refusal: Refusal, plan: MessagePlan | None = None, name: bytes = REFUSED_NAME
    ) -> None:
        """Refuse one message of a batch; the server discards the rest up to Sync, and so does the gateway."""
        talk = self._talk
        token = talk.refused(text, refusal, plan)
        self._forward(_native.EXPECT_PARSE, (), token, b"P", name + b"\0" + UNPARSEABLE + b"\0\0\0")
        talk.skip_to_sync = True

    def _forward(
        self, expectation: int, results: tuple[_native.ResultPlan, ...], token: int, kind: bytes, body: bytes
    ) -> None:
        talk = self._talk
        self._described = None
        talk.batch_open = True
        talk.stream.expect(expectation, results, token)
        talk.to_target.append(m.message(kind, body))

    # --- Parse ------------------------------------------------------------------------------------------------

    def _parse(self, body: bytes) -> None:
        parse = decode_parse(body)
        plan = self._talk.gate.lookup(parse.text, True)
        if plan is None:
            self._talk.wait(NeedPlan(parse.text, True), lambda made: self._parsed(parse, body, made))
        else:
            self._parsed(parse, body, plan)

    def _parsed(self, parse: Parse, body: bytes, plan: MessagePlan | None) -> None:
        assert plan is not None, "a plan answers NeedPlan"
        name, text = parse.name, parse.text
        several = SEVERAL if len(plan.statements) > 1 else None
        refusal = plan.refusal or several or refusal_of_types(parse.types, plan)
        if refusal is not None:
            self.refuse(text, refusal, plan, name)
            return
        token = self._talk.next_token()
        try:
            self._talk.registry.prepare(token, name, Prepared(text, plan))
        except Denied as denial:
            self.refuse(text, denial.refusal)
            return
        self._talk.named.append((token, plan.statements))
        self._forward(_native.EXPECT_PARSE, (), token, b"P", body)

    def _text_of(self, kind: int, body: bytes) -> bytes:
        """The text that a Parse carries, or that a Bind or Execute refers to, as far as it is known."""
        if kind == PARSE:
            return body.partition(b"\0")[2].partition(b"\0")[0]
        name = decode_bind(body).statement if kind == BIND else body.partition(b"\0")[0]
        portal = self._talk.registry.portal(name) if kind == EXECUTE else None
        prepared = portal.prepared if portal is not None else self._talk.registry.statement(name)
        return prepared.text if prepared is not None else b""

    # --- Bind, Describe, Close --------------------------------------------------------------------------------

    def _bind(self, body: bytes) -> None:
        talk = self._talk
        bind = decode_bind(body)
        if talk.registry.unsettled(STATEMENT, bind.statement):
            talk.hold_back(BIND, body, BATCH)
            return
        prepared = talk.registry.statement(bind.statement)
        if prepared is None:
            self.refuse(b"", NO_STATEMENT)
            return
        token = talk.next_token()
        try:
            talk.registry.bind(token, bind.portal, Portal(prepared, bind.parameters))
        except Denied as denial:
            self.refuse(prepared.text, denial.refusal)
            return
        talk.named.append((token, prepared.plan.statements))
        self._forward(_native.EXPECT_BIND, (), token, b"B", body)

    def _describe(self, body: bytes) -> None:
        talk = self._talk
        kind, name = _named(body)
        if talk.registry.unsettled(kind, name):
            talk.hold_back(DESCRIBE, body, BATCH)
            return
        if kind == STATEMENT:
            if talk.registry.statement(name) is None:
                self.refuse(b"", NO_STATEMENT)
                return
            self._forward(_native.EXPECT_DESCRIBE_STATEMENT, (), talk.next_token(), b"D", body)
            return
        portal = talk.registry.portal(name)
        if portal is None:
            self.refuse(b"", NO_PORTAL)
            return
        self._describe_portal(name, body, portal.prepared, portal.prepared.plan)

    def _describe_portal(self, name: bytes, body: bytes, prepared: Prepared, plan: MessagePlan | None) -> None:
        """``plan`` was made before: the relations it names may be others since, and so are the origins."""
        talk = self._talk
        if plan is not None and plan.epoch != talk.gate.epoch and plan.refusal is None:
            plan = talk.gate.lookup(prepared.text, True)
        if plan is None:
            talk.wait(NeedPlan(prepared.text, True), lambda made: self._describe_portal(name, body, prepared, made))
            return
        if plan.refusal is not None:
            self.refuse(prepared.text, plan.refusal, plan)
            return
        token = talk.next_token()
        talk.named.append((token, plan.statements))
        self._forward(_native.EXPECT_DESCRIBE_PORTAL, plan.results, token, b"D", body)
        self._described = (name, plan)

    def _close(self, body: bytes) -> None:
        token = self._talk.next_token()
        try:
            self._talk.registry.close(token, *_named(body))
        except Denied as denial:
            self.refuse(b"", denial.refusal)
            return
        self._forward(_native.EXPECT_CLOSE, (), token, b"C", body)

    # --- Execute ----------------------------------------------------------------------------------------------

    def _execute(self, body: bytes) -> None:
        name, separator, count = body.partition(b"\0")
        if not separator or len(count) != 4:
            raise PeerProtocolError("an Execute of impossible length")
        talk = self._talk
        if talk.registry.unsettled(PORTAL, name):
            talk.hold_back(EXECUTE, body, BATCH)
            return
        portal = talk.registry.portal(name)
        if portal is None:
            self.refuse(b"", NO_PORTAL)
            return
        self._decide(name, portal, body, portal.prepared.plan)

    def _decide(self, name: bytes, portal: Portal, body: bytes, plan: MessagePlan | None) -> None:
        """``plan`` was made before: what it rests on may have changed since."""
        talk = self._talk
        text, parameters = portal.prepared.text, portal.parameters
        if plan is not None and plan.epoch != talk.gate.epoch and plan.refusal is None:
            plan = talk.gate.lookup(text, True)
        if plan is None:
            talk.wait(NeedPlan(text, True), lambda made: self._decide(name, portal, body, made))
            return
        if plan.hold and talk.flights.batch_ends:
            talk.hold_back(EXECUTE, body, BATCH)  # until it is known whether a transaction is open
            return
        refusal = refusal_of(plan, text, parameters, in_transaction=talk.in_transaction or talk.batch_ran)
        if refusal is not None:
            self.refuse(text, refusal, plan)
        elif plan.hold:
            wish = NeedApproval(plan, text, parameters, True)
            talk.wait(wish, lambda made: self._decide(name, portal, body, made))
        else:
            authorized = tuple(talk.gate.intend(s, text, parameters) for s in plan.statements)
            talk.depart(
                plan,
                authorized,
                forward=lambda: self._run(name, plan, body, authorized),
                again=lambda: self._execute(body),
            )

    def _run(
        self, name: bytes, plan: MessagePlan, body: bytes, authorized: tuple[Authorized[StatementPlan], ...]
    ) -> None:
        talk = self._talk
        token = talk.next_token()
        described = self._described
        if described is None or described[0] != name or described[1] is not plan:
            talk.stream.expect(_native.EXPECT_DESCRIBE_PORTAL_SILENT, plan.results, token)
            talk.to_target.append(m.describe_portal(name))
        talk.batch_ran = True
        talk.flights.depart(token, Flight(authorized, talk.now_micros, extended=True))
        self._forward(_native.EXPECT_EXECUTE, plan.results, token, b"E", body)
        if plan.simple_read:
            return
        for statement in plan.statements:
            if statement.analysis.deallocates is not None:
                talk.registry.deallocate(token, statement.analysis.deallocates)
        if copies_in(plan):
            talk.await_copy(token)
        self._alone = stands_alone(plan)


def _named(body: bytes) -> tuple[int, bytes]:
    """What a Describe or Close names: (``S`` or ``P``, name)."""
    if len(body) < 2 or body[0] not in b"SP" or body[-1] != 0:
        raise PeerProtocolError("a Describe or Close that names nothing")
    return body[0], body[1:-1]
