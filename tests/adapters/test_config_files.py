"""Reloading: a changed set is applied once, a broken one changes nothing and is said once."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from safelight.adapters.config_files import ConfigSet, ConfigSource, ConfigWatcher
from safelight.adapters.file_problems import FilesInvalid
from tests.adapters.test_target_files import MINIMAL


class Node:
    """What a node does with sets: it remembers them."""

    def __init__(self, directory: Path) -> None:
        self.targets = directory / "targets.toml"
        self.targets.write_text(MINIMAL)
        (directory / "policies").mkdir()
        self.policies = directory / "policies"
        self.source = ConfigSource((self.targets,), (self.policies,))
        self.applied: list[ConfigSet] = []
        self.refusals: list[FilesInvalid] = []
        self.watcher = ConfigWatcher(self.source, self.source.digest(), 0.01, self._apply, self._refused)

    async def _apply(self, loaded: ConfigSet) -> None:
        self.applied.append(loaded)

    async def _refused(self, error: FilesInvalid) -> None:
        self.refusals.append(error)


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path)


def run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(work)


def test_the_set_holds_targets_and_policies_by_file(node: Node) -> None:
    file = node.policies / "own.cedar"
    file.write_text("permit (principal, action, resource);")
    loaded = node.source.load()
    assert list(loaded.targets) == ["orders-db"]
    assert loaded.policies == {str(file): "permit (principal, action, resource);"}
    assert loaded.digest == node.source.digest()


def test_nothing_changed_means_nothing_done(node: Node) -> None:
    assert run(node.watcher.check()) is False
    assert (node.applied, node.refusals) == ([], [])


def test_a_changed_target_is_applied_once(node: Node) -> None:
    node.targets.write_text(MINIMAL.replace("orders-db", "billing-db"))
    assert run(node.watcher.check()) is True
    assert run(node.watcher.check()) is False
    assert [list(loaded.targets) for loaded in node.applied] == [["billing-db"]]


def test_a_new_policy_file_in_a_directory_counts(node: Node) -> None:
    (node.policies / "more.cedar").write_text("")
    run(node.watcher.check())
    assert len(node.applied) == 1


def test_a_broken_set_is_said_once_and_a_mended_one_applied(node: Node) -> None:
    node.targets.write_text("targets = ")
    run(node.watcher.check())
    run(node.watcher.check())
    assert len(node.refusals) == 1
    assert node.applied == []
    node.targets.write_text(MINIMAL + "\n")
    run(node.watcher.check())
    assert len(node.applied) == 1


def test_a_file_that_vanishes_is_a_refusal(node: Node) -> None:
    node.targets.unlink()
    run(node.watcher.check())
    assert "cannot be read" in str(node.refusals[0])


def test_reload_applies_even_what_did_not_change(node: Node) -> None:
    run(node.watcher.reload())
    assert len(node.applied) == 1


def test_targets_and_policies_are_refused_together(node: Node) -> None:
    node.targets.write_text("targets = ")
    (node.policies / "odd.cedar").write_bytes(b"\xff")
    with pytest.raises(FilesInvalid) as raised:
        node.source.load()
    assert {problem.file.name for problem in raised.value.problems} == {"targets.toml", "odd.cedar"}
