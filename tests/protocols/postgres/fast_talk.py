"""A session whose gate knows reads that the fast path may take, and a server that answers whatever reaches it."""

import json
import struct
from dataclasses import dataclass, field

from safelight import _native
from safelight.audit.canonical import canonical
from safelight.protocols.postgres import messages as m
from safelight.protocols.postgres.codec import ClientMessages
from safelight.protocols.postgres.deny import UNPARSEABLE
from safelight.protocols.postgres.plan import MessagePlan, StatementPlan
from safelight.protocols.postgres.relay import Relay
from safelight.protocols.postgres.replies import Replies
from tests.protocols.postgres import conversation_playbook as book

KEY = b"k" * 32


class FastTalk(book.Talk):
    """A talk with an audit queue, and reads that are known: to the fast path too unless ``fast`` is false."""

    def __init__(self, *, fast: bool = True) -> None:
        super().__init__()
        self.queue = _native.RecordQueue(0, 1 << 20)
        self.queue.open_session("session", KEY, "key", b"", canonical("session"))
        self.queue.add_salts(bytes(18) * 4096)
        self.cache: _native.ShapeCache[MessagePlan] = _native.ShapeCache()
        self.epoch = _native.Epoch()
        self._fast = fast
        self.fast = _native.FastPath("session", self.cache, self.queue, self.stream, (self.epoch,), 0)
        self.relay = Relay(self.gate, self.stream, self.fast)
        self.replies = Replies(self.relay, "oncall", lambda name, value: None)

    def knows_read(self, text: bytes, *outputs: book.Output) -> None:
        """An allowed, harmless read, in both protocols."""
        read = book.reading(*outputs)
        plan = self.knows(text, read)
        if self._fast:
            for extended in (False, True):
                self._keep(text, extended, plan, read)

    def _keep(self, text: bytes, extended: bool, plan: MessagePlan, read: StatementPlan) -> None:
        self.cache.put_read(
            text,
            extended,
            None,
            plan,
            weight=1,
            result=read.result,
            record=b'"form":"select"',
            reads_labels=read.analysis.restricted_reads,
        )

    def client(self, *messages: bytes) -> bytes:
        """In one piece, as its driver gives it."""
        data = b"".join(messages)
        forward = self.fast.take(data)
        if forward is not None:
            return forward
        self.relay.from_client(data, 0)
        return self.to_target()

    def records(self) -> list[dict[str, object]]:
        """The records that native code has queued."""
        return [json.loads(line) for line in self.queue.take().splitlines()]

    def endings(self) -> list[str]:
        """How statements ended, by both ways, in no order."""
        native = [r["fields"]["result"] for r in self.records() if r["kind"] == "statement.outcome"]  # type: ignore[index]
        return sorted([*map(str, native), *map(str, self.gate.results())])


@dataclass
class Server:
    """A PostgreSQL that can be reasoned about: one row for every SELECT, an error for a text with ``bad`` in it."""

    statements: dict[bytes, bytes] = field(default_factory=dict)
    portal: bytes | None = None
    status: bytes = b"I"
    skipping: bool = False
    ran: list[bytes] = field(default_factory=list)

    def answer(self, data: bytes) -> bytes:
        messages = ClientMessages()
        messages.feed(data)
        told = b""
        while (taken := messages.take()) is not None:
            told += self._one(*taken)
        return told

    def _one(self, kind: int, body: bytes) -> bytes:
        if kind == ord("Q"):
            self.skipping, self.portal = False, None
            self.statements.pop(b"", None)
            return self._run(body[:-1], described=True) + self._ready()
        if kind == ord("S"):
            self.skipping = False
            return self._ready()
        if self.skipping or kind == ord("H"):
            return b""
        told = self._extended(kind, body)
        if told[:1] == b"E":
            self.skipping = True
        return told

    def _extended(self, kind: int, body: bytes) -> bytes:
        name, _, rest = body.partition(b"\0")
        if kind == ord("P"):
            text = rest.partition(b"\0")[0]
            self.statements.pop(name, None)
            if text == UNPARSEABLE:
                return self._fail()
            self.statements[name] = text
            return book.PARSED
        if kind == ord("B"):
            self.portal = self.statements.get(rest.partition(b"\0")[0])
            return book.BOUND if self.portal is not None else self._fail()
        if kind == ord("D"):
            return _columns(self.portal) if self.portal else self._fail()
        if kind == ord("C"):
            self.statements.pop(name[1:], None)
            return book.CLOSED
        assert kind == ord("E"), kind
        return self._run(self.portal, described=False) if self.portal is not None else self._fail()

    def _run(self, text: bytes, *, described: bool) -> bytes:
        self.ran.append(text)
        if text == b"COMMIT":
            self.status = b"I"
            return book.done(b"COMMIT")
        if self.status == b"E" or b"bad" in text or not text.startswith((b"SELECT", b"BEGIN")):
            return self._fail()
        if text == b"BEGIN":
            self.status = b"T"
            return book.done(b"BEGIN")
        columns = _columns(text) if described else b""
        notice = m.notice("slow") if b"notice" in text else b""
        row = book.row(b"ada" if b"labelled" in text else b"7")
        return columns + notice + row + book.done(b"SELECT 1")

    def _fail(self) -> bytes:
        if self.status == b"T":
            self.status = b"E"
        return book.failure("no")

    def _ready(self) -> bytes:
        if self.status == b"I":
            self.portal = None
        return m.message(b"Z", self.status)


def _columns(text: bytes) -> bytes:
    if b"labelled" in text:
        return book.fields(("email", book.CUSTOMERS, 2, book.TEXT))
    return book.fields(("id", book.ORDERS, 1, book.INT4))


def whole(*, parse: bytes = b"", name: bytes = b"", describe: bool = True, values: int = 0) -> bytes:
    """One extended batch, as drivers send it in one piece."""
    bound = [struct.pack("!i", number) for number in range(values)]
    return (
        (book.parse(name, parse) if parse else b"")
        + book.bind(b"", name, *bound)
        + (book.describe(b"P", b"") if describe else b"")
        + book.execute(b"")
        + book.SYNC
    )
