"""What every audit log does, whatever keeps it. A suite subclasses this and says how a log is made."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager

import pytest

from safelight.domain.audit_event import AuditEvent, EventKind
from safelight.ports.audit import AuditLog, AuditUnavailable

Story = Callable[[AuditLog], Awaitable[None]]

STARTED = AuditEvent(EventKind.SESSION_STARTED, 1, "oncall", "s1", {"target": "orders-db"}, {"client": "psql"})
INTENT, OUTCOME = EventKind.STATEMENT_INTENT.value, EventKind.STATEMENT_OUTCOME.value


class AuditLogContract(ABC):
    @abstractmethod
    def log(self) -> AbstractAsyncContextManager[AuditLog]:
        """A new, empty, started log."""

    @abstractmethod
    def break_it(self, log: AuditLog) -> None:
        """From now on the log's storage takes nothing."""

    def play(self, story: Story) -> None:
        async def run() -> None:
            async with self.log() as log:
                await story(log)

        asyncio.run(run())

    def test_indexes_count_from_nought(self) -> None:
        async def story(log: AuditLog) -> None:
            assert log.append(STARTED) == 0
            assert log.append_statement("s1", INTENT, 2, b'"form":"select"', b"SELECT 1") == 1
            assert log.append_statement("s1", INTENT, 2, b'"form":"select"', b"SELECT $1", (b"x", None)) == 2
            assert log.append_statement("s1", OUTCOME, 3, b'"intent":1,"result":"ok"', b"") == 3

        self.play(story)

    def test_nothing_is_written_before_flush_and_all_after(self) -> None:
        async def story(log: AuditLog) -> None:
            log.append(STARTED)
            assert log.status().size == 0
            log.flush()
            log.flush()
            assert log.status().size == 1

        self.play(story)

    def test_durable_writes_first(self) -> None:
        async def story(log: AuditLog) -> None:
            indexes = [log.append_statement("s1", INTENT, 2, b"", b"SELECT 1") for _ in range(5)]
            await log.durable(indexes[2])
            assert log.status().durable_size >= 3
            await log.durable(indexes[0])

        self.play(story)

    def test_many_may_wait_at_once_and_some_may_give_up(self) -> None:
        async def story(log: AuditLog) -> None:
            waiting = [asyncio.create_task(log.durable(log.append(STARTED))) for _ in range(50)]
            await asyncio.sleep(0)
            for task in waiting[::3]:
                task.cancel()
            ended = await asyncio.gather(*waiting, return_exceptions=True)
            assert all(result is None for at, result in enumerate(ended) if at % 3)
            await log.durable(49)

        self.play(story)

    def test_a_record_that_does_not_exist_is_not_waited_for(self) -> None:
        async def story(log: AuditLog) -> None:
            for index in (0, -1, 5):
                with pytest.raises(ValueError, match="no such record"):
                    await log.durable(index)

        self.play(story)

    def test_a_broken_log_takes_nothing_more(self) -> None:
        async def story(log: AuditLog) -> None:
            log.append(STARTED)
            log.flush()
            self.break_it(log)
            with pytest.raises(AuditUnavailable):
                await log.durable(log.append(STARTED))
            for refused in (
                lambda: log.append(STARTED),
                lambda: log.append_statement("s1", INTENT, 2, b"", b"SELECT 1"),
                log.flush,
            ):
                with pytest.raises(AuditUnavailable):
                    refused()
            assert log.status().failure
            assert log.status().size == 1

        self.play(story)

    def test_a_forgotten_session_may_speak_again(self) -> None:
        async def story(log: AuditLog) -> None:
            log.append(STARTED)
            log.forget_session("s1")
            log.forget_session("never seen")
            await log.durable(log.append_statement("s1", INTENT, 2, b"", b"SELECT 1"))

        self.play(story)
