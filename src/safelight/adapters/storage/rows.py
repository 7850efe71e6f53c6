"""Records to rows and back. A row that is not understood raises ValueError; nothing is guessed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, RowMapping, Table, and_, or_

from safelight.adapters.storage import tables as t
from safelight.domain.access_request import AccessRequest, Approval, RequestState
from safelight.domain.deadline import Deadline
from safelight.domain.grant import Grant, GrantState, SessionCredential
from safelight.domain.incident import Incident, IncidentState
from safelight.domain.lock import Lock
from safelight.domain.login import ApiToken, OneTimeCode, PasswordHash
from safelight.domain.principal import Principal
from safelight.domain.session import Session, SessionState
from safelight.ports.store import CREDENTIAL_REMEMBERED_MS, GrantDeadline, NodeLease, Record

Row = dict[str, Any]
RecordT = TypeVar("RecordT")


@dataclass(frozen=True, slots=True)
class Shape:
    """How one kind of record is kept. ``live`` selects the rows that can still matter; ``latest`` orders the rest
    by age, for listing, and is None where the rest is never loaded."""

    kind: type[Any]
    table: Table
    to_row: Callable[[Any], Row]
    from_row: Callable[[RowMapping], Record]
    live: Callable[[int], ColumnElement[bool]] | None = None
    latest: ColumnElement[Any] | None = None


def _plain_row(record: Any) -> Row:
    return {field.name: getattr(record, field.name) for field in fields(record)}


def _plain(kind: Callable[..., RecordT]) -> Callable[[RowMapping], RecordT]:
    return lambda row: kind(**row)


def _code_row(code: OneTimeCode) -> Row:
    return _plain_row(code) | {"principal": code.principal or None}


def _code(row: RowMapping) -> OneTimeCode:
    return OneTimeCode(**{**row, "principal": row["principal"] or ""})


def _request_row(request: AccessRequest) -> Row:
    row = _plain_row(request)
    del row["approvals"]
    return row


def _request(row: RowMapping) -> AccessRequest:
    return AccessRequest(**row, approvals=())


def _deadline_row(record: GrantDeadline) -> Row:
    return {"grant_id": record.grant_id, **_plain_row(record.deadline)}


def _deadline(row: RowMapping) -> GrantDeadline:
    return GrantDeadline(row["grant_id"], Deadline(row["wall_ms"], row["monotonic_ms"], row["boot"]))


def approval_rows(request: AccessRequest, known: int = 0) -> list[Row]:
    """The rows of a request's approvals after the first ``known``."""
    return [
        {"request_id": request.id, "approver": a.approver, "position": position, "at_ms": a.at_ms}
        for position, a in enumerate(request.approvals)
        if position >= known
    ]


def approval(row: RowMapping) -> Approval:
    return Approval(row["approver"], row["at_ms"])


_active_grants = t.grants.select().with_only_columns(t.grants.c.id).where(t.grants.c.state == GrantState.ACTIVE)

SHAPES: tuple[Shape, ...] = (
    Shape(Principal, t.principals, _plain_row, _plain(Principal)),
    Shape(PasswordHash, t.passwords, _plain_row, _plain(PasswordHash)),
    Shape(
        OneTimeCode,
        t.one_time_codes,
        _code_row,
        _code,
        lambda now: and_(t.one_time_codes.c.used_at_ms.is_(None), t.one_time_codes.c.expires_at_ms > now),
    ),
    Shape(
        ApiToken,
        t.api_tokens,
        _plain_row,
        _plain(ApiToken),
        lambda now: and_(t.api_tokens.c.revoked.is_(False), t.api_tokens.c.expires_at_ms > now),
    ),
    Shape(
        Incident,
        t.incidents,
        _plain_row,
        _plain(Incident),
        lambda now: t.incidents.c.state != IncidentState.CLOSED,
        t.incidents.c.opened_at_ms,
    ),
    Shape(
        AccessRequest,
        t.access_requests,
        _request_row,
        _request,
        lambda now: t.access_requests.c.state == RequestState.PENDING,
        t.access_requests.c.created_at_ms,
    ),
    Shape(
        Grant,
        t.grants,
        _plain_row,
        _plain(Grant),
        lambda now: t.grants.c.state == GrantState.ACTIVE,
        t.grants.c.ended_at_ms,
    ),
    Shape(
        GrantDeadline,
        t.grant_deadlines,
        _deadline_row,
        _deadline,
        lambda now: t.grant_deadlines.c.grant_id.in_(_active_grants),
    ),
    Shape(
        SessionCredential,
        t.session_credentials,
        _plain_row,
        _plain(SessionCredential),
        lambda now: or_(
            t.session_credentials.c.expires_at_ms > now - CREDENTIAL_REMEMBERED_MS,
            t.session_credentials.c.grant_id.in_(_active_grants),
        ),
    ),
    Shape(
        Session,
        t.sessions,
        _plain_row,
        _plain(Session),
        lambda now: t.sessions.c.state == SessionState.LIVE,
        t.sessions.c.started_at_ms,
    ),
    Shape(
        Lock,
        t.locks,
        _plain_row,
        _plain(Lock),
        lambda now: t.locks.c.lifted_at_ms.is_(None),
        t.locks.c.created_at_ms,
    ),
    Shape(NodeLease, t.node_leases, _plain_row, _plain(NodeLease)),
)
"""In an order in which records that others name come first."""

SHAPE_OF: Mapping[type[Any], Shape] = {shape.kind: shape for shape in SHAPES}
