"""No byte leaves before the log is written, and none at all when it cannot be."""

import asyncio
from collections.abc import Callable

from safelight.dataplane.departures import Departures
from safelight.ports.audit import AuditUnavailable


class Log:
    """Tells in order what happened."""

    def __init__(self, fails: bool = False) -> None:
        self.happened: list[str] = []
        self._fails = fails

    def flush(self) -> None:
        self.happened.append("flush")
        if self._fails:
            raise AuditUnavailable("disk full")

    def sender(self, name: str) -> Callable[[], None]:
        return lambda: self.happened.append(name)


def departures(log: Log) -> Departures:
    return Departures(log, lambda problem: log.happened.append(f"stop: {problem}"))  # type: ignore[arg-type]


async def _turn(log: Log) -> None:
    leaving = departures(log)
    leaving.depart(log.sender("a"))
    leaving.depart(log.sender("b"))
    assert log.happened == []
    await asyncio.sleep(0)
    await asyncio.sleep(0)


def test_sessions_that_are_ready_together_share_one_write() -> None:
    log = Log()
    asyncio.run(_turn(log))
    assert log.happened == ["flush", "a", "b"]


def test_a_log_that_cannot_be_written_stops_everything() -> None:
    log = Log(fails=True)
    asyncio.run(_turn(log))
    assert log.happened == ["flush", "stop: disk full"]


def test_outcomes_are_written_soon_although_nothing_waits_for_them() -> None:
    async def story() -> None:
        leaving = departures(log)
        leaving.note()
        leaving.note()
        await asyncio.sleep(0.2)

    log = Log()
    asyncio.run(story())
    assert log.happened == ["flush"]
