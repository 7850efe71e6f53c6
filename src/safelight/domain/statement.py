"""Statements: the unit a protocol can decide on, and the facts a decision rests on."""

from dataclasses import dataclass

from safelight.domain.capability import Capability
from safelight.domain.errors import Refusal


@dataclass(frozen=True, slots=True)
class StatementFacts:
    """What is known of a statement from its text and its target's catalog, for any protocol.

    ``form`` names the kind (``select``, ``update``, ``copy_out``, ``begin`` …). ``capabilities`` are all needed.
    ``relations`` are qualified names (``public.orders``). ``labels`` are the column labels it touches.
    ``harmless_to_lose``: changes nothing, so that its audit intent need not be fsynced first.
    ``rollback_safe``: everything it does is undone by a rollback (no sequence, large object, program, dblink).
    ``stands_alone``: it changes how later text is read; nothing may follow it before its result is known.
    ``refusal``: a rule that no policy can override, or None.
    """

    form: str
    capabilities: frozenset[Capability]
    relations: tuple[str, ...]
    labels: frozenset[str]
    harmless_to_lose: bool
    rollback_safe: bool
    stands_alone: bool
    refusal: Refusal | None


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement as a session sent it. ``text`` is what the client wrote, ``parameters`` the bound values
    (None is SQL NULL). Both are sensitive."""

    session_id: str
    text: bytes
    parameters: tuple[bytes | None, ...]
    facts: StatementFacts
