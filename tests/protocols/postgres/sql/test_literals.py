"""Which literals are significant, and that the others really change nothing about a statement's analysis."""

from dataclasses import replace

import postgast
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safelight._native import shape
from safelight.domain.masking import Strategy
from safelight.protocols.postgres.analysis import Analysis
from safelight.protocols.postgres.catalog import Catalog, CatalogColumn, CatalogRelation, LabelledColumn
from safelight.protocols.postgres.sql.analyse import analyse
from safelight.protocols.postgres.sql.literals import significant_literals
from tests.protocols.postgres.sql.test_functions import EMPTY

T = CatalogRelation(
    16384,
    "public",
    "t",
    "r",
    tuple(CatalogColumn(number, name, 25) for number, name in enumerate(("a", "b", "email"), start=1)),
    None,
    (),
)
CATALOG: Catalog = replace(
    EMPTY, version="t", relations=(T,), labels={(16384, 3): LabelledColumn("email", Strategy.PSEUDONYM)}
)


def significant(text: str) -> list[str] | None:
    """The significant literals as they are written."""
    ordinals = significant_literals(text.encode(), postgast.parse(text))
    found = shape(text.encode())
    if ordinals is None or found is None:
        return None
    written = [text.encode()[start:end].decode() for start, end in found.literals]
    return [written[ordinal] for ordinal in ordinals]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT a FROM t", []),
        ("SELECT a FROM t WHERE a = 'x' AND b <> 5 OR b >= 1.5", []),
        ("SELECT a FROM t WHERE 'x' = a", []),
        ("SELECT a FROM t WHERE a = -5 AND b = - 7 AND b < -(3)", []),
        ("SELECT a FROM t WHERE a = -2147483648 AND b > -9999999999999999999", []),
        ("SELECT a FROM t WHERE a = 'it''s'", []),
        ("SELECT a FROM t WHERE a IN ('x', 'y', 3)", []),
        ("SELECT a FROM t WHERE a NOT IN (1, lower('x'))", ["'x'"]),
        ("SELECT a FROM t WHERE a BETWEEN 1 AND 2", []),
        ("SELECT a FROM t WHERE a NOT BETWEEN SYMMETRIC 1 AND 2", []),
        ("SELECT a FROM t WHERE a IS DISTINCT FROM 3", []),
        ("SELECT a FROM t WHERE $1 = 3", []),
        ("SELECT a = 3 FROM t", []),
        ("INSERT INTO t VALUES (1, 'x', -2), (3, DEFAULT, NULL)", []),
        ("INSERT INTO t VALUES (1, lower('x'))", ["'x'"]),
        ("INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET b = 5 WHERE t.b = 6", []),
        ("INSERT INTO t SELECT 1, 'x'", ["1", "'x'"]),
        ("UPDATE t SET a = 'x', b = -1 WHERE b = 2", []),
        ("UPDATE t SET a = a || 'x'", ["'x'"]),
        ("UPDATE t SET (a, b) = (1, 2)", ["1", "2"]),
        ("WITH x AS (UPDATE t SET a = 1 RETURNING a) SELECT 2 FROM x WHERE a = 3", ["2"]),
        ("SELECT 1", ["1"]),
        ("SELECT a FROM t ORDER BY 2", ["2"]),
        ("SELECT a FROM t GROUP BY 1", ["1"]),
        ("SELECT a FROM t LIMIT 10 OFFSET 20", ["10", "20"]),
        ("SELECT a FROM t WHERE a LIKE 'x%'", ["'x%'"]),
        ("SELECT a FROM t WHERE a ~ 'x'", ["'x'"]),
        ("SELECT a ->> 'key' FROM t", ["'key'"]),
        ("SELECT a FROM t WHERE a ->> 'key' = 'x'", ["'key'", "'x'"]),
        ("SELECT a FROM t WHERE lower(a) = 'x'", ["'x'"]),
        ("SELECT a FROM t WHERE a = 'x'::regclass", ["'x'"]),
        ("SELECT a FROM t WHERE a = ANY ('{1}')", ["'{1}'"]),
        ("SELECT a FROM t WHERE 1 = 1", ["1", "1"]),
        ("SELECT a FROM t WHERE a OPERATOR(public.=) 'x'", ["'x'"]),
        ("SELECT a FROM t WHERE (a, b) = (1, 2)", ["1", "2"]),
        ("SELECT a FROM t WHERE a = 1 + 2", ["1", "2"]),
        ("SELECT nextval('s') WHERE true", ["'s'"]),
        ("SELECT a::numeric(10, 2) FROM t", ["10", "2"]),
        ("SET work_mem = '1MB'", ["'1MB'"]),
        ("SELECT a[1] FROM t WHERE a[2] = 3", ["1", "2", "3"]),
        ("VALUES (1)", ["1"]),
        ("SELECT a FROM t TABLESAMPLE system (5)", ["5"]),
        ("SELECT set_config('jit', 'off', false)", ["'jit'", "'off'"]),
    ],
)
def test_the_closed_list_of_neutral_places(text: str, expected: list[str]) -> None:
    assert significant(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "SELECT a FROM t WHERE a = E'x'",
        "SELECT 1; SELECT 2",
        "SELECT 1 -- x",
        "SELECT $$a$$",
        "SELECT a FROM t WHERE a = 'é\\'",
    ],
)
def test_other_text_is_kept_by_its_exact_words_or_reads_the_same(text: str) -> None:
    found = significant(text)
    assert found is None or found == []


