"""The statement phase, target to client: rows are masked in native code; everything that carries text or meaning
pauses there and is decided here (I3, I9).
"""

from collections.abc import Callable
from typing import cast

from safelight.domain.errors import PeerProtocolError, Refusal
from safelight.protocols.postgres import messages as m
from safelight.protocols.postgres.conversation import ALONE, ANSWERS, BATCH, FLOW, IDLE, MAX_IN_FLIGHT
from safelight.protocols.postgres.deny import PROGRAM_LIMIT_EXCEEDED
from safelight.protocols.postgres.handover import rest, take_over
from safelight.protocols.postgres.origins import OriginMismatch, OriginUnknown, column_rules
from safelight.protocols.postgres.parameter_status import synthesise
from safelight.protocols.postgres.plan import Outcome, StatementPlan
from safelight.protocols.postgres.relay import Relay
from safelight.protocols.postgres.server_texts import error_for_client, notice_for_client

COMPLETE, READY, EMPTY, SUSPENDED = b"CZIs"
ERROR, NOTICE, ROWS, PARAMETER, NOTIFICATION, COPY_IN, COPY_OUT = b"ENTSAGH"
Event = tuple[int, int, object]
MAX_UNASKED = 1000
"""Errors and notifications. A server says one error for a batch, and another if it ends; notifications are for those
who listen, which nobody can here."""
MAX_SETTINGS_TOLD = 1000
"""A server reports changed settings, a few for a statement; more than this is a flood to keep us busy."""


class SessionFatal(PeerProtocolError):
    """The session cannot go on; ``refusal`` is told to the client."""

    def __init__(self, refusal: Refusal, sqlstate: str) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal
        self.sqlstate = sqlstate


