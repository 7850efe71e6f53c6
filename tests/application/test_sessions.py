"""Credentials and admission: every reason for which a proven credential opens nothing."""

import asyncio

import pytest

from safelight.application.limits import AccessLimits
from safelight.domain.audit_event import EventKind
from safelight.domain.lock import LockScope
from safelight.domain.session import SessionState
from safelight.ports.audit import AuditUnavailable
from safelight.ports.store import StoreUnavailable
from tests.application.conftest import Refused
from tests.application.node import ADDRESS, MINUTE_MS, Node

pytestmark = pytest.mark.anyio


async def test_a_credential_opens_a_session_that_is_on_the_log_before_it_begins(node: Node) -> None:
    grant = await node.grant()
    issued = await node.services.credentials.issue("ada", grant.id)
    assert issued.user == f"ada.{issued.id}"
    assert len(issued.secret.reveal()) >= 32
    admission = await node.connect(issued.user)
    session = admission.session
    assert (session.target, session.database) == ("orders-db", "shop")
    assert admission.subjects.session_id == session.id
    assert admission.deadline == node.services.access.deadline(grant.id)
    started = node.events(EventKind.SESSION_STARTED)[-1]
    assert (started.session_id, started.fields["address"]) == (session.id, ADDRESS)
    assert node.audit.synced == len(node.audit.events)


async def test_the_secret_is_kept_nowhere(node: Node) -> None:
    issued = await node.services.credentials.issue("ada", (await node.grant()).id)
    secret = issued.secret.reveal()
    assert secret not in repr(issued)
    assert secret not in repr(node.fake_store.records)
    assert secret not in repr(node.audit.events)


async def test_credentials_are_for_ones_own_live_grant(node: Node, refused: Refused) -> None:
    grant = await node.grant()
    with refused("grant.unknown"):
        await node.services.credentials.issue("bob", grant.id)
    await node.services.grants.give_back("ada", grant.id)
    with refused("grant.over"):
        await node.services.credentials.issue("ada", grant.id)


async def test_live_credentials_of_a_grant_are_bounded(refused: Refused) -> None:
    node = await Node(limits=AccessLimits(live_credentials_per_grant=2)).start()
    grant = await node.grant()
    for _ in range(2):
        await node.services.credentials.issue("ada", grant.id)
    with refused("credential.too_many"):
        await node.services.credentials.issue("ada", grant.id)


@pytest.mark.parametrize("user", ["", "ada", "ada.", ".", "bob.{id}", "ada.{id}x", "Ada.{id}", "ada..{id}", "a\0b"])
async def test_a_user_name_that_is_not_exactly_a_credentials_finds_nothing(node: Node, user: str) -> None:
    issued = await node.services.credentials.issue("ada", (await node.grant()).id)
    assert node.services.sessions.lookup(user.format(id=issued.id)) is None
    assert node.services.sessions.lookup(issued.user) is not None


async def test_targets_and_databases_outside_the_grant(node: Node, refused: Refused) -> None:
    issued = await node.services.credentials.issue("ada", (await node.grant()).id)
    for target in ("users-db", "nowhere"):
        with refused("grant.target"):
            await node.connect(issued.user, target=target)
        assert node.rule(EventKind.CONNECTION_REFUSED) == "grant.target"
    with refused("target.database"):
        await node.connect(issued.user, database="postgres")
    assert (await node.connect(issued.user, database="reporting")).session.database == "reporting"
    node.services.targets.replace({})
    with refused("target.gone"):
        await node.connect(issued.user)


async def test_an_expired_credential_says_so(node: Node, refused: Refused) -> None:
    grant = await node.grant(minutes=120)
    issued = await node.services.credentials.issue("ada", grant.id)
    await node.pass_time(60 * MINUTE_MS)
    with refused("credential.expired"):
        await node.connect(issued.user)
    again = await node.services.credentials.issue("ada", grant.id)
    await node.connect(again.user)


async def test_a_credential_never_outlives_its_grant(node: Node, refused: Refused) -> None:
    grant = await node.grant(minutes=30)
    issued = await node.services.credentials.issue("ada", grant.id)
    assert issued.expires_at_ms == grant.ends_at_ms
    await node.services.grants.give_back("ada", grant.id)
    with refused("grant.over"):
        await node.connect(issued.user)


