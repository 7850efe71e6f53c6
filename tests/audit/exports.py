"""Exports made in memory, with the product's own writer, to be tampered with."""

import base64
import os
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from safelight.audit import checkpoint as notes
from safelight.audit.canonical import canonical
from safelight.audit.checkpoint import Checkpoint
from safelight.audit.merkle import Frontier, leaf_hash
from safelight.audit.sealing import key_id
from safelight.audit.writer import RecordWriter

ORIGIN = "example.org/audit/node-1"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
VERIFIER_KEY = notes.verifier_key(ORIGIN, KEY.public_key())


def line(name: str, value: object) -> bytes:
    return canonical({name: value})


@dataclass(frozen=True)
class Made:
    """An export as its lines, and the checkpoint over all of it."""

    lines: list[bytes]
    anchor: str

    def data(self) -> bytes:
        return b"".join(item + b"\n" for item in self.lines)

    def records(self) -> list[int]:
        """Where in ``lines`` the records stand."""
        return [at for at, item in enumerate(self.lines) if b'"index":' in item]


def note_over(frontier: Frontier, key: Ed25519PrivateKey = KEY) -> str:
    return notes.sign(Checkpoint(ORIGIN, frontier.size, frontier.root()), key)


def make(statements: int, *, every: int = 4, first: int = 0, reveal: bool = False, salt: bytes = b"") -> Made:
    """``statements`` intents with their outcomes behind ``first`` records that are left out; a checkpoint after
    ``every`` so many records."""
    frontier = Frontier()
    frontier.fold([bytes([number % 251]) * 32 for number in range(first)])
    lines = [
        line(
            "export",
            {
                "first": first,
                "format": 1,
                "frontier": [item.hex() for item in frontier.hashes()],
                "origin": ORIGIN,
            },
        )
    ]
    writer = RecordWriter(first, os.urandom)
    for number in range(statements):
        text = b"SELECT %d /*%b*/" % (number, salt)
        intent = writer.statement("s1", "statement.intent", 1000 + number, b'"form":"select"', text)
        writer.outcome("s1", 1000 + number, intent, "ok", number, 8, 5)
    batch = writer.take()
    if reveal:
        lines += [
            line("key", {"id": key_id(new.key), "key": base64.b64encode(new.key).decode()}) for new in batch.keys
        ]
    for number, record in enumerate(batch.records, 1):
        lines.append(record)
        frontier.fold([leaf_hash(record)])
        if number % every == 0 and number < len(batch.records):
            lines.append(line("checkpoint", note_over(frontier)))
    anchor = note_over(frontier)
    lines += [line("checkpoint", anchor), line("end", frontier.size)]
    return Made(lines, anchor)
