"""Reading the audit log: pages newest first, what may be seen in clear, exports, and erasure that leaves proofs."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from safelight.adapters import audit_reading
from safelight.adapters.audit_files import AuditFiles
from safelight.adapters.audit_reader import AuditFilesReader
from safelight.audit.verifier import verify
from safelight.domain.audit_event import AuditEvent, EventKind
from safelight.ports.audit import AuditCorrupt, AuditPage, AuditQuery
from safelight.ports.secrets import Secret
from tests.adapters.audit_logs import Place, statements

SESSION_ONE = AuditEvent(EventKind.SESSION_STARTED, 10, "oncall", "s1", {"target": "orders-db", "grant": "g1"}, {})
SESSION_TWO = AuditEvent(EventKind.SESSION_STARTED, 20, "bob", "s2", {"target": "users-db"}, {})


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "audit", segment_bytes=3_000)


def read(place: Place, story: Callable[[AuditFiles, AuditFilesReader], Awaitable[None]]) -> None:
    async def whole(log: AuditFiles) -> None:
        reader = AuditFilesReader(log, Secret(place.node_key))
        try:
            await story(log, reader)
        finally:
            await reader.close()

    place.play(whole)


def fill(log: AuditFiles) -> None:
    """Records 0 to 41: two sessions, one refused login."""
    log.append(SESSION_ONE)
    log.append(SESSION_TWO)
    statements(log, 10, "s1")
    log.append(AuditEvent(EventKind.LOGIN_REFUSED, 30, "eve", None, {"rule": "login.unknown"}, {"user": "Mallory"}))
    statements(log, 9, "s2")
    log.append(AuditEvent(EventKind.SESSION_ENDED, 40, "bob", "s2", {"reason": "closed"}, {}))


def indexes(page: AuditPage) -> list[int]:
    return [record.index for record in page.records]


def test_the_tail_is_the_newest_first(place: Place) -> None:
    async def story(log: AuditFiles, reader: AuditFilesReader) -> None:
        fill(log)
        page = await reader.tail(3, reveal=False)
        assert (indexes(page), page.next_before) == ([41, 40, 39], 39)
        first = page.records[0]
        assert (first.kind, first.actor, first.session_id) == ("session.ended", "bob", "s2")
        assert first.about == {"target": "users-db"}
        assert page.records[2].sensitive is None, "sealed for who may not see it"
        assert page.records[1].sensitive == {}, "an outcome seals nothing"

    read(place, story)


def test_pages_follow_each_other_to_the_beginning(place: Place) -> None:
    async def story(log: AuditFiles, reader: AuditFilesReader) -> None:
        fill(log)
        seen: list[int] = []
        query = AuditQuery(limit=5)
        while True:
            page = await reader.search(query, reveal=False)
            seen += indexes(page)
            if page.next_before is None:
                break
            query = AuditQuery(limit=5, before=page.next_before)
        assert seen == list(range(41, -1, -1))

    read(place, story)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (AuditQuery(kinds=frozenset({"session.started"})), [1, 0]),
        (AuditQuery(kinds=frozenset({"login.refused", "session.ended"})), [41, 22]),
        (AuditQuery(kinds=frozenset()), []),
        (AuditQuery(actor="eve"), [22]),
        (AuditQuery(actor="ev"), []),
        (AuditQuery(session_id="s1", kinds=frozenset({"session.started"})), [0]),
        (AuditQuery(target="users-db", kinds=frozenset({"session.ended", "session.started"})), [41, 1]),
        (AuditQuery(since_ms=20), [41, 22, 1]),
        (AuditQuery(since_ms=20, until_ms=40), [22, 1]),
        (AuditQuery(text="LOGIN.UNKNOWN"), [22]),
        (AuditQuery(text="g1", kinds=frozenset({"session.started"})), [0]),
        (AuditQuery(text="mallory"), []),
    ],
)
def test_searches_find_what_fits(place: Place, query: AuditQuery, expected: list[int]) -> None:
    async def story(log: AuditFiles) -> None:
        fill(log)

    place.play(story)
    assert indexes(audit_reading.search(place.directory, query, None)) == expected


def test_sealed_text_is_found_by_who_may_see_it(place: Place) -> None:
    async def story(log: AuditFiles, reader: AuditFilesReader) -> None:
        fill(log)
        assert indexes(await reader.search(AuditQuery(text="mallory"), reveal=False)) == []
        [record] = (await reader.search(AuditQuery(text="mallory"), reveal=True)).records
        assert record.sensitive == {"user": "Mallory"}
        page = await reader.search(AuditQuery(text="select 7", session_id="s2"), reveal=True)
        assert [record.sensitive for record in page.records] == [{"statement": "SELECT 7"}]

    read(place, story)


def test_one_search_reads_so_much_and_the_next_goes_on(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(log: AuditFiles) -> None:
        fill(log)

    place.play(story)
    monkeypatch.setattr(audit_reading, "SCAN_LIMIT_BYTES", 2_000)
    query, searches, seen = AuditQuery(kinds=frozenset({"session.started"})), 0, list[int]()
    while searches < 20:
        page = audit_reading.search(place.directory, query, None)
        seen += indexes(page)
        searches += 1
        if page.next_before is None:
            break
        query = AuditQuery(kinds=query.kinds, before=page.next_before)
    assert seen == [1, 0]
    assert 3 < searches < 20


def test_every_page_begins_where_it_should(place: Place) -> None:
    async def story(log: AuditFiles) -> None:
        fill(log)

    place.play(story)
    for before in range(1, 45):
        page = audit_reading.search(place.directory, AuditQuery(before=before, limit=3), None)
        assert indexes(page) == list(range(min(before, 42) - 1, max(min(before, 42) - 4, -1), -1))


def test_a_record_that_cannot_be_read_is_not_passed_over(place: Place) -> None:
    async def story(log: AuditFiles) -> None:
        fill(log)

    place.play(story)
    place.records().write_bytes(place.records().read_bytes().replace(b'"index":0', b'"index":x'))
    with pytest.raises(AuditCorrupt, match="verify an export"):
        audit_reading.search(place.directory, AuditQuery(actor="oncall"), None)


@pytest.mark.parametrize("reveal", [False, True])
def test_an_export_proves_itself(place: Place, tmp_path: Path, reveal: bool) -> None:
    export = tmp_path / "export"

    async def story(log: AuditFiles, reader: AuditFilesReader) -> None:
        fill(log)
        note = await reader.export(export, reveal=reveal)
        statements(log, 5)  # what comes later is not in it
        report = verify(export, reader.verifier_key(), note)
        assert (report.problems, report.anchored_size, report.size) == ([], 42, 42)
        with pytest.raises(FileExistsError):
            await reader.export(export, reveal=reveal)

    read(place, story)
    assert export.stat().st_mode & 0o777 == 0o600
    assert (b'{"key":' in export.read_bytes()) == reveal
    assert b"SELECT" not in export.read_bytes()


def test_an_export_may_begin_later(place: Place, tmp_path: Path) -> None:
    async def story(log: AuditFiles, reader: AuditFilesReader) -> None:
        for at_ms in range(0, 1000, 10):
            log.append(AuditEvent(EventKind.CONFIG_LOADED, at_ms, "safelight", None, {"number": at_ms}, {}))
            log.flush()
            if at_ms % 50 == 0:
                await log.checkpoint()
        note = await reader.export(tmp_path / "export", since_ms=700, reveal=False)
        report = verify(tmp_path / "export", reader.verifier_key(), note)
        assert report.problems == []
        assert 0 < report.first <= 70
        assert report.anchored_size == 100

    read(place, story)


def test_what_was_tampered_with_on_disk_is_exported_and_caught(place: Place, tmp_path: Path) -> None:
    async def story(log: AuditFiles, reader: AuditFilesReader) -> None:
        fill(log)
        await log.checkpoint()
        path = place.records()
        whole = path.read_bytes()
        lines = whole.splitlines(keepends=True)
        for number, tampered in enumerate(
            (whole.replace(b'"actor":"oncall"', b'"actor":"office"', 1), b"".join(lines[:-1]), b"".join(lines[1:]))
        ):
            path.write_bytes(tampered)
            export = tmp_path / f"export {number}"
            note = await reader.export(export, reveal=True)
            assert not verify(export, reader.verifier_key(), note).ok
        path.write_bytes(whole)

    read(place, story)


def test_erasure_destroys_words_and_leaves_proofs(place: Place, tmp_path: Path) -> None:
    async def story(log: AuditFiles, reader: AuditFilesReader) -> None:
        fill(log)
        before = await log.checkpoint()
        assert await reader.erase_session("s1", actor="dpo", reason="asked for by the person") == 1
        assert await reader.erase_session("s1", actor="dpo", reason="again") == 1, "the key that came after"
        log.append_statement("s1", "statement.intent", 50, b"", b"SELECT later")
        page = await reader.search(AuditQuery(session_id="s1", limit=50), reveal=True)
        assert page.records[0].sensitive == {"statement": "SELECT later"}
        assert {record.erased for record in page.records[1:] if record.kind == "statement.intent"} == {True}
        [said, _] = (await reader.search(AuditQuery(kinds=frozenset({"audit.key_erased"})), reveal=True)).records
        assert (said.actor, said.fields["erased_session"]) == ("dpo", "s1")
        await reader.export(tmp_path / "export", reveal=True)
        report = verify(tmp_path / "export", reader.verifier_key(), before)
        assert (report.problems, report.anchored_size) == ([], 42)
        with pytest.raises(ValueError, match="not erased"):
            await reader.erase_session("", actor="dpo", reason="all")

    read(place, story)
    assert (place.directory / "keys").read_bytes().count(b"-" * 64) == 2


def test_a_reader_whose_process_died_gets_another(place: Place) -> None:
    async def story(log: AuditFiles, reader: AuditFilesReader) -> None:
        fill(log)
        assert indexes(await reader.tail(1, reveal=False)) == [41]
        assert reader._process is not None
        for process in list(reader._process._processes.values()):
            process.kill()
            process.join()
        assert indexes(await reader.tail(1, reveal=False)) == [41]

    read(place, story)


def test_a_session_that_names_another_in_its_text_is_not_found_for_it(place: Place) -> None:
    async def story(log: AuditFiles) -> None:
        log.append(AuditEvent(EventKind.LOGIN_REFUSED, 1, "eve", None, {"rule": '"actor":"bob","session":"s1"'}, {}))
        log.flush()

    place.play(story)
    for query in (AuditQuery(actor="bob"), AuditQuery(session_id="s1")):
        assert indexes(audit_reading.search(place.directory, query, None)) == []
    assert json.loads(place.records().read_bytes())["actor"] == "eve"
    assert place.records().stat().st_mode & 0o077 == 0
