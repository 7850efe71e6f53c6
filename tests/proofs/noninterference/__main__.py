"""``python -m tests.proofs.noninterference --compositions N --seed S``: half of them each on PostgreSQL 15 and 18."""

import argparse
import sys
import time

from tests.proofs.noninterference.comparing import compare
from tests.proofs.twins import twins


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.proofs.noninterference", description=__doc__)
    parser.add_argument("--compositions", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    different = 0
    for major in (15, 18):
        started = time.monotonic()
        with twins(major, superuser=True, capabilities=("read", "export")) as hospital:
            found = compare(hospital, options.compositions // 2, options.seed)
        counts = ", ".join(f"{count} {name}" for name, count in sorted(found.counts.items()))
        print(f"PostgreSQL {major}: {counts}, in {time.monotonic() - started:.0f} s", flush=True)
        different += len(found.different)
        for text in found.different:
            print(f"  TOLD APART by {text}", flush=True)
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
