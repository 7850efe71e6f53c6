"""Secrets by name: variables that children do not inherit, and files that nobody else may read."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path

import pytest

from safelight.adapters.secret_files import SecretFiles, SecretUnreadable
from safelight.ports.secrets import Secret


def write(directory: Path, name: str, value: str, mode: int = 0o600) -> None:
    file = directory / name
    file.write_text(value)
    file.chmod(mode)


def test_a_secret_from_a_file_loses_its_line_end(tmp_path: Path) -> None:
    value = secrets.token_urlsafe()
    write(tmp_path, "orders-db-admin", value + "\n")
    assert SecretFiles(tmp_path, {}).get("orders-db-admin").reveal() == value


def test_a_variable_goes_before_a_file_and_leaves_the_environment(tmp_path: Path) -> None:
    write(tmp_path, "orders-db-admin", "from the file")
    environment = {"SAFELIGHT_SECRET_ORDERS_DB_ADMIN": "from the variable", "PATH": "/bin"}
    files = SecretFiles(tmp_path, environment)
    assert files.get("orders-db-admin").reveal() == "from the variable"
    assert environment == {"PATH": "/bin"}


def test_a_rotated_file_is_read_again(tmp_path: Path) -> None:
    files = SecretFiles(tmp_path, {})
    write(tmp_path, "pager", "old")
    assert files.get("pager").reveal() == "old"
    write(tmp_path, "pager", "new")
    assert files.get("pager").reveal() == "new"


def test_given_secrets_are_answered_first(tmp_path: Path) -> None:
    write(tmp_path, "shop", "from the file")
    assert SecretFiles(tmp_path, {}, {"shop": Secret("given")}).get("shop").reveal() == "given"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    write(tmp_path, "pager", "value", mode)
    with pytest.raises(SecretUnreadable, match="chmod 600") as raised:
        SecretFiles(tmp_path, {}).get("pager")
    assert "value" not in str(raised.value)


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    write(tmp_path, "real", "value")
    (tmp_path / "pager").symlink_to(tmp_path / "real")
    with pytest.raises(SecretUnreadable):
        SecretFiles(tmp_path, {}).get("pager")


@pytest.mark.parametrize("make", [lambda file: file.mkdir(0o700), lambda file: os.mkfifo(file, 0o600)])
def test_a_directory_or_a_pipe_is_no_secret(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "pager")
    with pytest.raises(SecretUnreadable):
        SecretFiles(tmp_path, {}).get("pager")


@pytest.mark.parametrize("name", ["none", "../pager", "a/b", "", "UPPER", "a\0b"])
def test_names_that_are_none(tmp_path: Path, name: str) -> None:
    with pytest.raises(KeyError):
        SecretFiles(tmp_path / "secrets", {}).get(name)


def test_bytes_that_are_not_text(tmp_path: Path) -> None:
    (tmp_path / "pager").write_bytes(b"\xff\xfe")
    (tmp_path / "pager").chmod(0o600)
    with pytest.raises(SecretUnreadable, match="not UTF-8"):
        SecretFiles(tmp_path, {}).get("pager")
