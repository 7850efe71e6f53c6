"""A node with its usual people."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.controlplane.harness import Node


@pytest.fixture
def empty_node(tmp_path: Path) -> Iterator[Node]:
    """Started for the first time: nobody exists yet."""
    node = Node(tmp_path)
    yield node
    node.close()


@pytest.fixture
def node(empty_node: Node) -> Node:
    """root administers, sam is security, ana is on call, ben approves, eve is nobody in particular."""
    empty_node.first_administrator()
    for name, group in {"sam": "security", "ana": "oncall", "ben": "approvers"}.items():
        empty_node.person(name, group)
    empty_node.person("eve")
    return empty_node
