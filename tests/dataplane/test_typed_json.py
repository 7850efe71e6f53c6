"""Typed JSON gives back what was written, and nothing that was not declared."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safelight.dataplane.typed_json import Malformed, from_json, to_json


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, slots=True)
class Inner:
    name: str
    size: int | None


@dataclass(frozen=True)
class Everything:
    flag: bool
    raw: bytes
    colour: Colour
    pair: tuple[int, str]
    inners: tuple[Inner, ...]
    names: frozenset[tuple[str, str]]
    table: Mapping[tuple[int, int], Inner]
    perhaps: Inner | None


INNER = st.builds(Inner, st.text(st.characters(exclude_categories=["Cs"])), st.none() | st.integers())
WORDS = st.text("ab ü", max_size=3)
EVERYTHING = st.builds(
    Everything,
    st.booleans(),
    st.binary(),
    st.sampled_from(Colour),
    st.tuples(st.integers(), WORDS),
    st.lists(INNER).map(tuple),
    st.frozensets(st.tuples(WORDS, WORDS)),
    st.dictionaries(st.tuples(st.integers(), st.integers()), INNER),
    st.none() | INNER,
)


@given(EVERYTHING)
def test_what_is_written_comes_back(value: Everything) -> None:
    assert from_json(Everything, to_json(value)) == value


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (Inner, b'["a"]'),
        (Inner, b'["a",1,2]'),
        (Inner, b'{"name":"a","size":1}'),
        (Inner, b'["a",true]'),
        (Inner, b'["a",1.0]'),
        (Inner, b'["a","1"]'),
        (Inner, b"[null,1]"),
        (Inner, b'["\\ud800",1]'),
        (Inner, b'["\xff",1]'),
        (Inner, b""),
        (Inner, b"["),
        (Inner, b"[" * 100_000),
        (Inner, b'["a",1] ' + b"x"),
        (Inner, b"\x80\x04K\x01."),
        (Colour, b'"green"'),
        (Colour, b"null"),
        (bool, b"1"),
        (int, b"true"),
        (int, b"NaN"),
        (bytes, b'"a"'),
        (bytes, b'"a b="'),
        (frozenset[str], b'["a","a"]'),
        (Mapping[str, int], b'[["a",1],["a",2]]'),
        (tuple[int, int], b"[1]"),
    ],
)
def test_anything_else_is_malformed(kind: type, data: bytes) -> None:
    with pytest.raises(Malformed):
        from_json(kind, data)


def test_what_has_no_declared_form_is_not_written() -> None:
    for value in (1.5, {"a"}, object(), Inner, [1]):
        with pytest.raises(TypeError):
            to_json(value)
    for kind in (float, int | str, object):
        with pytest.raises(TypeError):
            from_json(kind, b"1")  # type: ignore[arg-type]


@given(st.binary(max_size=60) | st.text('[]"a1,{}: nul').map(str.encode))
def test_random_bytes_are_a_value_or_malformed(data: bytes) -> None:
    try:
        value: object = from_json(Inner, data)
    except Malformed as error:
        value = error
    assert isinstance(value, Inner | Malformed)
