"""What masking may do to a value, and what was found."""

from dataclasses import dataclass
from enum import StrEnum


class Strategy(StrEnum):
    """How a labelled value leaves. ``PSEUDONYM`` keeps equal values equal within a masking scope."""

    REDACT = "redact"
    PARTIAL = "partial"
    NULL = "null"
    PSEUDONYM = "pseudonym"


@dataclass(frozen=True, slots=True)
class MaskedCells:
    """How many cells of a result were masked, by label or detector type. Never values."""

    by_type: tuple[tuple[str, int], ...] = ()
