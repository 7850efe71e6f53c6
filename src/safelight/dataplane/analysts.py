"""The pool of child processes that read SQL for the data plane.

The parser is C: text can crash it (a sum of 30,000 terms) or keep it busy. So it runs in children that are limited,
watched by a deadline and replaced when they die; only the statement that did it is refused, with ``postgres.parser``.
Statements wait in one line, first come first served; a slow one holds up one child. A child's answer is decoded
strictly (typed_json.py) and must answer the question that was asked; anything else ends the child. Whoever ends
children again and again is not read for a while, so that the others are.

The loop never waits for a child, and catalogs are sent in parts so that making them stalls nobody.
"""

import asyncio
import itertools
import signal
import sys
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from safelight.application.attempts import Attempts
from safelight.dataplane.analyst_frames import HEADER, FrameKind, Question, catalog_frames, frame
from safelight.dataplane.typed_json import Malformed, from_json, to_json
from safelight.domain.errors import InternalError, Refusal
from safelight.protocols.postgres.analysis import Analysis
from safelight.protocols.postgres.catalog import Catalog
from safelight.protocols.postgres.sql.limits import decode_text

COMMAND = (sys.executable, "-I", "-m", "safelight.dataplane.analyst_child")
START_SECONDS = 30.0
CATALOG_SECONDS = 30.0
MAX_WAITING = 1000
MAX_WAIT_SECONDS = 15.0
MAX_REPLY_BYTES = 16 * 1024 * 1024
CATALOGS_PER_CHILD = 8
ENDED_CHILDREN = 3
ENDED_CHILDREN_SECONDS = 60
"""So many children may one principal's statements end within such a time."""


class _ChildFailed(Exception):
    """The child can no longer be used. The message says why, without any text of the statement."""


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    text: bytes
    catalog: Catalog
    extended: bool
    principal: str
    answer: asyncio.Future[Analysis]


class AnalystPool:
    """``count`` children. ``on_restart`` is told why one had to be replaced."""

    def __init__(
        self,
        count: int,
        deadline_seconds: float = 2.0,
        *,
        on_restart: Callable[[str], None] | None = None,
        memory_mib: int = 512,
        command: Sequence[str] = COMMAND,
    ) -> None:
        self.restarts = 0
        self.alive = 0
        """Children that have started and have not ended."""
        self.on_restart = on_restart
        self._count = count
        self._deadline_seconds = deadline_seconds
        self._command = (*command, str(memory_mib))
        self._jobs: asyncio.Queue[_Job] = asyncio.Queue(MAX_WAITING)
        self._ended = Attempts(ENDED_CHILDREN, ENDED_CHILDREN_SECONDS * 1000)
        self._workers: list[asyncio.Task[None]] = []
        self._ready: list[_Child] = []
        """Children that no worker has taken yet."""

    async def start(self) -> None:
        """Start the children; returns when all are ready.

        Raises:
            InternalError: one of them does not start.
        """
        starting = [_Child.start(self._command) for _ in range(self._count)]
        children = await asyncio.gather(*starting, return_exceptions=True)
        failed = [child for child in children if isinstance(child, BaseException)]
        ready = [child for child in children if isinstance(child, _Child)]
        if failed:
            for child in ready:
                await child.end()
            raise InternalError("the SQL analyst does not start") from failed[0]
        self._ready = ready
        self.alive = len(ready)
        self._workers = [asyncio.create_task(self._work()) for _ in ready]

    async def close(self) -> None:
        """End the children. Statements that still wait are refused."""
        workers, self._workers = self._workers, []
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        self.alive = 0
        while self._ready:
            await self._ready.pop().end()
        while not self._jobs.empty():
            _settle(self._jobs.get_nowait(), _refused("safelight is shutting down", "connect again"))

    @property
    def waiting(self) -> int:
        """Statements that no child has taken yet."""
        return self._jobs.qsize()

    async def analyse(self, text: bytes, catalog: Catalog, extended: bool, principal: str) -> Analysis:
        """What ``text`` means against ``catalog``. A statement that cannot be read is an analysis with a refusal."""
        unreadable = decode_text(text)
        if isinstance(unreadable, Refusal):
            return Analysis((), unreadable, None, None)
        if not self._workers:
            raise InternalError("the SQL analyst is not running")
        if not self._ended.allowed(principal, _now_ms()):
            return _refused("your statements ended the SQL reader too often", "wait a minute")
        job = _Job(text, catalog, extended, principal, asyncio.get_running_loop().create_future())
        try:
            async with asyncio.timeout(MAX_WAIT_SECONDS):
                await self._jobs.put(job)
                return await job.answer
        except TimeoutError:
            return _refused("too many statements wait to be read", "try again in a moment")

    async def _work(self) -> None:
        """Serve jobs with one child at a time, replacing it when it fails."""
        child: _Child | None = self._ready.pop()
        try:
            while True:
                if child is None:
                    child = await self._replacement()
                    self.alive += 1
                job = await self._jobs.get()
                if job.answer.done():
                    continue
                try:
                    _settle(job, await child.analyse(job, self._deadline_seconds))
                except asyncio.CancelledError:
                    _settle(job, _refused("safelight is shutting down", "connect again"))
                    raise
                except Exception as error:  # noqa: BLE001 - a driver: the statement is refused, the child replaced
                    self._ended.failed(job.principal, _now_ms())
                    _settle(job, _refused("the statement is too deep or too large to be read", _SIMPLIFY))
                    self.alive -= 1
                    await child.end()
                    child = None
                    self._note_restart(str(error) if isinstance(error, _ChildFailed) else type(error).__name__)
        finally:
            if child is not None:
                await child.end()

    async def _replacement(self) -> "_Child":
        """A new child. When none can be started, wait longer each time; statements are refused by their own wait."""
        for delay in itertools.chain((0.1, 0.5, 1.0), itertools.repeat(5.0)):
            try:
                return await _Child.start(self._command)
            except _ChildFailed as failure:
                self._note_restart(str(failure))
                await asyncio.sleep(delay)
        raise AssertionError("the delays never end")

    def _note_restart(self, reason: str) -> None:
        self.restarts += 1
        if self.on_restart is not None:
            self.on_restart(reason)


