"""The audit log in files: what every log does, one fsync for many, segments, and a disk that fails."""

import asyncio
import errno
import os
import resource
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from safelight.adapters import audit_segments
from safelight.adapters.audit_files import QUEUE_BYTES, AuditFiles
from safelight.domain.audit_event import AuditEvent, EventKind
from safelight.ports.audit import AuditLog, AuditUnavailable
from safelight.ports.audit_fake import FakeAuditLog
from tests.adapters.audit_contract import STARTED, AuditLogContract
from tests.adapters.audit_logs import Place, statements


class TestFakeAuditLog(AuditLogContract):
    def log(self) -> AbstractAsyncContextManager[AuditLog]:
        @asynccontextmanager
        async def made() -> AsyncIterator[AuditLog]:
            yield FakeAuditLog()

        return made()

    def break_it(self, log: AuditLog) -> None:
        assert isinstance(log, FakeAuditLog)
        log.fail()


class TestAuditFiles(AuditLogContract):
    @pytest.fixture(autouse=True)
    def _place(self, tmp_path: Path) -> None:
        self.place = Place(tmp_path / "audit")

    def log(self) -> AbstractAsyncContextManager[AuditLog]:
        @asynccontextmanager
        async def made() -> AsyncIterator[AuditLog]:
            log = self.place.open()
            await log.start()
            try:
                yield log
            finally:
                await log.close()

        return made()

    def break_it(self, log: AuditLog) -> None:
        assert isinstance(log, AuditFiles)
        full = os.open("/dev/full", os.O_WRONLY)
        os.dup2(full, log._segment.records)
        os.close(full)


def test_one_fsync_serves_all_who_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    real = os.fdatasync

    def counted(descriptor: int) -> None:
        synced.append(descriptor)
        real(descriptor)

    async def story(log: AuditFiles) -> None:
        await log.durable(log.append(STARTED))
        monkeypatch.setattr(os, "fdatasync", counted)
        await asyncio.gather(*(log.durable(log.append(STARTED)) for _ in range(500)))
        assert 1 <= synced.count(log._segment.records) <= 3
        monkeypatch.undo()

    Place(tmp_path / "audit").play(story)


def test_a_failed_fsync_lets_nobody_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    async def story(log: AuditFiles) -> None:
        monkeypatch.setattr(os, "fdatasync", failing)
        waiting = [asyncio.create_task(log.durable(log.append(STARTED))) for _ in range(3)]
        for result in await asyncio.gather(*waiting, return_exceptions=True):
            assert isinstance(result, AuditUnavailable)
        monkeypatch.undo()  # an fsync that works again proves nothing about what was lost before
        with pytest.raises(AuditUnavailable, match="Input/output error"):
            log.append(STARTED)
        assert log.status().durable_size == 0

    Place(tmp_path / "audit").play(story)


def test_a_failure_is_told_while_nobody_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = Place(tmp_path / "audit", interval=0.01)

    async def story() -> None:
        log = place.open()
        told: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        await log.start(told.set_result)
        log.append(STARTED)
        full = os.open("/dev/full", os.O_WRONLY)
        assert log._segment.checkpoints is not None
        os.dup2(full, log._segment.checkpoints)
        os.close(full)
        assert "No space left" in await told
        with pytest.raises(AuditUnavailable):
            log.append(STARTED)
        await log.close()

    asyncio.run(story())


def test_a_size_limit_stops_the_log_and_leaves_it_verifiable(tmp_path: Path) -> None:
    place = Place(tmp_path / "audit")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    async def story(log: AuditFiles) -> None:
        await log.durable(statements(log, 10))
        resource.setrlimit(resource.RLIMIT_FSIZE, (place.records().stat().st_size + 100, before[1]))
        try:
            with pytest.raises(AuditUnavailable, match="only 100 of"):
                statements(log, 10)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert log.status().size == 20

    place.play(story)

    async def again(log: AuditFiles) -> str:
        assert log.status().size == 21, "twenty, and the record of what was cut"
        return await log.checkpoint()

    report = place.verify(place.play(again))
    assert (report.ok, report.size) == (True, 21)


