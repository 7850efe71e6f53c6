"""Local accounts: the first administrator's one-time code, passwords, and opaque bearer tokens.

An unknown name costs the same work as a wrong password and gets the same answer. Failures are limited by name and by
address, and the slow hashes that run at a time are bounded. Only hashes are kept.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from safelight.application.attempts import Attempts
from safelight.application.changes import put
from safelight.application.context import Fields, NodeContext
from safelight.application.identifiers import fingerprint, secret_text
from safelight.application.manage_principals import check_name
from safelight.domain.audit_event import EventKind
from safelight.domain.errors import Denied, Refusal
from safelight.domain.login import ApiToken, CodePurpose, OneTimeCode, PasswordHash
from safelight.domain.principal import Principal, PrincipalKind
from safelight.ports.secrets import Secret
from safelight.ports.store import Add, Change, Replace

TOKEN_BITS = 256
FIRST_ADMINISTRATOR_GROUPS = frozenset({"admins"})
MAXIMUM_PASSWORD_CHARACTERS = 1_000
MAXIMUM_AT_A_TIME = 32

WRONG = Refusal(
    "login.refused", "wrong name or password", "try again; a lost account is replaced by an administrator"
)
WRONG_CODE = Refusal("login.code", "this code is wrong, used or expired", "ask whoever gave it to you for a new one")


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """The token is shown once and is nowhere else."""

    token: Secret[str]
    principal: Principal
    expires_at_ms: int


class Login:
    def __init__(self, context: NodeContext) -> None:
        self._ctx = context
        limits = context.limits
        window = limits.login_attempts_window_seconds * 1000
        self._by_name = Attempts(limits.login_attempts_per_principal, window)
        self._by_address = Attempts(limits.login_attempts_per_address, window)
        self._running = 0
        self._nobody = ""

    async def start(self) -> None:
        """Prepare what an unknown name is compared with. Call once, before the first login."""
        self._nobody = await self._ctx.hashes.password_hash(secret_text(self._ctx.randomness, 256))

    async def first_administrator_code(self) -> Secret[str] | None:
        """A new one-time code while nobody exists yet, which makes any earlier one void; else None. To be printed
        at start, and nowhere else."""
        if self._ctx.access.principals():
            return None
        now = self._ctx.clock.wall_ms()
        void: list[Change] = [
            Replace(code, replace(code, used_at_ms=now))
            for code in self._ctx.access.codes()
            if code.used_at_ms is None
        ]
        code = secret_text(self._ctx.randomness, 128)
        expires = now + self._ctx.limits.one_time_code_seconds * 1000
        record = OneTimeCode(fingerprint(code), "", CodePurpose.FIRST_ADMINISTRATOR, now, expires, None)
        await self._ctx.changes.make([*void, Add(record)], [])
        return code

    async def claim_first_administrator(
        self, code: Secret[str], name: str, password: Secret[str], *, address: str
    ) -> IssuedToken:
        """Make the first account, in the group ``admins``.

        Raises:
            Denied: ``login.code``, a name or password of another form, or too many attempts.
        """
        check_name(name)
        self._check_password(password)
        async with self._attempt("first administrator", address), self._ctx.changes.turn("first administrator"):
            used = self._redeem(code, CodePurpose.FIRST_ADMINISTRATOR)
            if used is None or self._ctx.access.principals():
                raise await self._failed("first administrator", address, WRONG_CODE)
            encoded = await self._ctx.hashes.password_hash(password)
            person = Principal(
                name=name,
                kind=PrincipalKind.PERSON,
                groups=FIRST_ADMINISTRATOR_GROUPS,
                created_by=None,
                sponsor=None,
                disabled=False,
                created_at_ms=self._ctx.clock.wall_ms(),
            )
            event = self._ctx.event(
                EventKind.PRINCIPAL_CREATED, name, {"principal": name, "groups": tuple(sorted(person.groups))}
            )
            await self._ctx.changes.make([Add(person), Add(PasswordHash(name, encoded)), used], [event])
            return await self._issue(person, address)

    async def set_password(self, code: Secret[str], password: Secret[str], *, address: str) -> IssuedToken:
        """Redeem an invitation: the person sets their password and is logged in.

        Raises:
            Denied: ``login.code``, a password of another form, or too many attempts.
        """
        self._check_password(password)
        async with self._attempt("invitation", address), self._ctx.changes.turn(f"code {fingerprint(code)}"):
            used = self._redeem(code, CodePurpose.SET_PASSWORD)
            person = self._ctx.access.active_principal(_principal_of(used)) if used is not None else None
            if used is None or person is None:
                raise await self._failed("invitation", address, WRONG_CODE)
            encoded = await self._ctx.hashes.password_hash(password)
            event = self._ctx.event(
                EventKind.PRINCIPAL_CHANGED, person.name, {"principal": person.name, "password": "set"}
            )
            change = put(self._ctx.access, PasswordHash(person.name, encoded))
            await self._ctx.changes.make([change, used], [event])
            return await self._issue(person, address)

    async def change_password(self, by: str, old: Secret[str], new: Secret[str], *, address: str) -> None:
        """Raises: Denied: a wrong old password, or a new one of another form."""
        self._check_password(new)
        person = self._ctx.authority.known(by)
        async with self._attempt(by, address), self._ctx.changes.turn(f"principal {by}"):
            known = self._ctx.access.password(by)
            if known is None or not await self._ctx.hashes.password_matches(known.encoded, old):
                raise await self._failed(by, address, WRONG)
            after = PasswordHash(by, await self._ctx.hashes.password_hash(new))
            event = self._ctx.event(
                EventKind.PRINCIPAL_CHANGED, by, {"principal": person.name, "password": "changed"}
            )
            await self._ctx.changes.make([Replace(known, after)], [event])

    async def login(self, name: str, password: Secret[str], *, address: str) -> IssuedToken:
        """Raises: Denied ``login.refused`` (wrong name or password, disabled), ``login.too_many``, ``login.busy``."""
        async with self._attempt(name, address):
            known = self._ctx.access.password(name)
            matches = await self._ctx.hashes.password_matches(known.encoded if known else self._nobody, password)
            person = self._ctx.access.active_principal(name)
            if not matches or known is None or person is None or self._ctx.access.password(name) != known:
                raise await self._failed(name, address, WRONG)
            self._by_name.succeeded(name)
            return await self._issue(person, address)

    async def agent_token(self, by: str, agent: str) -> IssuedToken:
        """A token for an agent, to its sponsor only.

        Raises:
            Denied: ``agent.sponsor``.
        """
        self._ctx.authority.active(by)
        principal = self._ctx.access.active_principal(agent)
        if principal is None or principal.kind is not PrincipalKind.AGENT or principal.sponsor != by:
            raise Denied(
                Refusal("agent.sponsor", f"you do not sponsor an agent {agent}", "see: safelight principals")
            )
        return await self._issue(principal, "")

    def authenticate(self, token: Secret[str]) -> Principal | None:
        """Whose token this is, if it is good and its principal may act."""
        record = self._ctx.access.token(fingerprint(token))
        if record is None or record.revoked or record.expires_at_ms <= self._ctx.clock.wall_ms():
            return None
        return self._ctx.access.active_principal(record.principal)

    async def logout(self, token: Secret[str]) -> None:
        """The token is void at once."""
        record = self._ctx.access.token(fingerprint(token))
        if record is not None and not record.revoked:
            await self._ctx.changes.make_at_once([Replace(record, replace(record, revoked=True))], [])

    async def _issue(self, principal: Principal, address: str) -> IssuedToken:
        token = secret_text(self._ctx.randomness, TOKEN_BITS)
        now = self._ctx.clock.wall_ms()
        expires = now + self._ctx.limits.token_seconds * 1000
        record = ApiToken(fingerprint(token), principal.name, now, expires, False)
        fields: Fields = {"principal": principal.name, "sponsor": principal.sponsor, "address": address}
        event = self._ctx.event(EventKind.LOGIN_SUCCEEDED, principal.name, fields)
        live = sorted(self._ctx.access.tokens_of(principal.name), key=lambda t: t.created_at_ms)
        live = [t for t in live if not t.revoked]
        excess = live[: max(0, len(live) + 1 - self._ctx.limits.live_tokens_per_principal)]
        oldest: list[Change] = [Replace(t, replace(t, revoked=True)) for t in excess]
        await self._ctx.changes.make([*oldest, Add(record)], [event])
        return IssuedToken(token, principal, expires)

    @asynccontextmanager
    async def _attempt(self, name: str, address: str) -> AsyncIterator[None]:
        now = self._ctx.clock.monotonic_ms()
        if not (self._by_name.allowed(name, now) and self._by_address.allowed(address, now)):
            raise Denied(Refusal("login.too_many", "too many failed attempts", "wait a few minutes, then try again"))
        if self._running >= MAXIMUM_AT_A_TIME:
            raise Denied(Refusal("login.busy", "too many logins at a time", "try again in a moment"))
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1

    async def _failed(self, name: str, address: str, refusal: Refusal) -> Denied:
        """Count and record a failure. The name goes with the sensitive fields: people type passwords there."""
        now = self._ctx.clock.monotonic_ms()
        self._by_name.failed(name, now)
        self._by_address.failed(address, now)
        event = self._ctx.event(
            EventKind.LOGIN_REFUSED,
            "unknown",
            {"rule": refusal.rule, "address": address},
            sensitive={"name": name[:128]},
        )
        await self._ctx.changes.record([event])
        return Denied(refusal)

    def _redeem(self, code: Secret[str], purpose: CodePurpose) -> Replace | None:
        """The change that uses up a good code."""
        record = self._ctx.access.code(fingerprint(code))
        now = self._ctx.clock.wall_ms()
        if (
            record is None
            or record.purpose is not purpose
            or record.used_at_ms is not None
            or record.expires_at_ms <= now
        ):
            return None
        return Replace(record, replace(record, used_at_ms=now))

    def _check_password(self, password: Secret[str]) -> None:
        minimum = self._ctx.limits.minimum_password_characters
        if not minimum <= len(password.reveal()) <= MAXIMUM_PASSWORD_CHARACTERS:
            raise Denied(
                Refusal(
                    "login.password_length",
                    f"a password has {minimum} to {MAXIMUM_PASSWORD_CHARACTERS} characters",
                    "choose another one",
                )
            )


def _principal_of(change: Replace) -> str:
    assert isinstance(change.before, OneTimeCode)
    return change.before.principal
