"""The file of wrapped session keys. Lines are only added, but for erasure, which overwrites a key where it stands.

A line is canonical JSON with a fixed-length ``wrapped``, so that an erased line is as long as it was. On a file
system or a drive that never overwrites in place, old blocks may keep the wrapped key: it is useless without the
node's key, which is why the two should not be backed up together.
"""

import json
import mmap
import os
from pathlib import Path

from safelight.audit.canonical import canonical
from safelight.audit.sealing import WRAPPED_CHARACTERS, NodeKey, key_id
from safelight.audit.writer import NewKey
from safelight.ports.audit import AuditCorrupt

ERASED = "-" * WRAPPED_CHARACTERS
NAME = "keys"


def line_of(new: NewKey, node_key: NodeKey) -> bytes:
    """The line of a new key."""
    wrapped = node_key.wrap(new.key, new.session_id)
    return (
        canonical({"created": new.created_ms, "id": key_id(new.key), "session": new.session_id, "wrapped": wrapped})
        + b"\n"
    )


def check(path: Path, node_key: NodeKey) -> tuple[int, int]:
    """See that the node's key opens the last key; the length of the whole lines, and of an unfinished one behind.

    Raises:
        AuditCorrupt: the file is damaged, or was written under another node key.
    """
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - 64 * 1024))
        tail = file.read()
    whole, _, torn = tail.rpartition(b"\n")
    if last := whole.rpartition(b"\n")[2]:
        try:
            _open_line(last, node_key)
        except ValueError as error:
            raise AuditCorrupt(f"{path}: the last key cannot be opened: {error}") from error
    return size - len(torn), len(torn)


def find(path: Path, identity: str, node_key: NodeKey) -> bytes | None:
    """The key of this id, or None when it was erased or never got here.

    Raises:
        ValueError: its line is damaged.
    """
    with path.open("rb") as file:
        if not os.fstat(file.fileno()).st_size:
            return None
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            at = data.find(b'"id":"%b"' % identity.encode())
            if at < 0:
                return None
            start, end = data.rfind(b"\n", 0, at) + 1, data.find(b"\n", at)
            line = data[start : end if end >= 0 else len(data)]
    return _open_line(line, node_key)


def erase(path: Path, session_id: str, kept: str | None) -> int:
    """Overwrite every key of a session but the one with the id ``kept``, durably; how many there were."""
    wanted = b'"session":%b,' % canonical(session_id)
    field = b'"wrapped":"'
    erased = 0
    with path.open("r+b") as file:
        at = 0
        for line in file:
            if wanted in line and ERASED.encode() not in line and (kept is None or kept.encode() not in line):
                os.pwrite(file.fileno(), ERASED.encode(), at + line.index(field) + len(field))
                erased += 1
            at += len(line)
        os.fsync(file.fileno())
    return erased


def _open_line(line: bytes, node_key: NodeKey) -> bytes | None:
    try:
        read = json.loads(line)
        identity, session_id, wrapped = read["id"], read["session"], read["wrapped"]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError("a line of the key file is damaged") from error
    if wrapped == ERASED:
        return None
    return node_key.unwrap(wrapped, identity, session_id)
