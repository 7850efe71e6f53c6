"""What is fuzzed, without a fuzzer: what peers say, what is kept, what once broke a parser; and changes of it."""

from random import Random

import pytest

from fuzz import corpus, parsers
from fuzz.parsers import NAMES, Parser

MUTATIONS = 400
GIVEN_UP = {"webhook": 2, "scram": 3, "target_login": 3, "admin_answers": 2}
"""So many seeds at least are taken whole; of the others half."""


@pytest.fixture(params=NAMES)
def parser(request: pytest.FixtureRequest) -> Parser:
    return parsers.load(request.param)


def test_what_peers_say_is_taken(parser: Parser) -> None:
    """Or a fuzzer that starts from it would try nothing but the first check."""
    taken = sum(parser.one_input(seed) for seed in parser.seeds)
    assert taken >= GIVEN_UP.get(parser.name, len(parser.seeds) // 2)


def test_what_is_kept_and_what_once_broke_it(parser: Parser) -> None:
    kept = corpus.kept(corpus.CORPUS, parser.name)
    assert kept, "no corpus is kept"
    for data in (*kept, *corpus.kept(corpus.VECTORS, parser.name)):
        parser.one_input(data)


def test_changes_of_what_peers_say(parser: Parser) -> None:
    rng = Random(parser.name)
    known = [*parser.seeds, *corpus.kept(corpus.CORPUS, parser.name)]
    refused = 0
    for _ in range(MUTATIONS):
        refused += not parser.one_input(_changed(rng, known))
    assert refused > 0


def _changed(rng: Random, known: list[bytes]) -> bytes:
    """One or a few changes such as a fuzzer makes."""
    data = bytearray(rng.choice(known))
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(data) + 1)
        match rng.randrange(5):
            case 0:
                data[at:at] = rng.randbytes(rng.randint(1, 4))
            case 1:
                del data[at : at + rng.randint(1, 8)]
            case 2 if at < len(data):
                data[at] ^= 1 << rng.randrange(8)
            case 3:
                data[at : at + 4] = rng.choice((b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\0", b"\0\0\0\4"))
            case _:
                other = rng.choice(known)
                data[at:] = other[rng.randrange(len(other) + 1) :]
    return bytes(data)
