"""Principals: people, and agents acting for a sponsor."""

import re
from dataclasses import dataclass
from enum import StrEnum

NAME_PATTERN = re.compile(r"[a-z][a-z0-9_-]{0,30}")
"""Names of principals and groups. No dot: ``name.credential`` is a session credential's user name."""


class PrincipalKind(StrEnum):
    PERSON = "person"
    AGENT = "agent"


@dataclass(frozen=True, slots=True)
class Principal:
    """A person or an agent. ``created_by`` is None only for the first administrator."""

    name: str
    kind: PrincipalKind
    groups: frozenset[str]
    created_by: str | None
    sponsor: str | None
    disabled: bool
    created_at_ms: int
