"""Records: canonical lines, salted, sealed; and what comes back when they are read."""

import json
import os
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safelight.audit import plaintext, sealing
from safelight.audit.canonical import EXACT, canonical, inside_of
from safelight.audit.records import parse
from safelight.audit.writer import SESSIONS_LIMIT, RecordWriter

NAMES = st.text(string.ascii_lowercase + "_", min_size=1, max_size=8)
SCALARS = st.none() | st.booleans() | st.integers(-EXACT, EXACT) | st.text()
FIELDS = st.dictionaries(NAMES, SCALARS | st.lists(st.text(), max_size=3), max_size=4)


def writer(start: int = 0) -> RecordWriter:
    return RecordWriter(start, os.urandom)


def lines_of(writer: RecordWriter) -> list[bytes]:
    batch = writer.take()
    assert batch.lines.split(b"\n") == [*batch.records, b""]
    return batch.records


@given(FIELDS, st.dictionaries(NAMES, st.text(), max_size=2), st.text(max_size=10), st.text(min_size=1, max_size=10))
def test_any_event_becomes_one_canonical_line(
    fields: dict[str, object], sensitive: dict[str, str], actor: str, session_id: str
) -> None:
    events = writer(7)
    assert events.event("request.created", 5, actor, session_id, fields, sensitive) == 7
    [line] = lines_of(events)
    assert canonical(json.loads(line)) == line
    record = parse(line)
    assert (record.index, record.at_ms, record.kind) == (7, 5, "request.created")
    assert (record.sealed is not None) == bool(sensitive)


@given(FIELDS, st.binary(max_size=50), st.lists(st.none() | st.binary(max_size=9), max_size=3), st.text(max_size=9))
def test_any_statement_becomes_one_canonical_line(
    fields: dict[str, object], text: bytes, parameters: list[bytes | None], target: str
) -> None:
    statements = writer()
    statements.event("session.started", 1, "on%dcall", "s%b1", {"target": target, "address": "::1"}, {})
    index = statements.statement("s%b1", "statement.intent", 2, inside_of(fields), text, parameters)
    keys = statements._keys
    line = lines_of(statements)[1]
    assert canonical(json.loads(line)) == line
    record = parse(line)
    assert (record.index, record.actor, record.session_id) == (index, "on%dcall", "s%b1")
    assert canonical(record.about) == canonical({"target": target})
    if text or parameters:
        assert record.sealed is not None
        shown = plaintext.read(sealing.unseal(keys[0].key, index, record.sealed))
        assert shown["statement"] == text.decode("utf-8", "backslashreplace")
        assert len(shown) == 1 + len(parameters)


def test_equal_statements_are_not_equal_records() -> None:
    statements = writer()
    for _ in range(600):  # more than one draw of salts
        statements.statement("s1", "statement.intent", 1, b'"form":"select"', b"SELECT 1")
    records = [json.loads(line) for line in lines_of(statements)]
    assert len({record["salt"] for record in records}) == 600
    assert len({record["sealed"] for record in records}) == 600
    assert len({record["key"] for record in records}) == 1


def test_what_would_break_a_line_is_refused() -> None:
    statements = writer()
    with pytest.raises(ValueError, match="one line"):
        statements.statement("s1", "statement.intent", 1, b'"form":\n"select"', b"")
    for wrong in (1.5, EXACT + 1, b"bytes", {"é": 1}):
        with pytest.raises(ValueError, match=r"."):
            statements.event("config.loaded", 1, "a", None, {"field": wrong}, {})
    assert statements.take().records == []
    assert statements.next_index == 0


def test_text_that_is_no_unicode_is_replaced() -> None:
    assert json.loads(canonical("a\udc80b")) == "a?b"


def test_each_session_has_its_key_and_the_node_another() -> None:
    events = writer()
    for session_id in ("s1", "s2", None, "s1"):
        events.event("login.refused", 1, "a", session_id, {}, {"user": "bob"})
    batch = events.take()
    assert [key.session_id for key in batch.keys] == ["s1", "s2", ""]
    records = [parse(line) for line in batch.records]
    assert len({record.key for record in records}) == 3
    assert records[0].key == records[3].key == sealing.key_id(batch.keys[0].key)


