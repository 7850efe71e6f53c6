"""A server as a target knows it, at another port: something listens there that is not PostgreSQL, or nothing."""

from pathlib import Path

from tests.rig.servers import Server


class Elsewhere(Server):
    """``real`` is asked for everything but where it is."""

    def __init__(self, real: Server, port: int, host: str = "127.0.0.1") -> None:
        self.__dict__.update(real.__dict__)
        self._real = real
        self.host, self.port = host, port
        self.ca_file: Path | None = None

    def sql(self, text: str, database: str = "postgres", user: str | None = None, password: str | None = None) -> str:
        return self._real.sql(text, database, user, password)
