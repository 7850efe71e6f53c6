"""What is found out about one statement while its tree is read. Filled by the readers, frozen by ``analyse``.

A rule that no policy can override ends the reading at once: readers raise ``Denied`` with the refusal.
"""

from dataclasses import dataclass, field

from safelight.domain.capability import Capability
from safelight.domain.errors import Denied, Refusal
from safelight.protocols.postgres.catalog import LabelledColumn


@dataclass(slots=True)
class Findings:
    """``changes``: it does more than read. ``writes``: it stores values. ``opaque``: it calls code that this product
    cannot look into."""

    capabilities: set[Capability] = field(default_factory=set)
    relations: dict[str, None] = field(default_factory=dict)
    labels: set[str] = field(default_factory=set)
    changes: bool = False
    writes: bool = False
    rollback_safe: bool = True
    restricted: bool = False
    opaque: bool = False
    compared_values: int = 0
    most_values: int | None = None

    def need(self, *capabilities: Capability) -> None:
        """Add capabilities; whatever needs more than ``read`` and ``export`` changes something."""
        self.capabilities.update(capabilities)
        if not self.capabilities <= {Capability.READ, Capability.EXPORT}:
            self.changes = True

    def touch(self, label: str) -> None:
        """A labelled column is referenced."""
        self.labels.add(label)
        self.restricted = True

    def compare(self, label: LabelledColumn, values: int) -> None:
        """Columns of a label are compared with so many more constants. A statement has the smallest of the bounds
        that its labels set.

        Raises:
            Denied: they are too many.
        """
        self.compared_values += values
        self.most_values = label.values if self.most_values is None else min(self.most_values, label.values)
        if self.compared_values > self.most_values:
            raise refused(
                "postgres.mask.values",
                f"labelled columns are compared with more than {self.most_values} values",
                f"look up at most {self.most_values} values in one statement",
            )

    def absorb(self, other: "Findings") -> None:
        """Take over what reading a view found."""
        self.capabilities |= other.capabilities
        self.relations.update(other.relations)
        self.labels |= other.labels
        self.changes |= other.changes
        self.rollback_safe &= other.rollback_safe
        self.restricted |= other.restricted
        self.opaque |= other.opaque


def refused(rule: str, message: str, next_step: str) -> Denied:
    """The exception that ends the reading with a refusal."""
    return Denied(Refusal(rule, message, next_step))
