"""``python -m tests.simulation --histories N --seed S``: runs histories S, S+1, … up to the first that fails."""

import argparse
import asyncio
import logging
import sys
import time

import structlog

from tests.simulation.history import History


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.simulation", description=__doc__)
    parser.add_argument("--histories", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=40)
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    started, sessions = time.monotonic(), 0
    for seed in range(options.seed, options.seed + options.histories):
        history = History(seed, options.steps)
        try:
            asyncio.run(history.run())
        except Exception:
            print(f"history {seed} fails; again with: --histories 1 --seed {seed} --steps {options.steps}")
            raise
        sessions += history.lived
    seconds = time.monotonic() - started
    print(f"{options.histories} histories with {sessions} sessions hold, in {seconds:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
