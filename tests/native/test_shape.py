"""Shapes against PostgreSQL's own scanner: where there is a shape, both see the same literals."""

import postgast
from hypothesis import given, settings
from hypothesis import strategies as st

from safelight._native import shape

LITERALS = {"ICONST", "FCONST", "SCONST"}
WORDS = [
    "select",
    "a",
    "t.b",
    "from",
    "where",
    "=",
    "<>",
    "-",
    "(",
    ")",
    ",",
    "$1",
    '"q d"',
    "::text",
    "in",
    "*",
    " ",
    "\n",
]
TRICKS = [
    "'x'",
    "'it''s'",
    "5",
    "3000000000",
    "1.5",
    "1e3",
    "E'\\''",
    "--",
    "/*",
    "*/",
    "$$",
    "1_0",
    "0x1",
    ";",
    "\\",
    "é",
]
TEXT = st.lists(st.sampled_from(WORDS + TRICKS), max_size=14).flatmap(
    lambda parts: st.sampled_from(["", " "]).map(lambda glue: glue.join(parts))
)


def scanned(text: str) -> list[tuple[int, int]] | None:
    """Byte offsets of the literals PostgreSQL's scanner finds, None where it finds an error."""
    try:
        tokens = postgast.scan(text).tokens
    except postgast.PgQueryError:
        return None
    names = type(tokens[0]).DESCRIPTOR.fields_by_name["token"].enum_type.values_by_number if tokens else {}
    return [(t.start, t.end) for t in tokens if names[t.token].name in LITERALS]


@settings(max_examples=2000, deadline=None)
@given(TEXT)
def test_a_shape_sees_the_literals_that_postgresql_sees(text: str) -> None:
    found = shape(text.encode())
    if found is not None and (expected := scanned(text)) is not None:
        assert list(found.literals) == expected


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**31 - 1), st.text(st.characters(exclude_characters="\0\x01", exclude_categories=["Cs"])))
def test_other_literals_of_the_same_class_give_the_same_skeleton(number: int, words: str) -> None:
    quoted = words.replace("'", "''")
    one = shape(b"select a from t where id = 1 and b = 'x'")
    other = shape(f"select a from t where id = {number} and b = '{quoted}'".encode())
    assert one is not None and other is not None
    assert one.skeleton == other.skeleton


@settings(max_examples=500, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_give_a_shape_or_none(data: bytes) -> None:
    found = shape(data)
    assert found is None or all(0 <= start < end <= len(data) for start, end in found.literals)


def test_the_classes_that_resolve_functions_differently_are_told_apart() -> None:
    texts = ["select 1", "select 3000000000", "select 99999999999999999999", "select 1.0", "select '1'"]
    skeletons = {found.skeleton for text in texts if (found := shape(text.encode())) is not None}
    assert len(skeletons) == len(texts)
