"""Both directions of a session: steps of one byte (who speaks, or what the driver does) and one of length.

What is looked for besides crashes: nothing runs on the target that was not recorded first, and no labelled value
leaves as it came.
"""

import struct

from safelight.domain.errors import PeerProtocolError
from safelight.protocols.postgres import messages as m
from safelight.protocols.postgres.deny import UNPARSEABLE
from safelight.protocols.postgres.wishes import NeedApproval, NeedCatalog, NeedDurable, NeedPlan
from tests.protocols.postgres import conversation_playbook as book

CLIENT, SERVER, DRIVER = range(3)
PLANTED = b"planted.secret@example.com"
READS, WRITES, SETS, DENIED, BEGINS, COPIES, LOADS = b"r", b"w", b"s", b"x", b"b", b"c", b"l"
NEVER = book.plan(book.writing("delete", effect=book.Effect.DENY))


def _steps(*steps: tuple[int, bytes]) -> bytes:
    return b"".join(
        struct.pack("BB", who, len(data[at : at + 255])) + data[at : at + 255]
        for who, data in steps
        for at in range(0, len(data) or 1, 255)
    )


_PREPARE = book.parse(b"n", READS) + book.bind(b"", b"n", b"7") + book.describe(b"P", b"") + book.execute(b"")
_ROWS = book.EMAILS + book.row(PLANTED) + book.done(b"SELECT 1")
_BATCH = book.PARSED + book.BOUND + _ROWS
SEEDS = (
    _steps((CLIENT, m.query(READS)), (SERVER, _ROWS + book.READY)),
    _steps((CLIENT, _PREPARE + book.SYNC), (SERVER, _BATCH + book.READY)),
    _steps((CLIENT, m.query(DENIED)), (SERVER, book.failure("syntax") + book.READY)),
    _steps((CLIENT, book.parse(b"", DENIED) + _PREPARE + book.SYNC), (SERVER, book.failure("syntax") + book.READY)),
    _steps((CLIENT, m.query(COPIES)), (SERVER, book.copy_starts(b"H", 1) + book.copy_data(PLANTED + b"\n"))),
    _steps((CLIENT, m.query(LOADS)), (SERVER, book.copy_starts(b"G", 1)), (CLIENT, m.message(b"d", b"1\n"))),
    _steps(
        (CLIENT, m.query(SETS)), (SERVER, book.done(b"SET") + book.READY), (DRIVER, b""), (CLIENT, m.query(READS))
    ),
    _steps((CLIENT, m.query(BEGINS)), (SERVER, book.done(b"BEGIN") + book.IN_BLOCK), (CLIENT, m.query(WRITES))),
    _steps((CLIENT, m.query(b"unknown")), (DRIVER, b""), (SERVER, book.failure("syntax") + book.READY)),
    _steps((SERVER, m.notice("x") + m.parameter_status("TimeZone", "UTC") + m.message(b"A", b"\0\0\0\1a\0b\0"))),
    _steps((CLIENT, m.message(b"F", b"\0\0\0\1")), (CLIENT, m.message(b"X"))),
)


def one_input(data: bytes) -> bool:
    talk = _talk()
    sent, told = bytearray(), bytearray()
    at = steps = 0
    try:
        while at + 2 <= len(data):
            who, length = data[at] % 3, data[at + 1]
            said, at, steps = data[at + 2 : at + 2 + length], at + 2 + length, steps + 1
            if who == CLIENT:
                sent += talk.client(said)
            elif who == SERVER:
                told += talk.server(said)
            else:
                _grant(talk)
            sent += talk.to_target()
    except PeerProtocolError:
        steps = 0
    _judge(talk, bytes(sent), bytes(told))
    return steps > 0 and bool(sent)


class _Talk(book.Talk):
    """Remembers what was delivered to the client before anything else was done about it."""

    def __init__(self) -> None:
        super().__init__()
        self.delivered: list[bytes] = []
        self.replies.deliver = self.delivered.append


def _talk() -> _Talk:
    talk = _Talk()
    talk.knows(READS, book.reading(book.EMAIL))
    talk.knows(WRITES, book.writing())
    talk.knows(SETS, book.alone())
    talk.knows(DENIED, book.writing("delete", effect=book.Effect.DENY))
    talk.knows(BEGINS, book.transaction("begin"))
    talk.knows(COPIES, book.copying(book.COPY_TEXT, book.EMAIL))
    talk.knows(LOADS, book.copying(book.COPY_IN, book.DETECT))
    return talk


def _grant(talk: book.Talk) -> None:
    """What the relay waits for comes: unknown texts turn out to be denied."""
    relay = talk.relay
    match relay.wish:
        case NeedPlan():
            relay.planned(NEVER, 1)
        case NeedDurable():
            relay.durable(1)
        case NeedApproval(plan=plan):
            relay.denied(plan, 1)
        case NeedCatalog():
            relay.reloaded(1)


def _judge(talk: _Talk, sent: bytes, told: bytes) -> None:
    told += b"".join(talk.delivered)
    assert PLANTED not in told, "a labelled value left as it came"
    intents = sum(1 for entry in talk.gate.log if entry[0] == "intent")
    ran = 0
    for kind, body in book.messages_of(sent):
        text = body.partition(b"\0")[0] if kind == b"Q" else body.split(b"\0")[1] if kind == b"P" else None
        assert text is None or text in talk.gate.plans or text == UNPARSEABLE, (kind, text)
        assert text != DENIED, "what was denied went to the target"
        ran += kind == b"E" or (kind == b"Q" and text != UNPARSEABLE)
    assert ran <= intents, f"{ran} statements ran on {intents} intents"
