"""``python -m tests.differential --statements N --seed S``: on PostgreSQL 15 and 18, half of them each."""

import argparse
import sys
import time

from tests.differential.comparing import Differential
from tests.rig.servers import Server

SETTINGS = {"log_statement": "'none'", "autovacuum": "off"}


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.differential", description=__doc__)
    parser.add_argument("--statements", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    for major in (15, 18):
        started = time.monotonic()
        with Server(major, settings=SETTINGS) as server:
            differential = Differential(server, options.seed)
            differential.run(options.statements // 2)
        seconds = time.monotonic() - started
        print(f"PostgreSQL {major}: {options.statements // 2} statements, in {seconds:.0f} s")
        for name, count in sorted(differential.counts.items()):
            print(f"  {count:>8} {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
