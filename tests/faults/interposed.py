"""A gateway whose disk and wall clock are a test's: slow, failing, set, or gone with the power.

:class:`Interposed` is a :class:`Gateway` whose process has ``interpose.c`` before the C library. :meth:`lose_power`
kills it and leaves on disk only what it had fsynced: bytes of files, and names in directories.
"""

import os
import shutil
import struct
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.rig.gateway import Gateway, Target

SOURCE = Path(__file__).with_name("interpose.c")
_CONTROL = struct.Struct("=4q96s")


def build(directory: Path) -> Path:
    """The library, built in ``directory``."""
    library = directory / "interpose.so"
    if not library.exists():
        flags = ["-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror"]
        subprocess.run(["cc", *flags, "-o", library, SOURCE, "-ldl"], check=True)
    return library


class Interposed(Gateway):
    """``directory`` must not be on a file system that gives numbers of removed files away at once."""

    def __init__(self, targets: Sequence[Target], directory: Path, *, settings: str = "", policies: str = "") -> None:
        super().__init__(targets, settings=settings, policies=policies, directory=directory / "gateway")
        self._kept = directory / "kept"
        self._control = directory / "control"
        self._control.write_bytes(bytes(_CONTROL.size))
        self.environment = {
            "LD_PRELOAD": str(build(directory)),
            "FAULTS_ROOT": str(self.state),
            "FAULTS_KEPT": str(self._kept),
            "FAULTS_CONTROL": str(self._control),
        }
        self._settle()

    def fault(
        self, *, wall_offset_seconds: int = 0, delay_ms: int = 0, sync: int = 0, write: int = 0, only: str = ""
    ) -> None:
        """From now on: this many seconds on the wall clock, fsyncs that take so long, or fail, or writes that fail,
        with these error numbers, for files with ``only`` in their path. Without arguments: none of it."""
        data = _CONTROL.pack(wall_offset_seconds, delay_ms, sync, write, only.encode())
        with self._control.open("r+b") as file:  # in place: the process has it mapped
            file.write(data)

    @contextmanager
    def faulty(self, *, delay_ms: int = 0, sync: int = 0, write: int = 0, only: str = "") -> Iterator[None]:
        self.fault(delay_ms=delay_ms, sync=sync, write=write, only=only)
        yield
        self.fault()

    def lose_power(self) -> None:
        """End the process, and all that it did not fsync. What is left is as if it had always been there."""
        self.kill()
        left = self.directory / "left"
        self._restore(self.state, left)
        shutil.rmtree(self.state)
        left.rename(self.state)
        self._settle()

    def _settle(self) -> None:
        """What is there now is on disk."""
        shutil.rmtree(self._kept, ignore_errors=True)
        self._kept.mkdir()
        for directory, _, names in os.walk(self.state):
            path = Path(directory)
            entries = [f"{entry.inode()} {entry.name}\n" for entry in os.scandir(path)]
            (self._kept / str(path.stat().st_ino)).write_text("".join(entries))
            for name in names:
                shutil.copyfile(path / name, self._kept / str((path / name).stat().st_ino))

    def _restore(self, source: Path, destination: Path) -> None:
        """Make ``destination`` what the disk has of the directory ``source``."""
        destination.mkdir()
        shutil.copystat(source, destination)
        names = self._kept / str(source.stat().st_ino)
        by_number = {entry.inode(): Path(entry.path) for entry in os.scandir(source)}
        for line in names.read_text().splitlines() if names.exists() else ():
            number, _, name = line.partition(" ")
            now = by_number.get(int(number))
            if now is not None and now.is_dir():
                self._restore(now, destination / name)
                continue
            kept, restored = self._kept / number, destination / name
            restored.touch(0o600)
            if kept.exists():
                shutil.copyfile(kept, restored)
            if now is not None:
                shutil.copymode(now, restored)