class _Child:
    """One child process: its pipes, and the catalogs that it has been sent."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None and process.stdout is not None
        self._process = process
        self._to, self._from = process.stdin, process.stdout
        self._numbers = itertools.count(1)
        self._catalogs: OrderedDict[tuple[str, str, str], int] = OrderedDict()

    @classmethod
    async def start(cls, command: Sequence[str]) -> "_Child":
        """Start a child with nothing inherited but its two pipes, and wait until it says that it is ready."""
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env={"LC_ALL": "C.UTF-8"},
                cwd="/",
                start_new_session=True,
            )
        except OSError as error:
            raise _ChildFailed(f"could not be started: {error.strerror}") from error
        child = cls(process)
        try:
            await child._expect(FrameKind.READY, START_SECONDS)
        except BaseException:
            await child.end()
            raise
        return child

    async def analyse(self, job: _Job, deadline_seconds: float) -> Analysis:
        """Ask one question and read its answer.

        Raises:
            _ChildFailed: the child died, answered late, or answered something else.
        """
        catalog = await self._catalog_number(job.catalog)
        number = next(self._numbers)
        question = to_json(Question(number, catalog, job.extended, job.text))
        await self._send(frame(FrameKind.QUESTION, question), deadline_seconds)
        kind, body = await self._receive(deadline_seconds)
        answered, separator, value = body.partition(b":")
        if not separator or answered != b"%d" % number:
            raise _ChildFailed("answered another question")
        if kind is FrameKind.FAILURE:
            return _refused("the statement cannot be read", _SIMPLIFY)
        if kind is not FrameKind.ANALYSIS:
            raise _ChildFailed("answered out of turn")
        try:
            return from_json(Analysis, value)
        except Malformed as error:
            raise _ChildFailed("gave an answer that is not an analysis") from error

    async def end(self) -> None:
        """Kill the process and wait for it."""
        if self._process.returncode is None:
            self._process.kill()
        self._to.close()
        await self._process.wait()

    async def _catalog_number(self, catalog: Catalog) -> int:
        """The number under which the child knows ``catalog``, which is sent to it when it does not."""
        key = (catalog.target, catalog.database, catalog.version)
        if key in self._catalogs:
            self._catalogs.move_to_end(key)
            return self._catalogs[key]
        if len(self._catalogs) >= CATALOGS_PER_CHILD:
            _, oldest = self._catalogs.popitem(last=False)
            await self._send(frame(FrameKind.FORGET, b"%d" % oldest), CATALOG_SECONDS)
        number = next(self._numbers)
        for part in catalog_frames(number, catalog):
            await self._send(part, CATALOG_SECONDS)
            await asyncio.sleep(0)
        if await self._expect(FrameKind.CATALOG_KEPT, CATALOG_SECONDS) != b"%d" % number:
            raise _ChildFailed("kept another catalog")
        self._catalogs[key] = number
        return number

    async def _send(self, data: bytes, timeout_seconds: float) -> None:
        try:
            self._to.write(data)
            async with asyncio.timeout(timeout_seconds):
                await self._to.drain()
        except TimeoutError as error:
            raise _ChildFailed("does not read") from error
        except (ConnectionError, RuntimeError) as error:
            raise _ChildFailed(await self._how_it_ended()) from error

    async def _expect(self, kind: FrameKind, timeout_seconds: float) -> bytes:
        found, body = await self._receive(timeout_seconds)
        if found is not kind:
            raise _ChildFailed("answered out of turn")
        return body

    async def _receive(self, timeout_seconds: float) -> tuple[FrameKind, bytes]:
        try:
            async with asyncio.timeout(timeout_seconds):
                kind, length = HEADER.unpack(await self._from.readexactly(HEADER.size))
                if length > MAX_REPLY_BYTES:
                    raise _ChildFailed("gave an answer that is too long")
                return FrameKind(kind), await self._from.readexactly(length)
        except TimeoutError as error:
            raise _ChildFailed(f"did not answer within {timeout_seconds:g} s") from error
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise _ChildFailed(await self._how_it_ended()) from error
        except ValueError as error:
            raise _ChildFailed("answered with an unknown frame") from error

    async def _how_it_ended(self) -> str:
        """Why the pipe is closed. A child that closes its pipe and lives on is ended first."""
        try:
            async with asyncio.timeout(1.0):
                code = await self._process.wait()
        except TimeoutError:
            return "closed its pipe"
        if code >= 0:
            return f"ended with status {code}"
        return f"was ended by {signal.Signals(-code).name}"


_SIMPLIFY = "make the statement simpler, or send its values as parameters"


def _refused(why: str, next_step: str) -> Analysis:
    return Analysis((), Refusal("postgres.parser", why, next_step), None, None)


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000


def _settle(job: _Job, analysis: Analysis) -> None:
    """Answer, unless whoever asked has gone."""
    if not job.answer.done():
        job.answer.set_result(analysis)
