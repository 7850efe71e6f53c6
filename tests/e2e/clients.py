"""Running native clients as people do: psql and pgbench as programs, and psql in a terminal."""

import os
import pty
import re
import select
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self, TypeVar

from tests.rig.binaries import programs
from tests.rig.gateway import SessionLogin

SECONDS = 30.0
T = TypeVar("T")


def psql(login: SessionLogin, *commands: str, major: int = 15, options: tuple[str, ...] = (), **more: str) -> str:
    """Run psql with one ``-c`` for each command: what it printed, errors included."""
    arguments = [programs(major) / "psql", "-X", *options, "-d", login.dsn(**more)]
    for command in commands:
        arguments += ["-c", command]
    done = subprocess.run(
        arguments,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    return done.stdout


def psql_script(login: SessionLogin, script: str, *, major: int = 15, options: tuple[str, ...] = ("-At",)) -> str:
    """Run psql with a script on its input."""
    done = subprocess.run(
        [programs(major) / "psql", "-X", *options, "-d", login.dsn()],
        input=script,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    return done.stdout


class Terminal:
    """psql, or another program, in a terminal of its own: what is typed, and what the screen has shown so far."""

    def __init__(
        self,
        login: SessionLogin,
        major: int = 15,
        *,
        command: Sequence[str | Path] = (),
        variables: Mapping[str, str] | None = None,
        prompt: str = "=> ",
    ) -> None:
        main, side = pty.openpty()
        self._main = main
        self._prompt = prompt
        self.screen = ""
        plain = {"TERM": "dumb", "PAGER": "cat", "PSQL_HISTORY": "/dev/null", "INPUTRC": "/dev/null"}
        self._process = subprocess.Popen(
            command or [programs(major) / "psql", "-X", "-d", login.dsn()],
            stdin=side,
            stdout=side,
            stderr=side,
            start_new_session=True,
            preexec_fn=_take_terminal,
            env=login.environment() | plain | dict(variables or {}),
        )
        os.close(side)

    def __enter__(self) -> Self:
        self.wait_for(self._prompt)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._main)

    def type(self, text: str) -> None:
        os.write(self._main, text.encode())

    def interrupt(self) -> None:
        """Ctrl-C."""
        self.type("\x03")

    def wait_for(self, pattern: str, seconds: float = SECONDS) -> str:
        """Read until ``pattern`` (a regular expression) has been shown: everything since the last wait."""
        since = self.screen
        deadline = time.monotonic() + seconds
        seen = ""
        while re.search(pattern, seen) is None:
            left = deadline - time.monotonic()
            ready = select.select([self._main], [], [], max(left, 0))[0]
            if not ready:
                raise AssertionError(f"{pattern!r} was not shown:\n{since}{seen}")
            try:
                seen += os.read(self._main, 65536).decode(errors="replace")
            except OSError:
                raise AssertionError(f"psql ended before {pattern!r}:\n{since}{seen}") from None
        self.screen = since + seen
        return seen


def _take_terminal() -> None:
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def eventually(ask: Callable[[], T], seconds: float = 5.0, *, every: float = 0.02) -> T:
    """Ask until the answer is true: the answer.

    Raises:
        AssertionError: it never was.
    """
    deadline = time.monotonic() + seconds
    while True:
        answer = ask()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"still {answer!r} after {seconds} s")
        time.sleep(every)
