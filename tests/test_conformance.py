"""The page of what clients and servers do is whole: every number is there, and every test that it names is collected.

Names are asked of pytest, not looked for in files: a test that was renamed, moved or is not found by it fails here.
"""

import re
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "conformance.md"
ITEMS = {"E": 10, "P": 40, "T": 16, "S": 5}
"""How many numbers each list has: for every protocol, for PostgreSQL, what trips gateways, servers."""
NAMED = re.compile(r"`([\w/]+\.py)::(\w+)`")
NUMBER = re.compile(r"[A-Z]\d+")
CLIENTS = {
    "asyncpg": "asyncpg",
    "Django": "django",
    "bytes": "Peer|hostile",
    "node-pg": "node-pg",
    "pg_dump": "pg_dump",
    "pgbench": "pgbench",
    "pgcli": "pgcli",
    "pgjdbc": "pgjdbc",
    "pgx": "pgx",
    "psql": "psql",
    "psycopg": "psycopg|Connect|Harness",
    "SQLAlchemy": "sqlalchemy",
    "unit": "import",
}
"""Who may be named, and what shows in a test's file that it drives them."""


@dataclass(frozen=True)
class Row:
    number: str
    tests: tuple[tuple[str, str], ...]
    clients: tuple[str, ...]


def rows() -> list[Row]:
    found = []
    for line in PAGE.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if NUMBER.fullmatch(cells[0]):
            number, _, tests, clients, _ = cells
            found.append(Row(number, tuple(NAMED.findall(tests)), tuple(clients.split(", "))))
    return found


@cache
def collected() -> frozenset[tuple[str, str]]:
    """File and function of every test in the files that are named."""
    files = sorted({file for row in rows() for file, _ in row.tests})
    missing = [file for file in files if not (TESTS / file).exists()]
    assert not missing
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *files],
        cwd=TESTS,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    names = re.findall(r"^(?:tests/)?([\w/]+\.py)::(?:\w+::)?(\w+)", done.stdout, re.MULTILINE)
    return frozenset(names)


def test_every_number_is_there_once() -> None:
    expected = [f"{letter}{n}" for letter, count in ITEMS.items() for n in range(1, count + 1)]
    assert [row.number for row in rows()] == expected


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.number)
def test_a_row_is_proved(row: Row) -> None:
    assert row.tests, "a row without a test"
    assert set(row.tests) <= collected(), "pytest does not know this test"
    texts = [(TESTS / file).read_text() for file, _ in row.tests]
    for client in row.clients:
        assert client in CLIENTS, "not a client that we know"
        assert any(re.search(CLIENTS[client], text) for text in texts), f"none of these tests drives {client}"


def test_every_client_that_we_know_proves_something() -> None:
    assert {client for row in rows() for client in row.clients} == set(CLIENTS)
