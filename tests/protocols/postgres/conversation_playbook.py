"""Plays both peers of the statement phase: a client, a server, and a gate whose plans are made by hand.

The stream between is the real one (native code), so that what a test reads is what a session does.
"""

import struct
from dataclasses import dataclass, field, replace

from safelight import _native
from safelight.domain.capability import Capability
from safelight.domain.decision import Authorized, Decision, Effect
from safelight.domain.errors import Refusal
from safelight.domain.masking import Strategy
from safelight.domain.statement import StatementFacts
from safelight.protocols.postgres import messages as m
from safelight.protocols.postgres.analysis import CopySpec, Output, StatementAnalysis
from safelight.protocols.postgres.catalog import Catalog, CatalogColumn, CatalogRelation, LabelledColumn
from safelight.protocols.postgres.plan import MessagePlan, Outcome, StatementPlan
from safelight.protocols.postgres.relay import Relay
from safelight.protocols.postgres.replies import Replies

CUSTOMERS, ORDERS = 20_001, 20_002
TEXT, INT4, JSON = 25, 23, 114
EMAIL = Output("label", "email", Strategy.PSEUDONYM, (CUSTOMERS, 2))
DETECT = Output("detect")
CATALOG = Catalog(
    version="1",
    target="shop",
    database="shop",
    server_version_num=180000,
    relations=(
        CatalogRelation(
            CUSTOMERS,
            "public",
            "customers",
            "r",
            (CatalogColumn(1, "id", INT4), CatalogColumn(2, "email", TEXT)),
            None,
            (),
        ),
        CatalogRelation(ORDERS, "public", "orders", "r", (CatalogColumn(1, "id", INT4),), None, ()),
    ),
    functions=frozenset(),
    trusted_functions=frozenset(),
    operators=frozenset(),
    trusted_operators=frozenset(),
    types=frozenset(),
    labels={(CUSTOMERS, 2): LabelledColumn("email", Strategy.PSEUDONYM)},
    opaque=frozenset(),
    search_path=("public",),
)
FACTS = StatementFacts(
    form="select",
    capabilities=frozenset({Capability.READ}),
    relations=(),
    labels=frozenset(),
    harmless_to_lose=True,
    rollback_safe=True,
    stands_alone=False,
    refusal=None,
)
ANALYSIS = StatementAnalysis(
    text="",
    facts=FACTS,
    outputs=None,
    copy=None,
    transaction=None,
    setting=None,
    deallocates=None,
    count_query=None,
    restricted_reads=False,
)
NO_DELETE = Refusal("policy.no_delete", "deleting is not allowed", "ask for write access")
COPY_TEXT = CopySpec("out", "text", b"\t", b"\\N", b"", b"", False, False)
COPY_IN = replace(COPY_TEXT, direction="in")
MASKER = _native.Masker(label_key=b"l" * 32, detector_key=b"d" * 32)


def statement(
    analysis: StatementAnalysis = ANALYSIS, *, effect: Effect = Effect.ALLOW, safe_to_lose: bool = True
) -> StatementPlan:
    result = _native.ResultPlan(MASKER, involves_labels=analysis.restricted_reads)
    copy = analysis.copy
    if copy is not None and copy.direction == "out":
        rules = [
            _native.ColumnRule.label(o.label, o.strategy.value)
            if o.label and o.strategy
            else _native.ColumnRule.detect()
            for o in analysis.outputs or ()
        ]
        result.copy_out(copy.format, copy.delimiter, copy.null, copy.quote, copy.escape, False, False, rules)
    refusal = None if effect is Effect.ALLOW else NO_DELETE
    decision = Decision(effect, (), refusal, frozenset())
    return StatementPlan(analysis, decision, result, b"", CATALOG, safe_to_lose)


