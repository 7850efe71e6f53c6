"""Turns events into records: canonical lines, salted, with their sensitive parts sealed.

A record is one line of canonical JSON; its leaf in the tree is the hash of the line without its line break. The salt
in each record keeps a leaf hash from being guessed from what little a record says. Pure: randomness comes from
``draw``; whoever owns the file calls :meth:`RecordWriter.take` and writes.

The hot path (:meth:`RecordWriter.statement`) fills a template made once per session and kind.
"""

from binascii import b2a_base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from safelight.audit.canonical import canonical
from safelight.audit.plaintext import LIMIT_BYTES, TEXT, of_fields, of_statement, shortened
from safelight.audit.sealing import KEY_BYTES, associated_data, key_id, nonce_of, sealer

SESSION_STARTED = "session.started"
ABOUT = ("grant", "incident", "sponsor", "target")
"""What a session's records carry of its first event, when that has it."""

SESSIONS_LIMIT = 20_000
"""Sessions kept in memory; one that was dropped gets another key when it speaks again."""

_SALT_CHARACTERS = 24
_SALTS_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that must be on disk before the first record that uses it."""

    session_id: str
    key: bytes
    created_ms: int


@dataclass(frozen=True, slots=True)
class Batch:
    """What was queued: records without their line breaks, and the keys that must be on disk before them."""

    records: list[bytes]
    keys: list[NewKey]

    def lines(self) -> bytes:
        return b"\n".join(self.records) + b"\n"


class _Session:
    __slots__ = ("aad", "about", "actor", "encrypt", "id", "identity", "key", "since_ms", "templates")

    def __init__(self, session_id: str, key: bytes, since_ms: int) -> None:
        self.id = session_id
        self.since_ms = since_ms
        self.actor = ""
        self.about: dict[str, str] = {}
        self.key = key
        self.identity = key_id(key)
        self.encrypt = sealer(key)
        self.aad = associated_data(self.identity)
        self.templates: dict[tuple[str, bool], bytes] = {}

    def template(self, kind: str, sealed: bool) -> bytes:
        """``at``, fields, ``index``, salt and (with ``sealed``) the sealed field are still to be filled in."""
        fixed = {
            name: canonical(value).replace(b"%", b"%%")
            for name, value in (("about", self.about), ("actor", self.actor), ("kind", kind), ("session", self.id))
        }
        head = b'"about":%b,' % fixed["about"] if self.about else b""
        key = b'"key":"%b",' % self.identity.encode() if sealed else b""
        secret = b'"sealed":"%b",' if sealed else b""
        made = b'{%b"actor":%b,"at":%%d,"fields":{%%b},"index":%%d,%b"kind":%b,"salt":"%%b",%b"session":%b,"v":1}' % (
            head,
            fixed["actor"],
            key,
            fixed["kind"],
            secret,
            fixed["session"],
        )
        self.templates[kind, sealed] = made
        return made


class RecordWriter:
    """``next_index`` is the index of the next record. Not thread-safe."""

    def __init__(self, next_index: int, draw: Callable[[int], bytes]) -> None:
        self.next_index = next_index
        self.queued_bytes = 0
        self._draw = draw
        self._lines: list[bytes] = []
        self._keys: list[NewKey] = []
        self._sessions: dict[str, _Session] = {}
        self._salts = b""
        self._salt_at = 0

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
        if b"\n" in fields_json:
            raise ValueError("the fields of a record are one line")
        session = self._sessions.get(session_id) or self._open(session_id, at_ms)
        index = self.next_index
        at = self._salt_at
        if at == len(self._salts):
            self._more_salts()
            at = 0
        self._salt_at = end = at + _SALT_CHARACTERS
        if sensitive or parameters:
            plaintext = of_statement(sensitive, parameters) if parameters else TEXT + sensitive
            if len(plaintext) > LIMIT_BYTES:
                plaintext = shortened(plaintext, session.key)
            line = (session.templates.get((kind, True)) or session.template(kind, True)) % (
                at_ms,
                fields_json,
                index,
                self._salts[at:end],
                b2a_base64(session.encrypt(nonce_of(0, index), plaintext, session.aad), newline=False),
            )
        else:
            line = (session.templates.get((kind, False)) or session.template(kind, False)) % (
                at_ms,
                fields_json,
                index,
                self._salts[at:end],
            )
        self._lines.append(line)
        self.queued_bytes += len(line)
        self.next_index = index + 1
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
        session = self._sessions.get(session_id or "")
        if session is None and (session_id is not None or sensitive):
            session = self._open(session_id or "", at_ms)
        if kind == SESSION_STARTED and session is not None:
            self._introduce(session, actor, fields)
        index = self.next_index
        record: dict[str, object] = {"actor": actor, "at": at_ms, "fields": dict(fields), "index": index}
        record |= {"kind": kind, "salt": self._salt(), "v": 1}
        if session is not None and session_id is not None:
            record["session"] = session_id
            if session.about:
                record["about"] = session.about
        if session is not None and sensitive:
            plaintext = of_fields(sensitive)
            if len(plaintext) > LIMIT_BYTES:
                plaintext = shortened(plaintext, session.key)
            sealed = session.encrypt(nonce_of(0, index), plaintext, session.aad)
            record |= {"key": session.identity, "sealed": b2a_base64(sealed, newline=False).decode()}
        line = canonical(record)
        self._lines.append(line)
        self.queued_bytes += len(line)
        self.next_index = index + 1
        return index

    def forget(self, session_id: str) -> None:
        """Drop a session's key and templates."""
        self._sessions.pop(session_id, None)

    def renew(self, session_id: str) -> str | None:
        """What the session says from now on is sealed under another key; its id, or None when it is unknown."""
        old = self._sessions.pop(session_id, None)
        if old is None:
            return None
        session = self._open(session_id, old.since_ms)
        session.actor, session.about = old.actor, old.about
        return session.identity

    def take(self) -> Batch:
        """Everything queued since the last call."""
        batch = Batch(self._lines, self._keys)
        self._lines = []
        self._keys = []
        self.queued_bytes = 0
        return batch

    def _open(self, session_id: str, at_ms: int) -> _Session:
        if len(self._sessions) >= SESSIONS_LIMIT:
            del self._sessions[next(iter(self._sessions))]
        session = self._sessions[session_id] = _Session(session_id, self._draw(KEY_BYTES), at_ms)
        self._keys.append(NewKey(session_id, session.key, at_ms))
        return session

    def _introduce(self, session: _Session, actor: str, fields: Mapping[str, object]) -> None:
        session.actor = actor
        session.about = {name: str(fields[name]) for name in ABOUT if fields.get(name) is not None}
        session.templates.clear()

    def _salt(self) -> str:
        if self._salt_at == len(self._salts):
            self._more_salts()
        at = self._salt_at
        self._salt_at = at + _SALT_CHARACTERS
        return self._salts[at : at + _SALT_CHARACTERS].decode()

    def _more_salts(self) -> None:
        """24 characters of base64 are 18 random bytes; one draw serves many records."""
        self._salts = b2a_base64(self._draw(_SALT_CHARACTERS * 3 // 4 * _SALTS_AT_ONCE), newline=False)
        self._salt_at = 0
