"""The read model of this node: everything a decision about access rests on, in memory.

Filled from the store at start. Changes come through :mod:`safelight.application.changes` only: what gives access is
put here after the store has it, what takes access away before. All lookups are synchronous, so that a lock holds in
the same tick. It must never answer from a guess: what is not here does not exist.
"""

from collections.abc import Callable, Iterable
from typing import TypeVar

from safelight._native import Epoch
from safelight.domain.access_request import AccessRequest, RequestState
from safelight.domain.deadline import Deadline, Instant
from safelight.domain.grant import Grant, GrantState, SessionCredential
from safelight.domain.incident import Incident, IncidentState
from safelight.domain.lock import Lock, Subjects, matches
from safelight.domain.login import ApiToken, OneTimeCode, PasswordHash
from safelight.domain.principal import Principal, PrincipalKind
from safelight.domain.session import Session, SessionState
from safelight.domain.target import Target
from safelight.ports.store import CREDENTIAL_REMEMBERED_MS, Add, Change, GrantDeadline, Key, Record, key

DECISIVE = (Principal, Incident, Grant, Lock)
"""Records whose change can alter a decision on a statement."""

R = TypeVar("R")


def is_over(record: Record) -> bool:
    """Whether nothing can come of the record any more, so that it is kept for listing only."""
    match record:
        case Incident(state=state):
            return state is IncidentState.CLOSED
        case AccessRequest(state=state):
            return state is not RequestState.PENDING
        case Grant(state=state):
            return state is GrantState.ENDED
        case Session(state=state):
            return state is SessionState.ENDED
        case Lock(lifted_at_ms=lifted):
            return lifted is not None
        case _:
            return False


