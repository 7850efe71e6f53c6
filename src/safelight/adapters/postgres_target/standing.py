"""A connection that stands: opened when first needed, opened again when lost, one query at a time.

A failed attempt is not repeated at once: for a while everybody gets the same failure, so that a target that is down
costs its users no waiting. A query that fails because the connection had died unnoticed is asked once more.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

from safelight.adapters.postgres_target.untrusted import UNREADABLE, unreadable
from safelight.adapters.postgres_target.wire import Dial, Parameter, Row, ServerRefused, Wire
from safelight.domain.errors import PeerProtocolError, TargetUnavailable
from safelight.domain.target import Target
from safelight.ports.target_admin import Account

ResultT = TypeVar("ResultT")

FIRST_PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 10.0
QUERY_TIMEOUT_SECONDS = 10.0

OURS: Mapping[str, str] = {
    "client_encoding": "UTF8",
    "standard_conforming_strings": "on",
    "search_path": "pg_catalog",
    "statement_timeout": "60000",
    "lock_timeout": "3000",
    "idle_in_transaction_session_timeout": "60000",
    "DateStyle": "ISO, YMD",
    "TimeZone": "UTC",
}
"""Names resolve to the server's own objects only; nothing waits for a lock for long."""


class StandingConnection:
    """``purpose`` is its application_name, so that a server's administrator knows it."""

    def __init__(
        self,
        dial: Dial,
        target: Target,
        account: Callable[[], Account],
        database: str,
        purpose: str,
        settings: Mapping[str, str] = OURS,
    ) -> None:
        self._dial = dial
        self._target = target
        self._account = account
        self._parameters = {**settings, "database": database, "application_name": purpose}
        self._lock = asyncio.Lock()
        self._wire: Wire | None = None
        self._pause_seconds = 0.0
        self._not_before = 0.0
        self._last_failure = ""
        self._closed = False

    async def query(
        self, text: str, *parameters: Parameter, timeout_seconds: float = QUERY_TIMEOUT_SECONDS
    ) -> list[Row]:
        """Raises: TargetUnavailable; ServerRefused when the server answered with an error."""
        return await self.use(lambda wire: wire.query(text, *parameters), timeout_seconds)

    async def script(self, text: str, *, timeout_seconds: float = QUERY_TIMEOUT_SECONDS) -> None:
        """Raises: as :meth:`query`."""
        await self.use(lambda wire: wire.script(text), timeout_seconds)

    async def use(self, work: Callable[[Wire], Awaitable[ResultT]], timeout_seconds: float) -> ResultT:
        """Run ``work`` on the connection, alone. It may be run twice, the second time on a fresh connection.

        Raises:
            TargetUnavailable: no connection, or no answer in time.
            ServerRefused: the server answered with an error.
        """
        try:
            async with asyncio.timeout(timeout_seconds), self._lock:
                fresh = self._wire is None or not self._wire.open
                try:
                    return await self._attempt(work)
                except PeerProtocolError as broken:
                    if fresh:
                        raise TargetUnavailable(f"the server broke off: {broken}") from broken
                try:
                    return await self._attempt(work)
                except PeerProtocolError as broken:
                    raise TargetUnavailable(f"the server broke off: {broken}") from broken
        except TimeoutError as cause:
            raise TargetUnavailable(f"the server did not answer within {timeout_seconds:g} s") from cause

    async def close(self) -> None:
        self._closed = True
        if self._wire is not None:
            self._wire.close()
            self._wire = None

    async def _attempt(self, work: Callable[[Wire], Awaitable[ResultT]]) -> ResultT:
        wire = await self._connected()
        try:
            return await work(wire)
        except ServerRefused:
            raise
        except UNREADABLE as problem:
            wire.abort()
            self._wire = None
            raise unreadable(problem) from problem
        except BaseException:
            # Whatever broke it off (a timeout too), the next answer would be read as this one's.
            wire.abort()
            self._wire = None
            raise

    async def _connected(self) -> Wire:
        if self._wire is not None and self._wire.open:
            return self._wire
        if self._closed:
            raise TargetUnavailable("the administration of this target has been closed")
        now = asyncio.get_running_loop().time()
        if now < self._not_before:
            raise TargetUnavailable(self._last_failure)
        try:
            link, _ready = await self._dial(self._target, self._account(), self._parameters)
        except TargetUnavailable as failure:
            self._pause_seconds = min(max(self._pause_seconds * 2, FIRST_PAUSE_SECONDS), LONGEST_PAUSE_SECONDS)
            self._not_before = now + self._pause_seconds
            self._last_failure = str(failure)
            raise
        self._pause_seconds = 0.0
        self._wire = Wire(link)
        return self._wire
