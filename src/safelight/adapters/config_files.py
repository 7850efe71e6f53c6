"""The files a node runs by (targets, labels, policies): read whole, and read again when they change.

A set that does not load changes nothing: what ran before goes on, and the refusal is reported once for each content.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from safelight.adapters.file_problems import FileProblem, FilesInvalid
from safelight.adapters.target_files import load_targets
from safelight.domain.masking import Strategy
from safelight.domain.target import Target

_MAX_POLICY_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ConfigSet:
    """All files of one moment. ``digest`` names the content."""

    targets: dict[str, Target]
    policies: dict[str, str]
    digest: str


@dataclass(frozen=True, slots=True)
class ConfigSource:
    """Which files make up the set. A directory among the policies stands for its ``*.cedar`` files."""

    target_files: tuple[Path, ...]
    policy_files: tuple[Path, ...]
    default_strategy: Strategy = Strategy.PSEUDONYM

    def load(self) -> ConfigSet:
        """Read everything.

        Raises:
            FilesInvalid: with every problem of every file.
        """
        problems: list[FileProblem] = []
        targets: dict[str, Target] = {}
        try:
            targets = load_targets(self.target_files, self.default_strategy)
        except FilesInvalid as error:
            problems.extend(error.problems)
        policies = _read_policies(self._policy_files(), problems)
        if problems:
            raise FilesInvalid(tuple(problems))
        return ConfigSet(targets, policies, self.digest())

    def digest(self) -> str:
        """A hash of the names and bytes of all files; a file that is missing counts as such."""
        state = hashlib.sha256()
        for file in (*self.target_files, *self._policy_files()):
            state.update(str(file).encode() + b"\0")
            state.update(_digest_of(file))
        return state.hexdigest()

    def _policy_files(self) -> tuple[Path, ...]:
        found: list[Path] = []
        for path in self.policy_files:
            found.extend(sorted(path.glob("*.cedar")) if path.is_dir() else [path])
        return tuple(found)


def _read_policies(files: Sequence[Path], problems: list[FileProblem]) -> dict[str, str]:
    policies: dict[str, str] = {}
    for file in files:
        try:
            data = file.read_bytes()
            if len(data) > _MAX_POLICY_BYTES:
                problems.append(FileProblem(file, "", f"is larger than {_MAX_POLICY_BYTES} bytes"))
            policies[str(file)] = data.decode("utf-8")
        except OSError as error:
            problems.append(FileProblem(file, "", f"cannot be read: {error.strerror}"))
        except UnicodeDecodeError:
            problems.append(FileProblem(file, "", "is not UTF-8"))
    return policies


def _digest_of(file: Path) -> bytes:
    try:
        return hashlib.sha256(file.read_bytes()).digest()
    except OSError:
        return b"missing"


class ConfigWatcher:
    """Reads the set again whenever the content of its files has changed.

    ``apply`` puts a new set in force (it may refuse with an exception derived from SafelightError);
    ``refused`` is told of a set that does not load. Both are awaited on the running loop; files are read off it.
    """

    def __init__(
        self,
        source: ConfigSource,
        current_digest: str,
        interval_seconds: float,
        apply: Callable[[ConfigSet], Awaitable[None]],
        refused: Callable[[FilesInvalid], Awaitable[None]],
    ) -> None:
        self._source = source
        self._digest = current_digest
        self._interval_seconds = interval_seconds
        self._apply = apply
        self._refused = refused

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            await asyncio.sleep(self._interval_seconds)
            await self.check()

    async def check(self) -> bool:
        """Look once; whether the content had changed. The same broken content is reported once."""
        digest = await asyncio.to_thread(self._source.digest)
        if digest == self._digest:
            return False
        await self.reload(digest)
        return True

    async def reload(self, digest: str | None = None) -> None:
        """Load and apply now, changed or not (SIGHUP, ``safelight`` administrators)."""
        self._digest = digest if digest is not None else await asyncio.to_thread(self._source.digest)
        try:
            loaded = await asyncio.to_thread(self._source.load)
        except FilesInvalid as error:
            await self._refused(error)
            return
        await self._apply(loaded)
