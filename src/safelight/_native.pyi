"""The native core: what touches every byte. Pure Rust crates behind one thin PyO3 crate.

This is the contract that the Python side is written and typed against.
"""

from collections.abc import Callable, Sequence
from typing import Generic, Self, TypeVar

V = TypeVar("V")

def scan(text: str, regions: Sequence[str] = ()) -> tuple[str, list[tuple[int, int, str]]]:
    """Mask one text with every content detector: (masked, findings as [start, end) in code points, type).

    ``regions`` (ISO 3166-1 alpha-2): where national telephone numbers are to be expected from.

    Raises:
        ValueError: a region without a numbering plan.
    """

def carries_masked(data: bytes) -> bool:
    """Whether ``data`` contains something that our own masking made (a pseudonym or a redaction).
    Such values must not be written back to a target."""

class Masker:
    """Detectors and strategies under the keys of one masking scope. Immutable; share it between sessions."""

    def __init__(self, *, label_key: bytes, detector_key: bytes, regions: Sequence[str] = ()) -> None:
        """Keys are 32 bytes each, derived per scope (incident) by the caller; ``regions`` as for :func:`scan`."""
    def mask_text(self, value: bytes) -> tuple[bytes, dict[str, int]]:
        """Mask the text of an error, a notice or any other message with the detectors."""
    def pseudonym(self, label: str, value: bytes) -> bytes:
        """The pseudonym of a labelled value of a text type."""

class ColumnRule:
    """What happens to one output column. Immutable."""

    @staticmethod
    def detect() -> ColumnRule:
        """Run the content detectors (the default for everything unlabelled)."""
    @staticmethod
    def label(label: str, strategy: str) -> ColumnRule:
        """A labelled column: ``strategy`` is redact, partial, null or pseudonym."""
    @staticmethod
    def constant() -> ColumnRule:
        """Computed from a labelled column: every value becomes one constant (NULL where the type has no text)."""
    @staticmethod
    def clear(label: str) -> ColumnRule:
        """A labelled column that this principal may see (capability unmask). Counted as ``unmasked:<label>``."""

class ResultPlan:
    """The mask plan of one result set. Built once per statement shape, masking scope and grant; shared.

    ``columns`` is None when the statement returns no rows; a row for such a plan is a protocol error.
    A RowDescription body that Python has checked against the plan is remembered with :meth:`accept`, so that the
    same body passes without leaving native code.
    """

    def __init__(self, masker: Masker, *, involves_labels: bool) -> None: ...
    def accept(self, row_description: bytes, rules: Sequence[ColumnRule]) -> None:
        """Remember a checked RowDescription body (bytes after the length) and the rule of each of its columns.
        Keep at most 64; the oldest goes first."""
    def copy_out(
        self,
        format: str,
        delimiter: bytes,
        null: bytes,
        quote: bytes,
        escape: bytes,
        header: bool,
        force_quote: bool,
        rules: Sequence[ColumnRule],
    ) -> None:
        """Say how a COPY OUT of this plan is written (``text``, ``csv`` or ``binary``) and masked."""

