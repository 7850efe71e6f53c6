"""A PgBouncer (Debian's) in front of a server: the peer that latency and throughput are compared with."""

import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.rig.binaries import MissingServer, hand_over, server_user
from tests.rig.servers import Server, ServerFailed, free_port

START_SECONDS = 10.0


class PgBouncer:
    """Over loopback TCP. ``user`` comes in by plain trust, the fastest, unless there are ``more_users``: then all of
    them, and whoever is not named but known to the server, by SCRAM. ``pool_mode`` is session, transaction or
    statement; ``dropped`` are settings of a login that it takes and forgets."""

    def __init__(
        self,
        server: Server,
        database: str,
        user: str,
        password: str,
        *,
        more_users: Mapping[str, str] | None = None,
        pool_mode: str = "session",
        dropped: str = "extra_float_digits",
    ) -> None:
        if shutil.which("pgbouncer", path="/usr/sbin:/usr/bin") is None:
            raise MissingServer("PgBouncer is not installed: run `apt-get install pgbouncer` as root")
        self.port = free_port()
        self.directory = Path(tempfile.mkdtemp(prefix="safelight-pgbouncer-"))
        hand_over(self.directory)
        users = self.directory / "users.txt"
        known = {user: password} | dict(more_users or {})
        users.write_text("".join(f'"{name}" "{secret}"\n' for name, secret in known.items()))
        self._configuration = self.directory / "pgbouncer.ini"
        self._configuration.write_text(
            f"[databases]\n{database} = host={server.host} port={server.port} dbname={database}\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {self.port}\nunix_socket_dir =\n"
            f"auth_type = {'trust' if more_users is None else 'scram-sha-256'}\nauth_file = {users}\n"
            f"pool_mode = {pool_mode}\nmax_client_conn = 500\n"
            f"default_pool_size = 200\nignore_startup_parameters = {dropped}\n"
            f"logfile = {self.directory / 'log'}\n"
        )
        for file in (users, self._configuration):
            hand_over(file)
        self._user, self._database = user, database
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        owner = server_user()
        drop: dict[str, Any] = {}
        if owner is not None:
            drop = {"user": owner, "group": pwd.getpwnam(owner).pw_gid, "extra_groups": []}
        self._process = subprocess.Popen(
            ["/usr/sbin/pgbouncer", "-q", str(self._configuration)],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **drop,
        )
        log = self.directory / "log"
        deadline = time.monotonic() + START_SECONDS
        while not (log.exists() and "process up" in log.read_text()):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise ServerFailed("PgBouncer did not start:\n" + (log.read_text() if log.exists() else ""))
            time.sleep(0.02)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)

    def dsn(self) -> str:
        return f"host=127.0.0.1 port={self.port} dbname={self._database} user={self._user} sslmode=disable"
