"""psycopg 3: parameters, server-side binding, pipelines, transactions, COPY, cancel, prepared statements."""

import threading
from typing import Any

import psycopg
import pytest
from psycopg.pq import DiagnosticField, ExecStatus, TransactionStatus

from tests.e2e.clients import eventually
from tests.e2e.conftest import Connect, MakeLogin
from tests.e2e.shop import leaks
from tests.rig.servers import Server

Session = "psycopg.Connection[Any]"


def status(session: Any) -> TransactionStatus:
    found: TransactionStatus = session.info.transaction_status
    return found


# --- pipelines ----------------------------------------------------------------------------------------------------


def test_a_pipeline_of_many(connect: Connect) -> None:
    session = connect()
    with session.pipeline():
        cursors = [session.execute("SELECT id, email FROM customers WHERE id = %s", (n,)) for n in range(1, 201)]
    found = [cursor.fetchone() for cursor in cursors]
    assert [row[0] for row in found] == list(range(1, 201))
    assert not leaks(found)


def test_an_error_in_a_pipeline_keeps_the_order(connect: Connect) -> None:
    session = connect()
    with pytest.raises(psycopg.errors.InsufficientPrivilege), session.pipeline() as pipeline:
        first = session.execute("SELECT 1")
        pipeline.sync()
        refused = session.execute("DELETE FROM stock")
        skipped = session.execute("SELECT 2")
        pipeline.sync()
        later = session.execute("SELECT 3")
        pipeline.sync()
        assert first.fetchone() == (1,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            refused.fetchone()
        with pytest.raises(psycopg.errors.PipelineAborted):
            skipped.fetchone()
        assert later.fetchone() == (3,)
        raise psycopg.errors.InsufficientPrivilege("seen")
    assert session.execute("SELECT 4").fetchone() == (4,)


def test_a_denial_rolls_back_what_came_before_it_in_the_batch(connect: Connect, postgres18: Server) -> None:
    """An implicit transaction ends at Sync: the denial must undo the change before it, as the server's error does."""
    session = connect("workshop", ("read", "write"))
    with pytest.raises(psycopg.errors.InsufficientPrivilege), session.pipeline():
        session.execute("UPDATE things SET size = 999 WHERE id = 2")
        session.execute("CREATE TABLE refused_here (a int)")
    assert postgres18.sql("SELECT size FROM things WHERE id = 2", "e2e_workshop") == "2"
    assert postgres18.sql("SELECT to_regclass('refused_here')", "e2e_workshop") == ""


# --- transactions -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("extended", [False, True], ids=["simple", "extended"])
def test_a_denial_in_a_transaction(connect: Connect, postgres18: Server, extended: bool) -> None:
    session = connect("workshop", ("read", "write"))
    cursor = session.cursor() if extended else psycopg.ClientCursor(session)
    cursor.execute("BEGIN")
    assert status(session) is TransactionStatus.INTRANS
    cursor.execute("UPDATE things SET size = %s WHERE id = 3", (777,))
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="safelight"):
        cursor.execute("ALTER TABLE things ADD worse int")
    assert status(session) is TransactionStatus.INERROR
    with pytest.raises(psycopg.errors.InFailedSqlTransaction):
        cursor.execute("SELECT 1")
    cursor.execute("ROLLBACK")
    assert status(session) is TransactionStatus.IDLE
    assert postgres18.sql("SELECT size FROM things WHERE id = 3", "e2e_workshop") == "3"


def test_a_commit_after_a_denial_is_a_rollback(connect: Connect, postgres18: Server) -> None:
    session = connect("workshop", ("read", "write"))
    session.execute("BEGIN")
    session.execute("UPDATE things SET size = 777 WHERE id = 4")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        session.execute("DROP TABLE things")
    assert session.execute("COMMIT").statusmessage == "ROLLBACK"
    assert postgres18.sql("SELECT size FROM things WHERE id = 4", "e2e_workshop") == "4"


