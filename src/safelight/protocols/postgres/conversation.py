"""What both halves of the client's side share: the state of the conversation, waiting, and departures.

Whatever leaves for the target does so by :meth:`Conversation.depart`, with the proof that it was authorized and
recorded (I1).
"""

from collections import deque
from collections.abc import Callable
from typing import TypeAlias

from safelight import _native
from safelight.domain.decision import Authorized
from safelight.domain.errors import Refusal
from safelight.protocols.postgres import messages as m
from safelight.protocols.postgres.copy_in import CopyIn
from safelight.protocols.postgres.deny import refusal_error, sqlstate_of
from safelight.protocols.postgres.durability import Durability
from safelight.protocols.postgres.flights import Flights
from safelight.protocols.postgres.plan import Gate, MessagePlan, StatementPlan
from safelight.protocols.postgres.registry import Registry
from safelight.protocols.postgres.wishes import NeedDurable, Wish

IDLE, IN_BLOCK = ord("I"), ord("T")
COPY, ALONE, BATCH, FLOW, ANSWERS = "copy", "alone", "batch", "flow", "answers"
"""Why client messages wait for the server: for its go-ahead to a COPY, for the end of something that stands alone,
for the answers to the batches before, because too many are unanswered, or for the answers to everything so far."""

MAX_IN_FLIGHT = 8192
"""So many messages may be unanswered; then the client waits. More than the server keeps back in its own buffer (8 KiB
of answers of at least 5 bytes), so that it always goes on."""

Resume = Callable[[MessagePlan | None], None]
FastPath: TypeAlias = "_native.FastPath[MessagePlan]"


class Conversation:
    """One session's."""

    def __init__(self, gate: Gate, stream: _native.ServerStream, fast: FastPath) -> None:
        self.gate = gate
        self.stream = stream
        self.fast = fast
        self.to_client: list[bytes] = []
        self.to_target: list[bytes] = []
        self.wish: Wish | None = None
        self.terminated = False
        self.registry = Registry(fast.name)
        self.flights = Flights(gate)
        self.copy_in = CopyIn()
        self.denials: dict[int, bytes] = {}
        """Tokens of messages that were replaced by something unparseable → the refusal the client is shown."""
        self.named: deque[tuple[int, tuple[StatementPlan, ...]]] = deque()
        """Tokens of Parse, Bind and Describe of a portal → the statements they concern, until they are answered."""
        self.status = IDLE
        self.waiting = ""
        """COPY, ALONE, BATCH, FLOW or ANSWERS while client messages wait for the server's answer."""
        self.skip_to_sync = False
        self.batch_open = False
        """Extended messages were forwarded since the last Sync."""
        self.batch_ran = False
        """One of them was an Execute: whether a transaction is open is not known before the next answer to a Sync."""
        self.watched = False
        """Somebody watches: every statement is told."""
        self.now_micros = 0
        self._durability = Durability()
        self._resume: Resume | None = None
        self._held_back: tuple[int, bytes] | None = None
        self._copy_token = 0

    @property
    def busy(self) -> bool:
        """Client messages are left to be handled, or something is waited for."""
        raise NotImplementedError

    @property
    def in_transaction(self) -> bool:
        return self.status != IDLE

    def next_token(self) -> int:
        return self.fast.next_token()

    # --- waiting ----------------------------------------------------------------------------------------------

    def wait(self, wish: Wish, resume: Resume) -> None:
        self.wish, self._resume = wish, resume

    def granted(self, plan: MessagePlan | None) -> None:
        """The wish is granted. What it was for is dropped if the server has meanwhile refused its batch."""
        wish, resume, self._resume, self.wish = self.wish, self._resume, None, None
        dropped = self.skip_to_sync and not isinstance(wish, NeedDurable)  # what is recorded already has its own end
        if resume is not None and not dropped:
            resume(plan)

    def hold_back(self, kind: int, body: bytes, why: str) -> None:
        """Take this message again when the server has answered."""
        self._held_back, self.waiting = (kind, body), why

    def take_held_back(self) -> tuple[int, bytes] | None:
        message, self._held_back = self._held_back, None
        return message

    @property
    def holds_back(self) -> bool:
        return self._held_back is not None

    def await_copy(self, token: int) -> None:
        """Client messages wait until the server takes the data of this COPY, or refuses to."""
        self.waiting, self._copy_token = COPY, token

    def copy_settled(self, token: int) -> None:
        """The server has come to this token: a COPY up to it began or failed."""
        if self.waiting == COPY and self._copy_token <= token:
            self.waiting = ""

    # --- leaving ----------------------------------------------------------------------------------------------

    def depart(
        self,
        plan: MessagePlan,
        authorized: tuple[Authorized[StatementPlan], ...],
        *,
        forward: Callable[[], None],
        again: Callable[[], None],
    ) -> None:
        """``forward`` now, or when the intents are fsynced. If the plan's epoch has passed by then, nothing is
        forwarded and the message is decided ``again``."""
        in_block = self.status == IN_BLOCK and not self.batch_ran and not self.flights.batch_ends
        if authorized and self._durability.must_wait(plan, in_block=in_block):
            wish = NeedDurable(authorized[-1].intent)
            self.wait(wish, lambda _: self._fsynced(plan, authorized, forward, again))
        else:
            forward()

    def _fsynced(
        self,
        plan: MessagePlan,
        authorized: tuple[Authorized[StatementPlan], ...],
        forward: Callable[[], None],
        again: Callable[[], None],
    ) -> None:
        if self.skip_to_sync:
            self.flights.never_left(authorized)
        elif plan.epoch != self.gate.epoch:
            self.flights.never_left(authorized)
            again()
        else:
            forward()

    def answered(self, before: int) -> None:
        """Everything up to this token is answered (0: everything)."""
        while self.named and (self.named[0][0] < before or not before):
            self.named.popleft()

    def named_by(self, token: int) -> tuple[StatementPlan, ...] | None:
        """The statements that the message concerns that the server is at now."""
        self.answered(token)
        return self.named[0][1] if self.named and self.named[0][0] == token else None

    def refused(self, text: bytes, refusal: Refusal, plan: MessagePlan | None) -> int:
        """Record a refusal; the token under which what stands in for the message is forwarded."""
        token = self.next_token()
        self.gate.refused(text, refusal)
        if plan is not None and plan.position:
            self.denials[token] = m.error("ERROR", plan.sqlstate, refusal.message, position=plan.position)
        else:
            sqlstate = plan.sqlstate if plan is not None and plan.sqlstate else sqlstate_of(refusal)
            self.denials[token] = refusal_error(refusal, sqlstate=sqlstate)
        return token
