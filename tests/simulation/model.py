"""What a history must look like, kept by other means than the product's: what was acknowledged, and true time.

The model never asks the product what is allowed. It hears what was acknowledged and draws its own conclusions: until
when each grant may live, what is locked, who stands behind whom.
"""

from dataclasses import dataclass, field

from safelight.domain.lock import LockScope, Subjects
from safelight.domain.principal import Principal


@dataclass
class GrantModel:
    """``true_end_ms`` is on the simulator's own clock, which nothing sets; ``wall_end_ms`` what people were told."""

    owner: str
    incident: str | None
    true_end_ms: int
    wall_end_ms: int
    over: bool = False
    wall_passed: bool = False


@dataclass
class Model:
    true_ms: int = 0
    people: dict[str, tuple[bool, str | None, str | None]] = field(default_factory=dict)
    """name → (is a person, created by, sponsor)"""
    disabled: set[str] = field(default_factory=set)
    grants: dict[str, GrantModel] = field(default_factory=dict)
    locks: dict[str, tuple[LockScope, str]] = field(default_factory=dict)
    closed: dict[str, tuple[int, int]] = field(default_factory=dict)
    """incident → when its grants end, in true time and on the wall; absent while it is open"""
    granted_requests: dict[str, str] = field(default_factory=dict)
    cut_off_since_ms: int | None = None

    def meets(self, principal: Principal) -> None:
        self.people[principal.name] = (principal.sponsor is None, principal.created_by, principal.sponsor)

    # ── who stands behind whom ──

    def above(self, name: str) -> set[str]:
        _, creator, sponsor = self.people.get(name, (True, None, None))
        parents = {one for one in (creator, sponsor) if one is not None}
        return parents.union(*(self.above(parent) for parent in parents))

    def one_person(self, a: str, b: str) -> bool:
        return a == b or a in self.above(b) or b in self.above(a)

    def may_act(self, name: str) -> bool:
        is_person, _, sponsor = self.people[name]
        return name not in self.disabled and (is_person or sponsor not in self.disabled)

    # ── what was acknowledged ──

    def granted(self, request: str, requester: str, approvers: list[str], needed: int, grant: str) -> None:
        """A request has become its grant, or the extension of one: once, and by enough other people."""
        assert request not in self.granted_requests, f"{request} was granted twice"
        self.granted_requests[request] = grant
        assert len(approvers) >= needed, f"{request} has {len(approvers)} of {needed} approvals"
        for position, approver in enumerate(approvers):
            assert self.people[approver][0], f"the agent {approver} approved {request}"
            for other in (requester, *approvers[:position]):
                assert not self.one_person(approver, other), f"{approver} and {other} are one person ({request})"

    def starts(self, grant: str, owner: str, incident: str | None, seconds: int, wall_ms: int) -> None:
        assert grant not in self.grants
        length = seconds * 1000
        self.grants[grant] = GrantModel(owner, incident, self.true_ms + length, wall_ms + length)
        self._respect_changes(self.grants[grant])

    def extends(self, grant: str, seconds: int) -> None:
        known = self.grants[grant]
        assert not known.over, f"{grant} was over and is extended"
        known.true_end_ms += seconds * 1000
        known.wall_end_ms += seconds * 1000
        self._respect_changes(known)

    def closes(self, incident: str, wall_ms: int, warning_seconds: int) -> None:
        self.closed[incident] = (self.true_ms + warning_seconds * 1000, wall_ms + warning_seconds * 1000)
        for grant in self.grants.values():
            if grant.incident == incident:
                self._respect_changes(grant)

    def opens(self, incident: str) -> None:
        self.closed.pop(incident, None)

    def _respect_changes(self, grant: GrantModel) -> None:
        """A grant that was on its way when its incident closed, or its owner was disabled, ends like the others."""
        grant.over = grant.over or not self.may_act(grant.owner)
        if grant.incident in self.closed and not grant.over:
            true_end_ms, wall_end_ms = self.closed[grant.incident]
            grant.true_end_ms = min(grant.true_end_ms, true_end_ms)
            grant.wall_end_ms = min(grant.wall_end_ms, wall_end_ms)

    def ends(self, grant: str) -> None:
        self.grants[grant].over = True

    def disables(self, name: str) -> None:
        self.disabled.add(name)
        for grant in self.grants.values():
            if grant.owner == name or self.people[grant.owner][2] == name:
                grant.over = True

    def reboots(self, wall_ms: int) -> None:
        """Only the wall clock is left to tell how long a grant has."""
        for grant in self.grants.values():
            grant.true_end_ms = self.true_ms + max(0, grant.wall_end_ms - wall_ms)

    def passes(self, wall_ms: int) -> None:
        """A moment at which the product could look at its clocks."""
        for grant in self.grants.values():
            if self.true_ms >= grant.true_end_ms:
                grant.over = True
            if wall_ms >= grant.wall_end_ms:
                grant.over = grant.wall_passed = True

    def locked(self, subjects: Subjects) -> bool:
        """Whether something locks this work, told by plain comparison."""
        names = {
            LockScope.SESSION: {subjects.session_id},
            LockScope.GRANT: {subjects.grant_id},
            LockScope.PRINCIPAL: {subjects.principal, self.people[subjects.principal][2]},
            LockScope.GROUP: set(subjects.groups),
            LockScope.TARGET: {subjects.target},
            LockScope.LABEL: {f"{name}={value}" for name, value in subjects.target_labels.items()},
            LockScope.INCIDENT: {subjects.incident_id},
            LockScope.ALL: {""},
        }
        return any(subject in names[scope] for scope, subject in self.locks.values())
