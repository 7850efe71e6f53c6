"""Logs: one line each, in one form, and without secrets."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from safelight.entrypoints.log_format import configure


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def test_json_lines_from_us_and_from_libraries(capsys: pytest.CaptureFixture[str]) -> None:
    configure(json=True, level="info")
    structlog.get_logger("node").info("session started", session="s-1", ms=3)
    logging.getLogger("uvicorn.error").warning("odd request")
    ours, theirs = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert (ours["event"], ours["session"], ours["level"]) == ("session started", "s-1", "info")
    assert (theirs["event"], theirs["level"]) == ("odd request", "warning")


def test_below_the_level_nothing_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    configure(json=True, level="warning")
    structlog.get_logger().info("quiet")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("json_lines", [True, False])
def test_a_field_named_like_a_secret_has_no_value(capsys: pytest.CaptureFixture[str], json_lines: bool) -> None:
    configure(json=json_lines, level="info")
    structlog.get_logger().info("mistake", password="hunter" + "2" * 3, api_token="abc" * 4)
    said = capsys.readouterr().err
    assert "mistake" in said
    assert "hunter" not in said
    assert "abcabc" not in said


@pytest.mark.parametrize("json_lines", [True, False])
def test_a_traceback_shows_no_local_variables(capsys: pytest.CaptureFixture[str], json_lines: bool) -> None:
    configure(json=json_lines, level="info")
    row = "4111" + "1" * 12
    try:
        raise ValueError(f"{len(row)} characters")
    except ValueError:
        structlog.get_logger().exception("failed")
    said = capsys.readouterr().err
    assert "16 characters" in said
    assert "test_a_traceback_shows_no_local_variables" in said
    assert row not in said
