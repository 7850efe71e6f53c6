"""What calling a built-in function, operator or type may do, one by one."""

from dataclasses import dataclass
from enum import StrEnum

from safelight.domain.errors import Refusal
from safelight.protocols.postgres.catalog import Catalog


class Reach(StrEnum):
    """What a call needs. ``WRITE`` is also the answer to anything unknown."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class FunctionVerdict:
    """``refusal`` is set for REFUSED only. ``rollback_safe``: everything the call does is undone by a rollback.
    ``pure``: immutable and unable to raise an error that depends on its arguments' values."""

    reach: Reach
    refusal: Refusal | None
    rollback_safe: bool
    pure: bool


UNKNOWN = FunctionVerdict(Reach.WRITE, None, rollback_safe=False, pure=False)


def judge_function(schema: str | None, name: str, catalog: Catalog) -> FunctionVerdict:
    """The verdict on a call of ``name``, with its schema as written (None: found by search_path)."""
    return UNKNOWN


def judge_operator(schema: str | None, name: str, catalog: Catalog) -> FunctionVerdict:
    """The verdict on the use of an operator."""
    return UNKNOWN


def judge_type(schema: str | None, name: str, catalog: Catalog) -> Refusal | None:
    """Why a type may not be named in a cast, or None."""
    return None