class AccessState:
    """See the module. ``epoch`` advances with every change that can alter a decision on a statement."""

    def __init__(self, *, history: int = 2_000) -> None:
        self.epoch = Epoch()
        self._kinds: dict[str, dict[str, Record]] = {}
        self._over: dict[str, dict[str, None]] = {}
        self._history = history

    def load(self, records: Iterable[Record]) -> None:
        """Fill an empty state at start."""
        for record in records:
            self._put(record)

    # ── lookups ──

    def principal(self, name: str) -> Principal | None:
        return self._get(Principal, name)

    def principals(self) -> dict[str, Principal]:
        """All of them, by name."""
        return {p.name: p for p in self._all(Principal)}

    def active_principal(self, name: str) -> Principal | None:
        """The principal if it may act at all: not disabled, and an agent only while its sponsor is active."""
        principal = self.principal(name)
        if principal is None or principal.disabled:
            return None
        if principal.kind is PrincipalKind.AGENT:
            sponsor = self.principal(principal.sponsor or "")
            if sponsor is None or sponsor.disabled or sponsor.kind is not PrincipalKind.PERSON:
                return None
        return principal

    def sponsor(self, principal: Principal) -> Principal | None:
        """The person an agent acts for."""
        return self.principal(principal.sponsor) if principal.sponsor is not None else None

    def incident(self, incident_id: str) -> Incident | None:
        return self._get(Incident, incident_id)

    def incidents(self) -> list[Incident]:
        """Open ones and the latest of the closed, oldest first."""
        return sorted(self._all(Incident), key=lambda i: i.opened_at_ms)

    def closing_incidents(self) -> list[Incident]:
        return [i for i in self._all(Incident) if i.state is IncidentState.CLOSING]

    def request(self, request_id: str) -> AccessRequest | None:
        return self._get(AccessRequest, request_id)

    def requests(self) -> list[AccessRequest]:
        """Pending ones and the latest of the decided, oldest first."""
        return sorted(self._all(AccessRequest), key=lambda r: r.created_at_ms)

    def pending_requests(self) -> list[AccessRequest]:
        return [r for r in self._all(AccessRequest) if r.state is RequestState.PENDING]

    def grant(self, grant_id: str) -> Grant | None:
        return self._get(Grant, grant_id)

    def grants(self) -> list[Grant]:
        """Active ones and the latest of the ended, oldest first."""
        return sorted(self._all(Grant), key=lambda g: g.starts_at_ms)

    def active_grants(self) -> list[Grant]:
        return [g for g in self._all(Grant) if g.state is GrantState.ACTIVE]

    def deadline(self, grant_id: str) -> Deadline | None:
        """When the grant is over, on both clocks (I11); None when there is no such grant or it has ended."""
        grant = self.grant(grant_id)
        if grant is None or grant.state is not GrantState.ACTIVE:
            return None
        record = self._get(GrantDeadline, grant_id)
        return record.deadline if record is not None else None

    def live_grant(self, grant_id: str, now: Instant) -> Grant | None:
        """The grant if it is active and its deadline has not passed."""
        deadline = self.deadline(grant_id)
        return self.grant(grant_id) if deadline is not None and not deadline.passed(now) else None

    def credential(self, credential_id: str) -> SessionCredential | None:
        return self._get(SessionCredential, credential_id)

    def credentials_of(self, grant_id: str) -> list[SessionCredential]:
        return [c for c in self._all(SessionCredential) if c.grant_id == grant_id]

    def locks(self) -> list[Lock]:
        """Those in force and the latest of the lifted, oldest first."""
        return sorted(self._all(Lock), key=lambda x: x.created_at_ms)

    def lock(self, lock_id: str) -> Lock | None:
        return self._get(Lock, lock_id)

    def active_locks(self) -> list[Lock]:
        return [lock for lock in self._all(Lock) if lock.lifted_at_ms is None]

    def lock_on(self, subjects: Subjects) -> Lock | None:
        """A lock in force that names this work, if there is one."""
        return next((lock for lock in self._all(Lock) if matches(lock, subjects)), None)

    def live_sessions(self) -> list[Session]:
        """Sessions that were admitted and have not been said to have ended."""
        return [s for s in self._all(Session) if s.state is SessionState.LIVE]

    def ended_sessions(self) -> list[Session]:
        """The latest sessions that are over, oldest first. The live ones are with ``LiveSessions``."""
        return [s for s in self._all(Session) if s.state is SessionState.ENDED]

    def password(self, principal: str) -> PasswordHash | None:
        return self._get(PasswordHash, principal)

    def code(self, code_hash: str) -> OneTimeCode | None:
        return self._get(OneTimeCode, code_hash)

    def codes(self) -> list[OneTimeCode]:
        return list(self._all(OneTimeCode))

    def token(self, token_hash: str) -> ApiToken | None:
        return self._get(ApiToken, token_hash)

    def tokens_of(self, principal: str) -> list[ApiToken]:
        return [t for t in self._all(ApiToken) if t.principal == principal]

    # ── changes, for changes.py ──

    def current(self, record: Record) -> Record | None:
        """What is known under the id of ``record``."""
        return self.by_key(key(record))

    def by_key(self, identity: Key) -> Record | None:
        return self._kinds.get(identity[0], {}).get(identity[1])

    def holds(self, change: Change) -> bool:
        """Whether ``change`` was computed from what is still true."""
        if isinstance(change, Add):
            return self.current(change.record) is None
        return self.current(change.before) == change.before

    def apply(self, change: Change) -> None:
        self._put(change.record if isinstance(change, Add) else change.after)

    def forget_expired(self, now: Instant) -> None:
        """Drop credentials, tokens and codes that can never be used again. A credential is remembered for a day, so
        that whoever still uses it is told why it is refused."""
        self._drop(SessionCredential, lambda c: c.expires_at_ms + CREDENTIAL_REMEMBERED_MS <= now.wall_ms)
        self._drop(ApiToken, lambda t: t.revoked or t.expires_at_ms <= now.wall_ms)
        self._drop(OneTimeCode, lambda c: c.used_at_ms is not None or c.expires_at_ms <= now.wall_ms)

    def subjects(self, session: Session, target: Target) -> Subjects:
        """Everything about a session that a lock can name, as it is now."""
        return self.subjects_of(session.principal, target, session.id, session.grant_id, session.incident_id)

    def subjects_of(
        self,
        principal: str,
        target: Target | None,
        session_id: str | None = None,
        grant_id: str | None = None,
        incident_id: str | None = None,
    ) -> Subjects:
        known = self.principal(principal)
        sponsor = self.sponsor(known) if known else None
        groups = (known.groups if known else frozenset()) | (sponsor.groups if sponsor else frozenset())
        return Subjects(
            session_id=session_id,
            grant_id=grant_id,
            principal=principal,
            groups=groups,
            target=target.name if target else "",
            target_labels=target.labels if target else {},
            incident_id=incident_id,
            sponsor=known.sponsor if known else None,
        )

    def _get(self, kind: type[R], identity: str) -> R | None:
        found = self._kinds.get(kind.__name__, {}).get(identity)
        return found if isinstance(found, kind) else None

    def _all(self, kind: type[R]) -> Iterable[R]:
        return self._kinds.get(kind.__name__, {}).values()  # type: ignore[return-value]  # filed by type name

    def _drop(self, kind: type[R], useless: Callable[[R], bool]) -> None:
        kept = {key(record)[1]: record for record in self._all(kind) if not useless(record)}  # type: ignore[arg-type]
        self._kinds[kind.__name__] = kept  # type: ignore[assignment]  # filed by type name

    def _put(self, record: Record) -> None:
        kind, identity = key(record)
        self._kinds.setdefault(kind, {})[identity] = record
        if isinstance(record, DECISIVE):
            self.epoch.advance()
        self._keep_history(kind, identity, record)

    def _keep_history(self, kind: str, identity: str, record: Record) -> None:
        """Remember the latest records that are over, for listing, and drop the oldest."""
        over = self._over.setdefault(kind, {})
        over.pop(identity, None)
        if not is_over(record):
            return
        over[identity] = None
        if isinstance(record, Grant):
            self._kinds.get(GrantDeadline.__name__, {}).pop(identity, None)
        if len(over) > self._history:
            oldest = next(iter(over))
            del over[oldest], self._kinds[kind][oldest]
