"""How fast the masking engine is on one core, against its goals: ``python bench/masking_engine.py``.

Runs the engine's own example (``rust/masking/examples/throughput.rs``) in a release build and exits non-zero when a
goal is missed. Rates are the best of many short runs, so that a busy machine distorts them little.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COMMAND = ["cargo", "run", "--release", "--quiet", "--package", "safelight-masking", "--example", "throughput"]

GOALS = {
    "lines_5_percent": 500,
    "lines_all": 300,
    "cells_20_bytes_clean": 250,
    "cells_20_bytes_5_percent": 250,
}
"""Megabytes a second. What is not listed is measured without a goal."""


def main() -> int:
    done = subprocess.run(COMMAND, cwd=ROOT, check=True, capture_output=True, text=True)
    missed = False
    print(f"{'figure':<28} {'MB/s':>7} {'goal':>6}")
    for line in done.stdout.splitlines():
        name, value = line.split()
        goal = GOALS.get(name)
        missed |= goal is not None and float(value) < goal
        print(f"{name:<28} {value:>7} {goal or '':>6}")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
