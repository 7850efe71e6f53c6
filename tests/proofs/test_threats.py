"""Every test that the pages about threats name exists."""

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent.parent
PAGES = sorted((TESTS.parent / "docs" / "threats").glob("*.md"))
NAMED = re.compile(r"`([\w/]+\.py)::(\w+)`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_is_named_exists(page: Path) -> None:
    for file, test in NAMED.findall(page.read_text()):
        path = TESTS / file
        assert path.exists(), file
        assert test in _functions(path)


def _functions(path: Path) -> set[str]:
    kinds = ast.FunctionDef | ast.AsyncFunctionDef
    return {node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, kinds)}


def test_there_is_a_row_for_every_lesson_and_none_is_empty() -> None:
    rows = [line for line in (TESTS.parent / "docs/threats/lessons.md").read_text().splitlines() if "|" in line][2:]
    assert len(rows) >= 32
    for row in rows:
        assert NAMED.search(row) or "*not yet*" in row, row