class Replies:
    """Target messages of one session. ``check_setting`` judges reported parameter values."""

    def __init__(self, relay: Relay, user: str, check_setting: Callable[[str, str], Refusal | None]) -> None:
        self._relay = relay
        self._user = user
        self._check_setting = check_setting
        self._now = 0
        self._settings_told = self._unasked = 0
        """Since the last ReadyForQuery."""
        self.server_is_gone = False
        self.deliver: Callable[[bytes], None] = relay.to_client.append
        """Takes what may go to the client, before anything else is done about it: a driver may send it at once."""

    def from_target(self, data: bytes, now_micros: int) -> None:
        """Take target bytes.

        Raises:
            PeerProtocolError: the server broke the protocol.
            SessionFatal: a result that may not leave.
        """
        try:
            answer = self._relay.fast.reply(data)
        except ValueError as problem:
            self.failed(str(problem))
            return
        if not isinstance(answer, bytes):
            self.told(*answer, now_micros)
        elif answer:
            self.deliver(answer)

    def failed(self, why: str) -> None:
        """Native code cannot go on with what the target sent. Raises: as :meth:`from_target`."""
        raise _stream_error(why)

    def told(self, out: bytes, events: list[Event], now_micros: int) -> None:
        """Take what native code made of target bytes. Raises: as :meth:`from_target`."""
        relay = self._relay
        self._now = now_micros
        take_over(relay)
        try:
            self._take(out, events)
        except ValueError as problem:
            raise _stream_error(str(problem)) from problem
        if relay.named:
            relay.answered(relay.stream.front)
        if relay.waiting == FLOW and relay.stream.pending < MAX_IN_FLIGHT // 2:
            relay.waiting = ""
        if relay.waiting == ANSWERS and not relay.stream.pending:
            relay.waiting = ""
        rest(relay)

    def _take(self, out: bytes, events: list[Event]) -> None:
        """Deliver and judge until the stream does not pause."""
        while True:
            if out:
                self.deliver(out)
            paused = self._told(events)
            if paused is None:
                return
            out, events = self._relay.stream.resume(*self._judge(*paused))

    def _told(self, events: list[Event]) -> Event | None:
        """Take note of what has passed; gives the event that paused the stream, if one did."""
        for event in events:
            code, token, detail = event
            if code == READY:
                self._ready(token, cast(int, detail))
            elif code in (COMPLETE, EMPTY, SUSPENDED):
                _tag, rows, size, cells = cast("tuple[bytes, int, int, dict[str, int]]", detail)
                self._relay.flights.completed(token, Outcome("ok", rows, size), cells, self._now)
            else:
                return event
        return None

    def _ready(self, token: int, status: int) -> None:
        relay = self._relay
        self._settings_told = self._unasked = 0
        idle = status == IDLE
        relay.status = status
        relay.flights.batch_ended(token, self._now, idle=idle)
        relay.registry.settled(idle=idle)
        for told in [t for t in relay.denials if t <= token]:
            del relay.denials[told]
        if relay.copy_in.token:
            relay.copy_in.end()
        relay.copy_settled(token)
        if relay.waiting == BATCH and not relay.flights.batch_ends:
            relay.waiting = ""
        elif relay.waiting == ALONE and not relay.flights.batch_ends:
            relay.waiting = ""
            relay.await_catalog()

    # --- what paused ------------------------------------------------------------------------------------------

    def _judge(self, code: int, token: int, detail: object) -> tuple[bytes, bool]:
        """How to go on after a paused message: (replacement, whether the message itself is dropped)."""
        body = cast(bytes, detail)
        if code in (ERROR, NOTIFICATION):
            self._unasked += 1
            if self._unasked > MAX_UNASKED:
                raise PeerProtocolError("the server floods us with errors or notifications")
        if code == ERROR:
            return self._error(token, body), True
        if code == NOTICE:
            return self._notice(token, body), True
        if code == ROWS:
            return self._row_description(token, body)
        if code == PARAMETER:
            return self._parameter(body), True
        if code == NOTIFICATION:
            return b"", True  # LISTEN is refused, so nobody asked for a notification
        if code in (COPY_IN, COPY_OUT):
            return self._copy_begins(code, token)
        raise PeerProtocolError(f"the server sent '{chr(code)}' where it has no place")

    def _plan_of(self, token: int) -> StatementPlan | None:
        """The statement that the server works on for this message."""
        flight = self._relay.flights.open.get(token)
        if flight is not None:
            return flight.current
        return next(iter(self._relay.named_by(token) or ()), None)

    def _tells_labels(self, token: int) -> bool:
        named = self._relay.named_by(token)
        if named is not None:
            return any(plan.analysis.restricted_reads for plan in named)
        return self._relay.flights.read_labels(token)

    def _row_description(self, token: int, body: bytes) -> tuple[bytes, bool]:
        plan = self._plan_of(token)
        if plan is None:
            raise PeerProtocolError("the server described rows that nobody asked for")
        try:
            rules = column_rules(m.decode_row_description(body), plan)
        except (OriginMismatch, OriginUnknown) as mismatch:
            raise _drift(str(mismatch)) from mismatch
        plan.result.accept(body, rules)
        return b"", False

    def _error(self, token: int, body: bytes) -> bytes:
        relay = self._relay
        values = m.decode_fields(body)
        withheld, plan = self._tells_labels(token), self._plan_of(token)
        denial = relay.denials.pop(token, None)
        batch_end = relay.flights.batch_end(token)
        relay.flights.failed(token, values.get("C", b"").decode("ascii", "replace")[:5], self._now)
        if token:
            relay.registry.failed(token)
            relay.copy_in.end()
            relay.copy_settled(batch_end or relay.fast.last_token)
            if batch_end is None and relay.batch_open:
                relay.skip_to_sync = True
        if values.get("V", values.get("S")) in (b"FATAL", b"PANIC"):
            self.server_is_gone = True
        if denial is not None:
            return denial
        return error_for_client(values, plan, relay.gate.mask_text, withheld=withheld)

    def _notice(self, token: int, body: bytes) -> bytes:
        withheld = self._tells_labels(token)
        return notice_for_client(body, self._plan_of(token), self._relay.gate.mask_text, withheld=withheld)

    def _parameter(self, body: bytes) -> bytes:
        self._settings_told += 1
        if self._settings_told > MAX_SETTINGS_TOLD:
            raise PeerProtocolError("the server floods us with settings")
        name, _, value = body.rstrip(b"\0").partition(b"\0")
        text = name.decode("utf-8", "replace")
        told = synthesise(text, value.decode("utf-8", "replace"), user=self._user, check_setting=self._check_setting)
        return m.parameter_status(text, told) if told is not None else b""

    def _copy_begins(self, code: int, token: int) -> tuple[bytes, bool]:
        plan = self._plan_of(token)
        copy = plan.analysis.copy if plan is not None else None
        if copy is None or copy.direction != ("in" if code == COPY_IN else "out"):
            raise PeerProtocolError("the server began a COPY that nobody asked for")
        if code == COPY_IN:
            self._relay.copy_in.begin(token)
            self._relay.copy_settled(token)
        return b"", False


def _stream_error(text: str) -> PeerProtocolError:
    if text.startswith("54000:"):
        refusal = Refusal("postgres.limit.row", text[6:].strip(), "select fewer columns, or a part of the value")
        return SessionFatal(refusal, PROGRAM_LIMIT_EXCEEDED)
    return PeerProtocolError(f"the server broke the protocol: {text}")


def _drift(why: str) -> SessionFatal:
    return SessionFatal(
        Refusal("postgres.mask.drift", f"the result cannot be vouched for ({why})", "connect again"), "40001"
    )
