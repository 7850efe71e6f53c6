"""The default policies decide exactly as the checked-in matrix says."""

from difflib import unified_diff

from tests.policy.matrix import GOLDEN, text


def test_the_default_policies_decide_as_reviewed() -> None:
    golden = GOLDEN.read_text(encoding="utf-8")
    now = text()
    difference = "\n".join(unified_diff(golden.splitlines(), now.splitlines(), "reviewed", "now", lineterm="", n=0))
    assert golden == now, f"review, then python -m tests.policy.matrix --write\n{difference}"


def test_no_question_of_the_matrix_fails() -> None:
    assert "policy.error" not in GOLDEN.read_text(encoding="utf-8")


def test_nobody_is_allowed_what_nothing_permits() -> None:
    for line in GOLDEN.read_text(encoding="utf-8").splitlines():
        if "nothing-permits" in line or "(grant." in line:
            assert line.split("\t")[5] == "deny", line
