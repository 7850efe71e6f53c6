"""Values that nobody can know who was not told them, and a search for them in everything a client received.

A canary is a word of rare letters, a number of ten digits, a date of a century ago, or bytes: nothing that a detector
knows by its shape. :class:`Search` finds one in clear and in any disguise that SQL can give it: in upper and lower
case, reversed, in parts of six characters, one character to a row or a column, as code points, in hexadecimal, in
base64, in any DateStyle, and as the bytes of PostgreSQL's binary formats.
"""

import base64
import re
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from random import Random

WINDOW = 6
"""So many characters of a word in a row are a leak."""
DIGITS = 8
"""And so many of a number."""
CONSONANTS, VOWELS = "bdfgjkpqvxz", "aiouy"
EPOCH = date(2000, 1, 1)
DATE_FORMS = ("%Y-%m-%d", "%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%m-%d-%Y", "%Y%m%d")
PSEUDONYM = re.compile(rb"\[[a-z_]+:[a-z0-9]{13}\]")


@dataclass(frozen=True, slots=True)
class Canaries:
    """What must not come out."""

    words: tuple[str, ...]
    numbers: tuple[int, ...]
    dates: tuple[date, ...]
    raws: tuple[bytes, ...]


def word(rng: Random, letters: int) -> str:
    """A pronounceable word that no language has."""
    return "".join(rng.choice(CONSONANTS if at % 2 == 0 else VOWELS) for at in range(letters))


class Search:
    """For one set of canaries. Looks at what :meth:`found` is given, and remembers what it has seen to be clean."""

    def __init__(self, canaries: Canaries) -> None:
        self._words = _windows(canaries.words, WINDOW)
        self._numbers = _windows([str(number) for number in canaries.numbers], DIGITS)
        self._hex = {part.encode().hex(): part for part in self._words} | {
            raw.hex()[:16]: raw.hex() for raw in canaries.raws
        }
        self._dates = {form.encode() for day in canaries.dates for form in _date_forms(day)}
        self._binary = _binary_forms(canaries)
        self._base64 = {form for text in canaries.words for form in _base64_forms(text)}
        self.found = lru_cache(maxsize=100_000)(self._found)

    def _found(self, data: bytes) -> str | None:
        """The first canary in ``data``, and how it was written; None if there is none."""
        data = PSEUDONYM.sub(b"[]", data)
        for name, matches in (
            ("binary", self._binary), ("date", self._dates), ("base64", self._base64),
        ):  # fmt: skip
            for form in matches:
                if form in data:
                    return f"{name} {form!r}"
        return next(self._in_text(data.decode("latin-1").lower()), None)

    def _in_text(self, text: str) -> Iterator[str]:
        letters = re.sub(r"[^a-z0-9]", "", text)
        yield from _matches("plain", letters, WINDOW, self._words)
        yield from _matches("reversed", letters[::-1], WINDOW, self._words)
        yield from _matches("code points", _code_points(text), WINDOW, self._words)
        yield from _matches("hexadecimal", letters, 2 * WINDOW, self._hex)
        yield from _matches("hexadecimal", letters, 16, self._hex)
        for run in re.findall(rf"[0-9]{{{DIGITS},}}", text.replace(".", "").replace(",", "")):
            yield from _matches("digits", run, DIGITS, self._numbers)
            yield from _matches("digits reversed", run[::-1], DIGITS, self._numbers)


def _matches(how: str, text: str, width: int, wanted: Iterable[str]) -> Iterator[str]:
    for at in range(len(text) - width + 1):
        if text[at : at + width] in wanted:
            yield f"{how} {text[at : at + width]!r}"


def _windows(texts: Iterable[str], width: int) -> frozenset[str]:
    return frozenset(text[at : at + width] for text in texts for at in range(len(text) - width + 1))


def _code_points(text: str) -> str:
    """The numbers in ``text`` that could be characters, as characters."""
    numbers = (int(number) for number in re.findall(r"[0-9]+", text) if len(number) < 4)
    return "".join(chr(number) for number in numbers if 32 < number < 127).lower()


def _date_forms(day: date) -> Iterator[str]:
    yield from (day.strftime(form) for form in DATE_FORMS)
    yield f"{day:%a %b} {day.day:>2} "
    yield str(int((day - date(1970, 1, 1)).total_seconds()))


def _base64_forms(text: str) -> Iterator[bytes]:
    """What is sure to be in the base64 of anything that contains the word, for each of three alignments."""
    for shift in range(3):
        whole = base64.b64encode(b"\0" * shift + text.encode())
        yield whole[4 if shift else 0 : 4 + (len(text) - 3) // 3 * 4]


def _binary_forms(canaries: Canaries) -> set[bytes]:
    forms = {struct.pack("!q", number) for number in canaries.numbers}
    forms |= {struct.pack("!i", 4) + struct.pack("!i", (day - EPOCH).days) for day in canaries.dates}
    return forms | {raw[:8] for raw in canaries.raws}