def test_a_renewed_session_keeps_its_actor_and_gets_another_key() -> None:
    events = writer()
    events.event("session.started", 1, "oncall", "s1", {"target": "db", "incident": None}, {})
    events.statement("s1", "statement.intent", 1, b"", b"one")
    renewed = events.renew("s1")
    events.statement("s1", "statement.intent", 1, b"", b"two")
    _, one, two = (parse(line) for line in events.take().records)
    assert (two.actor, two.about) == (one.actor, one.about) == ("oncall", {"target": "db"})
    assert two.key == renewed != one.key
    assert events.renew("unknown") is None


def test_sessions_in_memory_are_bounded() -> None:
    statements = writer()
    for number in range(SESSIONS_LIMIT + 10):
        statements.statement(f"s{number}", "statement.outcome", 1, b"", b"")
    assert len(statements._sessions) == SESSIONS_LIMIT


def test_a_long_statement_is_kept_by_its_head_and_an_hmac(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plaintext, "LIMIT_BYTES", 100)
    key = os.urandom(32)
    for body in (plaintext.of_statement(b"x" * 1000, ()), plaintext.of_statement(b"x" * 50, [b"y" * 1000])):
        shown = plaintext.read(plaintext.shortened(body, key))
        assert shown["whole length"] == str(len(body))
        assert shown["statement"] == "x" * min(99, shown["statement"].count("x"))
        assert len(shown["hmac of the whole"]) == 64
    with pytest.raises(ValueError, match="unknown form"):
        plaintext.read(b"?")


@pytest.mark.parametrize("body", [b"", b"P", b"P\x00\x00\x00\x09abc", b"L123", b"J[]", b"P\x00\x00\x00\x01ab"])
def test_what_is_no_plaintext_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        plaintext.read(body)


@given(st.text(max_size=6), st.dictionaries(st.text(max_size=8), st.integers(0, EXACT), max_size=4))
def test_outcomes_are_canonical_lines_that_say_what_was_masked(sqlstate: str, cells: dict[str, int]) -> None:
    outcomes = writer()
    outcomes.outcome("s1", 5, 3, "error", 2, 9, 4, sqlstate, cells)
    [line] = lines_of(outcomes)
    assert canonical(json.loads(line)) == line
    fields = json.loads(line)["fields"]
    assert fields.get("masked", []) == [f"{name}={cells[name]}" for name in sorted(cells, key=str.encode)]
    assert fields.get("sqlstate", "") == sqlstate
    assert (fields["intent"], fields["rows"], fields["bytes"], fields["micros"]) == (3, 2, 9, 4)


def test_a_direct_call_is_held_up_until_its_caller_has_acted() -> None:
    statements = RecordWriter(0, os.urandom, full_bytes=10)
    call = ("s1", "statement.intent", 1, b"", b"SELECT 1", ())
    assert statements.queue.statement(*call) is None  # the session is not known
    assert statements.statement(*call) == 0
    assert statements.queue.statement(*call) is None  # the queue is full
    statements.take()
    assert statements.queue.statement(*call) == 1


def test_a_wrapped_key_opens_for_its_own_session_only() -> None:
    node, other, key = sealing.NodeKey(os.urandom(32)), sealing.NodeKey(os.urandom(32)), os.urandom(32)
    wrapped, identity = node.wrap(key, "s1"), sealing.key_id(key)
    assert len(wrapped) == sealing.WRAPPED_CHARACTERS
    assert node.unwrap(wrapped, identity, "s1") == key
    for keyring, name, session_id in ((other, identity, "s1"), (node, identity, "s2"), (node, "x" * 32, "s1")):
        with pytest.raises(ValueError, match="key"):
            keyring.unwrap(wrapped, name, session_id)
    with pytest.raises(ValueError, match="32 bytes"):
        sealing.NodeKey(bytes(16))


def test_a_sealed_field_belongs_to_its_index() -> None:
    statements = writer()
    statements.statement("s1", "statement.intent", 1, b"", b"SELECT 1")
    batch = statements.take()
    record = parse(batch.records[0])
    assert record.sealed is not None
    assert sealing.unseal(batch.keys[0].key, 0, record.sealed) == b"TSELECT 1"
    with pytest.raises(ValueError, match="does not open"):
        sealing.unseal(batch.keys[0].key, 1, record.sealed)


@pytest.mark.parametrize("line", [b"", b"[]", b"{}", b'{"index":1}', b"\xff", b"null"])
def test_what_is_no_record_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError, match="not a record"):
        parse(line)
