"""Held statements: allowed once a second person has approved exactly this one."""

from dataclasses import dataclass
from enum import StrEnum

from safelight.domain.capability import Capability
from safelight.domain.deadline import Deadline


class Verdict(StrEnum):
    APPROVED = "approved"
    DENIED = "denied"
    WITHDRAWN = "withdrawn"
    TIMED_OUT = "timed_out"


@dataclass(frozen=True, slots=True)
class Hold:
    """What reviewers see. ``masked_text`` has labelled values masked; ``rows`` is how many rows it would touch, if
    that could be had. ``binding`` stands for the exact text, values and context (an HMAC, hexadecimal): what is
    approved is what is released."""

    id: str
    session_id: str
    principal: str
    target: str
    database: str
    incident_id: str | None
    capabilities: frozenset[Capability]
    policies: tuple[str, ...]
    masked_text: str
    rows: int | None
    binding: str
    created_at_ms: int
    deadline: Deadline


@dataclass(frozen=True, slots=True)
class HoldVerdict:
    """How a hold ended. ``by`` is the person who decided, None for a timeout or a withdrawal."""

    hold_id: str
    verdict: Verdict
    by: str | None
    because: str | None
    binding: str
