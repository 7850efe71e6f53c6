"""docs/audit-format.md, once more and as plainly as it can be said, for the writer to be compared with.

Shares no code with the product: keys, salts and times are inputs, and out come the lines that must be on disk.
"""

import base64
import hashlib
import hmac
import json
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

LONGEST_BYTES = 4 * 1024 * 1024
SALT_BYTES = 18
ABOUT = ("grant", "incident", "sponsor", "target")


def text_of(value: object) -> bytes:
    """Canonical JSON: names sorted, no spaces, UTF-8; what is no Unicode is a question mark."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode("utf-8", "replace")


def plaintext_of(statement: bytes, values: Sequence[bytes | None]) -> bytes:
    """``T`` a text, or ``P`` a text and values behind their lengths."""
    if not values:
        return b"T" + statement
    lengths = [-1 if value is None else len(value) for value in (statement, *values)]
    parts = [struct.pack(">i", n) + (v or b"") for n, v in zip(lengths, (statement, *values), strict=True)]
    return b"P" + b"".join(parts)


@dataclass
class SessionModel:
    """``actor`` and ``about`` are what its first event said."""

    key: bytes
    actor: str = ""
    about: dict[str, str] = field(default_factory=dict)

    @property
    def key_id(self) -> str:
        digest = hmac.new(self.key, b"safelight audit key id", hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest[:24]).decode()

    def seal(self, index: int, plaintext: bytes) -> str:
        if len(plaintext) > LONGEST_BYTES:
            whole = hmac.new(self.key, b"safelight audit long field\n" + plaintext, hashlib.sha256).digest()
            plaintext = b"L" + len(plaintext).to_bytes(8, "big") + whole + plaintext[:LONGEST_BYTES]
        associated = b"safelight audit field v1\n" + self.key_id.encode()
        sealed = AESGCM(self.key).encrypt(bytes(4) + index.to_bytes(8, "big"), plaintext, associated)
        return base64.b64encode(sealed).decode()


class LogModel:
    """``keys`` and ``salts`` (one long string of random bytes) come in the order in which they are drawn."""

    def __init__(self, first: int, keys: Iterator[bytes], salts: Iterator[bytes]) -> None:
        self.next_index = first
        self.lines = b""
        self.new_keys: list[tuple[str, bytes]] = []
        self._keys = keys
        self._salts = salts
        self._sessions: dict[str, SessionModel] = {}

    def statement(
        self,
        session: str,
        kind: str,
        at: int,
        fields: Mapping[str, object],
        text: bytes,
        values: Sequence[bytes | None],
    ) -> int:
        """A statement: sealed when there is anything to seal."""
        known = self._session(session)
        record = self._of_session(session, known, kind, at, fields) | {"actor": known.actor}
        return self._append(record, known, plaintext_of(text, values) if text or values else None)

    def outcome(
        self,
        session: str,
        at: int,
        counts: Mapping[str, int],
        result: str,
        sqlstate: str,
        cells: Mapping[str, int] | None,
    ) -> int:
        """How it ended: ``counts`` are intent, rows, bytes and micros."""
        fields: dict[str, object] = {**counts, "result": result}
        if sqlstate:
            fields["sqlstate"] = sqlstate
        if cells:
            readable = [(name.encode("utf-8", "replace").decode(), count) for name, count in cells.items()]
            fields["masked"] = [f"{name}={count}" for name, count in sorted(readable)]
        return self.statement(session, "statement.outcome", at, fields, b"", ())

    def event(
        self,
        kind: str,
        at: int,
        actor: str,
        session: str | None,
        fields: Mapping[str, object],
        sensitive: Mapping[str, str],
    ) -> int:
        """Anything else. Without a session it is sealed under the key of the run."""
        known = self._session(session or "") if session is not None or sensitive else None
        record: dict[str, object] = {"kind": kind, "at": at, "fields": dict(fields)}
        if session is not None and known is not None:
            if kind == "session.started":
                known.actor = actor
                known.about = {name: str(fields[name]) for name in ABOUT if fields.get(name) is not None}
            record = self._of_session(session, known, kind, at, fields)
        return self._append(record | {"actor": actor}, known, b"J" + text_of(sensitive) if sensitive else None)

    def forget(self, session: str) -> None:
        self._sessions.pop(session, None)

    def renew(self, session: str) -> str | None:
        """Another key, and nothing else; its id."""
        if session not in self._sessions:
            return None
        self._sessions[session].key = self._new_key(session)
        return self._sessions[session].key_id

    def _session(self, session: str) -> SessionModel:
        if session not in self._sessions:
            self._sessions[session] = SessionModel(self._new_key(session))
        return self._sessions[session]

    def _new_key(self, session: str) -> bytes:
        key = next(self._keys)
        self.new_keys.append((session, key))
        return key

    @staticmethod
    def _of_session(
        session: str, known: SessionModel, kind: str, at: int, fields: Mapping[str, object]
    ) -> dict[str, object]:
        record: dict[str, object] = {"kind": kind, "at": at, "fields": dict(fields), "session": session}
        return record | ({"about": known.about} if known.about else {})

    def _append(self, record: dict[str, object], session: SessionModel | None, plaintext: bytes | None) -> int:
        index, self.next_index = self.next_index, self.next_index + 1
        record |= {"index": index, "salt": base64.b64encode(next(self._salts)).decode(), "v": 1}
        if plaintext is not None:
            assert session is not None
            record |= {"key": session.key_id, "sealed": session.seal(index, plaintext)}
        self.lines += text_of(record) + b"\n"
        return index
