"""What a crash, a power loss or somebody's hand leaves on disk: cut and said, or refused; never mended in silence."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from safelight.adapters import audit_segments
from safelight.adapters.audit_files import AuditFiles
from safelight.audit.checkpoint import split_notes
from safelight.ports.audit import AuditCorrupt, AuditUnavailable
from tests.adapters.audit_contract import STARTED
from tests.adapters.audit_logs import ORIGIN, Place, statements


async def checkpointed(log: AuditFiles) -> str:
    await log.durable(statements(log, 5))
    return await log.checkpoint()


async def written(log: AuditFiles) -> int:
    return statements(log, 3)


def last_record(place: Place) -> dict[str, object]:
    read: dict[str, object] = json.loads(place.records().read_bytes().splitlines()[-1])
    return read


def test_a_log_closed_in_order_opens_without_a_word(tmp_path: Path) -> None:
    place = Place(tmp_path / "audit")
    place.play(checkpointed)

    async def story(log: AuditFiles) -> int:
        return log.status().size

    assert place.play(story) == 10


def test_what_was_written_survives_the_process(tmp_path: Path) -> None:
    place = Place(tmp_path / "audit")
    place.crash(written)

    async def story(log: AuditFiles) -> str:
        assert log.status().size == 6
        return await log.checkpoint()

    assert place.verify(place.play(story)).ok


def test_a_torn_line_is_cut_at_every_byte_and_said(tmp_path: Path) -> None:
    place = Place(tmp_path / "audit")
    place.play(checkpointed)
    place.crash(written)
    whole = place.records().read_bytes()
    last = whole.rindex(b"\n", 0, -1) + 1

    async def story(log: AuditFiles) -> str:
        return await log.checkpoint()

    for end in range(last + 1, len(whole)):
        place.records().write_bytes(whole[:end])
        for notes in place.directory.glob("*.checkpoints"):
            notes.write_text(_first_notes(notes.read_text(), 10))
        note = place.play(story)
        said = last_record(place)
        assert said["kind"] == "audit.recovered"
        assert said["fields"] == {"cut_bytes": end - last, "records": 15}
        if end % 40 == 0:
            assert place.verify(note).ok


def _first_notes(data: str, size: int) -> str:
    """The notes up to the one over ``size`` records."""
    return "".join(note for note in split_notes(data)[0] if int(note.split("\n")[1]) <= size)


@pytest.mark.parametrize("tail", [b"\x00" * 100, b"\xff", b'{"index":16'], ids=["zeros", "garbage", "half"])
def test_a_tail_without_an_end_is_cut(tmp_path: Path, tail: bytes) -> None:
    place = Place(tmp_path / "audit")
    place.play(checkpointed)
    with place.records().open("ab") as file:
        file.write(tail)

    async def story(log: AuditFiles) -> None:
        log.flush()

    place.play(story)
    assert last_record(place)["fields"] == {"cut_bytes": len(tail), "records": 10}


def test_a_torn_checkpoint_and_a_torn_key_are_cut_and_said(tmp_path: Path) -> None:
    place = Place(tmp_path / "audit")
    place.play(checkpointed)
    checkpoints = next(place.directory.glob("*.checkpoints"))
    with checkpoints.open("ab") as file:
        file.write(f"{ORIGIN}\n12\nAAAA".encode())
    with (place.directory / "keys").open("ab") as file:
        file.write(b'{"created":1')

    async def story(log: AuditFiles) -> str:
        return await log.checkpoint()

    note = place.play(story)
    fields = last_record(place)["fields"]
    assert fields == {"checkpoints_cut_bytes": len(ORIGIN) + 8, "keys_cut_bytes": 12, "records": 10}
    assert place.verify(note).ok


def _edit(place: Place) -> None:
    data = place.records().read_bytes()
    place.records().write_bytes(data.replace(b'"result":"ok"', b'"result":"no"', 1))


def _remove_last(place: Place) -> None:
    lines = place.records().read_bytes().splitlines(keepends=True)
    place.records().write_bytes(b"".join(lines[:-1]))


def _cut_into_signed(place: Place) -> None:
    place.records().write_bytes(place.records().read_bytes()[:-5])


def _swap(place: Place) -> None:
    lines = place.records().read_bytes().splitlines(keepends=True)
    lines[2], lines[3] = lines[3], lines[2]
    place.records().write_bytes(b"".join(lines))


def _garbage_line(place: Place) -> None:
    with place.records().open("ab") as file:
        file.write(b"garbage\n")


def _foreign_checkpoint(place: Place) -> None:
    path = next(place.directory.glob("*.checkpoints"))
    path.write_text(path.read_text().replace("\n10\n", "\n11\n"))


def _no_checkpoints(place: Place) -> None:
    next(place.directory.glob("*.checkpoints")).unlink()


def _empty_checkpoints(place: Place) -> None:
    next(place.directory.glob("*.checkpoints")).write_text("")


def _garbage_checkpoints(place: Place) -> None:
    with next(place.directory.glob("*.checkpoints")).open("a") as file:
        file.write("a\nb\nc\nd\ne\n")


def _no_records(place: Place) -> None:
    place.records().unlink()


def _frontier(place: Place) -> None:
    next(place.directory.glob("*.frontier")).write_text("00" * 32)


def _no_identity(place: Place) -> None:
    (place.directory / "log.json").unlink()


def _bad_identity(place: Place) -> None:
    (place.directory / "log.json").write_text("{}")


def _keys(place: Place) -> None:
    path = place.directory / "keys"
    path.write_bytes(path.read_bytes().replace(b'"session":"s1"', b'"session":"s2"'))


@pytest.mark.parametrize(
    "damage",
    [
        _edit,
        _remove_last,
        _cut_into_signed,
        _swap,
        _garbage_line,
        _foreign_checkpoint,
        _no_checkpoints,
        _empty_checkpoints,
        _garbage_checkpoints,
        _no_records,
        _frontier,
        _no_identity,
        _bad_identity,
        _keys,
    ],
)
def test_damage_refuses_the_start_and_changes_nothing(tmp_path: Path, damage: object) -> None:
    place = Place(tmp_path / "audit")
    place.play(checkpointed)
    assert callable(damage)
    damage(place)
    before = {path.name: path.read_bytes() for path in place.directory.iterdir()}
    with pytest.raises(AuditCorrupt):
        place.open()
    assert {path.name: path.read_bytes() for path in place.directory.iterdir()} == before


def test_another_origin_key_or_node_key_is_refused(tmp_path: Path) -> None:
    place = Place(tmp_path / "audit")
    place.play(checkpointed)
    with pytest.raises(AuditCorrupt, match="another origin or key"):
        Place(place.directory, signing_key=Ed25519PrivateKey.generate()).open()
    with pytest.raises(AuditCorrupt, match="key"):
        Place(place.directory, node_key=bytes(32)).open()
    assert place.open().status().size == 10


def test_one_process_writes(tmp_path: Path) -> None:
    place = Place(tmp_path / "audit")

    async def story(log: AuditFiles) -> None:
        with pytest.raises(AuditUnavailable, match="another process"):
            place.open()

    place.play(story)


def test_segments_that_do_not_meet_are_refused(tmp_path: Path) -> None:
    place = Place(tmp_path / "audit", segment_bytes=1_000)
    place.play(checkpointed)
    first, second = audit_segments.segments(place.directory)[:2]
    first.checkpoints.write_text(_first_notes(first.checkpoints.read_text(), second.first - 1))
    with pytest.raises(AuditCorrupt, match="do not meet"):
        place.open()


def _unfinished_change(place: Place) -> audit_segments.SegmentPaths:
    """A log that crashed after it had begun a segment and before the one before was known to be on disk."""

    async def story(log: AuditFiles) -> None:
        await log.durable(statements(log, 2))
        log._segment_bytes = 1
        statements(log, 1)
        log._segment_bytes = 1 << 20
        statements(log, 2)

    place.crash(story)
    waiting = audit_segments.unplaced(place.directory)
    assert waiting is not None
    assert waiting.first == 6
    return waiting


def test_a_change_of_segments_is_finished_after_a_crash(tmp_path: Path) -> None:
    place = Place(tmp_path / "audit")
    waiting = _unfinished_change(place)

    async def story(log: AuditFiles) -> str:
        assert log.status().size == 10
        return await log.checkpoint()

    note = place.play(story)
    assert waiting.records.exists()
    assert audit_segments.unplaced(place.directory) is None
    assert place.verify(note).ok


def test_a_segment_behind_a_gap_is_set_aside_and_said(tmp_path: Path) -> None:
    place = Place(tmp_path / "audit")
    waiting = _unfinished_change(place)
    place.records().write_bytes(place.records().read_bytes()[:-3])  # the power failed before this was on disk

    async def story(log: AuditFiles) -> str:
        return await log.checkpoint()

    note = place.play(story)
    fields = last_record(place)["fields"]
    assert isinstance(fields, dict)
    assert (fields["records"], fields["set_aside_records"]) == (5, 4)
    assert waiting.next.with_suffix(".lost").exists()
    assert place.verify(note).ok
    assert place.play(story) == note


CHILD = """
import asyncio, sys
from pathlib import Path
from tests.adapters.audit_contract import STARTED
from tests.adapters.audit_logs import Place, statements

