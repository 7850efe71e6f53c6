"""What PostgreSQL itself writes, through the native stream, and read by PostgreSQL again."""

from collections.abc import Callable, Iterator

import psycopg
import pytest

from tests.native.test_wire_copy import MAIL, MASKED, Copy
from tests.native.wire_script import DETECT, label
from tests.rig.servers import Server

TRICKY = [
    None,
    "",
    "\\N",
    "\\.",
    "NULL",
    "a,b",
    'say "x"',
    "two\nlines",
    "tab\there",
    "back\\slash",
    "\r",
    "\b\f\v",
    "|",
    "ä€𝄞",
    f"mail {MAIL.decode()}, please",
    f'"{MAIL.decode()}"\n',
]


@pytest.fixture
def connection(postgres18: Server) -> Iterator[psycopg.Connection]:
    with psycopg.connect(postgres18.dsn()) as opened:
        opened.execute("CREATE TEMP TABLE source (a text, b text)")
        opened.execute("CREATE TEMP TABLE target (a text, b text)")
        with opened.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO source VALUES (%s, %s)", [(a, b) for a in TRICKY for b in (TRICKY[0], *TRICKY[-4:])]
            )
        yield opened


def through(
    connection: psycopg.Connection, copy: Copy, options: str, out_only: str = ""
) -> list[tuple[str | None, ...]]:
    """Copy ``source`` out, through the stream, and into ``target``; the rows there."""
    with connection.cursor() as cursor:
        with cursor.copy(f"COPY source TO STDOUT ({options}{out_only})") as out:
            pieces = [bytes(piece) for piece in out]
        payload, rows, _ = copy.told(pieces)
        assert rows == connection.execute("SELECT count(*) FROM source").fetchall()[0][0]
        with cursor.copy(f"COPY target FROM STDIN ({options})") as back:
            back.write(payload)
        return cursor.execute("SELECT a, b FROM target").fetchall()


def masked(value: str | None) -> str | None:
    return None if value is None else value.replace(MAIL.decode(), MASKED.decode())


FORMATS = [
    (lambda *rules: Copy("text", *rules), "FORMAT text", ""),
    (lambda *rules: Copy("text", *rules, delimiter=b"|", null=b"nil"), "FORMAT text, DELIMITER '|', NULL 'nil'", ""),
    (lambda *rules: Copy("text", *rules, header=True), "FORMAT text, HEADER", ""),
    (lambda *rules: Copy("csv", *rules), "FORMAT csv", ""),
    (lambda *rules: Copy("csv", *rules, header=True), "FORMAT csv, HEADER", ""),
    (lambda *rules: Copy("csv", *rules, force_quote=True), "FORMAT csv", ", FORCE_QUOTE *"),
    (
        lambda *rules: Copy("csv", *rules, delimiter=b";", quote=b"'", escape=b"\\", null=b"nil"),
        "FORMAT csv, DELIMITER ';', QUOTE '''', ESCAPE '\\', NULL 'nil'",
        "",
    ),
]


@pytest.mark.parametrize(("copy", "options", "out_only"), FORMATS, ids=[f"{f[1]}{f[2]}" for f in FORMATS])
def test_values_come_back_with_only_their_findings_changed(
    connection: psycopg.Connection, copy: Callable[..., Copy], options: str, out_only: str
) -> None:
    source = connection.execute("SELECT a, b FROM source").fetchall()
    assert through(connection, copy(), options, out_only) == [(masked(a), masked(b)) for a, b in source]


@pytest.mark.parametrize(("copy", "options", "out_only"), FORMATS, ids=[f"{f[1]}{f[2]}" for f in FORMATS])
def test_labelled_columns_come_back_as_null_where_they_must(
    connection: psycopg.Connection, copy: Callable[..., Copy], options: str, out_only: str
) -> None:
    rows = through(connection, copy(label("null"), DETECT), options, out_only)
    assert {a for a, _ in rows} == {None}


def test_binary_values_come_back_or_are_null(connection: psycopg.Connection) -> None:
    source = connection.execute("SELECT a, b FROM source").fetchall()
    expected = [tuple(None if v is not None and MAIL.decode() in v else v for v in values) for values in source]
    assert through(connection, Copy("binary"), "FORMAT binary") == expected