TEMPLATES = [
    "SELECT a, email FROM t WHERE email = {} AND b > {} LIMIT 5",
    "SELECT a FROM t WHERE email IN ({}, {}) OR a BETWEEN {} AND {}",
    "INSERT INTO t VALUES ({}, {}, {})",
    "UPDATE t SET email = {}, a = {} WHERE b = {} RETURNING *",
    "DELETE FROM t WHERE email = {} OR b IS DISTINCT FROM {}",
    "SELECT count(*) FROM t x JOIN t y ON x.email = y.email WHERE x.email = {} AND y.a <> {}",
]
WORDS = st.text(st.characters(exclude_characters="\0\x01", exclude_categories=["Cs"]), max_size=12)
LITERALS = [
    st.integers(0, 2**31 - 1).map(str),
    st.integers(1, 2**31 - 1).map("-{}".format),
    st.integers(2**31, 2**63 - 1).map(str),
    st.integers(2**63, 2**80).map(str),
    st.decimals(0, 10**6, places=3).map(str),
    WORDS.map(lambda words: "'" + words.replace("'", "''") + "'") | st.sampled_from(["'pg_authid'", "'2'"]),
]
PAIR = st.sampled_from(LITERALS).flatmap(lambda kind: st.tuples(kind, kind))
"""Two literals of one class, as a shape tells classes apart."""


def without_exact_text(analysis: Analysis) -> Analysis:
    """The analysis without what is only ever used with the exact text."""
    return replace(analysis, statements=tuple(replace(one, count_query=None) for one in analysis.statements))


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(TEMPLATES), st.lists(PAIR, min_size=4, max_size=4))
def test_statements_that_differ_in_neutral_literals_only_have_one_analysis(
    template: str, pairs: list[tuple[str, str]]
) -> None:
    texts = [template.format(*(pair[side] for pair in pairs[: template.count("{}")])) for side in (0, 1)]
    shapes = [shape(text.encode()) for text in texts]
    assert shapes[0] is not None and shapes[1] is not None and shapes[0].skeleton == shapes[1].skeleton
    assert significant(texts[0]) == significant(texts[1]) == (["5"] if "LIMIT" in template else [])
    first, second = (without_exact_text(analyse(text.encode(), CATALOG, extended=False)) for text in texts)
    assert first == second
    assert first.significant is not None and first.refusal is None