async def test_a_disabled_account_opens_nothing_nor_does_its_agent(node: Node, refused: Refused) -> None:
    users = []
    for name in ("ada", "bot"):
        grant = await node.grant(name)
        users.append((await node.services.credentials.issue(name, grant.id)).user)
    await node.services.principals.disable("eve", "ada")
    for user in users:
        with refused("principal.disabled"):
            await node.connect(user)


@pytest.mark.parametrize(
    ("scope", "subject"),
    [
        (LockScope.ALL, ""),
        (LockScope.PRINCIPAL, "ada"),
        (LockScope.GROUP, "oncall"),
        (LockScope.TARGET, "orders-db"),
        (LockScope.LABEL, "env=production"),
        (LockScope.INCIDENT, "INC-1"),
    ],
)
@pytest.mark.parametrize("name", ["ada", "bot"])
async def test_a_lock_keeps_new_sessions_out_agents_of_the_locked_too(
    node: Node, scope: LockScope, subject: str, name: str, refused: Refused
) -> None:
    await node.incident()
    issued = await node.services.credentials.issue(name, (await node.grant(name, incident="INC-1")).id)
    report = await node.services.kill.kill("eve", scope, subject, reason="drill")
    with refused("lock.in_force"):
        await node.connect(issued.user)
    assert report.lock is not None
    await node.services.kill.lift("eve", report.lock.id)
    await node.connect(issued.user)


async def test_a_lock_that_comes_while_the_session_is_stored_stops_it(node: Node, refused: Refused) -> None:
    issued = await node.services.credentials.issue("ada", (await node.grant()).id)
    node.fake_store.slow = True
    opening = asyncio.create_task(node.connect(issued.user))
    await node.fake_store.entered.wait()
    await node.services.kill.kill("eve", LockScope.TARGET, "orders-db", reason="drill")
    with refused("lock.in_force"):
        await opening
    assert [s.state for s in node.services.access.ended_sessions()] == [SessionState.ENDED]
    assert node.live.live == {}


async def test_no_session_without_log_or_store(node: Node) -> None:
    issued = await node.services.credentials.issue("ada", (await node.grant()).id)
    node.fake_store.fail()
    with pytest.raises(StoreUnavailable):
        await node.connect(issued.user)
    node.fake_store.fail(None)
    node.audit.fail()
    with pytest.raises(AuditUnavailable):
        await node.connect(issued.user)
    assert node.services.access.live_sessions() == []


async def test_wrong_passwords_are_counted_recorded_and_then_only_counted(node: Node) -> None:
    sessions, limit = node.services.sessions, node.limits.login_attempts_per_principal
    for _ in range(limit):
        assert sessions.may_try("ghost.abc", ADDRESS)
        await sessions.wrong_password("ghost.abc", ADDRESS)
    assert not sessions.may_try("ghost.abc", ADDRESS)
    await sessions.wrong_password("ghost.abc", ADDRESS)
    refusals = node.events(EventKind.CONNECTION_REFUSED)
    assert len(refusals) == limit
    assert "ghost" not in repr(refusals[0].fields)
    assert sessions.may_try("ada.abc", ADDRESS)
    node.clock.advance(node.limits.login_attempts_window_seconds * 1000)
    assert sessions.may_try("ghost.abc", ADDRESS)


async def test_strangers_cannot_fill_the_log(node: Node) -> None:
    limit = node.limits.login_attempts_per_address
    for _ in range(limit + 5):
        await node.services.sessions.refused("protocol.startup", "", ADDRESS, None)
    assert len(node.events(EventKind.CONNECTION_REFUSED)) == limit
    assert node.services.sessions.may_try("ada.abc", ADDRESS)
    await node.services.sessions.refused("protocol.startup", "", "192.0.2.8", None)
    assert len(node.events(EventKind.CONNECTION_REFUSED)) == limit + 1


async def test_the_end_of_a_session_is_recorded(node: Node) -> None:
    session = (await node.session(await node.grant())).session
    over = await node.services.sessions.ended(session, reason="client left", statements=7)
    assert node.services.access.ended_sessions() == [over]
    assert (over.statements, over.end_reason) == (7, "client left")
    assert node.events(EventKind.SESSION_ENDED)[-1].session_id == session.id


async def test_sessions_that_a_crash_left_open_are_ended_at_the_next_start(node: Node) -> None:
    session = (await node.session(await node.grant())).session
    await node.restart()
    (over,) = node.services.access.ended_sessions()
    assert (over.id, over.end_reason) == (session.id, "the node stopped")
    await node.restart()
    assert len(node.events(EventKind.SESSION_ENDED)) == 1
