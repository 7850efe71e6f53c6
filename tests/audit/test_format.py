"""Whatever is recorded in whatever order: the writer's bytes are those that docs/audit-format.md asks for.

The writer is native where it is hot (``rust/evidence``) and Python where it is not; the model is neither.
"""

import hashlib
import string
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from safelight.audit.canonical import EXACT
from safelight.audit.writer import RecordWriter
from tests.audit.format_model import LONGEST_BYTES, SALT_BYTES, LogModel, plaintext_of, text_of

KEY_BYTES = 32
SEVERAL_DRAWS = 300
ANY_TEXT = st.text(st.characters(), max_size=10)
"""Characters that are none, too: lone halves of pairs."""
NAMES = st.text(string.ascii_letters + string.digits + '_ ~!"\\', min_size=1, max_size=8)
VALUES = st.none() | st.booleans() | st.integers(-EXACT, EXACT) | ANY_TEXT | st.lists(ANY_TEXT, max_size=3)
FIELDS = st.dictionaries(NAMES, VALUES, max_size=4)
BEGINNINGS = st.fixed_dictionaries(
    {"address": st.just("::1")},
    optional=dict.fromkeys(("target", "grant", "incident", "sponsor"), st.none() | ANY_TEXT),
)
SESSIONS = st.sampled_from(["s1", "s%b2", 'q"\\\u00e9\u2028\n', "s3", ""])
COUNTS = st.integers(0, EXACT)
TEXTS = st.binary(max_size=80) | st.just(b"a\x00b\xff\xfe\n")
PARAMETERS = st.lists(st.none() | st.binary(max_size=20) | st.just(b"\x00"), max_size=4)


class Draws:
    """Randomness that can be drawn a second time, for the model."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._drawn = {KEY_BYTES: 0}

    def __call__(self, size: int) -> bytes:
        number = self._drawn[size] = self._drawn.get(size, 0) + 1
        return self._block(size, number)

    def keys(self) -> Iterator[bytes]:
        number = 0
        while True:
            number += 1
            yield self._block(KEY_BYTES, number)

    def salts(self) -> Iterator[bytes]:
        """In blocks as large as the writer's were."""
        number = 0
        while True:
            number += 1
            size = max(self._drawn)
            block = self._block(size, number)
            yield from (block[at : at + SALT_BYTES] for at in range(0, size, SALT_BYTES))

    def _block(self, size: int, number: int) -> bytes:
        return hashlib.shake_128(b"%d %d %d" % (self._seed, size, number)).digest(size)


