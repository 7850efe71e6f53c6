"""What is done to a target over the gateway's own standing connection: accounts, catalog, ends, preflight."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeVar

from safelight.domain.capability import Capability
from safelight.ports.secrets import Secret

CatalogT_co = TypeVar("CatalogT_co", covariant=True)
"""What names are resolved against; each kind of target has its own."""


@dataclass(frozen=True, slots=True)
class ScramKeys:
    """What a SCRAM-SHA-256 client needs instead of a password (RFC 5802 §3), made when the role was made."""

    salt: bytes
    iterations: int
    client_key: Secret[bytes]
    server_key: Secret[bytes]


@dataclass(frozen=True, slots=True)
class Account:
    """The account a session uses on its target. ``enforced_read_only``: the server itself refuses any change."""

    user: str
    password: Secret[str] | None
    keys: ScramKeys | None
    ephemeral: bool
    enforced_read_only: bool


@dataclass(frozen=True, slots=True)
class Work:
    """A session's work on a target: the server process and the account it runs as."""

    session_id: str
    pid: int
    backend_start: datetime | None
    user: str
    ephemeral: bool
    database: str


@dataclass(frozen=True, slots=True)
class WorkEnd:
    """``gone``: the server no longer shows the process. ``detail`` says what was done, or why it is still there."""

    session_id: str
    gone: bool
    detail: str


class Severity(StrEnum):
    OK = "ok"
    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"
    """The target is not served until this is mended."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a preflight, in plain words. ``what_to_run`` is SQL that gives the guarantee, when there is any."""

    severity: Severity
    guarantee: str
    message: str
    what_to_run: str | None


class TargetAdmin(Protocol[CatalogT_co]):
    """Administration of one target. All methods raise TargetUnavailable when the target cannot be reached."""

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def lease(
        self, session_id: str, capabilities: frozenset[Capability], database: str, until_ms: int
    ) -> Account: ...

    async def release(self, session_id: str) -> None:
        """Take the session's account back: an ephemeral role is dropped with all it owns."""
        ...

    async def backend_start(self, pid: int) -> datetime | None:
        """When the server process started, so that a reused pid is never hit."""
        ...

    async def terminate(self, works: Sequence[Work]) -> list[WorkEnd]:
        """End work and verify that it is gone, within 5 seconds."""
        ...

    async def catalog(self, database: str) -> CatalogT_co:
        """The catalog as it is now (cached while unchanged)."""
        ...

    async def count_rows(self, database: str, query: str, timeout_seconds: float) -> int | None: ...

    async def preflight(self) -> list[Finding]: ...
