"""A PgBouncer (Debian's) in front of a server: the peer that latency and throughput are compared with."""

import pwd
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.rig.binaries import MissingServer, hand_over, server_user
from tests.rig.servers import Server, ServerFailed, free_port

START_SECONDS = 10.0


class PgBouncer:
    """Session pooling, one user, over loopback TCP. ``auth`` towards clients is plain trust, its fastest."""

    def __init__(self, server: Server, database: str, user: str, password: str) -> None:
        if shutil.which("pgbouncer", path="/usr/sbin:/usr/bin") is None:
            raise MissingServer("PgBouncer is not installed: run `apt-get install pgbouncer` as root")
        self.port = free_port()
        self.directory = Path(tempfile.mkdtemp(prefix="safelight-pgbouncer-"))
        hand_over(self.directory)
        users = self.directory / "users.txt"
        users.write_text(f'"{user}" "{password}"\n')
        self._configuration = self.directory / "pgbouncer.ini"
        self._configuration.write_text(
            f"[databases]\n{database} = host={server.host} port={server.port} dbname={database}\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {self.port}\nunix_socket_dir =\n"
            f"auth_type = trust\nauth_file = {users}\npool_mode = session\nmax_client_conn = 500\n"
            f"default_pool_size = 200\nignore_startup_parameters = extra_float_digits\n"
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
