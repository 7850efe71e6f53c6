"""Which relations of pg_catalog and information_schema may be read."""

from enum import StrEnum


class SystemRelation(StrEnum):
    OPEN = "open"
    REFUSED = "refused"
    STATEMENT_TEXT = "statement_text"


def judge_system_relation(schema: str, name: str) -> SystemRelation:
    """The verdict on a relation of pg_catalog or information_schema."""
    return SystemRelation.REFUSED


def hidden_columns(schema: str, name: str) -> frozenset[str]:
    """The columns of a STATEMENT_TEXT relation that leave as a constant."""
    return frozenset()