class ServerStream:
    """One server-to-client byte stream: pairs replies with what was asked, masks rows, passes constants.

    Nothing leaves that was not expected. The pairing queue is filled with :meth:`expect` in the order in which
    messages are forwarded to the server; ``kind`` is one of the module constants ``EXPECT_*``.
    """

    def __init__(self, *, max_message_bytes: int, max_row_bytes: int) -> None: ...
    def expect(self, kind: int, plans: Sequence[ResultPlan], token: int) -> None: ...
    def feed(self, data: bytes) -> tuple[bytes, list[tuple[int, int, object]]]:
        """Take server bytes; give bytes for the client and events ``(code, token, detail)`` in order.

        The output holds whole messages only. Codes are the message's type byte:

        - ``C`` detail ``(tag: bytes, rows: int, bytes: int, cells: dict[str, int])`` — a statement completed
        - ``I`` empty query, ``s`` portal suspended (detail as for C)
        - ``Z`` detail: status byte, as int
        - ``T``, ``E``, ``N``, ``A``, ``S``, ``G``, ``H``: **pause**. Detail is the message's body. It was not put
          into the output. It is always the last event; the caller continues with :meth:`resume`.
          ``T`` pauses only when the body is not accepted by the plan it belongs to; accept it, then resume(b"")
          to have it sent with its rows (or resume with ``drop=True`` to swallow it).

        ``rows`` are those that were sent, or without a result those that the tag tells.

        Raises:
            ValueError: the server broke the protocol (unexpected type, bad length, rows that do not fit), and the
            stream is over. A text that begins with ``54000:`` tells of a row too long to be masked.
        """
    def resume(self, replacement: bytes, drop: bool = True) -> tuple[bytes, list[tuple[int, int, object]]]:
        """Put ``replacement`` where the paused message was (``drop=False``: send the message itself) and go on."""
    @property
    def paused(self) -> bool: ...
    @property
    def pending(self) -> int:
        """How many expectations are open."""
    @property
    def front(self) -> int:
        """The token of the oldest open expectation; 0 when none is open."""
    @property
    def buffered(self) -> int:
        """Bytes held back (an unfinished message)."""

EXPECT_QUERY: int
"""A simple Query: one plan for each of its statements, up to ReadyForQuery."""
EXPECT_PARSE: int
EXPECT_BIND: int
EXPECT_CLOSE: int
EXPECT_DESCRIBE_STATEMENT: int
"""ParameterDescription, then RowDescription or NoData; passes unchanged (a `T` here never pauses)."""
EXPECT_DESCRIBE_PORTAL: int
"""RowDescription or NoData for the portal of ``plans[0]``; sets the columns for the Execute that follows."""
EXPECT_DESCRIBE_PORTAL_SILENT: int
"""The same, asked by the gateway itself: checked, not sent to the client."""
EXPECT_EXECUTE: int
"""DataRow*, then CommandComplete, EmptyQueryResponse or PortalSuspended; or COPY. Rows are masked by the
columns that the preceding portal description set."""
EXPECT_SYNC: int
EXPECT_FUNCTION_CALL: int

class Shape:
    """A statement's skeleton: its text with every literal replaced by a typed mark."""

    skeleton: bytes
    literals: Sequence[tuple[int, int]]
    """Byte offsets [start, end) of each literal in the text."""

    def values(self, ordinals: Sequence[int]) -> tuple[bytes, ...]:
        """The text of these literals. Raises: IndexError."""

def shape(text: bytes) -> Shape | None:
    """The shape of a single statement in the plain subset of SQL (ASCII outside of strings, standard strings, plain
    numbers, no comments, dollar quotes, prefixed strings, adjacent strings or inner semicolons), or None.

    Marks tell int4, int8, larger numeric, decimal and string apart, since they change how a function resolves.
    """

