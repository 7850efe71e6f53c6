"""Inputs kept in the repository: one file for each parser, one input a line, in base64.

``corpus`` holds what reaches code that no other kept input reaches; ``tests/vectors/fuzz`` what once broke a parser.
"""

import base64
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent
CORPUS = ROOT / "corpus"
VECTORS = ROOT.parent / "tests" / "vectors" / "fuzz"
MAX_INPUTS = 300
MAX_INPUT_BYTES = 512


def kept(directory: Path, name: str) -> list[bytes]:
    """The inputs kept for a parser; none when there is no file."""
    file = directory / f"{name}.txt"
    lines = file.read_text().splitlines() if file.exists() else []
    return [base64.b64decode(line, validate=True) for line in lines]


def keep(directory: Path, name: str, inputs: Iterable[bytes]) -> int:
    """Keep so many of these, short and long ones; how many."""
    found = sorted({data for data in inputs if len(data) <= MAX_INPUT_BYTES}, key=lambda data: (len(data), data))
    chosen = found[:: -(-len(found) // MAX_INPUTS) or 1]
    directory.mkdir(parents=True, exist_ok=True)
    (directory / f"{name}.txt").write_text("".join(base64.b64encode(data).decode() + "\n" for data in chosen))
    return len(chosen)


def unpack(directory: Path, inputs: Iterable[bytes]) -> None:
    """As files, the way libFuzzer wants them."""
    directory.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(inputs):
        (directory / f"kept-{number}").write_bytes(data)


def packed(directory: Path) -> list[bytes]:
    """What libFuzzer left in a directory."""
    return [file.read_bytes() for file in sorted(directory.iterdir()) if file.is_file()]
