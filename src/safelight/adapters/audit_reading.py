"""Searches the audit log's files, newest first. Synchronous, and busy: it runs in a process of its own
(:mod:`safelight.adapters.audit_reader`), beside the one that writes.

Only whole lines are read, so that a record which is being written is not seen yet.
"""

import mmap
import os
import time
from collections.abc import Iterator
from pathlib import Path

from safelight.adapters.audit_keyring import Keyring
from safelight.adapters.audit_segments import SegmentPaths, all_segments, open_records
from safelight.audit.canonical import canonical
from safelight.audit.records import Record, parse
from safelight.ports.audit import AuditCorrupt, AuditPage, AuditQuery, AuditRecord

SCAN_LIMIT_BYTES = 256 * 1024 * 1024
SCAN_LIMIT_SECONDS = 2.0
"""How much one search reads, and how long, at most; the next page goes on from there."""
PAGE_LIMIT = 1000
_CLOCK_SLACK_MS = 3_600_000


def search(directory: Path, query: AuditQuery, keyring: Keyring | None) -> AuditPage:
    """The records that match, newest first. Without a ``keyring`` what is sealed stays so.

    Raises:
        AuditCorrupt: a record that would have to be read cannot be.
    """
    matching = _Matching(query, keyring)
    found: list[AuditRecord] = []
    limit = max(1, min(query.limit, PAGE_LIMIT))
    budget = SCAN_LIMIT_BYTES
    until = time.monotonic() + SCAN_LIMIT_SECONDS
    for paths in reversed(all_segments(directory)):
        if (query.before is not None and paths.first >= query.before) or _too_old(paths, query):
            continue
        for line in _lines_backward(paths, query.before):
            budget -= len(line)
            if (record := matching.record(line, paths)) is not None:
                found.append(record)
            if len(found) == limit or budget <= 0 or time.monotonic() > until:
                index = _parse(line, paths).index
                return AuditPage(tuple(found), index or None)
    return AuditPage(tuple(found), None)


class _Matching:
    """Decides on lines: first by bytes that must be in them, which is cheap, then by what they say."""

    def __init__(self, query: AuditQuery, keyring: Keyring | None) -> None:
        self._query = query
        self._keyring = keyring
        self._text = None if query.text is None else query.text.casefold()
        wanted = [(b'"actor":', query.actor), (b'"session":', query.session_id), (b'"target":', query.target)]
        self._needles = [name + canonical(value) for name, value in wanted if value is not None]
        if keyring is None and query.text is not None and query.text.isascii() and query.text.isalnum():
            self._open_text = query.text.lower().encode()
        else:  # it may be sealed, or stand escaped in the line
            self._open_text = b""
        self._kinds = [b'"kind":' + canonical(kind) for kind in query.kinds or ()]

    def record(self, line: bytes, paths: SegmentPaths) -> AuditRecord | None:
        if not all(needle in line for needle in self._needles):
            return None
        if self._open_text and self._open_text not in line.lower():
            return None
        if self._query.kinds is not None and not any(kind in line for kind in self._kinds):
            return None
        record = _parse(line, paths)
        if not self._fits(record):
            return None
        sensitive: dict[str, str] | None = None if record.sealed is not None else {}
        erased = False
        if self._keyring is not None:
            try:
                sensitive, erased = self._keyring.open(record)
            except ValueError as error:
                raise AuditCorrupt(f"{paths.records}: record {record.index}: {error}") from error
        if self._text is not None and not self._says(record, sensitive):
            return None
        return AuditRecord(
            record.index,
            record.at_ms,
            record.kind,
            record.actor,
            record.session_id,
            record.about,
            record.fields,
            sensitive,
            erased,
        )

    def _fits(self, record: Record) -> bool:
        query = self._query
        return (
            (query.before is None or record.index < query.before)
            and (query.kinds is None or record.kind in query.kinds)
            and (query.actor is None or record.actor == query.actor)
            and (query.session_id is None or record.session_id == query.session_id)
            and (query.target is None or query.target in (record.about.get("target"), record.fields.get("target")))
            and (query.since_ms is None or record.at_ms >= query.since_ms)
            and (query.until_ms is None or record.at_ms < query.until_ms)
        )

    def _says(self, record: Record, sensitive: dict[str, str] | None) -> bool:
        assert self._text is not None, "asked only when a text is looked for"
        texts = [*map(str, record.fields.values()), *record.about.values(), *(sensitive or {}).values()]
        return any(self._text in text.casefold() for text in texts)


def _parse(line: bytes, paths: SegmentPaths) -> Record:
    try:
        return parse(line)
    except ValueError as error:
        raise AuditCorrupt(f"{paths.records}: a record cannot be read; verify an export") from error


def _too_old(paths: SegmentPaths, query: AuditQuery) -> bool:
    """Nothing was written to the segment since; the clock may have been set back in between."""
    if query.since_ms is None:
        return False
    with open_records(paths) as file:
        return os.fstat(file.fileno()).st_mtime * 1000 < query.since_ms - _CLOCK_SLACK_MS


def _lines_backward(paths: SegmentPaths, before: int | None) -> Iterator[bytes]:
    """The lines of a segment, the last first, from the record ``before`` (excluded) on."""
    with open_records(paths) as file:
        if not os.fstat(file.fileno()).st_size:
            return
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            end = data.rfind(b"\n") if before is None else _end_before(data, before, paths)
            while end > 0:
                start = data.rfind(b"\n", 0, end) + 1
                yield data[start:end]
                end = start - 1


def _end_before(data: mmap.mmap, before: int, paths: SegmentPaths) -> int:
    """Where the last line ends whose record comes before ``before``; -1 when there is none. By bisection: a page far
    back in a segment does not read what earlier pages have read."""
    low, high = 0, data.rfind(b"\n") + 1
    while low < high:
        start = data.rfind(b"\n", 0, (low + high) // 2) + 1
        end = data.find(b"\n", start)
        if _parse(data[start:end], paths).index < before:
            low = end + 1
        else:
            high = start
    return low - 1