class RecordQueue:
    """Records of the audit log, as canonical lines, until they are written (docs/audit-format.md).

    ``full_bytes``: with more than this queued, :meth:`statement` gives None.
    """

    def __init__(self, next_index: int, full_bytes: int) -> None: ...
    @property
    def next_index(self) -> int: ...
    @property
    def queued_bytes(self) -> int: ...
    @property
    def has_salts(self) -> bool: ...
    def open_session(
        self, session_id: str, key: bytes, identity: str, associated: bytes, session_json: bytes
    ) -> None:
        """Know a session: its key (32 bytes), the key's id, what is authenticated beside every sealed field, and its
        id as canonical JSON."""
    def introduce(self, session_id: str, actor_json: bytes, about_json: bytes) -> None:
        """Who acts in a session, and what it is about (empty: nothing is known). Raises: ValueError: not known."""
    def forget(self, session_id: str) -> None: ...
    def add_salts(self, random: bytes) -> None:
        """Random bytes, 18 for each record that follows. Raises: ValueError: no multiple of 18."""
    def salt(self) -> str:
        """A salt for a record that is made elsewhere. Raises: ValueError: there is none left."""
    def seal(self, session_id: str, plaintext: bytes) -> bytes:
        """A sealed field for the record that is pushed next, in base64. Raises: ValueError: not known."""
    def push(self, line: bytes) -> int:
        """Queue a record that was made elsewhere; its index. Raises: ValueError: it is more than one line."""
    def statement(
        self,
        session_id: str,
        kind: str,
        at_ms: int,
        fields_json: bytes,
        text: bytes,
        values: Sequence[bytes | None],
    ) -> int | None:
        """Queue a statement's record; its index. None, with nothing done, when the caller must act first: the session
        is not known, there are no salts, the queue is full, or the statement is too long to be kept whole.

        Raises:
            ValueError: ``fields_json`` would break the line.
        """
    def sealed(self, session_id: str, kind: str, at_ms: int, fields_json: bytes, plaintext: bytes) -> int:
        """Queue a statement's record whose sensitive part is ready to be sealed (empty: there is none)."""
    def outcome(
        self,
        session_id: str,
        at_ms: int,
        intent: int,
        result: str,
        rows: int,
        result_bytes: int,
        micros: int,
        sqlstate: str,
        cells: dict[str, int] | None,
    ) -> int | None:
        """Queue the record of how a statement ended; its index, or None as :meth:`statement`."""
    def take(self) -> bytes:
        """All that is queued: whole lines. The caller writes them, behind the keys that are new."""
    def write_to(self, descriptor: int, room_bytes: int) -> None:
        """A file that the fast path may write to itself, by one ``write`` each time, while no key is new. After
        ``room_bytes`` it asks the interpreter again. Before the descriptor is closed another one must be given."""
    def take_written(self) -> tuple[bytes, int, int]:
        """What the fast path has written since the last call: (lines, records in the log with these, for how many
        milliseconds the oldest has been there). Also to be called before :meth:`take`, whose lines come after."""
    @property
    def problem(self) -> str | None:
        """Why the fast path could not write. How much is in the file is not known; nothing may be added."""

def fold(peaks: list[bytes | None], leaves: list[bytes]) -> list[bytes | None]:
    """RFC 6962 §2.1: the complete subtrees (``peaks[level]`` over 2**level leaves) after appending leaf hashes."""

def fold_lines(peaks: list[bytes | None], lines: bytes) -> tuple[int, list[bytes | None]]:
    """The same for records, each ended by a line break; how many there were."""

class Epoch:
    """How often something has changed that decisions rest on. It never goes back."""

    def __init__(self) -> None: ...
    @property
    def value(self) -> int: ...
    def advance(self) -> None: ...

class ShapeCache(Generic[V]):
    """Values kept by the shape of a text: its skeleton and those of its literals that matter. Simple and extended
    protocol are kept apart: a message of several statements has a meaning only in one.

    A text without a shape is kept by its exact bytes; one longer than 16 KiB is not kept. At most 4,096 shapes of
    512 values each and 1,024 exact texts, where the oldest go first, and a weight of 16,384 in all, where everything
    goes.
    """

    def __init__(self) -> None: ...
    @property
    def epoch(self) -> int:
        """What the values rest on; 0 at first."""
    def renew(self, epoch: int) -> None:
        """Drop everything: the values rest on something else from now on."""
    def get(self, text: bytes, extended: bool) -> V | None: ...
    def put(
        self, text: bytes, extended: bool, significant: Sequence[int] | None, value: V, *, weight: int = 1
    ) -> None:
        """``significant``: ordinals of the shape's literals that the value depends on; None: keep by exact text.
        ``weight`` is how much the value holds, 1 for a usual one."""
    def put_read(
        self,
        text: bytes,
        extended: bool,
        significant: Sequence[int] | None,
        value: V,
        *,
        weight: int,
        result: ResultPlan,
        record: bytes,
        reads_labels: bool,
    ) -> None:
        """The same for one allowed statement that changes nothing and whose intent may be lost with the machine: the
        fast path may take it. ``record`` is the fixed part of its audit records; ``reads_labels``: it reads labelled
        columns."""

class FlightBatch:
    """What an extended batch in flight did besides running its statement."""

    parse_token: int | None
    bind_token: int
    describe_token: int | None
    """None: the gateway described the portal itself."""
    text: bytes
    bound: bytes
    """Bind's body."""