async def main():
    log = Place(Path(sys.argv[1]), segment_bytes=20_000, interval=0.01).open()
    await log.start()
    log.append(STARTED)
    while True:
        last = statements(log, 3)
        if last % 5 == 0:
            await log.durable(last)
            print(log.status().durable_size, flush=True)
        await asyncio.sleep(0)

asyncio.run(main())
"""


def test_killed_again_and_again_it_loses_nothing_that_was_durable(tmp_path: Path) -> None:
    place = Place(tmp_path / "audit", segment_bytes=20_000)
    told = 0
    for _ in range(10):
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(place.directory)], stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        for _ in range(6):
            told = int(child.stdout.readline())
        child.send_signal(signal.SIGKILL)
        rest = child.stdout.read().split()
        told = int(rest[-1]) if rest and rest[-1].isdigit() else told
        child.wait()
        child.stdout.close()

        async def story(log: AuditFiles, told: int = told) -> str:
            assert log.status().size >= told
            return await log.checkpoint()

        note = place.play(story)
        report = place.verify(note, anchor=note)
        assert report.problems == []
        assert report.anchored_size == report.size
    assert len(audit_segments.segments(place.directory)) > 3


def test_a_directory_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a directory")
    with pytest.raises(AuditUnavailable, match="file"):
        Place(blocked / "audit").open()


def test_a_full_disk_at_the_start_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int, data: bytes) -> int:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(AuditUnavailable, match="No space left"):
        Place(tmp_path / "audit").open()


def test_a_log_that_was_never_started_is_not_durable(tmp_path: Path) -> None:
    place = Place(tmp_path / "audit")

    async def story() -> None:
        log = place.open()
        waiting = asyncio.create_task(log.durable(log.append(STARTED)))
        await asyncio.sleep(0)
        await log.close()
        with pytest.raises(AuditUnavailable):
            await waiting

    asyncio.run(story())
