"""Turns events into records: canonical lines, salted, with their sensitive parts sealed.

A record is one line of canonical JSON; its leaf in the tree is the hash of the line without its line break. The salt
in each record keeps a leaf hash from being guessed from what little a record says. Pure: randomness comes from
``draw``; whoever owns the file calls :meth:`RecordWriter.take` and writes.

Statements, the hot path, become records in native code (``rust/evidence``); what happens rarely is done here: new
keys, new salts, long statements, and every other kind of event.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from safelight import _native
from safelight.audit.canonical import canonical
from safelight.audit.plaintext import LIMIT_BYTES, of_fields, of_statement, shortened
from safelight.audit.sealing import KEY_BYTES, associated_data, key_id

SESSION_STARTED = "session.started"
ABOUT = ("grant", "incident", "sponsor", "target")
"""What a session's records carry of its first event, when that has it."""

SESSIONS_LIMIT = 20_000
"""Sessions kept in memory; one that was dropped gets another key when it speaks again."""

_SALT_BYTES = 18
_SALTS_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that must be on disk before the first record that uses it."""

    session_id: str
    key: bytes
    created_ms: int


class Batch(NamedTuple):
    """What was queued: whole lines, and the keys that must be on disk before them. A named tuple because one is made
    for almost every statement."""

    lines: bytes
    keys: list[NewKey]

    @property
    def records(self) -> list[bytes]:
        """The lines without their breaks."""
        return self.lines.splitlines()


@dataclass(slots=True)
class _Session:
    """``actor`` and ``about`` are what the session's first event said."""

    key: bytes
    identity: str
    since_ms: int
    actor: str = ""
    about: dict[str, str] | None = None


class RecordWriter:
    """Not thread-safe. ``queue`` is the native part: its ``statement`` and ``outcome`` may be called directly, and
    when they give None the methods here do what the queue cannot. More than ``full_bytes`` in the queue hold up a
    direct call, so that its caller writes first."""

    def __init__(self, next_index: int, draw: Callable[[int], bytes], *, full_bytes: int = 8 * 1024 * 1024) -> None:
        self.queue = _native.RecordQueue(next_index, full_bytes)
        self._draw = draw
        self._keys: list[NewKey] = []
        self._sessions: dict[str, _Session] = {}

    @property
    def next_index(self) -> int:
        return self.queue.next_index

    @property
    def queued_bytes(self) -> int:
        return self.queue.queued_bytes

    def statement(
        self,
        session_id: str,
        kind: str,
        at_ms: int,
        fields_json: bytes,
        sensitive: bytes,
        parameters: Sequence[bytes | None] = (),
    ) -> int:
        """Queue a statement's record; its index.

        Raises:
            ValueError: ``fields_json`` would break the line.
        """
        session = self._ready(session_id, at_ms)
        plaintext = b""
        if sensitive or parameters:
            plaintext = of_statement(sensitive, parameters)
            if len(plaintext) > LIMIT_BYTES:
                plaintext = shortened(plaintext, session.key)
        return self.queue.sealed(session_id, kind, at_ms, fields_json, plaintext)

    def outcome(
        self,
        session_id: str,
        at_ms: int,
        intent: int,
        result: str,
        rows: int,
        result_bytes: int,
        micros: int,
        sqlstate: str = "",
        cells: dict[str, int] | None = None,
    ) -> int:
        """Queue the record of how a statement ended; its index. ``intent`` is the index of its intent, ``cells`` the
        cells masked by type."""
        self._ready(session_id, at_ms)
        index = self.queue.outcome(session_id, at_ms, intent, result, rows, result_bytes, micros, sqlstate, cells)
        assert index is not None, "the session is known and there are salts"
        return index

    def event(
        self,
        kind: str,
        at_ms: int,
        actor: str,
        session_id: str | None,
        fields: Mapping[str, object],
        sensitive: Mapping[str, str],
    ) -> int:
        """Queue any other record; its index. Without a session, what is sensitive is sealed under a key of this run.

        Raises:
            ValueError: a field has no canonical form.
        """
        name = session_id or ""
        session = self._sessions.get(name)
        if session is None and (session_id is not None or sensitive):
            session = self._open(name, at_ms)
        if kind == SESSION_STARTED and session is not None:
            about = {field: str(fields[field]) for field in ABOUT if fields.get(field) is not None}
            self._introduce(name, session, actor, about)
        self._draw_salts()
        record: dict[str, object] = {"actor": actor, "at": at_ms, "fields": dict(fields), "index": self.next_index}
        record |= {"kind": kind, "salt": self.queue.salt(), "v": 1}
        if session is not None and session_id is not None:
            record["session"] = session_id
            if session.about:
                record["about"] = session.about
        if session is not None and sensitive:
            plaintext = of_fields(sensitive)
            if len(plaintext) > LIMIT_BYTES:
                plaintext = shortened(plaintext, session.key)
            record |= {"key": session.identity, "sealed": self.queue.seal(name, plaintext).decode()}
        return self.queue.push(canonical(record))

    def forget(self, session_id: str) -> None:
        """Drop a session's key."""
        self._sessions.pop(session_id, None)
        self.queue.forget(session_id)

    def renew(self, session_id: str) -> str | None:
        """What the session says from now on is sealed under another key; its id, or None when it is unknown."""
        old = self._sessions.get(session_id)
        if old is None:
            return None
        session = self._open(session_id, old.since_ms)
        self._introduce(session_id, session, old.actor, old.about)
        return session.identity

    def take(self) -> Batch:
        """Everything queued since the last call."""
        keys, self._keys = self._keys, []
        return Batch(self.queue.take(), keys)

    def _ready(self, session_id: str, at_ms: int) -> _Session:
        """Let the queue know the session, and have salts."""
        self._draw_salts()
        return self._sessions.get(session_id) or self._open(session_id, at_ms)

    def _open(self, session_id: str, at_ms: int) -> _Session:
        self.forget(session_id)
        if len(self._sessions) >= SESSIONS_LIMIT:
            self.forget(next(iter(self._sessions)))
        key = self._draw(KEY_BYTES)
        identity = key_id(key)
        session = self._sessions[session_id] = _Session(key, identity, at_ms)
        self.queue.open_session(session_id, key, identity, associated_data(identity), canonical(session_id))
        self._keys.append(NewKey(session_id, key, at_ms))
        return session

    def _introduce(self, session_id: str, session: _Session, actor: str, about: dict[str, str] | None) -> None:
        session.actor, session.about = actor, about
        self.queue.introduce(session_id, canonical(actor), canonical(about) if about else b"")

    def _draw_salts(self) -> None:
        """One draw serves many records."""
        if not self.queue.has_salts:
            self.queue.add_salts(self._draw(_SALT_BYTES * _SALTS_AT_ONCE))
