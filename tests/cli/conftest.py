"""The command line against a real node on a Unix socket: each command runs as it would in a terminal."""

import json
import logging
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import structlog

from safelight.cli import app
from tests.controlplane.conftest import empty_node, node

__all__ = ["empty_node", "node"]


@dataclass(frozen=True)
class Outcome:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Safelight = Callable[..., Outcome]


@pytest.fixture(autouse=True)
def _quiet_node() -> Iterator[None]:
    """The node runs in this process: its log must not mix with what commands print."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.reset_defaults()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory of the saved login."""
    place = tmp_path / "home"
    monkeypatch.setenv("SAFELIGHT_CLI_DIRECTORY", str(place))
    monkeypatch.delenv("SAFELIGHT_CLI_URL", raising=False)
    monkeypatch.delenv("SAFELIGHT_CLI_TOKEN", raising=False)
    return place


@pytest.fixture
def command(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Safelight:
    """Run ``safelight`` with these arguments; ``stdin`` is what is piped in."""
    import io

    def run(*arguments: str, stdin: str = "") -> Outcome:
        monkeypatch.setattr(sys, "argv", ["safelight", *arguments])
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        capsys.readouterr()
        try:
            app.run()
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        said = capsys.readouterr()
        return Outcome(code, said.out, said.err)

    return run


@pytest.fixture
def served(node: Any, home: Path) -> Iterator[str]:
    """The node's API, where the command line reaches it."""
    with node.serve() as url:
        yield url


@pytest.fixture
def as_(node: Any, served: str, command: Safelight, monkeypatch: pytest.MonkeyPatch) -> Safelight:
    """``as_("ana", "grants")``: a command run by somebody."""

    def run(who: str, *arguments: str, stdin: str = "") -> Outcome:
        monkeypatch.setenv("SAFELIGHT_CLI_URL", served)
        monkeypatch.setenv("SAFELIGHT_CLI_TOKEN", node.tokens[who])
        return command(*arguments, stdin=stdin)

    return run
