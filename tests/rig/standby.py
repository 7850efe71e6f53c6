"""A streaming standby of a :class:`Server`, made with pg_basebackup.

with Server(15) as primary, Standby(primary) as standby:
    primary.sql("CREATE TABLE t (a int)")
    standby.caught_up()
"""

import os
import subprocess
import time
from collections.abc import Mapping

from tests.rig.binaries import client_programs
from tests.rig.servers import Server, ServerFailed

SECONDS = 20.0


class Standby(Server):
    """Roles, passwords and databases are the primary's."""

    def __init__(self, primary: Server) -> None:
        self._primary = primary
        super().__init__(primary.major)
        self.password = primary.password

    def caught_up(self) -> None:
        """Wait until everything that the primary has written can be seen here."""
        written = self._primary.sql("SELECT pg_current_wal_insert_lsn()")
        deadline = time.monotonic() + SECONDS
        while self.sql(f"SELECT pg_last_wal_replay_lsn() >= '{written}'") != "t":
            if time.monotonic() > deadline:
                raise ServerFailed("the standby does not follow:\n" + self.log_text())
            time.sleep(0.02)

    def _initialise(self, settings: Mapping[str, str]) -> None:
        done = subprocess.run(
            [client_programs(self.major) / "pg_basebackup", "-R", "--no-sync", "-c", "fast", "-X", "stream",
             "-D", self.data, "-d", self._primary.dsn("replication")],
            capture_output=True,
            text=True,
            check=False,
            **self._as_server() | {"env": os.environ | {"LC_ALL": "C"}},
        )  # fmt: skip
        if done.returncode != 0:
            raise ServerFailed(f"pg_basebackup: {done.stderr.strip()}")
        with (self.data / "postgresql.conf").open("a") as configuration:
            configuration.write(f"port = {settings['port']}\n")
