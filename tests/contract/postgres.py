"""PostgreSQL in the contract suite: libpq logs in, then the socket is read here, with the time of each byte."""

import itertools
import os
import select
import struct
import threading
import time

import psycopg

from safelight.protocols.postgres import messages as m
from tests.contract.harness import Busy, Ending, SessionOver
from tests.e2e.clients import eventually
from tests.rig.gateway import Gateway, SessionLogin
from tests.rig.servers import Server

SETUP = """
CREATE TABLE things (id int PRIMARY KEY, name text);
INSERT INTO things SELECT g, 'thing ' || g FROM generate_series(1, 10) AS g;
CREATE FUNCTION stubborn() RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    LOOP
        BEGIN PERFORM pg_sleep(60); EXCEPTION WHEN query_canceled THEN NULL; END;
    END LOOP;
END $$;
"""
POLICY = """
@id("tests.write")
@description("The contract's sessions write without a second person; its DELETEs wait for one.")
permit (principal, action == Action::"write", resource) when { context.form != "delete" };
"""
ENDLESS = "SELECT generate_series(1, 2000000000) AS i, repeat('some text ', 20)"
STATEMENTS = {
    Busy.RUNNING: "SELECT pg_sleep(300)",
    Busy.STUBBORN: "SELECT stubborn()",
    Busy.OPEN: "BEGIN",
    Busy.STREAMING: ENDLESS,
    Busy.UPLOADING: "COPY things FROM STDIN",
    Busy.STALLED_CLIENT: ENDLESS,
    Busy.STALLED_TARGET: "LOCK TABLE things",
    Busy.HELD: "DELETE FROM things WHERE id = 10",
}
_names = itertools.count(1)


class PostgresHarness:
    name = "postgres"
    kinds = tuple(Busy)

    def __init__(self, gateway: Gateway, server: Server, target: str, database: str) -> None:
        self.gateway = gateway
        self.server = server
        self.target = target
        self.database = database

    def connect(self, login: SessionLogin) -> "PostgresClient":
        return PostgresClient(self, login)

    def changed(self) -> bool:
        return self.server.sql("SELECT to_regclass('denied_here')", self.database) != ""

    def says_ended(self, told: str, reason: str) -> bool:
        return told.startswith("FATAL 57P01 ") and reason in told


