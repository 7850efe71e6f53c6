"""What is SQLite's own: the file, its schema, its failures, what is loaded, and crashes."""

import asyncio
import os
import resource
import sqlite3
import stat
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from safelight.adapters.storage.sql_store import SqlStore
from safelight.adapters.storage.tables import metadata
from safelight.domain.grant import GrantState
from safelight.domain.incident import IncidentState
from safelight.domain.lock import Lock
from safelight.domain.session import Session, SessionState
from safelight.ports.store import Add, Replace, StoreUnavailable
from tests.adapters.storage import records as r

pytestmark = pytest.mark.anyio


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


async def test_the_files_are_for_the_owner_only(path: Path) -> None:
    store = await SqlStore.open(path)
    await store.apply([Add(r.ROOT)])
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert len(modes) >= 3 and set(modes.values()) == {0o600}
    await store.close()


async def test_the_migrations_make_the_tables_that_the_code_uses(path: Path) -> None:
    store = await SqlStore.open(path)
    with store.engine.begin() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        difference = compare_metadata(context, metadata)
    await store.close()
    assert difference == []


async def test_two_processes_never_share_the_state(path: Path) -> None:
    store = await SqlStore.open(path)
    with pytest.raises(StoreUnavailable, match="another safelight"):
        await SqlStore.open(path)
    await store.close()
    await (await SqlStore.open(path)).close()


def test_what_is_no_database_is_refused_and_left_alone(path: Path) -> None:
    path.write_bytes(b"not a database" * 1000)
    with pytest.raises(StoreUnavailable, match="cannot be read"):
        asyncio.run(SqlStore.open(path))
    assert path.read_bytes() == b"not a database" * 1000


def spoil(path: Path) -> None:
    """Overwrite two pages in the middle."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 8192] = os.urandom(8192)
    path.write_bytes(content)


async def test_a_corrupt_database_is_refused(path: Path) -> None:
    store = await SqlStore.open(path)
    await store.apply([Add(r.ROOT), *(Add(replace(r.LOCK, id=f"l-{n}", reason="x" * 500)) for n in range(200))])
    await store.close()
    spoil(path)
    with pytest.raises(StoreUnavailable):
        await SqlStore.open(path)


async def test_a_database_of_a_newer_version_is_refused(path: Path) -> None:
    await (await SqlStore.open(path)).close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreUnavailable, match="another version"):
        await SqlStore.open(path)


async def test_a_word_that_is_not_understood_is_not_guessed(path: Path) -> None:
    store = await SqlStore.open(path)
    await store.apply([Add(r.ROOT), Add(r.LOCK)])
    await store.close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE locks SET scope = 'planet'")
    store = await SqlStore.open(path)
    with pytest.raises(StoreUnavailable, match="not understood"):
        await store.load(now_ms=r.NOW, history=10)
    await store.close()


async def test_a_directory_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="cannot be opened"):
        await SqlStore.open(tmp_path / "nowhere" / "state.db")


@contextmanager
def full_disk(limit_bytes: int) -> Iterator[None]:
    """Files of this process cannot grow past the limit (EFBIG, as ENOSPC would)."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_a_full_disk_fails_clearly_and_the_store_works_again_afterwards(path: Path) -> None:
    store = await SqlStore.open(path)
    await store.apply([Add(r.ROOT)])
    written = path.with_name("state.db-wal").stat().st_size
    with full_disk(written), pytest.raises(StoreUnavailable, match="cannot be written"):
        await store.apply([Add(replace(r.LOCK, reason="x" * 100_000))])
    await store.apply([Add(r.LOCK)])
    assert r.LOCK in (await store.load(now_ms=r.NOW, history=10)).records
    await store.close()


async def test_a_lock_of_another_program_is_waited_for_then_reported(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("safelight.adapters.storage.database.BUSY_TIMEOUT_SECONDS", 0.1)
    store = await SqlStore.open(path)
    other = sqlite3.connect(path)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match="locked"):
        await store.apply([Add(r.ROOT)])
    other.rollback()
    other.close()
    await store.apply([Add(r.ROOT)])
    await store.close()