class Flight(Generic[V]):
    """A statement that the fast path has forwarded. ``completed``: its outcome is recorded, only ReadyForQuery is
    missing. ``batch`` is None for a simple query; its two tokens are then the same."""

    plan: V
    intent: int
    started_micros: int
    completed: bool
    batch: FlightBatch | None
    execute_token: int
    end_token: int

class FastPath(Generic[V]):
    """One session's fast path: a known read (``put_read``) goes from the client to the target, and its answer back,
    without the interpreter; everything else is handed back to the slow path.

    It takes one Query, or one batch ``[Parse] Bind [Describe] Execute Sync`` on the unnamed portal, that comes in one
    piece while nothing else is open.
    """

    def __init__(
        self,
        session_id: str,
        cache: ShapeCache[V],
        queue: RecordQueue,
        stream: ServerStream,
        epochs: Sequence[Epoch],
        now_micros: int,
    ) -> None:
        """Nothing is taken unless the sum of ``epochs`` is the cache's. ``now_micros`` is now on the caller's
        monotonic clock."""
    @property
    def busy(self) -> bool:
        """Something is in flight here."""
    @property
    def statements(self) -> int:
        """How many statements it has taken."""
    @property
    def last_micros(self) -> int:
        """When it last took a statement, or the target last said anything."""
    @property
    def last_token(self) -> int: ...
    def next_token(self) -> int:
        """The tokens of the session: the slow path takes its own from here too."""
    def name(self, name: bytes, text: bytes | None) -> None:
        """What a prepared statement's name means now (None: nothing)."""
    def rest(self, idle: bool) -> None:
        """The slow path has nothing open and waits for nothing. ``idle``: no transaction is open, else one is and
        has not failed."""
    def take(self, data: bytes) -> bytes | None:
        """Take a client's bytes: what to forward when the audit log is written, or None, with nothing done, when the
        slow path has to take them.

        Raises:
            ValueError: a record could not be made.
        """
    def reply(self, data: bytes) -> bytes | tuple[bytes, list[tuple[int, int, object]]]:
        """Take the target's bytes: those for the client when all of it belonged to what is in flight here, else what
        :meth:`ServerStream.feed` gives; then :meth:`surrender` before the events are looked at.

        Raises:
            ValueError: see :meth:`ServerStream.feed`.
        """
    def surrender(
        self,
    ) -> tuple[tuple[V, bytes] | None, tuple[V, bytes, bytes] | None, Flight[V] | None]:
        """The slow path takes over, until it rests: (what the unnamed statement has come to mean: plan and text; the
        unnamed portal of an open transaction: plan, text and Bind's body; what is in flight)."""

class ClientSide:
    """The client's socket of a session, as an ``asyncio.BufferedProtocol`` (by its methods, not by inheritance).

    What the fast path takes leaves from here by ``send`` when the log is written: natively, or else when ``written``
    says so. Everything else is for the methods of the class that inherits from this one: ``received(data)``, and
    ``full()`` after a piece that filled the buffer. Both sides may share one buffer: it is empty again before the
    next socket is read.
    """

    def __new__(
        cls,
        buffer: memoryview,
        fast: FastPath[V],
        send: Callable[[bytes], None],
        written: Callable[[], bool],
    ) -> Self: ...
    def get_buffer(self, sizehint: int) -> memoryview: ...
    def buffer_updated(self, nbytes: int) -> None: ...
    def stop(self) -> None:
        """From now on bytes are dropped, and nothing is sent."""

class TargetSide:
    """The target's. Answers of what the fast path took leave by ``send``, and ``noted`` is called for their outcomes.
    The inheriting class has ``told(out, events)`` for everything else, ``failed(why)`` when the target broke the
    protocol, and ``full()``.
    """

    def __new__(
        cls,
        buffer: memoryview,
        fast: FastPath[V],
        send: Callable[[bytes], None],
        noted: Callable[[], None],
    ) -> Self: ...
    def get_buffer(self, sizehint: int) -> memoryview: ...
    def buffer_updated(self, nbytes: int) -> None: ...
    def stop(self) -> None:
        """From now on bytes are dropped, and nothing is sent."""
