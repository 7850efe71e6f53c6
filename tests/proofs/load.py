"""Clients that keep a gateway busy until it dies: simple and pipelined statements, COPY, transactions, reads.

Every statement carries a marker of its own (``r3-copy-17``), in a literal, a comment or a value, so that it can be
found again in the server's log, in the audit log and in the table.
"""

import re
import threading
from collections.abc import Callable, Sequence

import psycopg

from tests.rig.gateway import SessionLogin

TABLE = "CREATE TABLE crash (marker text NOT NULL)"
MARKER = re.compile(r"r\d+-[a-z]+-\d+")
Connection = psycopg.Connection[tuple[object, ...]]


def _simple(connection: Connection, marker: str) -> None:
    connection.execute(f"INSERT INTO crash VALUES ('{marker}')")


def _reading(connection: Connection, marker: str) -> None:
    connection.execute(f"SELECT marker FROM crash WHERE marker = '{marker}'")


def _pipelined(connection: Connection, marker: str) -> None:
    with connection.pipeline():
        for part in range(10):
            connection.execute("INSERT INTO crash VALUES (%s)", [f"{marker}{part}"])


def _copying(connection: Connection, marker: str) -> None:
    with connection.cursor().copy(f"COPY crash FROM STDIN /* {marker} */") as copy:
        for row in range(20):
            copy.write_row([f"{marker}.{row}"])


def _transactional(connection: Connection, marker: str) -> None:
    connection.execute(f"BEGIN /* {marker}0 */")
    connection.execute(f"INSERT INTO crash VALUES ('{marker}1')")
    connection.execute(f"DELETE FROM crash WHERE marker = '{marker}2'")
    connection.execute(f"COMMIT /* {marker}3 */")


KINDS: dict[str, Callable[[Connection, str], None]] = {
    "simple": _simple,
    "reading": _reading,
    "pipelined": _pipelined,
    "copying": _copying,
    "transactional": _transactional,
}


class Load:
    """``with Load(login, 3):`` runs a client of each kind from when all have done something; they end with their
    connections. ``done`` counts what was acknowledged, by kind."""

    def __init__(self, login: SessionLogin, number: int) -> None:
        self._login = login
        self._number = number
        self._ready = threading.Barrier(len(KINDS) + 1)
        self._threads = [threading.Thread(target=self._run, args=(kind,)) for kind in KINDS]
        self.done = dict.fromkeys(KINDS, 0)
        self.surprises: list[BaseException] = []

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        self._ready.wait(30)
        return self

    def __exit__(self, *_: object) -> None:
        for thread in self._threads:
            thread.join(30)
            assert not thread.is_alive(), "a client outlived its gateway"

    def _run(self, kind: str) -> None:
        try:
            with psycopg.connect(self._login.dsn(), autocommit=True) as connection:
                while True:
                    KINDS[kind](connection, f"r{self._number}-{kind}-{self.done[kind] + 1}0")
                    self.done[kind] += 1
                    if self.done[kind] == 1:
                        self._ready.wait(30)
        except (psycopg.OperationalError, psycopg.InterfaceError):
            if self.done[kind] == 0:
                self._ready.abort()
        except BaseException as surprise:
            self.surprises.append(surprise)
            self._ready.abort()
            raise


def markers(texts: Sequence[str]) -> list[str]:
    """Every marker in the texts, as often as it stands there."""
    return [marker for text in texts for marker in MARKER.findall(text)]
