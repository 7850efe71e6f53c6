"""The directory of an audit log: who owns it, which log it is, and that one process at a time writes it."""

import fcntl
import json
import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from safelight.adapters import audit_recovery
from safelight.adapters import audit_segments as files
from safelight.audit.canonical import canonical
from safelight.audit.checkpoint import check_origin, verifier_key
from safelight.ports.audit import AuditCorrupt, AuditUnavailable

IDENTITY = "log.json"
LOCK = "lock"


def prepare(directory: Path, origin: str, key: Ed25519PrivateKey) -> int:
    """Take the directory, and make the log when there is none; the descriptor that holds the lock.

    Raises:
        AuditCorrupt: the directory holds another log, or not a log.
        AuditUnavailable: another process has it, or the disk refuses.
    """
    check_origin(origin)
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=files.DIRECTORY_MODE)
        files.sync_directory(directory.parent)
        lock = os.open(directory / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, files.FILE_MODE)
    except OSError as error:
        raise AuditUnavailable(f"{directory}: {error}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _identify(directory, origin, key)
    except BlockingIOError as error:
        os.close(lock)
        raise AuditUnavailable(f"{directory}: another process writes this log") from error
    except OSError as error:
        os.close(lock)
        raise AuditUnavailable(f"{directory}: {error}") from error
    except BaseException:
        os.close(lock)
        raise
    return lock


def verifier_key_of(directory: Path) -> str:
    """The public key of the log in ``directory``, as the verifier takes it. Raises: AuditCorrupt."""
    return _read_identity(directory / IDENTITY)[1]


def _identify(directory: Path, origin: str, key: Ed25519PrivateKey) -> None:
    path = directory / IDENTITY
    ours = (origin, verifier_key(origin, key.public_key()))
    if path.exists():
        if _read_identity(path) != ours:
            raise AuditCorrupt(
                f"{directory} holds the log of another origin or key; restore the key, or start a new directory"
            )
        return
    audit_recovery.create(directory, origin, key)
    files.write_whole(path, canonical({"format": 1, "origin": ours[0], "verifier_key": ours[1]}) + b"\n")


def _read_identity(path: Path) -> tuple[str, str]:
    try:
        read = json.loads(path.read_text())
        if read["format"] != 1:
            raise AuditCorrupt(f"{path}: a format that this version does not know")
        return str(read["origin"]), str(read["verifier_key"])
    except (ValueError, KeyError, TypeError) as error:
        raise AuditCorrupt(f"{path} cannot be read: {error!r}") from error
