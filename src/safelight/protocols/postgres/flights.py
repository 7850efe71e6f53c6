"""Statements that were forwarded and whose end is not known yet, in the order in which they were sent."""

from collections.abc import Iterable

from safelight.domain.decision import Authorized
from safelight.protocols.postgres.plan import Gate, Outcome, StatementPlan


class Flight:
    """One Query or Execute. ``at`` is the statement of it that the server is working on."""

    __slots__ = ("at", "extended", "started_micros", "statements")

    def __init__(
        self, statements: tuple[Authorized[StatementPlan], ...], started_micros: int, *, extended: bool
    ) -> None:
        self.statements = statements
        self.started_micros = started_micros
        self.extended = extended
        self.at = 0

    @property
    def current(self) -> StatementPlan | None:
        return self.statements[self.at].subject if self.at < len(self.statements) else None


class Flights:
    """Tokens grow; a batch ends with the token of its Sync (or Query). ``batch_ends`` are those not answered yet."""

    __slots__ = ("_gate", "_read_labels", "batch_ends", "open")

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self.open: dict[int, Flight] = {}
        self.batch_ends: list[int] = []
        self._read_labels = False

    def depart(self, token: int, flight: Flight) -> None:
        self.open[token] = flight
        for statement in flight.statements:
            if statement.subject.analysis.restricted_reads:
                self._read_labels = True

    def completed(self, token: int, outcome: Outcome, cells: dict[str, int], now_micros: int) -> None:
        """A statement of the flight ended."""
        flight = self.open.get(token)
        if flight is None or flight.at >= len(flight.statements):
            return
        done = flight.statements[flight.at]
        spent = now_micros - flight.started_micros
        self._gate.outcome(done.intent, done.subject, outcome, cells, spent if spent > 0 else 0)
        flight.at += 1
        if flight.extended:
            del self.open[token]

    def failed(self, token: int, sqlstate: str, now_micros: int) -> None:
        """An error for ``token``: the rest of its batch was discarded by the server. Token 0 is an error that
        belongs to no message: it tells nothing of what is open (see :meth:`lost`)."""
        if not token:
            return
        self.completed(token, Outcome("error", sqlstate=sqlstate), {}, now_micros)
        end = self.batch_end(token)
        for other in [t for t in self.open if t >= token and (end is None or t <= end)]:
            self._abandon(self.open.pop(other), "discarded", now_micros)

    def batch_end(self, token: int) -> int | None:
        """The token that ends the batch of ``token``, if that was sent already."""
        return next((end for end in self.batch_ends if end >= token), None)

    def batch_ended(self, token: int, now_micros: int, *, idle: bool) -> None:
        """ReadyForQuery for ``token``. ``idle``: no transaction is open."""
        ends = self.batch_ends
        if ends and ends[0] == token:
            del ends[0]
        flight = self.open.pop(token, None)
        if flight is not None and flight.at < len(flight.statements):
            self._abandon(flight, "discarded", now_micros)
        if idle and not self.open:
            self._read_labels = False

    def read_labels(self, token: int) -> bool:
        """Whether what the server says about ``token`` may tell labelled values: its statement reads some, or it
        ends a transaction that did (deferred checks speak then)."""
        flight = self.open.get(token)
        if flight is None:
            return self._read_labels
        if any(s.subject.analysis.restricted_reads for s in flight.statements):
            return True
        return self._read_labels and any(s.subject.analysis.transaction is not None for s in flight.statements)

    def lost(self, now_micros: int) -> None:
        """The connection is gone: what was open has an unknown end."""
        for flight in self.open.values():
            self._abandon(flight, "unknown", now_micros)
        self.open.clear()

    def never_left(self, statements: Iterable[Authorized[StatementPlan]]) -> None:
        """These were authorized and then not forwarded."""
        for statement in statements:
            self._gate.outcome(statement.intent, statement.subject, Outcome("discarded"), {}, 0)

    def _abandon(self, flight: Flight, result: str, now_micros: int) -> None:
        spent = max(0, now_micros - flight.started_micros)
        for statement in flight.statements[flight.at :]:
            self._gate.outcome(statement.intent, statement.subject, Outcome(result), {}, spent)
        flight.at = len(flight.statements)