def test_savepoints_survive_a_denial(connect: Connect) -> None:
    session = connect("workshop", ("read", "write"))
    with session.transaction():
        session.execute("UPDATE things SET size = 55 WHERE id = 5")
        with pytest.raises(psycopg.errors.InsufficientPrivilege), session.transaction():
            session.execute("DROP TABLE things")
    assert session.execute("SELECT size FROM things WHERE id = 5").fetchone() == (55,)


def test_several_statements_in_one_message_are_decided_before_any_runs(connect: Connect, postgres18: Server) -> None:
    session = connect("workshop", ("read", "write"))
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        session.execute("UPDATE things SET size = 1 WHERE id = 6; DROP TABLE things; SELECT 1")
    assert status(session) is TransactionStatus.IDLE
    assert postgres18.sql("SELECT size FROM things WHERE id = 6", "e2e_workshop") == "6"
    cursor = session.execute("UPDATE things SET size = 66 WHERE id = 6; SELECT size FROM things WHERE id = 6")
    assert cursor.nextset() and cursor.fetchone() == (66,)


def test_the_status_right_after_a_denial_outside_of_a_transaction(connect: Connect) -> None:
    session = connect()
    for _ in range(3):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            session.execute("DELETE FROM stock")
        assert status(session) is TransactionStatus.IDLE


# --- prepared statements and cursors --------------------------------------------------------------------------------


def test_prepared_statements_are_kept_and_given_up(connect: Connect) -> None:
    session = connect()
    for n in (1, 2, 3):
        found = session.execute("SELECT id, email FROM customers WHERE id = %s", (n,), prepare=True).fetchone()
        assert found is not None and found[0] == n and not leaks(found)
    session.execute("DEALLOCATE ALL")
    session._prepared.clear()
    assert session.execute("SELECT id FROM customers WHERE id = %s", (4,), prepare=True).fetchone() == (4,)


def test_discard_all_forgets_the_statements(connect: Connect) -> None:
    session = connect(options="-c timezone=Europe/Vienna")
    session.execute("SELECT %s::int", (1,), prepare=True)
    session.execute("SET timezone = 'UTC'")
    session.execute("DISCARD ALL")
    assert session.execute("SHOW timezone").fetchone() == ("Europe/Vienna",)
    name = session.execute("SELECT count(*) FROM pg_prepared_statements").fetchone()
    assert name == (0,)
    assert session.execute("SELECT %s::int", (2,), prepare=True).fetchone() == (2,)


def test_deallocating_one_by_name(connect: Connect) -> None:
    raw = connect().pgconn
    assert raw.prepare(b"mine", b"SELECT 1").status == ExecStatus.COMMAND_OK
    assert raw.prepare(b"other", b"SELECT 2").status == ExecStatus.COMMAND_OK
    assert raw.exec_(b"DEALLOCATE mine").status == ExecStatus.COMMAND_OK
    gone = raw.exec_prepared(b"mine", [])
    assert gone.status == ExecStatus.FATAL_ERROR
    assert b"no such prepared statement" in (gone.error_field(DiagnosticField.MESSAGE_PRIMARY) or b"")
    assert raw.exec_prepared(b"other", []).get_value(0, 0) == b"2"


@pytest.mark.parametrize(
    "statement",
    [
        "PREPARE p AS SELECT 1",
        "EXECUTE p",
        "DECLARE c CURSOR FOR SELECT 1",
        "FETCH ALL IN c",
        "DO $$BEGIN END$$",
        "LISTEN x",
        "NOTIFY x",
    ],
)
def test_what_is_not_carried_is_refused_with_the_way_around(connect: Connect, statement: str) -> None:
    session = connect("workshop", ("read", "write"))
    with pytest.raises(psycopg.errors.InsufficientPrivilege) as caught:
        session.execute(statement)
    assert caught.value.diag.message_hint
    assert session.execute("SELECT 1").fetchone() == (1,)


def test_rows_one_by_one(connect: Connect) -> None:
    session = connect()
    seen = 0
    for row in session.cursor().stream("SELECT id, email FROM customers ORDER BY id"):
        seen += 1
        assert not leaks(row)
    assert seen == 300


