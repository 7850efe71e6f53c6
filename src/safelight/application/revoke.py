"""The kill switch: take access back at once, and say truthfully what ended and what did not.

Order: the lock is in force on this node, new work refused and sockets closed, before the first await; then it is
audited and stored while the targets are asked to confirm that the work is gone. A failure of one does not stop the
other, and the report says so.
"""

import asyncio
from dataclasses import dataclass, replace

import structlog

from safelight.application.changes import put
from safelight.application.context import Fields, NodeContext
from safelight.application.grant_ends import GrantEnds
from safelight.application.identifiers import short_id
from safelight.domain.access_rules import clipped
from safelight.domain.audit_event import AuditEvent, EventKind
from safelight.domain.errors import Denied, Refusal
from safelight.domain.grant import Grant
from safelight.domain.lock import Lock, LockScope, matches
from safelight.domain.session import Session
from safelight.policy.questions import AdminAction
from safelight.ports.audit import AuditUnavailable
from safelight.ports.live_sessions import EndedSession
from safelight.ports.notifier import Notice, NoticeKind
from safelight.ports.store import Add, Change, Replace, StoreConflict, StoreUnavailable

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class KillReport:
    """``lock`` is None for a dry run, and then ``matching`` is what would end. ``ended`` are sessions whose
    connection is closed and whose work is gone from its target; ``remaining`` are those of which that could not be
    confirmed. ``recorded``: the lock is on the audit log and in the store; if not, it holds until this process ends,
    is stored as soon as possible, and ``problem`` says why."""

    lock: Lock | None
    matching: tuple[Session, ...]
    ended: tuple[EndedSession, ...]
    remaining: tuple[EndedSession, ...]
    grants_ended: tuple[str, ...]
    recorded: bool
    problem: str | None


