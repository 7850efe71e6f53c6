"""Runs the figures and writes ``build/bench.json``: ``make bench``, or ``make bench ONLY=name`` for some of them."""

import json
import sys
from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.figures import audit_log, ends, fairness, lineage, logins, pgbench, rows
from bench.frame import Figures, Result

REPORT = Path("build/bench.json")

FIGURES: dict[str, Callable[[Callable[[str], bool]], Figures]] = {
    "pgbench": pgbench.figures,
    "rows": rows.figures,
    "logins": logins.figures,
    "ends": ends.figures,
    "fairness": fairness.figures,
    "audit_log": audit_log.figures,
    "lineage": lineage.figures,
}


def main(only: str) -> int:
    """0 when every figure that was measured holds."""
    console = Console()

    def wanted(name: str) -> bool:
        return not only or any(fnmatch(name, pattern) for pattern in only.split(","))

    results: list[Result] = []
    for group, figures in FIGURES.items():
        console.print(f"[bold]{group}[/bold]")
        for result in figures(wanted):
            results.append(result)
            console.print(_line(result))
    console.print(_table(results))
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps({"figures": [result.to_json() for result in results]}, indent=1) + "\n")
    if not results:
        console.print(f"[red]no figure is named {only!r}[/red]")
    return 0 if results and all(result.holds for result in results) else 1


def _line(result: Result) -> str:
    verdict = "[green]holds[/green]" if result.holds else "[red]does not hold[/red]"
    return f"  {result.name}: {result.value:g} {result.unit} ({verdict})"


def _table(results: list[Result]) -> Table:
    table = Table("figure", "value", "unit", "goal", "", "sides")
    for r in results:
        goal = f"{'≥' if r.better == 'higher' else '≤'} {r.goal:g}"
        sides = ", ".join(f"{name} {value:.4g}" for name, value in r.sides.items())
        table.add_row(r.name, f"{r.value:g}", r.unit, goal, "✓" if r.holds else "✗", sides)
    return table


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else ""))