def plan(*statements: StatementPlan, epoch: int = 1) -> MessagePlan:
    """The plan of a message, as the planner would put it together."""
    refusal = next((s.decision.refusal for s in statements if s.decision.effect is Effect.DENY), None)
    hold = refusal is None and any(s.decision.effect is Effect.HOLD for s in statements)
    simple = (
        len(statements) == 1
        and refusal is None
        and not hold
        and statements[0].analysis.facts.harmless_to_lose
        and not statements[0].analysis.facts.stands_alone
        and statements[0].analysis.copy is None
        and statements[0].analysis.transaction is None
        and statements[0].analysis.deallocates is None
    )
    results = tuple(s.result for s in statements)
    return MessagePlan(statements, results, refusal, "42501" if refusal else "", 0, epoch, hold, simple)


def reading(*outputs: Output) -> StatementPlan:
    """A plain SELECT; with a labelled output its errors are withheld."""
    labelled = any(output.rule == "label" for output in outputs)
    return statement(replace(ANALYSIS, outputs=outputs or None, restricted_reads=labelled))


def writing(form: str = "update", *relations: str, effect: Effect = Effect.ALLOW) -> StatementPlan:
    facts = replace(FACTS, form=form, harmless_to_lose=False, relations=relations)
    return statement(replace(ANALYSIS, facts=facts, outputs=()), effect=effect, safe_to_lose=False)


def transaction(kind: str) -> StatementPlan:
    return statement(replace(ANALYSIS, transaction=kind, outputs=()), safe_to_lose=False)


def alone() -> StatementPlan:
    return statement(replace(ANALYSIS, facts=replace(FACTS, form="set", stands_alone=True), outputs=()))


def copying(copy: CopySpec, *outputs: Output) -> StatementPlan:
    out = copy.direction == "out"
    facts = replace(FACTS, form=f"copy_{copy.direction}", harmless_to_lose=out)
    return statement(replace(ANALYSIS, facts=facts, copy=copy, outputs=outputs), safe_to_lose=out)


@dataclass
class FakeGate:
    """Knows the plans that a test gives it, and keeps a log of what it was told."""

    plans: dict[bytes, MessagePlan] = field(default_factory=dict)
    epoch: int = 1
    log: list[tuple[object, ...]] = field(default_factory=list)

    def lookup(self, text: bytes, extended: bool) -> MessagePlan | None:
        known = self.plans.get(text)
        return known if known is not None and known.epoch == self.epoch else None

    def intend(
        self, plan: StatementPlan, text: bytes, parameters: tuple[bytes | None, ...]
    ) -> Authorized[StatementPlan]:
        self.log.append(("intent", text, *parameters))
        return Authorized(plan, plan.decision, len(self.log))

    def outcome(self, intent: int, plan: StatementPlan, outcome: Outcome, cells: dict[str, int], micros: int) -> None:
        self.log.append(("outcome", intent, outcome.result, outcome.rows, outcome.sqlstate, cells))

    def refused(self, text: bytes, refusal: Refusal) -> None:
        self.log.append(("refused", text, refusal.rule))

    def mask_text(self, text: bytes) -> bytes:
        return text.replace(b"hidden", b"******")

    def intended(self, plan: StatementPlan, intent: int) -> Authorized[StatementPlan]:
        return Authorized(plan, plan.decision, intent)

    def results(self) -> list[object]:
        """How statements ended, in order."""
        return [entry[2] for entry in self.log if entry[0] == "outcome"]


class Talk:
    """A client and a server at the two ends of one session."""

    def __init__(self, **plans: MessagePlan) -> None:
        self.gate = FakeGate()
        self.stream = _native.ServerStream(max_message_bytes=1 << 20, max_row_bytes=1 << 20)
        self.fast: _native.FastPath[MessagePlan] = _native.FastPath(
            "session", _native.ShapeCache(), _native.RecordQueue(0, 0), self.stream, (), 0
        )
        self.relay = Relay(self.gate, self.stream, self.fast)
        self.replies = Replies(self.relay, "oncall", lambda name, value: None)

    def knows(self, text: bytes, *statements: StatementPlan) -> MessagePlan:
        """The gate has this plan for the text."""
        made = self.gate.plans[text] = plan(*statements, epoch=self.gate.epoch)
        return made

    def client(self, *messages: bytes) -> bytes:
        """The client sends; what leaves for the target."""
        self.relay.from_client(b"".join(messages), 0)
        return self.to_target()

    def server(self, *messages: bytes) -> bytes:
        """The server sends; what the client gets. What the relay has left to do it does, as its driver would."""
        self.replies.from_target(b"".join(messages), 7)
        told = b"".join(self.relay.to_client)
        self.relay.to_client.clear()
        while self.relay.more:
            self.relay.pump(8)
        return told

    def to_target(self) -> bytes:
        left = b"".join(self.relay.to_target)
        self.relay.to_target.clear()
        return left


