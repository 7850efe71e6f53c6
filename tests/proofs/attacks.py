"""Statements from ``tests/vectors``, and a client that runs them in every way the protocol has, and keeps what comes.

A line is a message: its text, the last semicolon, and behind ``--`` what it tries. Messages that belong together
stand in one line, with `` ;; `` between them. Lines of comment before it can say

- ``-- parameters: a, b`` for the next line: what its ``$1, $2`` are, in text;
- ``-- all in transactions`` for the whole file: each line is rolled back;
- ``-- not compared: why`` for the whole file: its answers may differ between databases.
"""

import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from safelight.protocols.postgres import messages as m
from tests.proofs.canaries import PSEUDONYM
from tests.proofs.peer import Peer

Message = tuple[bytes, bytes]
Run = Callable[[Peer, str, tuple[str, ...]], list[Message]]
PORTAL_ROWS = 3
_QUERY = re.compile(r"\s*(SELECT|WITH|VALUES|TABLE)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Vector:
    """One line. ``texts`` are sent one after the other."""

    family: str
    texts: tuple[str, ...]
    tries: str
    parameters: tuple[str, ...] = ()
    in_transaction: bool = False
    compared: bool = True

    def __str__(self) -> str:
        return f"{self.family}: {' ;; '.join(self.texts)} -- {self.tries}"


def vectors(directory: Path) -> list[Vector]:
    """All of a directory's files, in the order of their names; ``setup.sql`` aside."""
    files = sorted(path for path in directory.glob("*.sql") if path.name != "setup.sql")
    return [vector for path in files for vector in _of_file(path)]


def _of_file(path: Path) -> Iterator[Vector]:
    lines = path.read_text().splitlines()
    in_transaction = "-- all in transactions" in lines
    compared = not any(line.startswith("-- not compared: ") for line in lines)
    parameters: tuple[str, ...] = ()
    for line in lines:
        if line.startswith("-- parameters: "):
            parameters = tuple(line.removeprefix("-- parameters: ").split(", "))
        elif line and not line.startswith("--"):
            text, separator, tries = line.rpartition("; -- ")
            if not separator:
                raise ValueError(f"{path.name}: no '; -- ' in {line!r}")
            # A bare carriage return cannot stand in a file of lines.
            texts = tuple(text.replace("<CR>", "\r").split(" ;; "))
            yield Vector(path.stem, texts, tries, parameters, in_transaction, compared)
            parameters = ()


# --- ways to run a text ------------------------------------------------------------------------------------------


def simple(peer: Peer, text: str, _: tuple[str, ...] = ()) -> list[Message]:
    """One Query message: everything up to ReadyForQuery. Whoever is asked for COPY data declines."""
    peer.message(b"Q", text.encode() + b"\0")
    return _answer(peer)


def extended(peer: Peer, text: str, parameters: tuple[str, ...], *, binary: bool, rows: int = 0) -> list[Message]:
    """Parse, Bind, Describe, Execute and Sync; with ``rows`` four times Execute, each for so many rows."""
    values = b"".join(struct.pack("!i", len(value.encode())) + value.encode() for value in parameters)
    bind = b"\0\0" + struct.pack("!hh", 0, len(parameters)) + values + struct.pack("!hh", 1, int(binary))
    execute = m.message(b"E", b"\0" + struct.pack("!i", rows))
    peer.send(
        m.message(b"P", b"\0" + text.encode() + b"\0\0\0")
        + m.message(b"D", b"S\0")
        + m.message(b"B", bind)
        + m.message(b"D", b"P\0")
        + execute * (1 if not rows else 4)
        + m.message(b"S", b"")
    )
    return _answer(peer)


def copied(peer: Peer, text: str, _: tuple[str, ...], *, how: str) -> list[Message]:
    """A query's rows by COPY, where it is one."""
    return simple(peer, f"COPY ({text}) TO STDOUT WITH (FORMAT {how})" if _QUERY.match(text) else text)


MODES: dict[str, Run] = {
    "simple": simple,
    "extended, text": partial(extended, binary=False),
    "extended, binary": partial(extended, binary=True),
    "portal in parts": partial(extended, binary=False, rows=PORTAL_ROWS),
    "copy, text": partial(copied, how="text"),
    "copy, csv": partial(copied, how="csv"),
    "copy, binary": partial(copied, how="binary"),
}


def _answer(peer: Peer) -> list[Message]:
    came = []
    for kind, body in peer.messages():
        came.append((kind, body))
        if kind == b"G":
            peer.message(b"f", b"no data\0")
        if kind == b"Z":
            return came
    raise EOFError(f"the session was lost after {came[-3:]}")


def run(peer: Peer, vector: Vector, how: Run) -> list[Message]:
    """All that a vector brings. The session has no transaction open afterwards."""
    came = simple(peer, "BEGIN") if vector.in_transaction else []
    for text in vector.texts:
        came += how(peer, text, vector.parameters)
    if came[-1] != (b"Z", b"I"):
        came += simple(peer, "ROLLBACK")
    return came


# --- reading what came -------------------------------------------------------------------------------------------


def columns(came: list[Message]) -> list[list[bytes]]:
    """The cells of all rows, by column and from top to bottom; NULL is empty."""
    found: list[list[bytes]] = []
    for kind, body in came:
        if kind != b"D":
            continue
        for at, cell in enumerate(cells(body)):
            while len(found) <= at:
                found.append([])
            found[at].append(cell or b"")
    return found


def cells(row: bytes) -> list[bytes | None]:
    """The cells of a DataRow."""
    found: list[bytes | None] = []
    at = 2
    for _ in range(int.from_bytes(row[:2], "big")):
        length = int.from_bytes(row[at : at + 4], "big", signed=True)
        found.append(None if length < 0 else row[at + 4 : at + 4 + length])
        at += 4 + max(length, 0)
    return found


def refusal(came: list[Message]) -> str | None:
    """The rule of the first refusal by the gateway, None if it refused nothing."""
    for kind, body in came:
        if kind == b"E":
            fields = {letter: value.decode() for letter, value in m.decode_fields(body).items()}
            if fields["M"].startswith("safelight: "):
                return fields.get("D", "").removeprefix("Rule: ").rstrip(".")
    return None


def error(came: list[Message]) -> str | None:
    """The SQLSTATE and text of the first error."""
    for kind, body in came:
        if kind == b"E":
            fields = {letter: value.decode() for letter, value in m.decode_fields(body).items()}
            return f"{fields['C']} {fields['M']} {fields.get('D', '')}"
    return None


def normal(came: list[Message]) -> list[Message]:
    """With pseudonyms numbered in the order they came in: their form, length and equality stay."""
    names: dict[bytes, bytes] = {}

    def numbered(match: re.Match[bytes]) -> bytes:
        return names.setdefault(match[0], b"%0*d" % (len(match[0]), len(names)))

    return [(kind, PSEUDONYM.sub(numbered, body)) for kind, body in came]
