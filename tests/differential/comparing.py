"""Runs what is decided as a plain read on a copy of the shop, as a superuser, and looks for anything that changed.

Nothing but our reading of the text stands between a statement and the server here: no read-only account, no read-only
transaction. Statements that only change their own session (SET, transactions, DEALLOCATE) are read, and not run.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

import psycopg
from psycopg.pq import ExecStatus, TransactionStatus

from safelight.domain.capability import Capability
from safelight.protocols.postgres.analysis import Analysis
from safelight.protocols.postgres.sql.analyse import analyse
from tests.differential.grammar import Grammar
from tests.differential.vocabulary import load
from tests.protocols.postgres.sql.live import load_catalog
from tests.rig.attempts import SETUP
from tests.rig.servers import Server
from tests.rig.state import server_state

BATCH = 1000
"""So many statements are run between two looks at the server."""
LIMITS = "SET statement_timeout = '300ms'; SET lock_timeout = '100ms'; SET client_min_messages = 'error'"
_SESSION = {
    "advisory locks": "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'",
    "channels": "SELECT count(*) FROM pg_listening_channels()",
    "prepared": "SELECT count(*) FROM pg_prepared_statements",
    "cursors": "SELECT count(*) FROM pg_cursors WHERE name <> ''",
    "temporary": "SELECT count(*) FROM pg_class WHERE relpersistence = 't'",
    "settings": "SELECT string_agg(name || '=' || setting, ' ' ORDER BY name) FROM pg_settings"
    " WHERE source = 'session'",
    "role": "SELECT session_user || ' ' || current_user",
    "statistics": "SELECT coalesce(max(stats_reset)::text, '') FROM pg_stat_database",
    "loaded": "SELECT pg_conf_load_time()::text",
}
Connection = psycopg.Connection[Any]


class Changed(AssertionError):
    """A statement that was decided as a read changed the server."""


class Differential:
    """On one server. ``counts`` tells how statements were decided, and how those that were run ended."""

    def __init__(self, server: Server, seed: int) -> None:
        self._server = server
        self._rng = Random(f"{server.major}-{seed}")
        self.counts: Counter[str] = Counter()
        self._template = server.create_database()
        server.sql(SETUP, self._template)

    def run(self, statements: int) -> None:
        """Raises: Changed."""
        left = statements
        while left > 0:
            left -= self._batch(min(BATCH, left))

    def _batch(self, count: int) -> int:
        with psycopg.connect(self._server.dsn(self._template), autocommit=True) as connection:
            reads = list(self._reads(connection, count))
        self.judge(reads)
        return count

    def _reads(self, connection: Connection, count: int) -> Iterator[str]:
        catalog = load_catalog(connection)
        grammar = Grammar(self._rng, load(connection))
        messages = grammar.messages()
        for _ in range(count):
            text = next(messages)
            how = decided(analyse(text.encode(), catalog, extended=False))
            self.counts[how] += 1
            if how == "read":
                yield text

    def judge(self, reads: Sequence[str]) -> None:
        """Run these on a fresh copy. Raises: Changed: by one of them, or by all together."""
        database = self._server.create_database(template=self._template)
        before = server_state(self._server, database)
        with psycopg.connect(self._server.dsn(database), autocommit=True) as witness:
            changes = self._run(database, reads)
            witness.execute("SELECT 1")
        after = server_state(self._server, database)
        changes += [part for part in before if before[part] != after[part]]
        self._server.sql(f'DROP DATABASE "{database}"')
        if not changes:
            return
        if len(reads) == 1:
            raise Changed(f"PostgreSQL {self._server.major}: {changes} changed by: {reads[0]}")
        half = len(reads) // 2
        for part in (reads[:half], reads[half:]):
            self.judge(part)
        raise Changed(f"PostgreSQL {self._server.major}: {changes} changed by these together: {list(reads)}")

    def _run(self, database: str, reads: Sequence[str]) -> list[str]:
        """What of the session changed."""
        connection = psycopg.connect(self._server.dsn(database), autocommit=True)
        with connection:
            connection.execute(LIMITS)
            before = _session(connection)
            for text in reads:
                self.counts[f"ran: {_run_one(connection.pgconn, text.encode())}"] += 1
            after = _session(connection)
        return [part for part in before if before[part] != after[part]]


def decided(whole: Analysis) -> str:
    """What is to be done with a message, in words."""
    if whole.refusal is not None:
        return "not valid" if whole.syntax_error else "refused"
    if any(statement.facts.refusal for statement in whole.statements):
        return "refused"
    needed = frozenset[Capability]().union(*(statement.facts.capabilities for statement in whole.statements))
    if needed - {Capability.READ}:
        return "more than a read"
    for statement in whole.statements:
        if statement.transaction or statement.setting or statement.deallocates or statement.facts.stands_alone:
            return "of the session"
    return "read"


def _run_one(raw: "psycopg.pq.abc.PGconn", text: bytes) -> str:
    """How it ended: ``ok``, or the SQLSTATE's class."""
    raw.send_query(text)
    ended = "ok"
    while (result := raw.get_result()) is not None:
        if result.status == ExecStatus.COPY_OUT:
            while raw.get_copy_data(0)[0] > 0:
                ended = "ok"
        elif result.status == ExecStatus.FATAL_ERROR:
            code = result.error_field(psycopg.pq.DiagnosticField.SQLSTATE) or b"?????"
            ended = f"error {code[:2].decode()}"
    if raw.transaction_status != TransactionStatus.IDLE:
        raise Changed(f"a transaction is left open by: {text.decode()}")
    return ended


def _session(connection: Connection) -> dict[str, object]:
    found = {}
    for name, query in _SESSION.items():
        row = connection.execute(query).fetchone()
        found[name] = row[0] if row else None
    return found