async def test_many_changes_share_a_transaction(path: Path) -> None:
    store = await SqlStore.open(path)
    before = store.writer.batches
    await asyncio.gather(*(store.apply([Add(replace(r.LOCK, id=f"l-{n}"))]) for n in range(200)))
    assert store.writer.batches - before <= 3
    await store.close()


async def test_only_what_can_matter_is_loaded_and_of_the_rest_the_latest(path: Path) -> None:
    store = await SqlStore.open(path)
    await store.apply([Add(record) for record in r.EVERYTHING])
    over = [
        Replace(r.GRANT, replace(r.GRANT, state=GrantState.ENDED, ended_at_ms=r.NOW, end_reason="enough")),
        Replace(r.SESSION, replace(r.SESSION, state=SessionState.ENDED, ended_at_ms=r.NOW)),
        Replace(r.INCIDENT, replace(r.INCIDENT, state=IncidentState.CLOSED, closed_at_ms=r.NOW)),
        Replace(r.TOKEN, replace(r.TOKEN, revoked=True)),
        Replace(r.INVITATION, replace(r.INVITATION, used_at_ms=r.NOW)),
        Replace(r.LOCK, replace(r.LOCK, lifted_by="root", lifted_at_ms=r.NOW)),
    ]
    await store.apply(over)
    sessions = [replace(over[1].after, id=f"s-{n}", started_at_ms=r.NOW + n) for n in range(10, 20)]
    await store.apply([Add(session) for session in sessions])
    nothing = (await store.load(now_ms=r.NOW, history=0)).records
    kinds = {type(record).__name__ for record in nothing}
    assert kinds == {
        "Principal", "PasswordHash", "OneTimeCode", "AccessRequest", "SessionCredential", "NodeLease"
    }  # fmt: skip
    some = (await store.load(now_ms=r.NOW, history=3)).records
    assert [s.id for s in some if isinstance(s, Session)] == ["s-17", "s-18", "s-19"]
    two_days_later = (await store.load(now_ms=r.NOW + 48 * r.HOUR, history=0)).records
    assert "SessionCredential" not in {type(record).__name__ for record in two_days_later}
    await store.close()


WRITER = """
    import asyncio, sys
    from dataclasses import replace
    from pathlib import Path
    from safelight.adapters.storage.sql_store import SqlStore
    from safelight.ports.store import Add
    from tests.adapters.storage.records import LOCK

    async def main() -> None:
        store = await SqlStore.open(Path(sys.argv[1]))
        first = int(sys.argv[2])
        async def one(number: int) -> None:
            await store.apply([Add(replace(LOCK, id=f"l-{number}")), Add(replace(LOCK, id=f"l-{number}b"))])
            print(number, flush=True)
        for start in range(first, first + 100_000, 8):
            await asyncio.gather(*(one(number) for number in range(start, start + 8)))

    asyncio.run(main())
"""


def killed_writer(path: Path, first: int, after_lines: int) -> set[str]:
    """Start a writer, kill it; what it was told is stored."""
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(WRITER), str(path), str(first)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        acknowledged = {process.stdout.readline().strip() for _ in range(after_lines)}
        process.kill()
        return acknowledged | {line.strip() for line in process.stdout if line.endswith("\n")}


async def stored_locks(path: Path) -> set[str]:
    store = await SqlStore.open(path)
    records = (await store.load(now_ms=0, history=0)).records
    await store.close()
    return {record.id for record in records if isinstance(record, Lock)}


def test_kill_9_loses_nothing_that_was_acknowledged_and_leaves_no_halves(path: Path) -> None:
    rounds = 4
    acknowledged = set().union(
        *(killed_writer(path, number * 1_000_000, 40 + 3 * number) for number in range(rounds))
    )
    found = asyncio.run(stored_locks(path))
    assert len(acknowledged) >= 40 * rounds
    assert {f"l-{number}" for number in acknowledged} <= found
    assert {one for one in found if not one.endswith("b")} == {one[:-1] for one in found if one.endswith("b")}
