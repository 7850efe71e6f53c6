"""Whether a connection to the target is a server process of its own, or a pooler stands between.

A pooler such as PgBouncer hands a client another server process for each transaction, or a used one for each session,
and refuses or drops the settings of a startup packet. Then the bounds of a session and the search_path that its text
is read by are not what the gateway believes, a kill meets somebody else, and RESET leads elsewhere: such a target is
refused. A pooler shows itself: the process id in its BackendKeyData is its own, not the server's.
"""

import asyncio
from collections.abc import Callable

from safelight.adapters.postgres_target.wire import Dial, ServerRefused, Wire
from safelight.domain.errors import PeerProtocolError, TargetUnavailable
from safelight.domain.target import Target
from safelight.ports.target_admin import Account

TAKEN_BY_POOLERS = {"client_encoding": "UTF8", "standard_conforming_strings": "on"}
"""Others would be refused by a pooler with no word of what it is."""
KEPT_SECONDS = 60.0
ASK_SECONDS = 10.0
POOLED = (
    "a connection pooler answers instead of the server: sessions need a server process and settings of their own; "
    "configure the server's own address"
)


class Pooling:
    """Of one target: what was found last holds for a minute, and is then found anew."""

    def __init__(self, dial: Dial, target: Target, account: Callable[[], Account]) -> None:
        self._dial = dial
        self._target = target
        self._account = account
        self._good_until = 0.0
        self._lock = asyncio.Lock()

    async def refuse(self) -> None:
        """Raises: TargetUnavailable: a pooler is there, or it cannot be told."""
        now = asyncio.get_running_loop().time
        if now() < self._good_until:
            return
        async with self._lock:
            if now() < self._good_until:
                return
            if not await self._is_direct():
                raise TargetUnavailable(POOLED)
            self._good_until = now() + KEPT_SECONDS

    async def _is_direct(self) -> bool:
        parameters = TAKEN_BY_POOLERS | {"database": self._target.databases[0], "application_name": "safelight-check"}
        try:
            async with asyncio.timeout(ASK_SECONDS):
                link, ready = await self._dial(self._target, self._account(), parameters)
                wire = Wire(link)
                try:
                    rows = await wire.query("SELECT pg_catalog.pg_backend_pid()")
                finally:
                    wire.close()
        except (TimeoutError, ServerRefused, PeerProtocolError) as problem:
            raise TargetUnavailable("the server does not say which process serves a connection") from problem
        return rows == [(str(ready.pid),)]
