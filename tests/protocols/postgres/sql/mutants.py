"""Takes the rules of lineage away one by one, and asks whether the tables of statements notice.

A mutant is a piece of source, and what stands in its place: the rule without its effect. Each is made in a copy of
the package; the tests of reading SQL that need no server run against it and must fail. ``make mutants``.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[4]
SQL = Path("safelight/protocols/postgres/sql")
TESTS = ("test_labelled.py", "test_lineage.py")
MUTANTS = (
    # (file, the rule, the rule without its effect)
    ("labelled.py", "if not self.lenient and not (self.computes and column.textual):", "if False:"),
    ("labelled.py", "self.computes and column.textual)", "self.computes)"),
    ("labelled.py", "if self.impure and not self.lenient:", "if False:"),
    ("labelled.py", "if not joined or left.hidden or right.hidden:", "if False:"),
    ("labelled.py", "and left.label == right.label", ""),
    ("labelled.py", "left.sources | right.sources", "left.sources"),
    ("clauses.py", "if column.hidden or not column.label_allows(LabelUse.GROUP):", "if column.hidden:"),
    ("clauses.py", "grouped = any(column is not None for _, column in keys)", "grouped = False"),
    ("clauses.py", "if (scope.side.mixed or grouped) and scope.unsteady:", "if False:"),
    ("clauses.py", 'check_seen(rows, "LIMIT or OFFSET")', "pass"),
    ("clauses.py", 'check_seen(rows, "DISTINCT ON")', "pass"),
    ("clauses.py", "raise misplaced(column, clause)", "pass"),
    ("row_order.py", "if rows.mixed:", "if False:"),
    ("row_order.py", "and column.unique:", ":"),
    ("row_order.py", "if not keys or sets or", "if not keys or"),
    ("row_order.py", "any(item is not table for item in items)", "False"),
    ("row_order.py", 'call.HasField("agg_filter") or', ""),
    ("row_order.py", "return name not in EXTREMES or _is_stored(call, scope)", "return True"),
    ("disclosures.py", "if len(values) > column.label.values:", "if False:"),
    ("disclosures.py", "if not column.label.allows(LabelUse.COMPARE):", "if False:"),
    ("disclosures.py", "any(part.DESCRIPTOR.name in UNFIXED for part in descend(value))", "False"),
    ("disclosures.py", "if inside.impure:", "if False:"),
    ("disclosures.py", "if _name_of(left_fold) != _name_of(right_fold):", "if False:"),
    ("disclosures.py", "if column is None or not column.label_allows(LabelUse.NULLS):", "if column is None:"),
    ("disclosures.py", "LabelUse.GROUP if call.agg_distinct else LabelUse.NULLS", "LabelUse.NULLS"),
    ("disclosures.py", '_text(others[0]) == "@" and', ""),
    ("disclosures.py", "0 <= length <= most", "length <= most"),
    ("disclosures.py", '_text(others[0]) == "year"', "True"),
    ("carriers.py", "return None\n        combined =", "continue\n        combined ="),
    ("carriers.py", "if combined is None or combined.hidden:", "if combined is None:"),
    ("queries.py", "columns = tuple(map(combine, left.columns, right.columns))", "columns = left.columns"),
    ("queries.py", 'if step.op != pg.SETOP_UNION or not step.all:', "if False:"),
    ("queries.py", "if (before.label, before.hidden) != (after.label, after.hidden):", "if False:"),
    ("queries.py", "_refuse_marks(query, item)", "pass"),
    ("expressions.py", "if guarded.guarded and not place.lenient:", "if False:"),
    ("expressions.py", 'check_seen(rows, "ARRAY(SELECT …)")', "pass"),
    ("changes.py", 'check_seen(rows, "writing rows")', "pass"),
    ("changes.py", 'check_seen(Rows((), mixed=visible.mixed), "a change of rows")', "pass"),
    ("statements.py", 'check_seen(rows, "storing rows")', "pass"),
    ("findings.py", "if self.compared_values > self.most_values:", "if False:"),
    ("ddl.py", "_refuse_clustering(statement, guarded, index)\n\n\n", "\n\n\n"),
    ("scope.py", "self.mixed or other.mixed", "self.mixed"),
)  # fmt: skip


def survives(file: str, rule: str, without: str) -> bool:
    """Whether the tests pass without the rule.

    Raises:
        ValueError: the rule is not in the file exactly as it stands here.
    """
    with tempfile.TemporaryDirectory() as directory:
        shutil.copytree(ROOT / "src" / "safelight", Path(directory) / "safelight")
        path = Path(directory) / SQL / file
        source = path.read_text("utf-8")
        if rule not in source:
            raise ValueError(f"{file} no longer has: {rule}")
        path.write_text(source.replace(rule, without), "utf-8")
        tests = [str(Path(__file__).with_name(name)) for name in TESTS]
        ran = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": directory},
            capture_output=True,
            check=False,
        )
        return ran.returncode == 0


def main() -> int:
    """Try all mutants; 1 when one survives."""
    left = []
    for file, rule, without in MUTANTS:
        alive = survives(file, rule, without)
        print("SURVIVED" if alive else "killed  ", file, rule, flush=True)
        left += [rule] if alive else []
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
