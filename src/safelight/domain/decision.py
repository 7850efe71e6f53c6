"""Decisions on statements and requests, and the proof that one allows."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from safelight.domain.errors import Refusal


class Effect(StrEnum):
    ALLOW = "allow"
    DENY = "deny"
    HOLD = "hold"
    """Allowed once a second person has approved this exact statement."""


@dataclass(frozen=True, slots=True)
class Decision:
    """``policies`` are the @id's of the determining policies. ``refusal`` is set unless the effect is ALLOW.
    ``unmasked`` are the labels this principal may see in clear under this grant."""

    effect: Effect
    policies: tuple[str, ...]
    refusal: Refusal | None
    unmasked: frozenset[str]


S = TypeVar("S")
_EVALUATOR_KEY = object()


class Authorized(Generic[S]):
    """Proof that ``subject`` was allowed and that its audit intent is written (I1).

    Meant for the evaluator alone, which is not built yet; the relay does not ask for it so far.
    """

    __slots__ = ("decision", "intent", "subject")

    def __init__(self, subject: S, decision: Decision, intent: int, *, key: object) -> None:
        if key is not _EVALUATOR_KEY:
            raise TypeError("Authorized is made by the evaluator only")
        self.subject = subject
        self.decision = decision
        self.intent = intent