class KillSwitch:
    def __init__(self, context: NodeContext, ends: GrantEnds) -> None:
        self._ctx = context
        self._ends = ends

    async def kill(
        self, by: str, scope: LockScope, subject: str = "", *, reason: str, dry_run: bool = False
    ) -> KillReport:
        """Lock ``subject`` within ``scope`` and end all live work that it names. Killing a grant also ends the
        grant; killing a session also revokes its credential, so that its client cannot simply come back.

        Raises:
            Denied: policy, or a subject that does not exist.
        """
        self._ctx.authority.require(by, AdminAction.KILL, f"{scope.value}:{subject}", under_lock=True)
        self._check_subject(scope, subject)
        lock = Lock(self._free_id(), scope, subject, clipped(reason), by, self._ctx.clock.wall_ms(), None, None)
        matching = self._matching(lock)
        if dry_run:
            return KillReport(None, matching, (), (), (), False, None)
        # From here to the first await: one tick.
        changes: list[Change] = [Add(lock)]
        self._ctx.changes.hold_at_once(changes)
        session_ids = self._ctx.live.lock(lock)
        grant_changes, events = self._also_end(lock, by)
        changes += grant_changes + self._revoke_credentials(lock, matching)
        fields: Fields = {"lock": lock.id, "scope": scope.value, "subject": subject, "sessions": tuple(session_ids)}
        events.insert(0, self._ctx.event(EventKind.LOCK_CREATED, by, fields, sensitive={"reason": lock.reason}))
        problem, confirmed = await asyncio.gather(self._settle(changes, events), self._verify(session_ids, by))
        self._ctx.notifier.notify(
            Notice(NoticeKind.LOCK_CREATED, lock.id, None, f"{by} locked {scope.value} {subject}")
        )
        return KillReport(
            lock=lock,
            matching=matching,
            ended=tuple(e for e in confirmed if e.connection_closed and e.work_gone),
            remaining=tuple(e for e in confirmed if not (e.connection_closed and e.work_gone)),
            grants_ended=tuple(e.fields["grant"] for e in events if e.kind is EventKind.GRANT_ENDED),  # type: ignore[misc]
            recorded=problem is None,
            problem=problem,
        )

    def locks(self, by: str, *, lifted: bool = False) -> list[Lock]:
        """Locks in force, and with ``lifted`` the latest of those that are not. Oldest first.

        Raises:
            Denied: policy.
        """
        self._ctx.authority.require(by, AdminAction.LIST_LOCKS, under_lock=True)
        return [lock for lock in self._ctx.access.locks() if lifted or lock.lifted_at_ms is None]

    async def lift(self, by: str, lock_id: str) -> Lock:
        """Take a lock away. What it ended stays ended.

        Raises:
            Denied: ``lock.unknown``, policy, or the lock names ``by``.
            AuditUnavailable, StoreUnavailable: the lock still holds.
        """
        self._ctx.authority.require(by, AdminAction.LIFT_LOCK, lock_id, under_lock=True)
        async with self._ctx.changes.turn(f"lock {lock_id}"):
            lock = self._ctx.access.lock(lock_id)
            if lock is None or lock.lifted_at_ms is not None:
                raise Denied(Refusal("lock.unknown", f"no lock {lock_id} is in force", "see: safelight locks"))
            lifted = replace(lock, lifted_by=by, lifted_at_ms=self._ctx.clock.wall_ms())
            event = self._ctx.event(EventKind.LOCK_LIFTED, by, {"lock": lock_id})
            await self._ctx.changes.make([Replace(lock, lifted)], [event])
            self._ctx.live.unlock(lock_id)
            return lifted

    def _check_subject(self, scope: LockScope, subject: str) -> None:
        """A typing error must not give a lock that stops nobody."""
        access = self._ctx.access
        match scope:
            case LockScope.ALL:
                known = subject == ""
            case LockScope.SESSION:
                known = self._ctx.live.subjects(subject) is not None
            case LockScope.GRANT:
                known = access.grant(subject) is not None
            case LockScope.PRINCIPAL:
                known = access.principal(subject) is not None
            case LockScope.GROUP:
                known = any(subject in p.groups for p in access.principals().values())
            case LockScope.TARGET:
                known = self._ctx.targets.get(subject) is not None
            case LockScope.INCIDENT:
                known = access.incident(subject) is not None
            case LockScope.LABEL:
                key, separator, value = subject.partition("=")
                targets = self._ctx.targets.targets.values()
                known = bool(separator) and any(t.labels.get(key) == value for t in targets)
        if not known:
            raise Denied(
                Refusal("lock.subject", f"there is no {scope.value} {subject}", "look the name up, then try again")
            )

    def _matching(self, lock: Lock) -> tuple[Session, ...]:
        found = []
        for session in self._ctx.live.sessions():
            subjects = self._ctx.live.subjects(session.id)
            if subjects is not None and matches(lock, subjects):
                found.append(session)
        return tuple(found)

    def _also_end(self, lock: Lock, by: str) -> tuple[list[Change], list[AuditEvent]]:
        grants: list[Grant] = []
        if lock.scope is LockScope.GRANT:
            grant = self._ctx.access.grant(lock.subject)
            grants = [grant] if grant is not None else []
        return self._ends.begin(grants, f"killed by {by}", by)

    def _revoke_credentials(self, lock: Lock, sessions: tuple[Session, ...]) -> list[Change]:
        if lock.scope is not LockScope.SESSION:
            return []
        changes: list[Change] = []
        for session in sessions:
            credential = self._ctx.access.credential(session.credential_id)
            if credential is not None and not credential.revoked:
                changes.append(put(self._ctx.access, replace(credential, revoked=True)))
        self._ctx.changes.hold_at_once(changes)
        return changes

    async def _settle(self, changes: list[Change], events: list[AuditEvent]) -> str | None:
        try:
            await self._ctx.changes.settle(changes, events)
        except (AuditUnavailable, StoreUnavailable, StoreConflict) as problem:
            log.error("a lock holds but is not recorded", problem=str(problem))
            return str(problem) or type(problem).__name__
        return None

    async def _verify(self, session_ids: list[str], by: str) -> list[EndedSession]:
        if not session_ids:
            return []
        confirmed = await self._ctx.live.verify_gone(session_ids)
        events = [
            self._ctx.event(
                EventKind.WORK_TERMINATED,
                by,
                {"target": e.target, "closed": e.connection_closed, "gone": e.work_gone, "detail": e.detail},
                session_id=e.session_id,
            )
            for e in confirmed
        ]
        try:
            await self._ctx.changes.record(events)
        except AuditUnavailable as problem:
            log.error("the end of killed work is not recorded", problem=str(problem))
        return confirmed

    def _free_id(self) -> str:
        while True:
            identity = "l-" + short_id(self._ctx.randomness, 8)
            if self._ctx.access.lock(identity) is None:
                return identity
