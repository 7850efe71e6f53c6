"""The tables of the store.

The owner is part of the foreign keys: a grant can only be of its request's requester, a credential only of its
grant's principal, a session only of its credential's. A request has at most one grant, and nobody approves one twice:
the database says so, whatever the code above it does. Times are wall-clock milliseconds since the Unix epoch.

A change here needs a migration beside it; a test compares the two.
"""

import json
from collections.abc import Callable
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.types import TypeDecorator

from safelight.domain.access_request import RequestState
from safelight.domain.capability import Capability
from safelight.domain.grant import GrantState
from safelight.domain.incident import IncidentOrigin, IncidentState
from safelight.domain.lock import LockScope
from safelight.domain.login import CodePurpose
from safelight.domain.principal import PrincipalKind
from safelight.domain.session import SessionState

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Word(TypeDecorator[StrEnum]):
    """A word of a closed vocabulary. Reading an unknown one raises ValueError."""

    impl = Text
    cache_ok = True

    def __init__(self, vocabulary: type[StrEnum]) -> None:
        super().__init__()
        self.vocabulary = vocabulary

    def process_bind_param(self, value: StrEnum | None, dialect: Dialect) -> str | None:
        return None if value is None else self.vocabulary(value).value

    def process_result_value(self, value: Any, dialect: Dialect) -> StrEnum | None:
        return None if value is None else self.vocabulary(value)


class WordSet(TypeDecorator[frozenset[str]]):
    """A small set, as a sorted JSON array."""

    impl = Text
    cache_ok = True

    def __init__(self, word: Callable[[str], str] = str) -> None:
        super().__init__()
        self.word = word

    def process_bind_param(self, value: frozenset[str] | None, dialect: Dialect) -> str | None:
        return None if value is None else json.dumps(sorted(value))

    def process_result_value(self, value: Any, dialect: Dialect) -> frozenset[str] | None:
        return None if value is None else frozenset(self.word(item) for item in json.loads(value))


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


def _maybe_text(name: str) -> Column[str]:
    return Column(name, Text, nullable=True)


def _time(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False)


def _maybe_time(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=True)


def _id(name: str = "id") -> Column[str]:
    return Column(name, Text, primary_key=True)


def _principal(name: str) -> Column[str]:
    return Column(name, Text, ForeignKey("principals.name"), nullable=False)


principals = Table(
    "principals",
    metadata,
    _id("name"),
    Column("kind", Word(PrincipalKind), nullable=False),
    Column("groups", WordSet(), nullable=False),
    Column("created_by", Text, ForeignKey("principals.name"), nullable=True),
    Column("sponsor", Text, ForeignKey("principals.name"), nullable=True),
    Column("disabled", Boolean, nullable=False),
    _time("created_at_ms"),
    CheckConstraint("(kind = 'agent') = (sponsor IS NOT NULL)", name="agent_has_sponsor"),
)

passwords = Table(
    "passwords",
    metadata,
    Column("principal", Text, ForeignKey("principals.name"), primary_key=True),
    _text("encoded"),
)

one_time_codes = Table(
    "one_time_codes",
    metadata,
    _id("hash"),
    Column("principal", Text, ForeignKey("principals.name"), nullable=True),
    Column("purpose", Word(CodePurpose), nullable=False),
    _time("created_at_ms"),
    _time("expires_at_ms"),
    _maybe_time("used_at_ms"),
)

api_tokens = Table(
    "api_tokens",
    metadata,
    _id("hash"),
    _principal("principal"),
    _time("created_at_ms"),
    _time("expires_at_ms"),
    Column("revoked", Boolean, nullable=False),
    Index(None, "revoked", "expires_at_ms"),
)

incidents = Table(
    "incidents",
    metadata,
    _id(),
    _text("title"),
    _maybe_text("service"),
    Column("origin", Word(IncidentOrigin), nullable=False),
    _text("source"),
    _text("opener"),
    Column("confirmed_by", Text, ForeignKey("principals.name"), nullable=True),
    Column("state", Word(IncidentState), nullable=False),
    _time("opened_at_ms"),
    _maybe_time("closed_at_ms"),
    _maybe_time("grants_end_at_ms"),
    CheckConstraint("confirmed_by IS NULL OR confirmed_by <> opener", name="two_people"),
    Index(None, "state", "opened_at_ms"),
)