# --- what peers say -----------------------------------------------------------------------------------------------


def parse(name: bytes, text: bytes) -> bytes:
    return m.parse(name, text)


def bind(portal: bytes, name: bytes, *values: bytes | None) -> bytes:
    body = portal + b"\0" + name + b"\0\0\0" + struct.pack("!H", len(values))
    for value in values:
        body += struct.pack("!i", -1) if value is None else struct.pack("!i", len(value)) + value
    return m.message(b"B", body + b"\0\0")


def describe(kind: bytes, name: bytes) -> bytes:
    return m.message(b"D", kind + name + b"\0")


def execute(portal: bytes, rows: int = 0) -> bytes:
    return m.message(b"E", portal + b"\0" + struct.pack("!i", rows))


def close(kind: bytes, name: bytes) -> bytes:
    return m.message(b"C", kind + name + b"\0")


SYNC = m.message(b"S")
FLUSH = m.message(b"H")
PARSED, BOUND, CLOSED, NO_DATA = (m.message(kind) for kind in (b"1", b"2", b"3", b"n"))
SUSPENDED, EMPTY = m.message(b"s"), m.message(b"I")
READY, IN_BLOCK, FAILED = (m.message(b"Z", status) for status in (b"I", b"T", b"E"))


def fields(*columns: tuple[str, int, int, int], format_code: int = 0) -> bytes:
    """A RowDescription of (name, table, attribute, type)."""
    body = struct.pack("!H", len(columns))
    for name, table, attribute, oid in columns:
        body += name.encode() + b"\0" + struct.pack("!IhIhih", table, attribute, oid, -1, -1, format_code)
    return m.message(b"T", body)


def row(*values: bytes | None) -> bytes:
    body = struct.pack("!H", len(values))
    for value in values:
        body += struct.pack("!i", -1) if value is None else struct.pack("!i", len(value)) + value
    return m.message(b"D", body)


def done(tag: bytes) -> bytes:
    return m.message(b"C", tag + b"\0")


def failure(text: str, sqlstate: str = "22012", severity: str = "ERROR") -> bytes:
    return m.error(severity, sqlstate, text)


def copy_starts(kind: bytes, columns: int, format_code: int = 0) -> bytes:
    return m.message(kind, struct.pack("!bH", format_code, columns) + struct.pack("!H", format_code) * columns)


def copy_data(data: bytes) -> bytes:
    return m.message(b"d", data)


COPY_DONE = m.message(b"c")
UNFINISHED = b"N\0\0"
"""The beginning of a message whose rest has not come."""
IDS = fields(("id", ORDERS, 1, INT4))
EMAILS = fields(("email", CUSTOMERS, 2, TEXT))


def messages_of(data: bytes) -> list[tuple[bytes, bytes]]:
    """Bytes as messages: (type, body)."""
    found, at = [], 0
    while at < len(data):
        (length,) = struct.unpack_from("!i", data, at + 1)
        found.append((data[at : at + 1], data[at + 5 : at + 1 + length]))
        at += 1 + length
    return found


def errors_in(data: bytes) -> list[dict[str, bytes]]:
    return [m.decode_fields(body) for kind, body in messages_of(data) if kind == b"E"]


def kinds_in(data: bytes) -> bytes:
    return b"".join(kind for kind, _ in messages_of(data))
