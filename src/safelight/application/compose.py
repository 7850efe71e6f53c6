"""Put one node's use cases together on its ports, with the state read back from the store."""

from collections.abc import Mapping
from dataclasses import replace

from safelight.application.access_state import AccessState
from safelight.application.authority import Authority
from safelight.application.authorize_statement import StatementAuthorizer
from safelight.application.changes import Changes
from safelight.application.context import NodeContext
from safelight.application.decide_request import DecideRequest
from safelight.application.grant_ends import GrantEnds
from safelight.application.granting import Granting
from safelight.application.hold_statement import HoldRegistry
from safelight.application.issue_credential import IssueCredential
from safelight.application.limits import AccessLimits
from safelight.application.login import Login
from safelight.application.manage_grants import ManageGrants
from safelight.application.manage_incidents import ManageIncidents
from safelight.application.manage_principals import ManagePrincipals
from safelight.application.open_session import OpenSession
from safelight.application.policy_in_force import PolicyInForce
from safelight.application.request_access import RequestAccess
from safelight.application.revoke import KillSwitch
from safelight.application.services import Services
from safelight.application.store_lease import StoreLease
from safelight.application.target_directory import TargetDirectory
from safelight.application.timekeeper import Timekeeper
from safelight.domain.audit_event import EventKind
from safelight.domain.deadline import on_this_boot
from safelight.domain.session import SessionState
from safelight.domain.target import Target
from safelight.ports.audit import AuditLog
from safelight.ports.clock import Clock
from safelight.ports.live_sessions import LiveSessions
from safelight.ports.notifier import Notifier
from safelight.ports.policy import Policy
from safelight.ports.randomness import Randomness
from safelight.ports.slow_hashes import SlowHashes
from safelight.ports.store import Change, GrantDeadline, Replace, Store


async def start_services(
    *,
    store: Store,
    audit: AuditLog,
    live: LiveSessions,
    clock: Clock,
    randomness: Randomness,
    hashes: SlowHashes,
    notifier: Notifier,
    policy: Policy,
    targets: Mapping[str, Target],
    limits: AccessLimits,
    node: str = "node",
) -> Services:
    """Load the state, put locks in force on ``live``, end what a crash left open, and give the services. The caller
    then runs ``services.timekeeper.run()`` for as long as the node serves.

    Raises:
        StoreUnavailable: the state cannot be read.
        AuditUnavailable: what a crash left open cannot be recorded.
    """
    access = AccessState(history=limits.history)
    now = clock.now()
    loaded = await store.load(now_ms=now.wall_ms, history=limits.history)
    access.load(loaded.records)
    in_force, directory = PolicyInForce(policy), TargetDirectory(targets)
    context = NodeContext(
        access=access,
        changes=Changes(access, store, audit),
        authority=Authority(access, in_force),
        policy=in_force,
        targets=directory,
        live=live,
        clock=clock,
        randomness=randomness,
        hashes=hashes,
        notifier=notifier,
        limits=limits,
    )
    for lock in access.active_locks():
        live.lock(lock)
    services = _services(context, store, audit, node)
    await _count_on_this_boot(context)
    await _end_what_a_crash_left(context)
    await services.timekeeper.tick()
    await services.login.start()
    return services


def _services(context: NodeContext, store: Store, audit: AuditLog, node: str) -> Services:
    ends = GrantEnds(context)
    granting = Granting(context, ends)
    holds = HoldRegistry(context, audit)
    return Services(
        access=context.access,
        targets=context.targets,
        policy=context.policy,
        login=Login(context),
        principals=ManagePrincipals(context, ends),
        incidents=ManageIncidents(context, ends),
        requests=RequestAccess(context, granting),
        decisions=DecideRequest(context, granting),
        grants=ManageGrants(context, ends),
        credentials=IssueCredential(context),
        sessions=OpenSession(context),
        kill=KillSwitch(context, ends),
        holds=holds,
        statements=StatementAuthorizer(context.policy, context.access, context.targets, context.clock),
        timekeeper=Timekeeper(context, ends, holds, StoreLease(context, store, node)),
    )


async def _count_on_this_boot(context: NodeContext) -> None:
    """After a reboot the monotonic halves of deadlines begin anew, once: taken again at the next start, they would
    follow a wall clock that was set back meanwhile."""
    now = context.now()
    changes: list[Change] = []
    for grant in context.access.active_grants():
        deadline = context.access.deadline(grant.id)
        if deadline is not None and deadline.boot != now.boot:
            after = GrantDeadline(grant.id, on_this_boot(deadline, now))
            changes.append(Replace(GrantDeadline(grant.id, deadline), after))
    await context.changes.make_at_once(changes, [])


async def _end_what_a_crash_left(context: NodeContext) -> None:
    """Sessions that are live in the store belong to a process that is gone."""
    left = context.access.live_sessions()
    wall = context.clock.wall_ms()
    changes: list[Change] = [
        Replace(s, replace(s, state=SessionState.ENDED, ended_at_ms=wall, end_reason="the node stopped"))
        for s in left
    ]
    events = [
        context.event(
            EventKind.SESSION_ENDED,
            s.principal,
            {"reason": "the node stopped", "target": s.target},
            session_id=s.id,
        )
        for s in left
    ]
    await context.changes.make_at_once(changes, events)
