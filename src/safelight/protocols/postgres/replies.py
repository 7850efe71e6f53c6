"""The statement phase, target to client: rows are masked in native code; everything that carries text or meaning
pauses there and is decided here (I3, I9).
"""

from collections.abc import Callable
from typing import cast

from safelight.domain.errors import PeerProtocolError, Refusal
from safelight.protocols.postgres import messages as m
from safelight.protocols.postgres.deny import PROGRAM_LIMIT_EXCEEDED, withheld_error
from safelight.protocols.postgres.origins import OriginMismatch, OriginUnknown, column_rules
from safelight.protocols.postgres.parameter_status import synthesise
from safelight.protocols.postgres.plan import Outcome
from safelight.protocols.postgres.relay import IDLE, Relay

MAX_ERROR_TEXT_BYTES = 64 * 1024
NAME_FIELDS = frozenset("SVCPpFLR")
"""Error fields without values: severity, SQLSTATE, positions, and the server's source location."""
Event = tuple[int, int, object]


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
        self.server_is_gone = False

    def from_target(self, data: bytes, now_micros: int) -> None:
        """Raises:
        PeerProtocolError: the server broke the protocol. SessionFatal: a result that may not leave.
        """
        self._now = now_micros
        self._run(self._feed(data))

    def _feed(self, data: bytes) -> tuple[bytes, list[Event]]:
        try:
            return self._relay.stream.feed(data)
        except ValueError as problem:
            raise _stream_error(problem) from problem

    def _run(self, step: tuple[bytes, list[Event]]) -> None:
        relay = self._relay
        while True:
            out, events = step
            if out:
                relay.to_client.append(out)
            for code, token, detail in events:
                if code == 0x43:
                    self._completed(token, detail)
                elif code == 0x5A:
                    self._ready(token, cast(int, detail))
                elif code in b"Is":
                    self._completed(token, detail)
            if not relay.stream.paused or not events:
                return
            code, token, detail = events[-1]
            try:
                step = relay.stream.resume(*self._paused(code, token, cast(bytes, detail)))
            except ValueError as problem:
                raise _stream_error(problem) from problem

    # --- what passed in native code ---------------------------------------------------------------------------

    def _completed(self, token: int, detail: object) -> None:
        _tag, rows, size, cells = cast("tuple[bytes, int, int, dict[str, int]]", detail)
        plan = self._relay.flights.completed(token, Outcome("ok", rows, size), cells, self._now)
        if plan is not None and not plan.safe_to_lose:
            if plan.analysis.deallocates is not None:
                self._relay.registry.forget(plan.analysis.deallocates)
            if self._relay.waiting == "copy":
                self._relay.waiting = ""

    def _ready(self, token: int, status: int) -> None:
        relay = self._relay
        relay.status = status
        relay.copying_in = 0
        relay.flights.batch_ended(token, self._now)
        relay.registry.settled(token, idle=status == IDLE)
        for named in [t for t in relay.named if t <= token]:
            del relay.named[named]
        if relay.waiting == "copy":
            relay.waiting = ""
        elif relay.waiting == "alone" and not relay.flights.batch_ends:
            relay.waiting = ""
            relay.await_catalog()

    # --- what paused ------------------------------------------------------------------------------------------

    def _paused(self, code: int, token: int, body: bytes) -> tuple[bytes, bool]:
        """How to go on after a paused message: (replacement, whether the message itself is dropped)."""
        if code == 0x45:
            return self._error(token, body), True
        if code == 0x4E:
            return self._notice(body), True
        if code == 0x54:
            return self._row_description(token, body)
        if code == 0x53:
            return self._parameter(body), True
        if code == 0x41:
            return b"", True  # LISTEN is refused, so nobody asked for a notification
        if code in b"GH":
            return self._copy_begins(code, token)
        raise PeerProtocolError(f"the server sent '{chr(code)}' where it has no place")

    def _row_description(self, token: int, body: bytes) -> tuple[bytes, bool]:
        relay = self._relay
        flight = relay.flights.open.get(token)
        plan = flight.current if flight is not None else next(iter(relay.named.get(token, ())), None)
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
        sqlstate = values.get("C", b"").decode("ascii", "replace")[:5]
        restricted = relay.flights.restricted or any(
            plan.analysis.restricted_reads for plan in relay.named.get(token, ())
        )
        denial = relay.denials.pop(token, None)
        extended = token not in relay.flights.batch_ends
        relay.flights.failed(token, sqlstate, self._now)
        relay.registry.failed(token)
        relay.copying_in = 0
        if relay.waiting == "copy":
            relay.waiting = ""
        if token and extended and not any(end > token for end in relay.flights.batch_ends):
            relay.skip_to_sync = True
        if values.get("V", values.get("S")) in (b"FATAL", b"PANIC"):
            self.server_is_gone = True
        if denial is not None:
            return denial
        if restricted:
            return withheld_error(values.get("V", b"ERROR"), values.get("C", b""))
        return m.message(b"E", self._masked_fields(body))

    def _notice(self, body: bytes) -> bytes:
        """A notice's text could tell labelled values; beside a statement that reads some it is withheld."""
        return b"" if self._relay.flights.restricted else m.message(b"N", self._masked_fields(body))

    def _masked_fields(self, body: bytes) -> bytes:
        parts = []
        for letter, value in m.decode_fields(body).items():
            shown = value if letter in NAME_FIELDS else self._relay.gate.mask_text(value[:MAX_ERROR_TEXT_BYTES])
            parts.append(letter.encode("latin-1") + shown + b"\0")
        return b"".join(parts) + b"\0"

    def _parameter(self, body: bytes) -> bytes:
        name, _, value = body.rstrip(b"\0").partition(b"\0")
        text = name.decode("utf-8", "replace")
        told = synthesise(text, value.decode("utf-8", "replace"), user=self._user, check_setting=self._check_setting)
        return m.parameter_status(text, told) if told is not None else b""

    def _copy_begins(self, code: int, token: int) -> tuple[bytes, bool]:
        flight = self._relay.flights.open.get(token)
        plan = flight.current if flight is not None else None
        copy = plan.analysis.copy if plan is not None else None
        if copy is None or copy.direction != ("in" if code == 0x47 else "out"):
            raise PeerProtocolError("the server began a COPY that nobody asked for")
        if code == 0x47:
            self._relay.copying_in = token
            self._relay.waiting = ""
        return b"", False


def _stream_error(problem: ValueError) -> PeerProtocolError:
    text = str(problem)
    if text.startswith("54000:"):
        refusal = Refusal("postgres.limit.row", text[6:].strip(), "select fewer columns, or a part of the value")
        return SessionFatal(refusal, PROGRAM_LIMIT_EXCEEDED)
    return PeerProtocolError(f"the server broke the protocol: {text}")


def _drift(why: str) -> SessionFatal:
    return SessionFatal(
        Refusal("postgres.mask.drift", f"the result cannot be vouched for ({why})", "connect again"), "40001"
    )
