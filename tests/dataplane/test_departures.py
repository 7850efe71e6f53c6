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
    """Three sessions become ready one right after the other."""
    leaving = departures(log)
    for name in ("a", "b", "c"):
        leaving.depart(log.sender(name))
    await asyncio.sleep(0)
    await asyncio.sleep(0)


def test_one_that_comes_alone_leaves_at_once_and_those_after_it_share_a_write() -> None:
    log = Log()
    asyncio.run(_turn(log))
    assert log.happened == ["flush", "a", "flush", "b", "c"]


def test_a_log_that_cannot_be_written_stops_everything() -> None:
    log = Log(fails=True)
    asyncio.run(_turn(log))
    assert log.happened == ["flush", "stop: disk full"] * 2


def test_outcomes_are_written_soon_although_nothing_waits_for_them() -> None:
    async def story() -> None:
        leaving = departures(log)
        leaving.note()
        leaving.note()
        await asyncio.sleep(0.2)

    log = Log()
    asyncio.run(story())
    assert log.happened == ["flush"]