def test_in_chunks(connect: Connect) -> None:
    found = list(connect().cursor().stream("SELECT id, email FROM customers ORDER BY id", size=50))
    assert len(found) == 300 and not leaks(found)


def test_empty_queries(connect: Connect) -> None:
    session = connect()
    assert session.execute("").description is None
    assert session.execute(" ; ").description is None
    assert session.execute("-- nothing").description is None


# --- COPY ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
def test_copying_in(connect: Connect, postgres18: Server, binary: bool) -> None:
    session = connect("workshop", ("read", "write"))
    first = 20_000 if binary else 10_000
    with session.cursor().copy(f"COPY things FROM STDIN {'(FORMAT binary)' if binary else ''}") as copy:
        if binary:
            copy.set_types(["int4", "text", "int4"])
        for n in range(500):
            copy.write_row((first + n, f"row {n}", n))
    count = f"SELECT count(*) FROM things WHERE id BETWEEN {first} AND {first + 499}"
    assert postgres18.sql(count, "e2e_workshop") == "500"


def test_a_client_gives_up_a_copy(connect: Connect, postgres18: Server) -> None:
    session = connect("workshop", ("read", "write"))
    with pytest.raises(RuntimeError, match="mine"), session.cursor().copy("COPY things FROM STDIN") as copy:
        copy.write_row((30_000, "x", 1))
        raise RuntimeError("mine")
    assert status(session) is TransactionStatus.IDLE
    assert postgres18.sql("SELECT count(*) FROM things WHERE id = 30000", "e2e_workshop") == "0"
    assert session.execute("SELECT 1").fetchone() == (1,)


def test_copying_in_without_the_capability(connect: Connect) -> None:
    session = connect("workshop")
    with pytest.raises(psycopg.errors.InsufficientPrivilege), session.cursor().copy("COPY things FROM STDIN") as copy:
        copy.write_row((30_001, "x", 1))
    assert session.execute("SELECT count(*) FROM things WHERE id = 30001").fetchone() == (0,)


@pytest.mark.parametrize("where", ["TO PROGRAM 'cat'", "TO '/tmp/x'", "FROM '/etc/passwd'", "FROM PROGRAM 'id'"])
def test_copies_on_the_servers_own_machine_are_refused(connect: Connect, where: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="server's own machine"):
        connect("workshop", ("read", "write")).execute(f"COPY things {where}")


# --- cancel -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("safe", [True, False], ids=["new protocol", "old"])
def test_cancelling_what_runs(connect: Connect, postgres18: Server, safe: bool) -> None:
    session = connect()
    pid = session.info.backend_pid

    def cancel() -> None:
        eventually(lambda: postgres18.sql(f"SELECT state FROM pg_stat_activity WHERE pid = {pid}") == "active")
        session.cancel_safe(timeout=5) if safe else session.cancel()

    thread = threading.Thread(target=cancel)
    thread.start()
    with pytest.raises(psycopg.errors.QueryCanceled):
        session.execute("SELECT pg_sleep(50)")
    thread.join()
    assert session.execute("SELECT 1").fetchone() == (1,)


def test_a_storm_of_cancels_does_no_harm(connect: Connect) -> None:
    session = connect()
    for _ in range(30):
        session.cancel()
    answered = 0
    for _ in range(50):
        try:
            assert session.execute("SELECT 1").fetchone() == (1,)
            answered += 1
        except psycopg.errors.QueryCanceled:
            continue
    assert answered > 20


# --- large values -------------------------------------------------------------------------------------------------


def test_a_row_that_is_too_large_says_what_to_do(login: MakeLogin) -> None:
    with psycopg.connect(login().dsn(), autocommit=True) as session:
        assert len(session.execute("SELECT repeat('x', 4000000)").fetchone()[0]) == 4_000_000  # type: ignore[index]
        try:
            found = session.execute("SELECT repeat('x', 20000000)").fetchone()
        except psycopg.Error as refusal:
            assert refusal.sqlstate == "54000"
            assert "safelight" in str(refusal)
        else:
            assert found is not None and len(found[0]) == 20_000_000