def test_segments_follow_each_other_and_prove_themselves(tmp_path: Path) -> None:
    place = Place(tmp_path / "audit", segment_bytes=4_000)

    async def story(log: AuditFiles) -> str:
        log.append(STARTED)
        for _ in range(30):
            await log.durable(statements(log, 4))
        return await log.checkpoint()

    note = place.play(story)
    found = audit_segments.segments(place.directory)
    assert len(found) > 10
    assert not list(place.directory.glob("*.next"))
    report = place.verify(note, anchor=note)
    assert (report.problems, report.anchored_size) == ([], 241)
    assert place.play(story) != note
    modes = {oct(path.stat().st_mode & 0o777) for path in place.directory.iterdir()}
    assert modes == {"0o600"}
    assert place.directory.stat().st_mode & 0o777 == 0o700


def test_a_busy_log_changes_segments_without_waiting(tmp_path: Path) -> None:
    place = Place(tmp_path / "audit", segment_bytes=2_000)

    async def story(log: AuditFiles) -> str:
        for number in range(200):
            statements(log, 3)
            if number % 10 == 0:
                await asyncio.sleep(0)
        return await log.checkpoint()

    assert place.verify(place.play(story)).ok


def test_checkpoints_come_by_themselves_when_there_is_something_new(tmp_path: Path) -> None:
    place = Place(tmp_path / "audit", interval=0.01)

    async def story(log: AuditFiles) -> None:
        log.append(STARTED)
        await log._committed(0, signed=True)
        note = log.status().last_checkpoint
        assert log.status().lag_ms == 0
        await asyncio.sleep(0.05)
        assert log.status().last_checkpoint == note

    place.play(story)


def test_lag_is_how_long_a_record_waits_for_its_checkpoint(tmp_path: Path) -> None:
    place = Place(tmp_path / "audit")

    async def story(log: AuditFiles) -> None:
        await log.durable(log.append(STARTED))
        place.clock.now_ms += 70
        assert log.status().lag_ms == 70
        await log.checkpoint()
        assert log.status().lag_ms == 0

    place.play(story)


def test_a_queue_that_nobody_flushes_is_bounded(tmp_path: Path) -> None:
    async def story(log: AuditFiles) -> None:
        text = b"x" * 1_000_000
        for _ in range(20):
            log.append_statement("s1", "statement.intent", 1, b"", text)
            assert log._writer.queued_bytes < QUEUE_BYTES + 2 * len(text)
        assert log.status().size > 0

    Place(tmp_path / "audit", segment_bytes=1 << 30).play(story)


def test_a_closed_log_takes_nothing(tmp_path: Path) -> None:
    place = Place(tmp_path / "audit")

    async def story() -> None:
        log = place.open()
        await log.start()
        log.append(STARTED)
        await log.close()
        await log.close()
        assert log.status().checkpoint_size == 1
        with pytest.raises(AuditUnavailable, match="closed"):
            log.append(STARTED)

    asyncio.run(story())


def test_fields_are_in_clear_and_sensitive_ones_are_not(tmp_path: Path) -> None:
    place = Place(tmp_path / "audit")
    secret = "4111" + "1111" * 3

    async def story(log: AuditFiles) -> None:
        event = AuditEvent(EventKind.LOGIN_REFUSED, 5, "oncall", None, {"rule": "login.unknown"}, {"user": secret})
        log.append(event)
        log.append_statement("s1", "statement.intent", 5, b"", b"SELECT 1", (secret.encode(),))
        log.flush()

    place.play(story)
    everything = b"".join(path.read_bytes() for path in place.directory.iterdir())
    assert b"login.unknown" in everything
    assert secret.encode() not in everything
