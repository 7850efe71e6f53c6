"""People, and agents with their sponsors. An account that made another stays on its path for good (I7), so there is
no deleting, no renaming, and no resetting of somebody else's password: a lost account is disabled, and a new one
made."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from safelight.application.context import Fields, NodeContext
from safelight.application.grant_ends import GrantEnds
from safelight.application.identifiers import fingerprint, secret_text
from safelight.domain.audit_event import EventKind
from safelight.domain.errors import Denied, Refusal
from safelight.domain.login import CodePurpose, OneTimeCode
from safelight.domain.principal import NAME_PATTERN, Principal, PrincipalKind
from safelight.policy.questions import AdminAction
from safelight.ports.secrets import Secret
from safelight.ports.store import Add, Change, Replace

MAXIMUM_GROUPS = 50


@dataclass(frozen=True, slots=True)
class Invitation:
    """``code`` lets the person set a password, once (``Login.set_password``)."""

    principal: Principal
    code: Secret[str]
    expires_at_ms: int


class ManagePrincipals:
    def __init__(self, context: NodeContext, ends: GrantEnds) -> None:
        self._ctx = context
        self._ends = ends

    async def create_person(self, by: str, name: str, *, groups: Iterable[str]) -> Invitation:
        """A new person. Give them the code by another way than this gateway.

        Raises:
            Denied: policy, or a name in use or of another form.
            AuditUnavailable, StoreUnavailable: nobody was created.
        """
        self._ctx.authority.require(by, AdminAction.MANAGE_PRINCIPALS, name)
        async with self._ctx.changes.turn(f"principal {name}"):
            person = self._new(by, name, PrincipalKind.PERSON, groups, None)
            code = secret_text(self._ctx.randomness, 128)
            now = self._ctx.clock.wall_ms()
            expires = now + self._ctx.limits.one_time_code_seconds * 1000
            record = OneTimeCode(fingerprint(code), name, CodePurpose.SET_PASSWORD, now, expires, None)
            await self._create(person, [Add(record)])
            return Invitation(person, code, expires)

    async def create_agent(self, by: str, name: str, *, sponsor: str, groups: Iterable[str]) -> Principal:
        """A new agent acting for ``sponsor``, who issues its tokens (``Login.agent_token``).

        Raises:
            Denied: policy, a sponsor that is no active person, or a name in use or of another form.
            AuditUnavailable, StoreUnavailable: nothing was created.
        """
        self._ctx.authority.require(by, AdminAction.MANAGE_PRINCIPALS, name)
        async with self._ctx.changes.turn(f"principal {name}"):
            person = self._ctx.access.active_principal(sponsor)
            if person is None or person.kind is not PrincipalKind.PERSON:
                raise Denied(
                    Refusal("principal.sponsor", f"{sponsor} is no active person", "name a person as the sponsor")
                )
            agent = self._new(by, name, PrincipalKind.AGENT, groups, sponsor)
            await self._create(agent, [])
            return agent

    async def set_groups(self, by: str, name: str, groups: Iterable[str]) -> Principal:
        """Replace the groups of somebody else; they hold for running sessions at once.

        Raises:
            Denied: policy, ``principal.own``, unknown.
        """
        self._ctx.authority.require(by, AdminAction.MANAGE_PRINCIPALS, name)
        async with self._ctx.changes.turn(f"principal {name}"):
            before = self._other(by, name)
            after = replace(before, groups=_checked_groups(groups))
            fields: Fields = {"principal": name, "groups": tuple(sorted(after.groups))}
            event = self._ctx.event(EventKind.PRINCIPAL_CHANGED, by, fields)
            await self._ctx.changes.make([Replace(before, after)], [event])
            return after

    async def disable(self, by: str, name: str) -> Principal:
        """Stop an account at once, and the agents it sponsors: their grants, sessions and tokens end.

        Raises:
            Denied: policy, ``principal.own``, unknown.
            AuditUnavailable, StoreUnavailable: it is disabled in this process all the same.
        """
        self._ctx.authority.require(by, AdminAction.MANAGE_PRINCIPALS, name)
        before = self._other(by, name)
        after = replace(before, disabled=True)
        changes: list[Change] = [Replace(before, after)]
        self._ctx.changes.hold_at_once(changes)
        names = {name} | {p.name for p in self._ctx.access.principals().values() if p.sponsor == name}
        tokens: list[Change] = [
            Replace(token, replace(token, revoked=True))
            for one in sorted(names)
            for token in self._ctx.access.tokens_of(one)
            if not token.revoked
        ]
        self._ctx.changes.hold_at_once(tokens)
        grants = [g for g in self._ctx.access.active_grants() if g.principal in names]
        grant_changes, events = self._ends.begin(grants, f"{name} was disabled", by)
        event = self._ctx.event(EventKind.PRINCIPAL_CHANGED, by, {"principal": name, "disabled": True})
        await self._ctx.changes.settle([*changes, *tokens, *grant_changes], [event, *events])
        return after

    async def enable(self, by: str, name: str) -> Principal:
        """Let an account act again. What ended stays ended.

        Raises:
            Denied: policy, ``principal.own``, unknown.
        """
        self._ctx.authority.require(by, AdminAction.MANAGE_PRINCIPALS, name)
        async with self._ctx.changes.turn(f"principal {name}"):
            before = self._other(by, name)
            after = replace(before, disabled=False)
            event = self._ctx.event(EventKind.PRINCIPAL_CHANGED, by, {"principal": name, "disabled": False})
            await self._ctx.changes.make([Replace(before, after)], [event])
            return after

    def list(self, by: str) -> list[Principal]:
        """Everybody, by name.

        Raises:
            Denied: policy.
        """
        self._ctx.authority.require(by, AdminAction.LIST_PRINCIPALS)
        return sorted(self._ctx.access.principals().values(), key=lambda p: p.name)

    def _new(self, by: str, name: str, kind: PrincipalKind, groups: Iterable[str], sponsor: str | None) -> Principal:
        check_name(name)
        if self._ctx.access.principal(name) is not None:
            raise Denied(Refusal("principal.exists", f"the name {name} is in use", "choose another name"))
        return Principal(
            name=name,
            kind=kind,
            groups=_checked_groups(groups),
            created_by=by,
            sponsor=sponsor,
            disabled=False,
            created_at_ms=self._ctx.clock.wall_ms(),
        )

    async def _create(self, principal: Principal, also: Sequence[Change]) -> None:
        fields: Fields = {
            "principal": principal.name,
            "kind": principal.kind.value,
            "groups": tuple(sorted(principal.groups)),
            "sponsor": principal.sponsor,
        }
        event = self._ctx.event(EventKind.PRINCIPAL_CREATED, principal.created_by or principal.name, fields)
        await self._ctx.changes.make([Add(principal), *also], [event])

    def _other(self, by: str, name: str) -> Principal:
        if name == by:
            raise Denied(Refusal("principal.own", "nobody changes their own account", "ask another administrator"))
        principal = self._ctx.access.principal(name)
        if principal is None:
            raise Denied(Refusal("principal.unknown", f"there is no principal {name}", "see: safelight principals"))
        return principal


def check_name(name: str) -> None:
    """Raises: Denied ``principal.name``."""
    if not NAME_PATTERN.fullmatch(name):
        raise Denied(
            Refusal(
                "principal.name",
                "a name is 1 to 31 small letters, digits, - and _, and begins with a letter",
                "choose another name",
            )
        )


def _checked_groups(groups: Iterable[str]) -> frozenset[str]:
    found = frozenset(groups)
    if len(found) > MAXIMUM_GROUPS or not all(NAME_PATTERN.fullmatch(group) for group in found):
        raise Denied(
            Refusal(
                "principal.groups",
                f"at most {MAXIMUM_GROUPS} groups, named like principals",
                "check the names of the groups",
            )
        )
    return found
