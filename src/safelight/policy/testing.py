"""Tests of policies, as people write them: a TOML file of questions and the answers they must have.

    [people.ana]
    groups = ["oncall"]

    [targets.orders-db]
    service = "orders"

    [[case]]
    name = "on call, but no incident"
    principal = "ana"
    target = "orders-db"
    request = ["read"]
    expect = "1 approval"

docs/policy.md describes every key. An unknown key is an error: a test that is silently not run is worse than none.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from safelight.policy.case_files import Case, read_cases
from safelight.policy.engine import PolicyEngine
from safelight.policy.explain import explain
from safelight.policy.questions import StatementQuestion


@dataclass(frozen=True, slots=True)
class CaseResult:
    """``differences`` are (what, expected, got); without any the case passed. ``explanation`` is for a failure."""

    name: str
    differences: tuple[tuple[str, str, str], ...]
    explanation: str

    @property
    def passed(self) -> bool:
        return not self.differences


def run_cases(engine: PolicyEngine, text: str, file: str) -> tuple[CaseResult, ...]:
    """Ask every case of a TOML file.

    Raises:
        PolicyInvalid: the file is not one of cases, or names something it does not declare.
    """
    return tuple(_run(engine, case) for case in read_cases(text, file))


def report(results: Iterable[CaseResult]) -> str:
    """The failures as a diff with their explanations, and a last line that counts."""
    results = tuple(results)
    failed = [result for result in results if not result.passed]
    lines = [line for result in failed for line in _failure(result)]
    lines.append(f"{len(results) - len(failed)} of {len(results)} cases as expected")
    return "\n".join(lines)


def _run(engine: PolicyEngine, case: Case) -> CaseResult:
    explanation = explain(engine, case.question)
    got_policies = tuple(policy.id for policy in explanation.policies)
    if explanation.refusal is not None and explanation.refusal.rule not in got_policies:
        got_policies += (explanation.refusal.rule,)
    differences = []
    if explanation.outcome != case.expect:
        differences.append(("expect", case.expect, explanation.outcome))
    if case.policy is not None and case.policy not in got_policies:
        differences.append(("policy", case.policy, ", ".join(got_policies) or "none"))
    if case.unmasked is not None and isinstance(case.question, StatementQuestion):
        got = engine.decide_statement(case.question).unmasked
        if got != case.unmasked:
            differences.append(("unmasked", _listed(case.unmasked), _listed(got)))
    return CaseResult(case.name, tuple(differences), explanation.text())


def _failure(result: CaseResult) -> Iterator[str]:
    yield f"FAILED {result.name}"
    for what, expected, got in result.differences:
        yield f"  - {what} = {expected}"
        yield f"  + {what} = {got}"
    yield from (f"    {line}" for line in result.explanation.splitlines())
    yield ""


def _listed(names: frozenset[str]) -> str:
    return ", ".join(sorted(names)) or "none"