access_requests = Table(
    "access_requests",
    metadata,
    _id(),
    _principal("requester"),
    Column("targets", WordSet(), nullable=False),
    Column("capabilities", WordSet(Capability), nullable=False),
    Column("duration_seconds", Integer, nullable=False),
    _text("reason"),
    Column("incident_id", Text, ForeignKey("incidents.id"), nullable=True),
    Column("state", Word(RequestState), nullable=False),
    Column("approvals_needed", Integer, nullable=False),
    _maybe_text("decided_by"),
    _maybe_text("decided_because"),
    _time("created_at_ms"),
    _time("expires_at_ms"),
    _maybe_text("grant_id"),  # no foreign key: a grant points at its request, and both come in one change
    UniqueConstraint("id", "requester"),
    CheckConstraint("state <> 'approved' OR grant_id IS NOT NULL", name="approved_has_grant"),
    Index(None, "state", "created_at_ms"),
)

request_approvals = Table(
    "request_approvals",
    metadata,
    Column("request_id", Text, ForeignKey("access_requests.id"), primary_key=True),
    Column("approver", Text, ForeignKey("principals.name"), primary_key=True),
    Column("position", Integer, nullable=False),
    _time("at_ms"),
)

grants = Table(
    "grants",
    metadata,
    _id(),
    _text("principal"),
    Column("targets", WordSet(), nullable=False),
    Column("capabilities", WordSet(Capability), nullable=False),
    Column("request_id", Text, nullable=False, unique=True),
    Column("incident_id", Text, ForeignKey("incidents.id"), nullable=True),
    _text("reason"),
    _time("starts_at_ms"),
    _time("ends_at_ms"),
    Column("state", Word(GrantState), nullable=False),
    _maybe_time("ended_at_ms"),
    _maybe_text("end_reason"),
    ForeignKeyConstraint(["request_id", "principal"], ["access_requests.id", "access_requests.requester"]),
    UniqueConstraint("id", "principal"),
    CheckConstraint("(state = 'ended') = (ended_at_ms IS NOT NULL)", name="ended_has_time"),
    Index(None, "state", "starts_at_ms"),
)

grant_deadlines = Table(
    "grant_deadlines",
    metadata,
    Column("grant_id", Text, ForeignKey("grants.id"), primary_key=True),
    _time("wall_ms"),
    _time("monotonic_ms"),
    _text("boot"),
)

session_credentials = Table(
    "session_credentials",
    metadata,
    _id(),
    _text("principal"),
    _text("grant_id"),
    Column("salt", LargeBinary, nullable=False),
    Column("iterations", Integer, nullable=False),
    Column("stored_key", LargeBinary, nullable=False),
    Column("server_key", LargeBinary, nullable=False),
    _time("created_at_ms"),
    _time("expires_at_ms"),
    Column("revoked", Boolean, nullable=False),
    ForeignKeyConstraint(["grant_id", "principal"], ["grants.id", "grants.principal"]),
    UniqueConstraint("id", "grant_id", "principal"),
    Index(None, "expires_at_ms"),
)

sessions = Table(
    "sessions",
    metadata,
    _id(),
    _text("protocol"),
    _text("principal"),
    _text("grant_id"),
    _text("credential_id"),
    _text("target"),
    _text("database"),
    _maybe_text("incident_id"),
    _text("client_address"),
    _text("application_name"),
    _time("started_at_ms"),
    Column("state", Word(SessionState), nullable=False),
    _maybe_time("ended_at_ms"),
    _maybe_text("end_reason"),
    Column("statements", BigInteger, nullable=False),
    ForeignKeyConstraint(
        ["credential_id", "grant_id", "principal"],
        ["session_credentials.id", "session_credentials.grant_id", "session_credentials.principal"],
    ),
    Index(None, "state", "started_at_ms"),
)

locks = Table(
    "locks",
    metadata,
    _id(),
    Column("scope", Word(LockScope), nullable=False),
    _text("subject"),
    _text("reason"),
    _text("created_by"),
    _time("created_at_ms"),
    _maybe_text("lifted_by"),
    _maybe_time("lifted_at_ms"),
    CheckConstraint("(lifted_by IS NULL) = (lifted_at_ms IS NULL)", name="lifted_by_somebody"),
    Index(None, "lifted_at_ms", "created_at_ms"),
)

node_leases = Table("node_leases", metadata, _id("node"), _time("renewed_at_ms"))
