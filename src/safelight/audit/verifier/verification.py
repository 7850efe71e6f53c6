"""One pass over an export: what each line proves, and what does not fit."""

import base64
import hmac
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .formats import (
    Checkpoint,
    Key,
    Unusable,
    canonical,
    read_header,
    read_key,
    read_note,
    strict_base64,
    unique_names,
)
from .report import Problem, Report
from .tree import Tree

PROBLEMS_LIMIT = 100
LINE_LIMIT_BYTES = 16 * 1024 * 1024

INTENT, OUTCOME = "statement.intent", "statement.outcome"


def verify(export: Path, key: str, checkpoint: str | None = None) -> Report:
    """Verify the export at ``export`` against the public ``key`` (a note verifier key or PEM text) and, when it is
    given, the text of a ``checkpoint`` that was kept elsewhere.

    Raises:
        Unusable: it could not be tried.
    """
    try:
        lines = _lines(export)
        verification = _Verification(read_key(key), read_header(next(lines, b"")), checkpoint)
        for line in lines:
            if line.endswith(b"\n"):
                verification.line(line[:-1])
            else:
                verification.cut_off()
        return verification.finish()
    except OSError as error:
        raise Unusable(f"{export}: {error}") from error


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while line := file.readline(LINE_LIMIT_BYTES):
            yield line


