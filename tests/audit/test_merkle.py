"""The tree: the known roots of Certificate Transparency, and two implementations against the RFC's own definition."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safelight.audit.merkle import EMPTY_ROOT, Frontier, leaf_hash
from safelight.audit.verifier.tree import Tree

CT_LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
CT_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
"""From the tests of google/certificate-transparency: the root after each of the leaves."""


def mth(records: list[bytes]) -> bytes:
    """RFC 6962 §2.1, word for word."""
    if not records:
        return sha256(b"").digest()
    if len(records) == 1:
        return sha256(b"\x00" + records[0]).digest()
    k = 1
    while k * 2 < len(records):
        k *= 2
    return sha256(b"\x01" + mth(records[:k]) + mth(records[k:])).digest()


def test_the_roots_of_certificate_transparency() -> None:
    frontier, tree = Frontier(), Tree(0, [])
    assert frontier.root() == tree.root() == EMPTY_ROOT
    for leaf, root in zip(CT_LEAVES, CT_ROOTS, strict=True):
        frontier.fold([leaf_hash(leaf)])
        tree.add(leaf)
        assert frontier.root().hex() == tree.root().hex() == root


@given(st.lists(st.binary(max_size=8), max_size=200), st.data())
def test_batches_do_not_change_the_root(records: list[bytes], data: st.DataObject) -> None:
    frontier, tree = Frontier(), Tree(0, [])
    rest = list(records)
    while rest:
        many = data.draw(st.integers(1, len(rest)))
        frontier.fold([leaf_hash(record) for record in rest[:many]])
        rest = rest[many:]
    for record in records:
        tree.add(record)
    assert frontier.size == tree.size == len(records)
    assert frontier.root() == tree.root() == mth(records)


@given(st.lists(st.binary(max_size=4), max_size=150), st.lists(st.binary(max_size=4), max_size=150))
def test_both_go_on_from_a_frontier(before: list[bytes], after: list[bytes]) -> None:
    frontier = Frontier()
    frontier.fold([leaf_hash(record) for record in before])
    resumed = Frontier.at(frontier.size, frontier.hashes())
    tree = Tree(frontier.size, frontier.hashes())
    assert resumed.root() == tree.root() == mth(before)
    resumed.fold([leaf_hash(record) for record in after])
    for record in after:
        tree.add(record)
    assert resumed.root() == tree.root() == mth(before + after)


@pytest.mark.parametrize(("size", "count"), [(0, 1), (1, 0), (3, 1), (4, 2), (-1, 0)])
def test_a_frontier_needs_the_hashes_of_its_size(size: int, count: int) -> None:
    with pytest.raises(ValueError, match="frontier"):
        Frontier.at(size, [bytes(32)] * count)
    if size >= 0:
        with pytest.raises(ValueError, match="before the export"):
            Tree(size, [bytes(32)] * count)


def test_a_million_records_cost_as_many_hashes_as_levels() -> None:
    frontier = Frontier()
    for _ in range(16):
        frontier.fold([bytes(32)] * 65_535)
    assert frontier.size == 1_048_560
    assert len(frontier.hashes()) == frontier.size.bit_count()
