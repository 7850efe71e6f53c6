"""Policy tests as users write them: what passes, what a failure looks like, and that no mistake is passed over."""

from pathlib import Path

import pytest

from safelight.policy.engine import PolicyEngine
from safelight.policy.problems import PolicyInvalid
from safelight.policy.testing import report, run_cases

DEFAULT = Path(__file__).parents[1] / "vectors" / "policy" / "default.toml"

PEOPLE = """
[people.ana]
groups = ["oncall"]
[targets.orders-db]
service = "orders"
"""


@pytest.fixture(scope="module")
def engine() -> PolicyEngine:
    return PolicyEngine.load({})


def test_the_example_holds_for_the_default_policies(engine: PolicyEngine) -> None:
    results = run_cases(engine, DEFAULT.read_text(encoding="utf-8"), DEFAULT.name)
    assert report(results) == "10 of 10 cases as expected"


def test_a_failure_reads_as_a_difference_with_its_reasons(engine: PolicyEngine) -> None:
    text = f"""{PEOPLE}
[[case]]
name = "writing at once"
principal = "ana"
target = "orders-db"
request = ["write"]
expect = "approved"
policy = "requests.read.oncall"
"""
    (result,) = run_cases(engine, text, "mine.toml")
    assert not result.passed
    lines = report([result]).splitlines()
    assert lines[:5] == [
        "FAILED writing at once",
        "  - expect = approved",
        "  + expect = 2 approvals",
        "  - policy = requests.read.oncall",
        "  + policy = requests.change.approved",
    ]
    assert "    would help:" in lines
    assert lines[-1] == "0 of 1 cases as expected"


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ('request = ["read"]\nexpect = "maybe"', "it is one of approved"),
        ('request = ["raed"]\nexpect = "deny"', "raed is no capability"),
        ('request = ["read"]\nexpect = "deny"\nincidnet = "INC-1"', "unknown key incidnet"),
        ('request = ["read"]\nexpect = "deny"\nincident = "INC-9"', "INC-9 is not declared"),
        ('request = ["read"]\nexpect = "deny"\nduration = "1 hour"', "write 90s, 30m or 2h"),
        ('request = ["read"]\napprove = ["read"]\nexpect = "deny"', "exactly one of"),
        ('expect = "deny"', "exactly one of"),
        ('statement = "select"\nneeds = "read"\nexpect = "deny"', "needs is a list of texts"),
        ('statement = "select"\napproved = 1\nexpect = "deny"', "approved is true or false"),
        ('approve = ["read"]\nexpect = "deny"', "requester is missing"),
    ],
)
def test_a_mistake_is_an_error_with_its_line(engine: PolicyEngine, case: str, expected: str) -> None:
    text = f'{PEOPLE}\n[[case]]\nname = "x"\nprincipal = "ana"\ntarget = "orders-db"\n{case}\n'
    with pytest.raises(PolicyInvalid) as caught:
        run_cases(engine, text, "mine.toml")
    (problem,) = caught.value.problems
    assert expected in problem.message
    assert problem.line == text.splitlines().index("[[case]]") + 1


@pytest.mark.parametrize("text", ["", "x = ", "[[case]]", 'case = "x"', "people = 1", "[agents.bot]\nsponsor = 'x'"])
def test_a_file_that_is_not_one_of_cases_is_refused(engine: PolicyEngine, text: str) -> None:
    with pytest.raises(PolicyInvalid):
        run_cases(engine, text, "mine.toml")