class WriterAndModel(RuleBasedStateMachine):
    """``direct`` goes the way that sessions go: to the native queue first, and to the writer when that says no."""

    @initialize(first=st.integers(0, EXACT - 100_000), seed=st.integers(0, 1000))
    def begin(self, first: int, seed: int) -> None:
        draws = Draws(seed)
        self.writer = RecordWriter(first, draws)
        self.model = LogModel(first, draws.keys(), draws.salts())

    @rule(
        session=SESSIONS,
        kind=st.sampled_from(["statement.intent", "statement.refused"]),
        at=COUNTS,
        fields=FIELDS,
        text=TEXTS,
        values=PARAMETERS,
        direct=st.booleans(),
    )
    def statement(
        self,
        session: str,
        kind: str,
        at: int,
        fields: dict[str, object],
        text: bytes,
        values: list[bytes | None],
        direct: bool,
    ) -> None:
        call = (session, kind, at, text_of(fields)[1:-1], text, tuple(values))
        index = self.writer.queue.statement(*call) if direct else None
        if index is None:
            index = self.writer.statement(*call)
        assert index == self.model.statement(session, kind, at, fields, text, values)

    @rule(
        session=SESSIONS,
        at=COUNTS,
        numbers=st.tuples(COUNTS, COUNTS, COUNTS, COUNTS),
        result=st.sampled_from(["ok", "error", "discarded", "unknown"]),
        sqlstate=st.just("") | st.just("42501") | ANY_TEXT,
        cells=st.none() | st.dictionaries(ANY_TEXT, COUNTS, max_size=4),
        direct=st.booleans(),
    )
    def outcome(
        self,
        session: str,
        at: int,
        numbers: tuple[int, int, int, int],
        result: str,
        sqlstate: str,
        cells: dict[str, int] | None,
        direct: bool,
    ) -> None:
        intent, rows, size, micros = numbers
        call = (session, at, intent, result, rows, size, micros, sqlstate, cells)
        index = self.writer.queue.outcome(*call) if direct else None
        if index is None:
            index = self.writer.outcome(*call)
        counts = {"intent": intent, "rows": rows, "bytes": size, "micros": micros}
        assert index == self.model.outcome(session, at, counts, result, sqlstate, cells)

    @rule(session=SESSIONS, at=COUNTS, actor=ANY_TEXT, fields=BEGINNINGS, more=FIELDS)
    def begins(self, session: str, at: int, actor: str, fields: dict[str, object], more: dict[str, object]) -> None:
        call = ("session.started", at, actor, session, more | fields, {"application_name": "psql"})
        assert self.writer.event(*call) == self.model.event(*call)

    @rule(
        session=SESSIONS | st.none(),
        at=COUNTS,
        actor=ANY_TEXT,
        fields=FIELDS,
        sensitive=st.dictionaries(NAMES, ANY_TEXT, max_size=2),
    )
    def event(
        self, session: str | None, at: int, actor: str, fields: dict[str, object], sensitive: dict[str, str]
    ) -> None:
        call = ("grant.ended", at, actor, session, fields, sensitive)
        assert self.writer.event(*call) == self.model.event(*call)

    @rule(session=SESSIONS)
    def forget(self, session: str) -> None:
        self.writer.forget(session)
        self.model.forget(session)

    @rule(session=SESSIONS)
    def renew(self, session: str) -> None:
        assert self.writer.renew(session) == self.model.renew(session)

    @rule(session=SESSIONS, count=st.just(SEVERAL_DRAWS))
    def more_than_one_draw_of_salts(self, session: str, count: int) -> None:
        for number in range(count):
            call = (session, "statement.intent", number, b"", b"SELECT 1", ())
            assert self.writer.statement(*call) == self.model.statement(*call[:3], {}, *call[4:])

    @rule()
    def take(self) -> None:
        batch = self.writer.take()
        assert batch.lines == self.model.lines
        assert [(new.session_id, new.key) for new in batch.keys] == self.model.new_keys
        self.model.lines, self.model.new_keys = b"", []

    @invariant()
    def as_many_records(self) -> None:
        if hasattr(self, "writer"):
            assert self.writer.next_index == self.model.next_index

    def teardown(self) -> None:
        if hasattr(self, "writer"):
            self.take()


TestWriterAndModel = WriterAndModel.TestCase
TestWriterAndModel.settings = settings(max_examples=100, stateful_step_count=25, deadline=None)


@pytest.mark.parametrize("direct", [True, False])
@pytest.mark.parametrize("values", [(), (b"v" * 10, None)], ids=["text", "text and values"])
@pytest.mark.parametrize("over", [-1, 0, 1])
def test_the_longest_that_is_kept_whole(direct: bool, values: tuple[bytes | None, ...], over: int) -> None:
    around = len(plaintext_of(b"", values))
    text = b"x" * (LONGEST_BYTES - around + over)
    draws = Draws(2)
    writer, model = RecordWriter(5, draws), LogModel(5, draws.keys(), draws.salts())
    for _ in range(2):  # the first time the queue does not know the session
        call = ("s1", "statement.intent", 1, b"", text, values)
        index = writer.queue.statement(*call) if direct else None
        assert (index is None) or over <= 0
        if index is None:
            writer.statement(*call)
        model.statement("s1", "statement.intent", 1, {}, text, values)
    assert writer.take().lines == model.lines


@given(text=st.binary(max_size=30), index=st.integers(0, EXACT))
def test_the_model_notices_a_byte(text: bytes, index: int) -> None:
    """The comparison can fail: another text, another index or another key is another line."""
    draws = Draws(1)
    lines = []
    for one, at in ((text, index), (text + b"!", index), (text, index + 1)):
        model = LogModel(at, draws.keys(), iter([bytes(SALT_BYTES)]))
        model.statement("s1", "statement.intent", 1, {}, one, ())
        lines.append(model.lines)
    assert len(set(lines)) == 3
