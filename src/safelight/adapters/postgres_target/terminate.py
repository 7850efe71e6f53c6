"""Ending work on the server, and making sure that it is gone.

A PL/pgSQL handler survives a cancel and a closed socket; only pg_terminate_backend ends it. So: take the account's
right to log in, terminate by (pid, backend_start), look whether the process is still shown, and again, for up to five
seconds. Many ends at once (a lock on everybody) share each round: a hundred sessions cost no more trips than one.
"""

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime

from safelight.adapters.postgres_target import roles
from safelight.adapters.postgres_target.standing import StandingConnection
from safelight.adapters.postgres_target.untrusted import answered_by_a_peer
from safelight.adapters.postgres_target.wire import ServerRefused
from safelight.domain.errors import TargetUnavailable
from safelight.ports.target_admin import Work, WorkEnd

DEADLINE_SECONDS = 5.0
FIRST_LOOK_SECONDS = 0.005
LONGEST_LOOK_SECONDS = 0.1

_MATCHED = """
    FROM json_to_recordset($1::json) AS w (n int, pid int, started bigint, username text, own boolean)
    JOIN pg_stat_activity a
      ON a.usename = w.username
     AND (w.own OR (a.pid = w.pid
          AND (w.started IS NULL OR a.backend_start IS NULL
               OR (extract(epoch FROM a.backend_start) * 1000000)::bigint = w.started)))
"""
"""``own``: the account belongs to this session alone, so whatever runs as it is this session's work. A backend_start
that we may not see (the preflight warns of it) counts as the right one: never "gone" in error."""
_TERMINATE = f"SELECT w.n, pg_terminate_backend(a.pid) {_MATCHED}"
_STILL_THERE = f"SELECT DISTINCT w.n {_MATCHED}"
_START = "SELECT (extract(epoch FROM backend_start) * 1000000)::bigint FROM pg_stat_activity WHERE pid = $1"


@answered_by_a_peer
async def backend_start(connection: StandingConnection, pid: int) -> datetime | None:
    """When the process started, to the microsecond; None when there is no such process (any more)."""
    rows = await connection.query(_START, pid)
    if not rows or rows[0][0] is None:
        return None
    seconds, microseconds = divmod(int(rows[0][0]), 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=microseconds)


class Terminator:
    """Ends work. Calls that come while a round is on its way join the next one."""

    def __init__(self, connection: StandingConnection) -> None:
        self._connection = connection
        self._waiting: list[tuple[Work, float, asyncio.Future[WorkEnd]]] = []
        self._task: asyncio.Task[None] | None = None

    async def terminate(self, works: Sequence[Work]) -> list[WorkEnd]:
        """End ``works``; in their order, whether each is gone. Raises: TargetUnavailable when nobody can say."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + DEADLINE_SECONDS
        ends = [loop.create_future() for _ in works]
        self._waiting += [(work, deadline, end) for work, end in zip(works, ends, strict=True)]
        if self._task is None or self._task.done():
            self._task = loop.create_task(self._rounds())
        return list(await asyncio.gather(*ends))

    async def _rounds(self) -> None:
        pause_seconds = FIRST_LOOK_SECONDS
        closed: set[str] = set()
        while self._waiting:
            batch = list(self._waiting)
            failure: str | None = None
            try:
                await self._close_roles([work for work, _, _ in batch], closed)
                await self._order(_TERMINATE, batch)
                await asyncio.sleep(pause_seconds)
                there = await self._order(_STILL_THERE, batch)
                self._settle(batch, there)
                pause_seconds = min(pause_seconds * 2, LONGEST_LOOK_SECONDS)
            except TargetUnavailable as problem:
                failure = str(problem)
                await asyncio.sleep(LONGEST_LOOK_SECONDS)
            self._give_up_late(failure)

    async def _close_roles(self, works: Sequence[Work], closed: set[str]) -> None:
        """NOLOGIN first. That a role is already gone, or cannot be changed, does not keep its work alive."""
        names = sorted({work.user for work in works if work.ephemeral} - closed)
        if not names:
            return
        try:
            await self._connection.script("; ".join(roles.close_sql(name) for name in names))
        except ServerRefused:
            for name in names:
                try:
                    await self._connection.script(roles.close_sql(name))
                except ServerRefused:
                    continue
        closed.update(names)

    @answered_by_a_peer
    async def _order(
        self, order: str, batch: Sequence[tuple[Work, float, "asyncio.Future[WorkEnd]"]]
    ) -> frozenset[int]:
        """Run one of the two statements for the batch: the positions of the works it matched."""
        try:
            rows = await self._connection.query(order, _encode([work for work, _, _ in batch]))
        except ServerRefused:
            return await self._one_by_one(order, batch)
        return frozenset(int(row[0]) for row in rows if row[0] is not None)

    async def _one_by_one(
        self, order: str, batch: Sequence[tuple[Work, float, "asyncio.Future[WorkEnd]"]]
    ) -> frozenset[int]:
        """One that the server refuses (a superuser's process) must not keep the others alive. It counts as there."""
        matched = set()
        for position, entry in enumerate(batch):
            try:
                rows = await self._connection.query(order, _encode([entry[0]]))
            except ServerRefused:
                matched.add(position)
                continue
            if rows:
                matched.add(position)
        return frozenset(matched)

    def _settle(self, batch: Sequence[tuple[Work, float, "asyncio.Future[WorkEnd]"]], there: frozenset[int]) -> None:
        gone = [entry for position, entry in enumerate(batch) if position not in there]
        for work, _, end in gone:
            if not end.done():
                end.set_result(WorkEnd(work.session_id, True, f"process {work.pid} is gone from the server"))
        self._waiting = [entry for entry in self._waiting if entry not in gone and not entry[2].done()]

    def _give_up_late(self, failure: str | None) -> None:
        """Answer for whatever has passed its deadline."""
        now = asyncio.get_running_loop().time()
        late = [entry for entry in self._waiting if now >= entry[1]]
        self._waiting = [entry for entry in self._waiting if now < entry[1]]
        for work, _, end in late:
            if end.done():
                continue
            if failure is not None:
                end.set_exception(TargetUnavailable(failure))
            else:
                detail = (
                    f"process {work.pid} is still there after {DEADLINE_SECONDS:g} s (preflight says what is missing)"
                )
                end.set_result(WorkEnd(work.session_id, False, detail))


def _encode(works: Sequence[Work]) -> str:
    return json.dumps(
        [
            {
                "n": position,
                "pid": work.pid,
                "started": _microseconds(work.backend_start),
                "username": work.user,
                "own": work.ephemeral,
            }
            for position, work in enumerate(works)
        ]
    )


def _microseconds(moment: datetime | None) -> int | None:
    if moment is None:
        return None
    whole = moment.astimezone(UTC)
    return int(whole.replace(microsecond=0).timestamp()) * 1_000_000 + whole.microsecond
