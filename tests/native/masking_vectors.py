"""Reads ``tests/vectors/masking``: texts with marks where something must be found, and what the marks stand for."""

import json
import random
import re
import string
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

DIRECTORY = Path(__file__).parent.parent / "vectors" / "masking"

SETS = {
    "alnum": string.ascii_letters + string.digits,
    "hex": "0123456789abcdef",
    "base32": string.ascii_uppercase + "234567",
    "url": string.ascii_letters + string.digits + "-_",
    "digits": string.digits,
    "upper": string.ascii_uppercase + string.digits,
}


@dataclass(frozen=True)
class Vector:
    """A text, and what must be found in it: ``(start, end, type)`` in code points."""

    name: str
    text: str
    findings: list[tuple[int, int, str]]


def luhn(digits: str) -> str:
    """The digits and their Luhn digit."""
    places = [int(digit) * (2 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits))]
    total = sum(value // 10 + value % 10 for value in places)
    return f"{digits}{-total % 10}"


def iban(country_and_account: str) -> str:
    """The IBAN of a country and an account: ISO 7064 mod 97-10."""
    country, account = country_and_account.split("+")
    number = int("".join(str(int(letter, 36)) for letter in f"{account}{country}00"))
    return f"{country}{98 - number % 97:02}{account}"


def _fill(text: str, seed: str) -> str:
    """Replace the placeholders. The same seed gives the same text; every set is drawn from evenly."""
    source = random.Random(seed)

    def value(match: re.Match[str]) -> str:
        kind, argument = match.groups()
        if kind == "luhn":
            return luhn(argument)
        if kind == "iban":
            return iban(argument)
        letters = SETS[kind]
        count = int(argument)
        # Ends with a letter or digit, as every text around expects.
        return "".join(source.choice(letters) for _ in range(count - 1)) + source.choice(letters.rstrip("-_"))

    return re.sub(r"<(\w+):([\w+]+)>", value, text)


def read(path: Path) -> Iterator[Vector]:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        entry = json.loads(line)
        marked = _fill(entry["text"], f"{path.name}:{number}")
        text, findings = "", []
        for index, part in enumerate(re.split(r"⟦([\w:]+)\|(.*?)⟧", marked, flags=re.DOTALL)):
            match index % 3:
                case 1:
                    kind = part
                case 2:
                    findings.append((len(text), len(text) + len(part), kind))
                    text += part
                case _:
                    text += part
        yield Vector(f"{path.stem}: {entry['why']}", text, findings)


def all_vectors() -> list[Vector]:
    return [vector for path in sorted(DIRECTORY.glob("*.jsonl")) for vector in read(path)]
