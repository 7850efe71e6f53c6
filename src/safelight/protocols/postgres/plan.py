"""What was decided on a message, ready to be carried out again and again.

A plan is made once per shape, grant and policy epoch, off the hot path, and shared by the sessions of the grant.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from safelight.domain.decision import Authorized, Decision
from safelight.domain.errors import Refusal
from safelight.protocols.postgres.analysis import StatementAnalysis
from safelight.protocols.postgres.catalog import Catalog

if TYPE_CHECKING:
    from safelight._native import ResultPlan


@dataclass(frozen=True, slots=True)
class StatementPlan:
    """One statement: what it is, what was decided, how its rows are masked, and the audit record's fixed part."""

    analysis: StatementAnalysis
    decision: Decision
    result: "ResultPlan"
    record: bytes
    catalog: Catalog
    safe_to_lose: bool
    """Changes nothing, and the server itself enforces that: the intent need not be fsynced first."""


@dataclass(frozen=True, slots=True)
class MessagePlan:
    """All statements of one Query or Parse. ``refusal`` is the first of its denials: then nothing of it runs.
    ``sqlstate`` and ``position`` tell a syntax error apart from a denial."""

    statements: tuple[StatementPlan, ...]
    results: "tuple[ResultPlan, ...]"
    refusal: Refusal | None
    sqlstate: str
    position: int
    epoch: int
    hold: bool
    simple_read: bool
    """One statement, allowed, that changes nothing and moves no COPY: the shortest way through."""


class Outcome(NamedTuple):
    """How a statement ended. ``result`` is ok, error, discarded (it never ran) or unknown (the connection was lost).
    A named tuple because one is made for every statement."""

    result: str
    rows: int = 0
    bytes: int = 0
    sqlstate: str = ""


class Gate(Protocol):
    """The relay's way to decisions, the audit log and text masking. Synchronous: what must wait is a *wish* of
    the relay that the driver grants."""

    @property
    def epoch(self) -> int:
        """Changes whenever a plan could come out otherwise."""
        ...

    def lookup(self, text: bytes, extended: bool) -> MessagePlan | None:
        """The plan of this text if it is known already."""
        ...

    def intend(
        self, plan: StatementPlan, text: bytes, parameters: tuple[bytes | None, ...]
    ) -> Authorized[StatementPlan]:
        """Append the audit intent. The driver writes the log before it forwards anything.

        Raises: ValueError: the plan's decision does not allow.
        """
        ...

    def intended(self, plan: StatementPlan, intent: int) -> Authorized[StatementPlan]:
        """The same for a statement whose intent the fast path has appended."""
        ...

    def outcome(self, intent: int, plan: StatementPlan, outcome: Outcome, cells: dict[str, int], micros: int) -> None:
        """Append the audit outcome of an intent."""
        ...

    def refused(self, text: bytes, refusal: Refusal) -> None:
        """Append the audit record of a refusal."""
        ...

    def mask_text(self, text: bytes) -> bytes:
        """Run the content detectors over the text of an error or a notice."""
        ...
