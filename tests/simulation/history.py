"""One random history: people and time act on the real use cases, the model watches, every step is checked."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from safelight.application.due import next_grant_due_ms
from safelight.application.limits import AccessLimits
from safelight.application.manage_incidents import IncidentAction, IncidentEvent
from safelight.domain.access_request import AccessRequest, RequestState
from safelight.domain.capability import Capability
from safelight.domain.errors import Denied
from safelight.domain.grant import Grant, GrantState
from safelight.domain.incident import IncidentState
from safelight.domain.lock import LockScope
from safelight.ports.policy_fake import FakePolicy
from safelight.ports.store import StoreUnavailable
from tests.application.node import PEOPLE, Node, agent, person
from tests.simulation.model import Model

MINUTE_MS = 60_000
LIMITS = AccessLimits(store_lease_seconds=600, maximum_grant_seconds=4 * 3600)
MORE_PEOPLE = (
    person("fay", "admins"),
    person("puppet", "approvers", created_by="ada"),
    person("puppet2", "approvers", "admins", created_by="puppet"),
    agent("bot2", "puppet"),
)
RENEW_EVERY_MS = 200_000
INCIDENTS = ("INC-1", "INC-2")


class History:
    def __init__(self, seed: int, steps: int = 40) -> None:
        self.random = random.Random(seed)
        self.steps = steps
        self.node = Node(policy=FakePolicy(self.random.choice([1, 1, 2]), automatic=True), limits=LIMITS)
        self.model = Model()
        self.lived = 0
        """How many sessions there were: a history without any proves little."""
        self._failing = False
        self._renewed_ms = 0

    async def run(self) -> None:
        everybody = (*PEOPLE, *MORE_PEOPLE)
        await self.node.start(everybody)
        for principal in everybody:
            self.model.meets(principal)
        await self._incident(INCIDENTS[0], IncidentAction.OPEN)
        for _ in range(self.steps):
            await self._step()
            self._check()
        await self._heal()
        await self._restart()
        self._check()

    async def _step(self) -> None:
        choice = self.random.random()
        if choice < 0.25:
            await self._run_for(int(self.random.expovariate(1 / (8 * MINUTE_MS))))
        elif choice < 0.30:
            self.node.clock.jump(self.random.choice([-60, -5, 5, 60]) * MINUTE_MS)
            await self._look()
        elif choice < 0.35:
            await self._heal()
            if self.random.random() < 0.3:
                self.node.clock.reboot()
                self.model.reboots(self.node.clock.wall_ms())
            await self._restart()
        elif choice < 0.37 or (self._failing and choice < 0.47):
            await (self._heal() if self._failing else self._cut_off())
        elif choice < 0.55:
            await self._at_the_same_moment()
        else:
            await self._attempt(self._action())

    async def _at_the_same_moment(self) -> None:
        """Several acts cross while the store is slow."""
        self.node.fake_store.slow = True
        await asyncio.gather(*(self._attempt(self._action()) for _ in range(self.random.randint(2, 4))))
        self.node.fake_store.slow = False

    async def _attempt(self, action: Coroutine[Any, Any, None]) -> None:
        try:
            await action
        except Denied:
            return
        except StoreUnavailable:
            assert self._failing

    # ── time ──

    async def _run_for(self, milliseconds: int) -> None:
        """Let time pass as the timekeeper would see it: it wakes for everything that is due."""
        timekeeper, access, clock = self.node.services.timekeeper, self.node.services.access, self.node.clock
        while milliseconds > 0:
            due = next_grant_due_ms(access, clock.now(), warn_before_ms=300_000, warned=timekeeper._warned)
            lease = timekeeper.lease.remaining_ms()
            step = min(milliseconds, RENEW_EVERY_MS, *(ms for ms in (due, lease) if ms))
            clock.advance(step)
            self.model.true_ms += step
            milliseconds -= step
            await self._look()
            self._check()

    async def _look(self) -> None:
        if self.model.true_ms - self._renewed_ms >= RENEW_EVERY_MS:
            self._renewed_ms = self.model.true_ms
            await self.node.services.timekeeper.lease.renew()
        self.model.passes(self.node.clock.wall_ms())
        await self.node.services.timekeeper.tick()

    # ── the world ──

    async def _restart(self) -> None:
        await self.node.restart()
        self._renewed_ms = self.model.true_ms
        self.model.passes(self.node.clock.wall_ms())

    async def _cut_off(self) -> None:
        self.node.fake_store.fail()
        self._failing = True
        self.model.cut_off_since_ms = self.model.true_ms

    async def _heal(self) -> None:
        self.node.fake_store.fail(None)
        self._failing = False
        self.model.cut_off_since_ms = None
        assert await self.node.services.timekeeper.lease.renew()
        self._renewed_ms = self.model.true_ms
        await self._look()

    # ── people ──

    def _action(self) -> Coroutine[Any, Any, None]:
        actions: list[tuple[int, Callable[[], Coroutine[Any, Any, None]]]] = [
            (6, self._request),
            (10, self._approve),
            (1, self._refuse),
            (14, self._connect),
            (3, self._extend),
            (2, self._end),
            (2, self._toggle_incident),
            (1, self._manual_incident),
            (2, self._kill),
            (4, self._lift),
            (1, self._toggle_account),
            (1, self._create),
        ]
        (chosen,) = self.random.choices([a for _, a in actions], [weight for weight, _ in actions])
        return chosen()

    def _anybody(self) -> str:
        return self.random.choice(sorted(self.model.people))

    def _reviewer(self) -> str:
        return self.random.choice(["bob", "cleo", "fay", self._anybody()])

    def _admin(self) -> str:
        return self.random.choice(["root", "eve", "fay"])

    async def _request(self) -> None:
        by = self.random.choice(["ada", "bot", "cleo", self._anybody()])
        targets = self.random.choice([("orders-db",), ("orders-db", "users-db")])
        minutes = self.random.randint(1, 90)
        incident = self.random.choice([None, *(i.id for i in self.node.services.access.incidents())])
        opener = self._opener(incident)
        request = await self.node.request(
            by, targets=targets, capabilities=(Capability.READ,), minutes=minutes, incident=incident
        )
        self._decided(request, opener)

    async def _approve(self) -> None:
        waiting = self.node.services.access.pending_requests()
        if waiting:
            request = self.random.choice(waiting)
            opener = self._opener(request.incident_id)
            self._decided(await self.node.services.decisions.approve(self._reviewer(), request.id), opener)

    async def _refuse(self) -> None:
        waiting = self.node.services.access.pending_requests()
        if waiting:
            request = self.random.choice(waiting)
            if self.random.random() < 0.5:
                await self.node.services.decisions.deny(self._anybody(), request.id, because="no")
            else:
                await self.node.services.requests.withdraw(request.requester, request.id)

    async def _extend(self) -> None:
        if grant := self._some_grant():
            opener = self._opener(grant.incident_id)
            request = await self.node.services.requests.extend(
                grant.principal, grant.id, seconds=self.random.randint(1, 60) * 60, reason="not done yet"
            )
            self._decided(request, opener, extends=True)

    def _opener(self, incident: str | None) -> str | None:
        """Who opened it, as a request made now finds it: it may be opened again by somebody else meanwhile."""
        known = self.node.services.access.incident(incident or "")
        return known.opener if known is not None else None

    def _decided(self, request: AccessRequest, opener: str | None, *, extends: bool = False) -> None:
        if request.state is not RequestState.APPROVED:
            return
        assert request.grant_id is not None
        approvers = [approval.approver for approval in request.approvals]
        if not approvers:
            assert opener is not None and not self.model.one_person(opener, request.requester)
        known = request.grant_id in self.model.grants
        assert known or not extends
        self.model.granted(request.id, request.requester, approvers, request.approvals_needed, request.grant_id)
        if known:
            self.model.extends(request.grant_id, request.duration_seconds)
            return
        self.model.starts(
            request.grant_id,
            request.requester,
            request.incident_id,
            request.duration_seconds,
            self.node.clock.wall_ms(),
        )

    async def _connect(self) -> None:
        if grant := self._some_grant():
            await self.node.session(grant, target=self.random.choice(sorted(grant.targets)))
            self.lived += 1

    async def _end(self) -> None:
        if grant := self._some_grant():
            grants = self.node.services.grants
            own = self.random.random() < 0.5
            work = (
                grants.give_back(grant.principal, grant.id) if own else grants.end("eve", grant.id, because="enough")
            )
            await self._knowing(work, lambda: self.model.ends(grant.id))

    async def _toggle_incident(self) -> None:
        identity = self.random.choice(INCIDENTS)
        known = self.node.services.access.incident(identity)
        closing = known is not None and known.state is IncidentState.OPEN
        await self._incident(identity, IncidentAction.CLOSE if closing else IncidentAction.OPEN)

    async def _incident(self, identity: str, action: IncidentAction) -> None:
        if action is IncidentAction.CLOSE:
            self.model.closes(identity, self.node.clock.wall_ms(), LIMITS.incident_warning_seconds)
        opener = self.random.choice(["", "ada", "vendor's ana"])
        event = IncidentEvent(action, identity, "slow", "orders", opener)
        incident = await self.node.services.incidents.webhook("pager", event)
        if incident.state is IncidentState.OPEN:
            self.model.opens(identity)

    async def _manual_incident(self) -> None:
        manual = [i for i in self.node.services.access.incidents() if i.source == "manual" and not i.confirmed_by]
        if not manual:
            await self.node.services.incidents.open(self._admin(), title="odd", service="orders")
            return
        confirmed = await self.node.services.incidents.confirm(self._anybody(), manual[0].id)
        assert confirmed.confirmed_by is not None
        assert not self.model.one_person(confirmed.confirmed_by, confirmed.opener)

    async def _kill(self) -> None:
        scope = self.random.choice([*LockScope, LockScope.SESSION, LockScope.SESSION, LockScope.GRANT])
        sessions = self.node.live.sessions()
        grant = self._some_grant()
        subject = {
            LockScope.SESSION: sessions[0].id if sessions else "",
            LockScope.GRANT: grant.id if grant else "",
            LockScope.PRINCIPAL: self._anybody(),
            LockScope.GROUP: self.random.choice(["oncall", "approvers", "agents"]),
            LockScope.TARGET: self.random.choice(["orders-db", "users-db"]),
            LockScope.LABEL: "env=production",
            LockScope.INCIDENT: "INC-1",
            LockScope.ALL: "",
        }[scope]
        report = await self.node.services.kill.kill(self._admin(), scope, subject, reason="drill")
        assert report.lock is not None and report.recorded is not self._failing
        self.model.locks[report.lock.id] = (scope, subject)
        for ended in report.grants_ended:
            self.model.ends(ended)

    async def _lift(self) -> None:
        if self.model.locks:
            lock_id = self.random.choice(sorted(self.model.locks))
            await self.node.services.kill.lift(self._admin(), lock_id)
            self.model.locks.pop(lock_id, None)

    async def _toggle_account(self) -> None:
        name = self.random.choice(["ada", "bob", "puppet", "bot"])
        if name in self.model.disabled:
            await self.node.services.principals.enable("root", name)
            self.model.disabled.discard(name)
        else:
            await self._knowing(
                self.node.services.principals.disable("root", name), lambda: self.model.disables(name)
            )

    async def _create(self) -> None:
        creator = self.random.choice(["root", "fay", "puppet2"])
        name = f"new{len(self.model.people)}"
        invitation = await self.node.services.principals.create_person(creator, name, groups=["approvers"])
        self.model.meets(invitation.principal)

    async def _knowing(self, work: Awaitable[object], then: Callable[[], None]) -> None:
        """What takes away holds even when it could not be stored."""
        try:
            await work
        except StoreUnavailable:
            then()
            raise
        then()

    def _some_grant(self) -> Grant | None:
        active = sorted(self.node.services.access.active_grants(), key=lambda g: g.id)
        return self.random.choice(active) if active else None

    # ── what must hold ──

    def _check(self) -> None:
        access, model = self.node.services.access, self.model
        for session, subjects in self.node.live.live.values():
            grant = model.grants[session.grant_id]
            assert not grant.over, f"{session.id} lives on after its grant {session.grant_id}"
            assert not model.locked(subjects), f"{session.id} lives under a lock"
            assert model.may_act(session.principal), f"{session.id} is of a disabled account"
        if model.cut_off_since_ms is not None:
            cut_off_ms = model.true_ms - model.cut_off_since_ms
            assert cut_off_ms <= LIMITS.store_lease_seconds * 1000 or not self.node.live.live, "cut off, and alive"
        for found in access.grants():
            known = model.grants[found.id]
            if known.over:
                assert found.state is GrantState.ENDED, f"{found.id} is active and should be over"
            elif found.state is GrantState.ENDED:
                raise AssertionError(f"{found.id} ended without cause: {found.end_reason}")
            else:
                assert found.ends_at_ms == known.wall_end_ms, f"{found.id} ends at another time than was said"
        requests = [grant.request_id for grant in access.grants()]
        assert len(requests) == len(set(requests))
        if not self._failing:
            self._check_store()

    def _check_store(self) -> None:
        """Memory and store say the same."""
        access = self.node.services.access
        for record in self.node.fake_store.records.values():
            if isinstance(record, Grant | AccessRequest):
                assert access.current(record) == record, f"memory and store differ on {record.id}"
