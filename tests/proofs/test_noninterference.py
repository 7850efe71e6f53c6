"""Some compositions on every run of the suite; ``make noninterference N=20000`` runs more."""

from random import Random

import pytest

from tests.proofs.noninterference.comparing import compare, first_difference
from tests.proofs.noninterference.grammar import Composer
from tests.proofs.twins import twins

COMPOSITIONS = 150
SEED = 7


@pytest.mark.parametrize("major", [15, 18])
def test_no_composition_tells_the_databases_apart(major: int) -> None:
    with twins(major, superuser=True, capabilities=("read", "export")) as hospital:
        found = compare(hospital, COMPOSITIONS, SEED)
    assert not found.different, "\n".join(found.different)
    assert found.counts["answered"] > COMPOSITIONS // 10, found.counts
    assert found.counts["refused"] > COMPOSITIONS // 10, found.counts


def test_compositions_differ_and_are_the_same_for_the_same_seed() -> None:
    first, again = (Composer(Random(SEED)) for _ in range(2))
    texts = [first.statement() for _ in range(2000)]
    assert texts == [again.statement() for _ in range(2000)]
    assert len(set(texts)) > 0.98 * len(texts)
    parts = (
        "WITH",
        "UNION",
        "GROUP BY",
        "HAVING",
        "OVER (",
        "LATERAL",
        "EXISTS",
        "CASE",
        "FILTER",
        "ORDER BY",
        "LIMIT",
    )
    rare = {part: count for part in parts if (count := sum(part in text for text in texts)) < 20}
    assert not rare


def test_a_difference_is_told() -> None:
    assert first_difference([(b"D", b"1")], [(b"D", b"2")]) == "(b'D', b'1') / (b'D', b'2')"
    assert first_difference([(b"D", b"1")], []) == "1 / 0 messages"
