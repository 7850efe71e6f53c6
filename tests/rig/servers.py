"""A real PostgreSQL server in a directory of its own. Usable outside of pytest as well.

    with Server(18) as server:
        print(server.sql("SELECT version()"))

It listens on a free loopback port, over TCP only, asks everybody for SCRAM-SHA-256, logs every statement to a file,
and syncs nothing to disk unless asked to (``settings={"fsync": "on"}``).
"""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.rig.binaries import client_programs, hand_over, programs, server_user
from tests.rig.certificates import make_certificates

START_SECONDS = 30.0
STOP_SECONDS = 20.0
SETTINGS = {
    "listen_addresses": "'127.0.0.1'",
    "unix_socket_directories": "''",
    "password_encryption": "'scram-sha-256'",
    "log_statement": "'all'",
    "log_line_prefix": "'%m [%p] %q%u@%d '",
    "log_min_messages": "'warning'",
    "logging_collector": "off",
    "max_connections": "200",
    "max_prepared_transactions": "4",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "TimeZone": "'UTC'",
    "log_timezone": "'UTC'",
}


class ServerFailed(RuntimeError):
    """The server did not start or a client program failed. The message carries its log."""


class Server:
    """One server. ``directory`` is made when not given, and removed by :meth:`close` only then."""

    superuser = "postgres"

    def __init__(
        self,
        major: int,
        directory: Path | None = None,
        *,
        tls: bool = False,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        if tls and major == 18:
            raise ValueError("the wheel's PostgreSQL 18 is built without TLS: use 15")
        self.major = major
        self.programs = programs(major)
        self.client_programs = client_programs(major, tls=tls)
        self.host = "localhost" if tls else "127.0.0.1"
        self.password = secrets.token_urlsafe(18)
        self.port = free_port()
        self.ca_file: Path | None = None
        self._own_directory = directory is None
        self.directory = Path(tempfile.mkdtemp(prefix=f"safelight-pg{major}-")) if directory is None else directory
        self.directory.mkdir(parents=True, exist_ok=True)
        hand_over(self.directory)
        self.log_path = self.directory / "server.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._initialise(SETTINGS | {"port": str(self.port)} | self._tls_settings(tls) | dict(settings or {}))

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def data(self) -> Path:
        return self.directory / "data"

    @property
    def pid(self) -> int:
        """The postmaster's process id."""
        assert self._process is not None, "the server is not running"
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start and wait until connections are taken."""
        assert not self.running, "the server is already running"
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [self.programs / "postgres", "-D", self.data],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **self._as_server(),
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise ServerFailed(f"PostgreSQL {self.major} did not start:\n{self.log_text()}")
            time.sleep(0.02)

    def stop(self) -> None:
        """A fast shutdown: sessions are ended, everything is written."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """A crash: every process of the server ends at once; the next start recovers."""
        self._end(signal.SIGQUIT)

    def close(self) -> None:
        """Stop, and remove the directory if it was made here."""
        self.stop()
        if self._own_directory:
            shutil.rmtree(self.directory, ignore_errors=True)

    def dsn(self, database: str = "postgres", user: str | None = None, password: str | None = None) -> str:
        """A libpq connection string; the superuser's when no user is named."""
        if user is None:
            user, password = self.superuser, self.password
        parts = {"host": self.host, "port": str(self.port), "dbname": database, "user": user}
        if password is not None:
            parts["password"] = password
        if self.ca_file is None:
            parts["sslmode"] = "disable"
        else:
            parts |= {"sslmode": "verify-full", "sslrootcert": str(self.ca_file)}
        return " ".join(f"{key}={_quoted(value)}" for key, value in parts.items())

    def sql(self, text: str, database: str = "postgres", user: str | None = None, password: str | None = None) -> str:
        """Run SQL with this server's psql: its output, unaligned and without headings.

        Raises:
            ServerFailed: psql reported an error.
        """
        done = self.run("psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", self.dsn(database, user, password), text=text)
        return done.rstrip("\n")

    def run(self, program: str, *arguments: str, text: str = "") -> str:
        """Run one of this server's client programs: what it printed.

        Raises:
            ServerFailed: it exited with an error.
        """
        done = subprocess.run(
            [self.client_programs / program, *arguments], input=text, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise ServerFailed(f"{program}: {done.stderr.strip()}")
        return done.stdout

    def create_database(self, name: str | None = None, *, template: str | None = None) -> str:
        """Create a database: its name (a fresh one when none is given)."""
        name = name or f"db_{secrets.token_hex(4)}"
        source = f' TEMPLATE "{template}"' if template else ""
        self.sql(f'CREATE DATABASE "{name}"{source}')
        return name

    def log_text(self) -> str:
        """Everything the server has logged so far; every statement it was sent is in it."""
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def _initialise(self, settings: Mapping[str, str]) -> None:
        if (self.data / "PG_VERSION").exists():
            raise ServerFailed(f"{self.data} already holds a database cluster")
        secret_file = self.directory / "superuser"
        secret_file.touch(mode=0o600)
        secret_file.write_text(self.password)
        hand_over(secret_file)
        arguments = ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync", "-U", self.superuser]
        done = subprocess.run(
            [self.programs / "initdb", "-D", self.data, f"--pwfile={secret_file}", *arguments],
            capture_output=True,
            text=True,
            check=False,
            **self._as_server(),
        )
        secret_file.unlink()
        if done.returncode != 0:
            raise ServerFailed(f"initdb of PostgreSQL {self.major}: {done.stderr.strip()}")
        with (self.data / "postgresql.conf").open("a") as configuration:
            configuration.writelines(f"{name} = {value}\n" for name, value in settings.items())

    def _tls_settings(self, tls: bool) -> dict[str, str]:
        if not tls:
            return {}
        self.ca_file, certificate, key = make_certificates(self.directory, self.host)
        self.ca_file.chmod(0o644)
        hand_over(key)
        return {"ssl": "on", "ssl_cert_file": f"'{certificate}'", "ssl_key_file": f"'{key}'"}

    def _as_server(self) -> dict[str, Any]:
        user = server_user()
        environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}
        drop: dict[str, Any] = {} if user is None else {"user": user, "group": _group(user), "extra_groups": []}
        return {"cwd": self.directory, "env": environment} | drop

    def _ready(self) -> bool:
        """The postmaster says so in the eighth line of its lock file (miscadmin.h: LOCK_FILE_LINE_PM_STATUS)."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) > 7 and lines[0] == str(self.pid) and lines[7].strip() == "ready"

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.send_signal(how)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGQUIT)
            process.wait()


def free_port() -> int:
    """A loopback port nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _group(user: str) -> int:
    return pwd.getpwnam(user).pw_gid


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
