"""Fuzzes every parser of peers' bytes, one after the other: ``make fuzz INPUTS=n ONLY=name,name SECONDS=s``.

Each gets ``INPUTS`` inputs or ``SECONDS``, whatever is over first. What an input broke is written to ``build/fuzz``
with how to see it again; how many were tried, in all runs on this machine, to ``build/fuzz/counts.json``. Afterwards
the inputs that reach anything new are kept in ``fuzz/corpus``.
"""

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from fuzz import corpus, native, parsers

BUILD = Path("build/fuzz")
COUNTS = BUILD / "counts.json"
EXECUTED = re.compile(r"stat::number_of_executed_units:\s*(\d+)")
MAX_INPUT_BYTES = 1024
MEMORY_MIB = 2048
INPUT_SECONDS = 10
"""One input may take no longer."""


def main(arguments: Sequence[str]) -> int:
    """0 when no input broke anything."""
    asked = _arguments(arguments)
    names = [name for name in (*parsers.NAMES, *native.NAMES) if not asked.only or name in asked.only.split(",")]
    if any(name in native.NAMES for name in names):
        native.build()
    broken = [name for name in names if not _fuzz(name, asked.inputs, asked.seconds, keep=asked.keep)]
    for name, count in _counts().items():
        print(f"{name:18} {count:>12,} inputs")
    for name in broken:
        print(f"{name} was broken: see {BUILD / name}", file=sys.stderr)
    return 1 if broken or not names else 0


def _arguments(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="fuzz")
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=int, default=300)
    parser.add_argument("--only", default="")
    parser.add_argument("--keep", action="store_true", help="keep the corpus in the repository")
    return parser.parse_args(arguments)


def _command(name: str) -> list[str]:
    if name in native.NAMES:
        return [str(native.program(name))]
    return [sys.executable, "-m", "fuzz.one", name]


def _fuzz(name: str, inputs: int, seconds: int, *, keep: bool) -> bool:
    """Whether nothing broke."""
    found, crashes = BUILD / name / "corpus", BUILD / name / "crashes"
    crashes.mkdir(parents=True, exist_ok=True)
    seeds = native.seeds(name) if name in native.NAMES else parsers.load(name).seeds
    corpus.unpack(found, [*seeds, *corpus.kept(corpus.CORPUS, name)])
    log = BUILD / name / "log"
    options = [
        f"-runs={inputs}",
        f"-max_total_time={seconds}",
        f"-max_len={MAX_INPUT_BYTES}",
        f"-rss_limit_mb={MEMORY_MIB}",
        f"-timeout={INPUT_SECONDS}",
        f"-artifact_prefix={crashes}/",
        "-print_final_stats=1",
        "-verbosity=1",
    ]
    with log.open("w") as output:
        done = subprocess.run(
            [*_command(name), *options, str(found)], stdout=output, stderr=subprocess.STDOUT, check=False
        )
    told = EXECUTED.search(log.read_text(errors="replace"))
    _count(name, int(told[1]) if told else 0)
    if keep:
        _keep(name, found)
    return done.returncode == 0


def _keep(name: str, found: Path) -> None:
    """Inputs that reach everything that all of them reach. (atheris cannot merge; its corpus is kept as it is.)"""
    if name in parsers.NAMES:
        print(f"{name}: {corpus.keep(corpus.CORPUS, name, corpus.packed(found))} inputs kept")
        return
    least = BUILD / name / "least"
    least.mkdir(parents=True, exist_ok=True)
    for old in least.iterdir():
        old.unlink()
    subprocess.run([*_command(name), "-merge=1", str(least), str(found)], capture_output=True, check=True)
    print(f"{name}: {corpus.keep(corpus.CORPUS, name, corpus.packed(least))} inputs kept")


def _counts() -> dict[str, int]:
    return dict(json.loads(COUNTS.read_text())) if COUNTS.exists() else {}


def _count(name: str, inputs: int) -> None:
    counts = _counts()
    counts[name] = counts.get(name, 0) + inputs
    COUNTS.write_text(json.dumps(counts, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
