"""What a hostile server says: messages of a shop's answers, true and false."""

import struct

from safelight.protocols.postgres import messages as m
from tests.proofs.hostile import Script, Talk

INT4, TEXT = 23, 25
PLANTED = "planted.secret@example.com"
QUERY = "SELECT id, email FROM customers WHERE id = 1"
OK, READY = m.message(b"C", b"SELECT 1\0"), m.ready_for_query()


def columns(oid: int) -> bytes:
    """The RowDescription of :data:`QUERY`; ``oid`` is that of customers."""
    described = b"".join(
        name + b"\0" + struct.pack("!IhIhih", oid, attribute, kind, -1, -1, 0)
        for name, attribute, kind in ((b"id", 1, INT4), (b"email", 2, TEXT))
    )
    return m.message(b"T", struct.pack("!H", 2) + described)


def row(*values: bytes) -> bytes:
    return m.message(b"D", struct.pack("!H", len(values)) + b"".join(struct.pack("!i", len(v)) + v for v in values))


LEAK = row(b"1", PLANTED.encode())


def says(data: bytes) -> Script:
    """This in place of a login."""

    def play(talk: Talk) -> None:
        talk.send(data)
        talk.listen()

    return play


def pours(data: bytes, seconds: float = 20.0) -> Script:
    """This in place of a login, without end."""

    def play(talk: Talk) -> None:
        talk.pour(data, seconds)

    return play


def answers(*replies: bytes) -> Script:
    """A true login, then this for the first statement, and nothing more."""
    return lambda talk: talk.answer_query(*replies)


def floods(start: bytes, data: bytes, seconds: float = 20.0) -> Script:
    """A true login; for the first statement ``start``, then ``data`` without end."""

    def play(talk: Talk) -> None:
        talk.login()
        talk.hear()
        talk.send(start)
        talk.pour(data, seconds)

    return play
