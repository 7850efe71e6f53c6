"""Where the story is played: a real PostgreSQL with the shop, a gateway in front of it, and people at terminals."""

import os
import shutil
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console

from demo.shop.load import Size, load
from tests.rig.gateway import Gateway, Target
from tests.rig.servers import Server

DIRECTORY = Path(".demo").absolute()
TARGET = "orders-db"
LABELS: dict[str, str | tuple[str, str]] = {
    "public.customers.email": ("email", "pseudonym"),
    "public.subscribers.email": ("email", "pseudonym"),
    "public.customers.full_name": ("name", "redact"),
    "public.customers.phone": ("phone", "partial"),
    "public.cards.number": ("card", "partial"),
    "public.addresses.street": ("address", "redact"),
}
COMMAND_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Output:
    """What a command printed, both streams in one, and how it ended."""

    text: str
    code: int

    def __contains__(self, part: str) -> bool:
        return part in self.text


class Running:
    """A command that goes on while others are typed."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._lines: list[str] = []
        self._said = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._said:
                self._lines.append(line)
                self._said.notify_all()

    def wait_for(self, part: str, seconds: float = COMMAND_SECONDS) -> str:
        """Until it has printed ``part``: everything printed so far."""
        with self._said:
            self._said.wait_for(lambda: part in "".join(self._lines), seconds)
            return "".join(self._lines)

    def finish(self, seconds: float = COMMAND_SECONDS) -> Output:
        code = self._process.wait(seconds)
        self._reader.join(seconds)
        return Output("".join(self._lines), code)

    def stop(self) -> None:
        self._process.kill()


class Stage:
    """``with Stage(console) as stage:``. Everything lives in ``.demo`` and ends with the block."""

    def __init__(self, console: Console, size: Size) -> None:
        self._console = console
        self._size = size
        self.gateway: Gateway
        self.server: Server

    def __enter__(self) -> Self:
        shutil.rmtree(DIRECTORY, ignore_errors=True)
        DIRECTORY.mkdir()
        with self._console.status("starting PostgreSQL 18 …"):
            self.server = Server(18)
            self.server.start()
            self.server.create_database("shop")
        load(self.server.dsn("shop"), self._size, self._console)
        with self._console.status("starting the gateway …"):
            target = Target(TARGET, self.server, ("shop",), labels=LABELS)
            # Debian's psql speaks TLS; the wheel's does not.
            self.tls = shutil.which("psql") is not None
            self.gateway = Gateway([target], tls=self.tls, directory=DIRECTORY / "gateway")
            self.gateway.start()
            self.gateway.make_people()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.gateway.stop()
        self.server.close()

    def environment(self, person: str | None) -> dict[str, str]:
        """A person's terminal: logged in to the gateway, with psql on the path, and no pager."""
        programs = [str(Path(".venv/bin").absolute()), os.environ["PATH"], str(self.server.programs)]
        environment = os.environ | {
            "PATH": os.pathsep.join(programs),
            "PSQLRC": os.devnull,
            "PAGER": "cat",
            "COLUMNS": "110",
            "PGSSLROOTCERT": str(self.gateway.ca_file),
            "SAFELIGHT_CLI_DIRECTORY": str(DIRECTORY / "people" / (person or "nobody")),
        }
        if person is not None:
            environment |= {"SAFELIGHT_CLI_URL": self.gateway.url, "SAFELIGHT_CLI_TOKEN": self.gateway.token(person)}
        return environment

    def run(self, person: str | None, *command: str) -> Output:
        done = subprocess.run(
            command,
            env=self.environment(person),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
        return Output(done.stdout, done.returncode)

    def begin(self, person: str, *command: str) -> Running:
        return Running(
            subprocess.Popen(
                command,
                env=self.environment(person),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
