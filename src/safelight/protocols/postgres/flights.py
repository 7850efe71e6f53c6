"""Statements that were forwarded and whose end is not known yet, in the order in which they were sent."""

from dataclasses import dataclass, field

from safelight.protocols.postgres.plan import Gate, Outcome, StatementPlan


@dataclass(slots=True)
class Flight:
    """One Query or Execute. ``at`` is the statement of it that the server is working on."""

    plans: tuple[StatementPlan, ...]
    intents: list[int]
    started_micros: int
    extended: bool
    at: int = 0

    @property
    def current(self) -> StatementPlan | None:
        return self.plans[self.at] if self.at < len(self.plans) else None


@dataclass(slots=True)
class Flights:
    """Tokens grow; a batch ends with the token of its Sync (or Query)."""

    gate: Gate
    open: dict[int, Flight] = field(default_factory=dict)
    batch_ends: list[int] = field(default_factory=list)

    def completed(self, token: int, outcome: Outcome, cells: dict[str, int], now_micros: int) -> StatementPlan | None:
        """A statement of the flight ended well (or with an error); returns its plan."""
        flight = self.open.get(token)
        if flight is None or (plan := flight.current) is None:
            return None
        self.gate.outcome(flight.intents[flight.at], plan, outcome, cells, max(0, now_micros - flight.started_micros))
        flight.at += 1
        if flight.extended:
            del self.open[token]
        return plan

    def failed(self, token: int, sqlstate: str, now_micros: int) -> None:
        """An error for ``token``: the rest of its batch was discarded by the server. Token 0 is an error that
        belongs to no message: it tells nothing of what is open (see :meth:`lost`)."""
        if not token:
            return
        self.completed(token, Outcome("error", sqlstate=sqlstate), {}, now_micros)
        end = next((end for end in self.batch_ends if end >= token), None)
        for other in [t for t in self.open if t >= token and (end is None or t <= end)]:
            self._abandon(self.open.pop(other), "discarded", now_micros)

    def batch_ended(self, token: int, now_micros: int) -> None:
        """ReadyForQuery for ``token``."""
        self.batch_ends = [end for end in self.batch_ends if end > token]
        flight = self.open.pop(token, None)
        if flight is not None and flight.current is not None:
            self._abandon(flight, "discarded", now_micros)

    @property
    def restricted(self) -> bool:
        """Something open reads labelled columns."""
        return any(plan.analysis.restricted_reads for flight in self.open.values() for plan in flight.plans)

    def lost(self, now_micros: int) -> None:
        """The connection is gone: what was open has an unknown end."""
        for flight in self.open.values():
            self._abandon(flight, "unknown", now_micros)
        self.open.clear()

    def _abandon(self, flight: Flight, result: str, now_micros: int) -> None:
        spent = max(0, now_micros - flight.started_micros)
        while (plan := flight.current) is not None:
            self.gate.outcome(flight.intents[flight.at], plan, Outcome(result), {}, spent)
            flight.at += 1
