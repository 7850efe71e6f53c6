"""kill -9 under load, again and again: what the server did is on the audit log, statement by statement.

And pulling the plug: what a file system may lose is taken away before the next start (``tests/faults``).
Four rounds of each in the suite; ``make crash ROUNDS=200`` for more, ``SEED=n`` for other moments.
"""

import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from safelight.ports.audit import AuditRecord
from tests.faults.interposed import Interposed
from tests.proofs.audit_trail import proven, records
from tests.proofs.load import TABLE, Load, markers
from tests.proofs.server_log import entries
from tests.rig.gateway import Gateway, Target
from tests.rig.servers import Server

ROUNDS = int(os.environ.get("ROUNDS", "4"))
SEED = int(os.environ.get("SEED", "1"))
LONGEST_LOAD_SECONDS = 0.8
GONE_SECONDS = 15.0
FREE_HANDS = """
@id("tests.changes")
@description("Changes need no second person here.")
permit (principal, action == Action::"write", resource);
"""
ONE_READER = "[analysts]\ncount = 1"
SESSION_ROLES = "SELECT rolname FROM pg_roles WHERE rolname ~ '^safelight_[rw]_[0-9a-f]{16}$'"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server(18) as running:
        running.create_database("shop")
        running.sql(TABLE, "shop")
        yield running


class Round:
    """One life of the gateway, from start to kill -9, and what is known of it afterwards."""

    def __init__(self, server: Server, number: int) -> None:
        self._server = server
        self._log_before = server.log_path.stat().st_size
        self._prefix = f"r{number}-"
        self.roles: set[str] = set()

    def logged(self) -> Counter[str]:
        """The markers of the statements that session roles had PostgreSQL run since the round began."""
        statements = []
        for user, message in entries(self._server.log_path.read_bytes()[self._log_before :].decode()):
            if not user.startswith(("safelight_r_", "safelight_w_")):
                continue
            if message.startswith(("statement: ", "execute ")) and "$1" not in message:
                assert len(markers([message])) == 1, f"a statement of nobody's: {message}"
                statements.append(message)
            elif message.lower().startswith("parameters: "):
                statements.append(message)
        return Counter(markers(statements))

    def committed(self) -> set[str]:
        """The markers of rows that are in the table, those of COPY without their row's number."""
        rows = self._server.sql(f"SELECT marker FROM crash WHERE marker LIKE '{self._prefix}%'", "shop")
        return set(markers(rows.splitlines()))

    def remember_roles(self) -> None:
        self.roles = set(self._server.sql(SESSION_ROLES).split())

    def roles_left(self) -> set[str]:
        return self.roles & set(self._server.sql(SESSION_ROLES).split())


def _intents(found: list[AuditRecord]) -> Counter[str]:
    texts = []
    for record in found:
        if record.kind == "statement.intent":
            assert record.sensitive is not None
            texts.append(" ".join(record.sensitive.values()))
    return Counter(markers(texts))


def _until_nothing_runs(server: Server) -> None:
    """The dead gateway's server processes notice that their client is gone, and what they do comes to its end."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND datname = 'shop'"
    deadline = time.monotonic() + GONE_SECONDS
    while server.sql(query) != "0":
        assert time.monotonic() < deadline, "the server still works for a gateway that is dead"
        time.sleep(0.02)


def _until_swept(round_: Round) -> None:
    deadline = time.monotonic() + GONE_SECONDS
    while left := round_.roles_left():
        assert time.monotonic() < deadline, f"roles of the dead gateway are left: {left}"
        time.sleep(0.05)


@pytest.mark.timeout(60 + 20 * ROUNDS)
def test_what_ran_before_a_crash_is_on_the_log(server: Server, tmp_path: Path) -> None:
    gateway = Gateway([Target("shop-db", server, ("shop",))], policies=FREE_HANDS, settings=ONE_READER)
    for round_, found in _lives(gateway, gateway.kill, server, tmp_path):
        _statements_agree(round_, found)


@pytest.mark.timeout(60 + 20 * ROUNDS)
def test_what_was_committed_before_a_power_loss_is_on_the_log(server: Server, tmp_path: Path) -> None:
    """All that the gateway wrote and did not fsync is gone. What is harmless to lose may be lost with it."""
    gateway = Interposed([Target("shop-db", server, ("shop",))], tmp_path, policies=FREE_HANDS, settings=ONE_READER)
    for round_, found in _lives(gateway, gateway.lose_power, server, tmp_path):
        assert round_.logged(), "the load did nothing"
        assert round_.committed() <= set(_intents(found)), "a change without an intent"


def _lives(
    gateway: Gateway, end: Callable[[], None], server: Server, directory: Path
) -> Iterator[tuple[Round, list[AuditRecord]]]:
    """One life under load after another, each ended by ``end`` at a random moment, and what is on the log of it."""
    moments = random.Random(SEED)
    server.sql("TRUNCATE crash", "shop")
    with gateway:
        login = gateway.session("shop-db", capabilities=("read", "write"))
        checkpoint: str | None = None
        for number in range(ROUNDS):
            round_ = Round(server, number)
            with Load(login, number) as load:
                time.sleep(moments.uniform(0, LONGEST_LOAD_SECONDS))
                end()
            assert not load.surprises
            _until_nothing_runs(server)
            round_.remember_roles()
            gateway.start()
            login = replace(login, port=gateway.postgres_port)
            last = -1 if checkpoint is None else int(checkpoint.split("\n")[1]) - 1
            report, checkpoint = proven(gateway, _new(directory / str(number)), checkpoint)
            assert report.ok, report.problems
            found = records(gateway, after=last)
            yield round_, found
            _sessions_are_over(gateway, found)
            _until_swept(round_)


def _statements_agree(round_: Round, found: list[AuditRecord]) -> None:
    intents, logged = _intents(found), round_.logged()
    assert logged, "the load did nothing"
    assert set(intents.values()) == {1}, "a statement has two intents"
    assert {marker: intents[marker] for marker in logged} == dict(logged), "not one to one"
    assert round_.committed() <= set(intents), "a change without an intent"


def _sessions_are_over(gateway: Gateway, found: list[AuditRecord]) -> None:
    began = {record.session_id for record in found if record.kind == "session.started"}
    ended = {record.session_id for record in found if record.kind == "session.ended"}
    assert began and began <= ended
    assert gateway.api("GET", "/sessions", by="sam")["items"] == []


def _new(directory: Path) -> Path:
    directory.mkdir()
    return directory
