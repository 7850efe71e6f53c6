"""What masking may do to a value, and what was found."""

from dataclasses import dataclass
from enum import StrEnum


class Strategy(StrEnum):
    """How a labelled value leaves. ``PSEUDONYM`` keeps equal values equal within a masking scope."""

    REDACT = "redact"
    PARTIAL = "partial"
    NULL = "null"
    PSEUDONYM = "pseudonym"


class LabelUse(StrEnum):
    """What a statement may find out about labelled values besides their masked form, row by row. ``COMPARE``: whether
    one equals a few constants. ``JOIN``: whether it equals another value of the label. ``GROUP``: how often it is
    there. ``NULLS``: whether there is one."""

    COMPARE = "compare"
    JOIN = "join"
    GROUP = "group"
    NULLS = "nulls"


def usual_uses(strategy: Strategy) -> frozenset[LabelUse]:
    """What a label may be used for unless its declaration says otherwise: a pseudonym shows which values are equal
    anyway, and every strategy but ``NULL`` shows which are there."""
    uses = {LabelUse.COMPARE, LabelUse.JOIN}
    if strategy is not Strategy.NULL:
        uses.add(LabelUse.NULLS)
    if strategy is Strategy.PSEUDONYM:
        uses.add(LabelUse.GROUP)
    return frozenset(uses)


@dataclass(frozen=True, slots=True)
class MaskedCells:
    """How many cells of a result were masked, by label or detector type. Never values."""

    by_type: tuple[tuple[str, int], ...] = ()