class PostgresClient:
    """``reading`` is off for a client that stalls."""

    def __init__(self, harness: PostgresHarness, login: SessionLogin) -> None:
        self._harness = harness
        name = f"contract {next(_names)}"
        try:
            self._libpq = psycopg.connect(login.dsn(application_name=name), autocommit=True)
        except psycopg.OperationalError as refusal:
            raise SessionOver(str(refusal)) from refusal
        self._pid = self._libpq.info.backend_pid
        self._fd = self._libpq.pgconn.socket
        sessions = harness.gateway.api("GET", "/sessions", by="sam")["items"]
        self.session = next(s["id"] for s in sessions if s["application_name"] == name)
        self._locker: psycopg.Connection[tuple[object, ...]] | None = None
        self._lock = threading.Condition()
        self._received = b""
        self._last_byte = time.monotonic()
        self._over = False
        self._stalled = False
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    # --- the socket -------------------------------------------------------------------------------------------

    def _read(self) -> None:
        while not self._over:
            ready = select.select([self._fd], [], [], 0.02)[0]
            if self._stalled or not ready:
                continue
            try:
                data = os.read(self._fd, 1 << 18)
            except BlockingIOError:
                continue
            except OSError:
                data = b""
            with self._lock:
                if data:
                    self._last_byte = time.monotonic()
                    self._received = (self._received + data)[-(1 << 20) :]
                else:
                    self._over = True
                self._lock.notify_all()

    def _send(self, data: bytes) -> None:
        try:
            os.write(self._fd, data)
        except OSError as problem:
            raise SessionOver(str(problem)) from problem

    def _answers(self, data: bytes, ready: int = 1) -> list[tuple[bytes, bytes]]:
        """Send, and read up to so many ReadyForQuery."""
        with self._lock:
            self._received = b""
        self._send(data)
        with self._lock:
            done = self._lock.wait_for(lambda: self._over or self._count(b"Z") >= ready, 10)
            assert done, "no answer within 10 s"
            if self._count(b"Z") < ready:
                raise SessionOver(self._last_error())
            return _messages(self._received)

    def _count(self, kind: bytes) -> int:
        return sum(found == kind for found, _ in _messages(self._received))

    def _last_error(self) -> str:
        """In a long stream messages do not begin where the kept bytes do: the farewell is looked for at the end."""
        at = self._received.rfind(b"SFATAL\0")
        if at >= 5:
            return _told(self._received[at:])
        errors = [body for kind, body in _messages(self._received) if kind == b"E"]
        return _told(errors[-1]) if errors else ""

    # --- Client -----------------------------------------------------------------------------------------------

    def ask(self) -> None:
        answer = self._answers(m.query(b"SELECT 40 + 2"))
        assert (b"D", b"\0\1\0\0\0\x0242") in answer, answer

    def denied(self) -> str:
        answer = self._answers(m.query(b"CREATE TABLE denied_here (a int)"))
        return next((_told(body) for kind, body in answer if kind == b"E"), "")

    def denied_in_a_pipeline(self) -> list[str]:
        texts = (b"SELECT 'one'", b"CREATE TABLE denied_here (a int)", b"SELECT 'two'")
        sync = m.message(b"S")
        data = b"".join(m.parse(b"", t) + m.message(b"B", bytes(8)) + m.message(b"E", bytes(5)) + sync for t in texts)
        answers = self._answers(data, ready=3)
        return [body[6:].decode() if kind == b"D" else _told(body) for kind, body in answers if kind in (b"D", b"E")]

    def begin(self, busy: Busy) -> None:
        if busy is Busy.IDLE:
            return
        if busy is Busy.STALLED_CLIENT:
            self._stalled = True
        if busy is Busy.STALLED_TARGET:
            self._locker = psycopg.connect(self._harness.server.dsn(self._harness.database))
            self._locker.execute("LOCK TABLE things")
            self._answers(m.query(b"BEGIN"))
        self._send(m.query(STATEMENTS[busy].encode()))
        eventually(lambda: self._is_at(busy), 10)

    def _is_at(self, busy: Busy) -> bool:
        if busy is Busy.HELD:
            holds = self._harness.gateway.api("GET", "/holds", by="sam")["items"]
            return any(hold["session_id"] == self.session for hold in holds)
        if busy is Busy.OPEN:
            return self._activity("state") == "idle in transaction"
        if busy is Busy.UPLOADING:
            self._send(m.message(b"d", b"77\tuploaded\n"))
            return b"G" in self._received[:1]
        if busy is Busy.STALLED_CLIENT:
            return self._activity("wait_event") == "ClientWrite"
        if busy is Busy.STREAMING:
            return len(self._received) > 100_000
        return self._activity("state") == "active"

    def _activity(self, column: str) -> str:
        return self._harness.server.sql(f"SELECT {column} FROM pg_stat_activity WHERE pid = {self._pid}")

    def working(self) -> bool:
        return self._activity("pid") != ""

    def notices(self) -> list[str]:
        return [_told(body) for kind, body in _messages(self._received) if kind == b"N"]

    def ending(self, seconds: float) -> Ending:
        with self._lock:
            if not self._stalled:
                assert self._lock.wait_for(lambda: self._over, seconds), f"the session lives after {seconds} s"
            return Ending(self._last_error(), self._last_byte)

    def vanish(self) -> None:
        """With a reset rather than a goodbye."""
        import socket

        with socket.socket(fileno=os.dup(self._fd)) as raw:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._over = True
            self._thread.join()
            self._libpq.pgconn.finish()

    def leave(self) -> None:
        if self._locker is not None:
            self._locker.close()
        self._over = True
        self._thread.join()
        self._libpq.close()


def _messages(data: bytes) -> list[tuple[bytes, bytes]]:
    found, at = [], 0
    while at + 5 <= len(data):
        (length,) = struct.unpack_from("!i", data, at + 1)
        if length < 4 or at + 1 + length > len(data):
            break
        found.append((data[at : at + 1], data[at + 5 : at + 1 + length]))
        at += 1 + length
    return found


def _told(body: bytes) -> str:
    """An error or notice as ``FATAL 57P01 message (detail)``."""
    values = {part[:1]: part[1:].decode(errors="replace") for part in body.split(b"\0") if part}
    detail = f" ({values[b'D']})" if b"D" in values else ""
    return (
        f"{values.get(b'S', '')} {values.get(b'C', '')} {values.get(b'M', '')}{detail} {values.get(b'H', '')}".strip()
    )
