"""From a proven credential to a session: everything that must hold is checked here, and checked again after every
wait. Refused logins go on the audit log, bounded so that nobody can fill it."""

from collections import Counter
from dataclasses import dataclass, replace

from safelight.application.attempts import Attempts
from safelight.application.authority import lock_refusal
from safelight.application.context import Fields, NodeContext
from safelight.application.identifiers import short_id
from safelight.application.issue_credential import user_name
from safelight.domain.audit_event import AuditEvent, EventKind
from safelight.domain.deadline import Deadline
from safelight.domain.errors import Denied, Refusal
from safelight.domain.grant import Grant, SessionCredential
from safelight.domain.lock import Subjects
from safelight.domain.principal import Principal
from safelight.domain.session import Session, SessionState
from safelight.domain.target import Target
from safelight.ports.store import Add, Replace


@dataclass(frozen=True, slots=True)
class Admission:
    """A session that may begin. ``deadline`` is the grant's at this moment: it moves, ask
    ``AccessState.deadline(grant.id)`` whenever the grant changes."""

    session: Session
    principal: Principal
    grant: Grant
    target: Target
    deadline: Deadline
    subjects: Subjects


class OpenSession:
    def __init__(self, context: NodeContext) -> None:
        self._ctx = context
        limits = context.limits
        window = limits.login_attempts_window_seconds * 1000
        self._by_user = Attempts(limits.login_attempts_per_principal, window)
        self._by_address = Attempts(limits.login_attempts_per_address, window)
        self._recorded = Attempts(limits.login_attempts_per_address, window)
        self.refusals: Counter[str] = Counter()
        """Connections refused so far, by rule; also those past the limit of what is recorded."""

    def lookup(self, user: str) -> SessionCredential | None:
        """The credential that ``user`` (``oncall.k7f3ab``) names, even an expired or revoked one: whoever proves
        to hold it is told why it no longer works. For None, run the exchange against a mock verifier."""
        _, _, identity = user.rpartition(".")
        credential = self._ctx.access.credential(identity)
        return credential if credential is not None and user_name(credential) == user else None

    def may_try(self, user: str, address: str) -> bool:
        """Whether a login may be tried now. False after too many failures for this user or from this address;
        then refuse without looking at the password."""
        now = self._ctx.clock.monotonic_ms()
        return self._by_user.allowed(user, now) and self._by_address.allowed(address, now)

    async def wrong_password(self, user: str, address: str) -> None:
        """Count and record a failed proof; also for users that do not exist. Past the limit only counts."""
        self.refusals["login.password"] += 1
        now = self._ctx.clock.monotonic_ms()
        fresh = self._by_user.allowed(user, now) and self._by_address.allowed(address, now)
        self._by_user.failed(user, now)
        self._by_address.failed(address, now)
        if fresh:
            await self._refused("login.password", user, address, None)

    async def admit(
        self,
        credential: SessionCredential,
        *,
        target: str,
        database: str | None,
        client_address: str,
        application_name: str,
        protocol: str,
    ) -> Admission:
        """Begin a session for whoever has proved ``credential``. ``database`` None means the target's first.
        When this returns, SESSION_STARTED is durable and the session is stored. The caller registers it with the
        live sessions, which look at locks and its deadline again, and says :meth:`ended` in any case.

        Raises:
            Denied: with the rule that refuses and the next step; it is on the audit log.
            AuditUnavailable, StoreUnavailable: no session may begin.
        """
        user = user_name(credential)
        try:
            admission = self._check(credential, target, database, client_address, application_name, protocol)
        except Denied as denial:
            self.refusals[denial.refusal.rule] += 1
            await self._refused(denial.refusal.rule, user, client_address, target)
            raise
        session = admission.session
        await self._ctx.changes.make_side_by_side([Add(session)], [self._started(admission)])
        try:
            again = self._check(credential, target, database, client_address, application_name, protocol)
        except Denied as denial:
            self.refusals[denial.refusal.rule] += 1
            await self.ended(session, reason=denial.refusal.rule, statements=0)
            raise
        return replace(again, session=session, subjects=replace(again.subjects, session_id=session.id))

    async def ended(self, session: Session, *, reason: str, statements: int) -> Session:
        """Record the end of a session that was admitted, whatever came of it."""
        over = replace(
            session,
            state=SessionState.ENDED,
            ended_at_ms=self._ctx.clock.wall_ms(),
            end_reason=reason,
            statements=statements,
        )
        before = self._ctx.access.current(session)
        event = self._ctx.event(
            EventKind.SESSION_ENDED,
            session.principal,
            {"reason": reason, "statements": statements, "target": session.target},
            session_id=session.id,
        )
        await self._ctx.changes.make_at_once([Replace(before or session, over)], [event])
        return over

    async def refused(self, rule: str, user: str, address: str, target: str | None) -> None:
        """Record a connection that was refused before anybody proved anything (garbage, no TLS, a setting). So many
        from one address within the window, and no more: these cost a stranger nothing."""
        self.refusals[rule] += 1
        now = self._ctx.clock.monotonic_ms()
        if self._recorded.allowed(address, now):
            self._recorded.failed(address, now)
            await self._refused(rule, user, address, target)

    async def _refused(self, rule: str, user: str, address: str, target: str | None) -> None:
        known = self.lookup(user)
        fields: Fields = {"rule": rule, "address": address, "credential": known.id if known else None}
        sensitive = {"user": user[:128], "target": (target or "")[:128]}
        actor = known.principal if known else "unknown"
        await self._ctx.changes.record(
            [self._ctx.event(EventKind.CONNECTION_REFUSED, actor, fields, sensitive=sensitive)]
        )

    def _check(
        self,
        credential: SessionCredential,
        target_name: str,
        database: str | None,
        address: str,
        application_name: str,
        protocol: str,
    ) -> Admission:
        principal = self._ctx.authority.known(credential.principal)
        grant, deadline = self._live_grant(credential)
        target = self._target(grant, target_name, database)
        session = Session(
            id="s-" + short_id(self._ctx.randomness, 12),
            protocol=protocol,
            principal=principal.name,
            grant_id=grant.id,
            credential_id=credential.id,
            target=target.name,
            database=database or target.databases[0],
            incident_id=grant.incident_id,
            client_address=address,
            application_name=application_name,
            started_at_ms=self._ctx.clock.wall_ms(),
            state=SessionState.LIVE,
            ended_at_ms=None,
            end_reason=None,
            statements=0,
        )
        subjects = self._ctx.access.subjects(session, target)
        lock = self._ctx.access.lock_on(subjects)
        if lock is not None:
            raise Denied(lock_refusal(lock))
        return Admission(session, principal, grant, target, deadline, subjects)

    def _started(self, admission: Admission) -> AuditEvent:
        session = admission.session
        fields: Fields = {
            "protocol": session.protocol,
            "principal": session.principal,
            "sponsor": admission.principal.sponsor,
            "grant": session.grant_id,
            "credential": session.credential_id,
            "target": session.target,
            "database": session.database,
            "incident": session.incident_id,
            "address": session.client_address,
        }
        return self._ctx.event(
            EventKind.SESSION_STARTED,
            session.principal,
            fields,
            session_id=session.id,
            sensitive={"application_name": session.application_name},
        )

    def _live_grant(self, credential: SessionCredential) -> tuple[Grant, Deadline]:
        now = self._ctx.now()
        current = self._ctx.access.credential(credential.id)
        if current is None or current.revoked or current.grant_id != credential.grant_id:
            raise Denied(_refusal("credential.revoked", "this credential has been revoked"))
        if now.wall_ms >= current.expires_at_ms:
            raise Denied(_refusal("credential.expired", "this credential has expired"))
        grant = self._ctx.access.live_grant(current.grant_id, now)
        deadline = self._ctx.access.deadline(current.grant_id)
        if grant is None or deadline is None or grant.principal != current.principal:
            raise Denied(_refusal("grant.over", "the access behind this credential is over"))
        return grant, deadline

    def _target(self, grant: Grant, name: str, database: str | None) -> Target:
        covered = ", ".join(sorted(grant.targets))
        if name not in grant.targets:
            raise Denied(
                Refusal(
                    "grant.target",
                    f"this grant does not cover {name}"
                    if self._ctx.targets.get(name)
                    else f"there is no target {name}",
                    f"connect to one of: {covered}; or run: safelight request {name}",
                )
            )
        target = self._ctx.targets.get(name)
        if target is None:
            raise Denied(Refusal("target.gone", f"the target {name} is no longer configured", "ask an administrator"))
        if database is not None and database not in target.databases:
            offered = ", ".join(f"{name}/{one}" for one in target.databases)
            raise Denied(Refusal("target.database", "this database is not offered", f"connect to one of: {offered}"))
        return target


def _refusal(rule: str, message: str) -> Refusal:
    return Refusal(rule, message, "run: safelight connect TARGET, which requests access when there is none")
