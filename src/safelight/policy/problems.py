"""What is wrong with a set of policies, for the person who writes them."""

from collections.abc import Iterable
from dataclasses import dataclass

from safelight.domain.errors import SafelightError


@dataclass(frozen=True, slots=True, order=True)
class PolicyProblem:
    """``line`` is where the policy begins that the problem is in (1-based)."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


class PolicyInvalid(SafelightError):
    """A set of policies that must not be used: it is refused whole, and what was in force stays in force."""

    def __init__(self, problems: Iterable[PolicyProblem]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class PolicyFailed(SafelightError):
    """A question that could not be answered. Whoever asked must deny."""