class _Verification:
    """One pass over an export. ``_sound`` says whether the tree still stands for what the lines say."""

    def __init__(self, key: Key, header: dict[str, Any], anchor: str | None) -> None:
        self.report = Report()
        self._key = key.public
        self._origin = str(header["origin"])
        if key.origin is not None and key.origin != self._origin:
            raise Unusable(f"the export is of the log {self._origin!r}, the key of {key.origin!r}")
        first, frontier = header["first"], header["frontier"]
        try:
            hashes = [bytes.fromhex(item) for item in frontier]
            if type(first) is not int or first < 0 or [item.hex() for item in hashes] != frontier:
                raise ValueError("not what comes before the export")
            self._tree = Tree(first, hashes)
        except (ValueError, TypeError) as error:
            raise Unusable(f"the export's first line cannot be read: {error}") from error
        self.report.origin, self.report.first, self.report.proven_size = self._origin, first, first
        self._sound = True
        self._next = first
        self._last_ms: int | None = None
        self._clean_size = first
        self._keys: dict[str, bytes] = {}
        self._open: dict[int, str | None] = {}
        self._line = 1
        self._ended = False
        self._anchor = self._read_anchor(anchor)
        self._check_anchor()

    def _read_anchor(self, anchor: str | None) -> Checkpoint | None:
        if anchor is None:
            return None
        try:
            return read_note(anchor, self._origin, self._key)
        except ValueError as error:
            raise Unusable(f"the checkpoint cannot be used: {error}") from error

    def line(self, data: bytes) -> None:
        self._line += 1
        if self._ended:
            self._problem("there is more behind the end")
            return
        try:
            text = data.decode()
            read = json.loads(text)
            is_canonical = canonical(read) == data
            if not is_canonical:  # what is canonical cannot have a name twice
                read = json.loads(text, object_pairs_hook=unique_names)
            if not isinstance(read, dict):
                raise ValueError("not an object")
        except (ValueError, RecursionError) as error:
            self._lost(f"a line cannot be read ({type(error).__name__}): it was changed", self._next)
            return
        if "index" in read:
            if not is_canonical:
                self._note("some records are not in canonical form")
            self._record(data, read)
            return
        if len(read) != 1 or not is_canonical:
            self._problem("a line of unknown form")
            return
        [(name, value)] = read.items()
        if name == "checkpoint" and isinstance(value, str):
            self._checkpoint(value)
        elif name == "key" and isinstance(value, dict):
            self._session_key(value)
        elif name == "end":
            self._end(value)
        else:
            self._problem("a line of unknown form")

    def _record(self, data: bytes, read: dict[str, Any]) -> None:
        index, at_ms, kind = read["index"], read.get("at"), read.get("kind")
        if type(index) is not int or type(at_ms) is not int or not isinstance(kind, str):
            self._lost("a record cannot be read", self._next)
            index = self._next
        elif index > self._next:
            many = (
                f"record {self._next} is" if index == self._next + 1 else f"records {self._next} to {index - 1} are"
            )
            self._lost(f"{many} missing", self._next)
        elif index < self._next:
            self._lost(f"record {index} stands again, or out of order, where {self._next} should", index)
            return
        self._next = index + 1
        if self._sound:
            self._tree.add(data)
        self._last_ms = at_ms if type(at_ms) is int else None
        self._pair(index, kind, read)
        self._unseal(index, read)
        self._check_anchor()

    def _check_anchor(self) -> None:
        """When as many records were read as the checkpoint from elsewhere covers: are they the same?"""
        if self._anchor is None or not self._sound or self._tree.size != self._anchor.size:
            return
        if self._tree.root() != self._anchor.root:
            self._lost(
                f"the log was edited or forked: its first {self._anchor.size} records are not those of the "
                f"checkpoint that was kept elsewhere; the first that differs is {self._range(self._anchor.size)}",
                self._clean_size,
            )
            return
        self.report.anchored_size, self.report.anchored_until_ms = self._anchor.size, self._last_ms
        self._clean_size = max(self._clean_size, self._anchor.size)

    def _checkpoint(self, note: str) -> None:
        try:
            found = read_note(note, self._origin, self._key)
        except ValueError as error:
            self._problem(f"a checkpoint in the export is not genuine: {error}")
            return
        if not self._sound:
            return
        if found.size != self._tree.size:
            self._problem(
                f"a checkpoint over {found.size} records stands behind record {self._tree.size - 1}: records were "
                "removed, added or moved",
                min(found.size, self._tree.size),
            )
        elif found.root != self._tree.root():
            self._lost(
                f"records were changed: those before {found.size} are not what was signed; the first that was "
                f"changed is {self._range(found.size)}",
                self._clean_size,
            )
        else:
            self._clean_size = self.report.proven_size = found.size
            self.report.proven_until_ms = self._last_ms

    def _range(self, end: int) -> str:
        if self._clean_size >= end:
            return "before the export begins"
        return f"among {self._clean_size} to {end - 1}" if self._clean_size < end - 1 else f"{self._clean_size}"

    def _session_key(self, value: dict[str, Any]) -> None:
        try:
            identity, key = value["id"], strict_base64(value["key"])
        except (KeyError, TypeError, ValueError):
            self._problem("a session's key cannot be read")
            return
        made = base64.urlsafe_b64encode(hmac.digest(key, b"safelight audit key id", "sha256")[:24]).decode()
        if made != identity or len(value) != 2 or len(key) != 32:
            self._problem("a session's key is not the one that its records name")
            return
        self._keys[identity] = key

    def _unseal(self, index: int, read: dict[str, Any]) -> None:
        key = self._keys.get(str(read.get("key")))
        if key is None:
            return
        nonce = bytes(4) + index.to_bytes(8, "big")
        try:
            AESGCM(key).decrypt(
                nonce, strict_base64(read["sealed"]), b"safelight audit field v1\n" + read["key"].encode()
            )
        except (InvalidTag, ValueError, KeyError, TypeError, AttributeError):
            self._problem(f"what record {index} seals does not open under its key", index)

    def _pair(self, index: int, kind: object, read: dict[str, Any]) -> None:
        """Every outcome has its intent, once, in its own session."""
        if kind == INTENT:
            self._open[index] = read.get("session")
        elif kind == OUTCOME:
            fields = read.get("fields")
            intent = fields.get("intent") if isinstance(fields, dict) else None
            if type(intent) is not int or intent >= index:
                self._problem(f"the outcome in record {index} names no intent before it", index)
            elif intent < self.report.first:
                self._note("some outcomes belong to intents before the export")
            elif intent not in self._open:
                self._problem(f"the outcome in record {index} names record {intent}, which is no open intent", index)
            elif self._open.pop(intent) != read.get("session"):
                self._problem(f"the outcome in record {index} belongs to another session than its intent", index)

    def _end(self, value: object) -> None:
        self._ended = True
        if type(value) is not int or value != self._next:
            self._lost(f"the export ends at record {self._next}, and says that it ends at {value!r}", self._next)

    def cut_off(self) -> None:
        self._lost("the last line is cut off", self._next)

    def finish(self) -> Report:
        report = self.report
        report.size = self._next
        report.open_intents = sorted(self._open)
        if not self._ended:
            self._problem("the export is cut off: its end is missing", self._next)
        if self._sound and report.proven_size < report.size:
            self._problem(
                f"records {report.proven_size} to {report.size - 1} are under no checkpoint: they could be anything",
                report.proven_size,
            )
        if self._anchor is not None and report.anchored_size is None and self._sound:
            self._unreached(self._anchor)
        return report

    def _unreached(self, anchor: Checkpoint) -> None:
        if anchor.size > self._next:
            self._problem(
                f"truncated: the checkpoint that was kept elsewhere covers {anchor.size} records, the export ends "
                f"before record {self._next}",
                self._next,
            )
        else:
            self._problem(
                f"the checkpoint that was kept elsewhere covers {anchor.size} records, the export begins with record "
                f"{self.report.first}: it cannot be tied to it"
            )

    def _lost(self, message: str, index: int | None) -> None:
        """A problem behind which hashes say nothing any more."""
        self._problem(message, index)
        self._sound = False

    def _problem(self, message: str, index: int | None = None) -> None:
        if len(self.report.problems) < PROBLEMS_LIMIT:
            self.report.problems.append(Problem(message, index, self._line))

    def _note(self, message: str) -> None:
        if message not in self.report.notes:
            self.report.notes.append(message)
