"""The store: what must survive a restart.

Records are the domain's frozen values. A change adds a record or replaces one that was read before; a list of
changes is applied as a whole or not at all. The store is not asked during decisions: the node decides from its
read model (``application/access_state.py``), which is filled from :meth:`Store.load` at start.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from safelight.domain.access_request import AccessRequest
from safelight.domain.deadline import Deadline
from safelight.domain.errors import SafelightError
from safelight.domain.grant import Grant, SessionCredential
from safelight.domain.incident import Incident
from safelight.domain.lock import Lock
from safelight.domain.login import ApiToken, OneTimeCode, PasswordHash
from safelight.domain.principal import Principal
from safelight.domain.session import Session

CREDENTIAL_REMEMBERED_MS = 24 * 3_600 * 1_000
"""A session credential is remembered this long after its expiry, so that its holder is told why it is refused."""


class StoreUnavailable(SafelightError):
    """The store cannot be read or written (locked, full, read-only, corrupt, closed). Nothing was changed."""


class StoreConflict(SafelightError):
    """A change contradicts what is stored (an id in use, a record that is not there, a second grant for one
    request). Nothing of the list was applied."""


@dataclass(frozen=True, slots=True)
class GrantDeadline:
    """The deadline of a grant as this machine's clocks count it (I11)."""

    grant_id: str
    deadline: Deadline


@dataclass(frozen=True, slots=True)
class NodeLease:
    """A node's sign of life. A node that cannot renew its lease ends its sessions (I10)."""

    node: str
    renewed_at_ms: int


Record = (
    Principal
    | PasswordHash
    | OneTimeCode
    | ApiToken
    | Incident
    | AccessRequest
    | Grant
    | GrantDeadline
    | SessionCredential
    | Session
    | Lock
    | NodeLease
)

Key = tuple[str, str]
"""The record's type name and its id."""


def key(record: Record) -> Key:
    """What identifies a record among its kind."""
    match record:
        case Principal(name=identity):
            pass
        case PasswordHash(principal=identity):
            pass
        case OneTimeCode(hash=identity) | ApiToken(hash=identity):
            pass
        case GrantDeadline(grant_id=identity):
            pass
        case NodeLease(node=identity):
            pass
        case _:
            identity = record.id
    return type(record).__name__, identity


@dataclass(frozen=True, slots=True)
class Add:
    """A record that is new; its id must not be in use."""

    record: Record


@dataclass(frozen=True, slots=True)
class Replace:
    """``after`` takes the place of ``before``, which has the same id."""

    before: Record
    after: Record

    def __post_init__(self) -> None:
        if key(self.before) != key(self.after):
            raise ValueError("a record is replaced by one with another id")


Change = Add | Replace


@dataclass(frozen=True, slots=True)
class Loaded:
    """Everything that can matter to a decision, and the latest of what is over, for listing."""

    records: tuple[Record, ...]


class Store(Protocol):
    async def load(self, *, now_ms: int, history: int) -> Loaded:
        """All principals, passwords, unused codes, live tokens, credentials that are live or lately were, open
        incidents, pending requests, active grants with deadlines, live sessions and locks in force; besides, at most
        ``history`` of each of the latest incidents, requests, grants, sessions and lifted locks that are over.
        Records that others name come first.

        Raises:
            StoreUnavailable: it cannot be read, or holds something that is not understood.
        """
        ...

    async def apply(self, changes: Sequence[Change]) -> None:
        """Store all of ``changes`` or none. Returns when they survive a power loss. Submissions are applied in
        the order of the calls, several of them in one transaction.

        Raises:
            StoreUnavailable: nothing was stored.
            StoreConflict: nothing was stored.
        """
        ...

    async def close(self) -> None:
        """Finish what was submitted, then close."""
        ...
