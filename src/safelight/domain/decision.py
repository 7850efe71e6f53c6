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


class Authorized(Generic[S]):
    """Proof that ``subject`` was allowed and that its audit intent is in the log (I1). What forwards asks for this,
    not for a flag: nobody can make one of a decision that does not allow.

    Raises:
        ValueError: the decision is not ALLOW.
    """

    __slots__ = ("decision", "intent", "subject")

    def __init__(self, subject: S, decision: Decision, intent: int) -> None:
        if decision.effect is not Effect.ALLOW:
            raise ValueError("only an allowed statement can be authorized")
        self.subject = subject
        self.decision = decision
        self.intent = intent
