"""Drives one PostgreSQL session: moves bytes between client, relay and target, and grants the relay's wishes.

Nothing is decided here. Bytes for the target leave through :class:`Departures`, after the audit intents behind them
are written. A stalled peer stalls only itself: each side stops reading while the other cannot take more (I8).
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from safelight.dataplane.connection import Connection
from safelight.dataplane.departures import Departures
from safelight.dataplane.live_sessions import End
from safelight.dataplane.postgres.gate import SessionGate
from safelight.dataplane.postgres.sides import ClientSide, TargetSide
from safelight.dataplane.postgres.wishes import Wishes
from safelight.domain.errors import PeerProtocolError
from safelight.domain.session import Session
from safelight.ports.audit import AuditUnavailable
from safelight.ports.live_sessions import EndedSession
from safelight.protocols.postgres import messages as m
from safelight.protocols.postgres.deny import refusal_error, session_ended
from safelight.protocols.postgres.handover import take_over
from safelight.protocols.postgres.relay import Relay
from safelight.protocols.postgres.replies import Event, Replies, SessionFatal

log = structlog.get_logger(__name__)

HIGH_WATER_BYTES = 256 * 1024
"""So much may wait in memory for a peer before the other side is no longer read."""
CLOSE_SECONDS = 1.0
UNRECORDED = End("audit_unavailable", "the gateway cannot record what happens here")
MAX_WAITING_BYTES = 1024 * 1024
"""So many client bytes may wait behind a wish before the client is no longer read."""


def _now_micros() -> int:
    return time.monotonic_ns() // 1000


@dataclass(frozen=True, slots=True)
class Closed:
    """How a session ended, for whoever closes its books."""

    end: End
    clean: bool
    """The client said goodbye and nothing was running: there is no work to terminate."""


class PostgresSession:
    """``close_books`` terminates the work, takes the account back and records the end."""

    def __init__(
        self,
        info: Session,
        *,
        relay: Relay,
        replies: Replies,
        gate: SessionGate,
        wishes: Wishes,
        departures: Departures,
        close_books: Callable[["PostgresSession", Closed], "asyncio.Task[EndedSession]"],
    ) -> None:
        self.info = info
        self.ended = False
        self._relay = relay
        self._fast = relay.fast
        self._replies = replies
        self._gate = gate
        self._wishes = wishes
        wishes.notice = self.notice
        self._departures = departures
        self.written, self.noted = departures.written, departures.note
        self._close_books = close_books
        self._books: asyncio.Task[EndedSession] | None = None
        self._client: asyncio.Transport
        self._target: asyncio.Transport
        self._sides: tuple[ClientSide, TargetSide]
        """All are set by :meth:`start`."""
        self._granting: asyncio.Task[None] | None = None
        self._departing = False
        self._pumping = False
        self.client_paused = self.target_paused = False
        self._target_full = False
        self._last_micros = _now_micros()
        replies.deliver = self._deliver

    def start(self, client: Connection, target: Connection) -> None:
        """Take both connections over from their handshakes."""
        self._client, self._target = client.transport, target.transport
        self._client.set_write_buffer_limits(HIGH_WATER_BYTES)
        self._target.set_write_buffer_limits(HIGH_WATER_BYTES)
        sides = (
            ClientSide(self, self._fast, self._client, self._target),
            TargetSide(self, self._fast, self._target, self._client),
        )
        self._sides = sides
        from_client, from_target = client.hand_over(sides[0]), target.hand_over(sides[1])
        if client.closed or target.closed:
            self.end(End("peer_lost", "a peer closed the connection"))
            return
        if from_target:
            self._answer(lambda now: self._replies.from_target(from_target, now))
        if from_client:
            self.client_bytes(from_client)

    # --- client → target --------------------------------------------------------------------------------------

    def client_bytes(self, data: bytes) -> None:
        """Bytes that the fast path has not taken."""
        if not self.ended:
            self._work(lambda now: self._relay.from_client(data, now))

    def _work(self, work: Callable[[int], None]) -> None:
        """Let the relay handle client messages."""
        self._last_micros = now = _now_micros()
        try:
            work(now)
        except PeerProtocolError as problem:
            self._client_broke(problem)
            return
        except AuditUnavailable:
            self.end(UNRECORDED)
            return
        self._after()

    def _pump(self) -> None:
        """Go on with messages that were left to let other sessions go first."""
        self._pumping = False
        if not self.ended:
            self._work(self._relay.pump)

    def _after(self) -> None:
        """Whatever the relay asks for after it has run."""
        relay = self._relay
        if relay.to_target and not self._departing:
            self._departing = True
            self._departures.depart(self._send)
        if relay.to_client:
            self._write_client()
        if relay.wish is not None and self._granting is None:
            self._granting = asyncio.get_running_loop().create_task(self._grant())
        if relay.more and not self._pumping:
            self._pumping = True
            asyncio.get_running_loop().call_soon(self._pump)
        if relay.terminated and not relay.to_target:
            self._say_goodbye()
        self._regulate()

    def _send(self) -> None:
        """The intents are written: the bytes behind them may leave."""
        self._departing = False
        if self.ended:
            return
        waiting = self._relay.to_target
        data = waiting[0] if len(waiting) == 1 else b"".join(waiting)
        waiting.clear()
        self._target.write(data)
        if self._relay.terminated:
            self._say_goodbye()

    def _say_goodbye(self) -> None:
        clean = not self._relay.flights.open
        if clean:
            self._target.write(m.message(b"X"))
        self._finish(End("client_left", "the client disconnected"), clean=clean, farewell=b"")

    def _client_broke(self, problem: PeerProtocolError) -> None:
        log.info("client.protocol_error", session=self.info.id, why=str(problem))
        farewell = m.error("FATAL", "08P01", f"protocol violation: {problem}")
        self._finish(End("client_protocol", str(problem)), clean=False, farewell=farewell)

    # --- target → client --------------------------------------------------------------------------------------

    def target_told(self, out: bytes, events: list[Event]) -> None:
        """What the fast path has no answer to."""
        self._answer(lambda now: self._replies.told(out, events, now))

    def target_failed(self, why: str) -> None:
        self._answer(lambda now: self._replies.failed(why))

    def _answer(self, answer: Callable[[int], None]) -> None:
        """Let the replies handle target messages."""
        if self.ended:
            return
        self._last_micros = now = _now_micros()
        try:
            answer(now)
        except SessionFatal as fatal:
            farewell = refusal_error(fatal.refusal, severity="FATAL", sqlstate=fatal.sqlstate)
            self._finish(End(fatal.refusal.rule, fatal.refusal.message), clean=False, farewell=farewell)
            return
        except PeerProtocolError as problem:
            self._target_broke(problem)
            return
        except AuditUnavailable:
            self.end(UNRECORDED)
            return
        self._after()

    def _target_broke(self, problem: PeerProtocolError) -> None:
        log.warning("target.protocol_error", session=self.info.id, target=self.info.target, why=str(problem))
        farewell = m.error("FATAL", "08P01", "the target broke the protocol; the session cannot go on")
        self._finish(End("target_protocol", str(problem)), clean=False, farewell=farewell)

    def _deliver(self, data: bytes) -> None:
        """What has passed goes to the client first; the books are kept after."""
        if self._relay.to_client:
            self._write_client()
        self._client.write(data)

    def _write_client(self) -> None:
        waiting = self._relay.to_client
        data = waiting[0] if len(waiting) == 1 else b"".join(waiting)
        waiting.clear()
        self._client.write(data)

    def target_lost(self) -> None:
        if self.ended:
            return
        if self._replies.server_is_gone:
            self._finish(End("target_fatal", "the server ended the session"), clean=False, farewell=b"")
        else:
            farewell = m.error("FATAL", "08006", "the target closed the connection unexpectedly")
            self._finish(End("target_lost", "the target closed the connection"), clean=False, farewell=farewell)

    def client_lost(self) -> None:
        if not self.ended:
            self._finish(End("client_lost", "the client vanished"), clean=False, farewell=b"")

    # --- wishes -----------------------------------------------------------------------------------------------

    async def _grant(self) -> None:
        """Grant wishes until there is none."""
        try:
            while not self.ended and (wish := self._relay.wish) is not None:
                try:
                    answer = await self._wishes.grant(wish)
                except PeerProtocolError as problem:
                    self._target_broke(problem)
                    return
                if self.ended:
                    return
                answer(self._relay, _now_micros())
        except PeerProtocolError as problem:  # in a message that had waited behind the wish
            self._client_broke(problem)
            return
        except AuditUnavailable:
            self.end(UNRECORDED)
            return
        finally:
            self._granting = None
        self._after()

    def cancel(self) -> "asyncio.Task[None] | None":
        """Ctrl-C: a held statement is withdrawn, a running one is cancelled on the server, which the task waits for.
        Where nothing runs there is nothing to cancel."""
        if self.ended or self._wishes.withdraw() or not self._relay.stream.pending:
            return None
        return self._wishes.cancel_on_target()

    # --- back-pressure ----------------------------------------------------------------------------------------

    def _regulate(self) -> None:
        full = self._target_full or (self._relay.buffered > MAX_WAITING_BYTES and not self._reading_one_message())
        if full != self.client_paused:
            self.client_paused = full
            if full:
                self._client.pause_reading()
            else:
                self._client.resume_reading()

    def _reading_one_message(self) -> bool:
        """What is buffered is one large message that is not whole yet: it must be read on."""
        return self._relay.wish is None and not self._relay.waiting and not self._relay.more

    def client_full(self, full: bool) -> None:
        """The client reads slowly: so do we from the target."""
        if full != self.target_paused and not self.ended:
            self.target_paused = full
            if full:
                self._target.pause_reading()
            else:
                self._target.resume_reading()

    def target_full(self, full: bool) -> None:
        self._target_full = full
        if not self.ended:
            self._regulate()

    # --- the end ----------------------------------------------------------------------------------------------

    @property
    def statements(self) -> int:
        return self._gate.statements + self._fast.statements

    @property
    def idle_since_monotonic_ms(self) -> int:
        """A session with something running or held is not idle."""
        busy = bool(self._relay.flights.open) or self._fast.busy or self._granting is not None
        return (_now_micros() if busy else max(self._last_micros, self._fast.last_micros)) // 1000

    def notice(self, message: str) -> None:
        if not self.ended:
            self._client.write(m.notice(f"safelight: {message}"))

    def watch(self, listener: Callable[[dict[str, object]], None]) -> Callable[[], None]:
        watchers = self._gate.watchers
        watchers.append(listener)
        self._relay.watched = True
        take_over(self._relay)

        def stop() -> None:
            if listener in watchers:
                watchers.remove(listener)
            self._relay.watched = bool(watchers)

        return stop

    def end(self, end: End) -> None:
        """See :class:`LiveSession`. In this very call the session stops moving bytes."""
        if not self.ended:
            self._finish(end, clean=False, farewell=session_ended(end.reason))

    def _finish(self, end: End, *, clean: bool, farewell: bytes) -> None:
        self.ended = True
        for side in self._sides:
            side.stop()
        if self._granting is not None and self._granting is not asyncio.current_task():
            self._granting.cancel()
        take_over(self._relay)
        self._relay.to_target.clear()
        if clean:
            self._target.close()
        else:
            self._target.abort()
        # Rows that wait in memory for a slow client must not follow the end: they are dropped with the socket.
        if self._client.get_write_buffer_size() == 0 and not self._client.is_closing():
            self._client.write(farewell)
            self._client.close()
            # A TLS close waits for the peer's answer; the socket does not wait for ever.
            asyncio.get_running_loop().call_later(CLOSE_SECONDS, self._client.abort)
        else:
            self._client.abort()
        self._books = self._close_books(self, Closed(end, clean))
        # Only now, when nothing can move any more whatever comes of it:
        self._wishes.withdraw()
        try:
            self._relay.flights.lost(_now_micros())
        except AuditUnavailable as problem:  # their intents stay open on the log, which says as much
            log.error("outcomes.not_recorded", session=self.info.id, why=str(problem))

    async def gone(self) -> EndedSession:
        assert self._books is not None, "only an ended session is asked whether it is gone"
        return await asyncio.shield(self._books)
