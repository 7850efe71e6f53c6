"""Local accounts: the first administrator, invitations, passwords, tokens, and everything that fails."""

import asyncio

import pytest

from safelight.application.limits import AccessLimits
from safelight.domain.audit_event import EventKind
from safelight.domain.principal import PrincipalKind
from safelight.ports.secrets import Secret
from tests.application.conftest import Refused
from tests.application.node import ADDRESS, HOUR_MS, Node

pytestmark = pytest.mark.anyio
GOOD = Secret("a good " + "long password")
OTHER = Secret("another " + "long password")


async def member(
    node: Node, name: str = "dora", by: str = "eve", groups: tuple[str, ...] = ("oncall",)
) -> Secret[str]:
    """A new person with the password GOOD; their token."""
    invitation = await node.services.principals.create_person(by, name, groups=groups)
    return (await node.services.login.set_password(invitation.code, GOOD, address=ADDRESS)).token


async def test_the_first_administrator_claims_the_gateway_once(refused: Refused) -> None:
    node = await Node().start(())
    login = node.services.login
    old = await login.first_administrator_code()
    code = await login.first_administrator_code()
    assert old is not None and code is not None
    with refused("login.code"):
        await login.claim_first_administrator(old, "root", GOOD, address=ADDRESS)
    issued = await login.claim_first_administrator(code, "root", GOOD, address=ADDRESS)
    assert issued.principal.groups == frozenset({"admins"})
    assert login.authenticate(issued.token) == issued.principal
    with refused("login.code"):
        await login.claim_first_administrator(code, "root2", GOOD, address=ADDRESS)
    assert await login.first_administrator_code() is None
    assert code.reveal() not in repr(node.fake_store.records)


async def test_two_claims_at_the_same_moment_make_one_administrator() -> None:
    node = await Node().start(())
    code = await node.services.login.first_administrator_code()
    assert code is not None
    node.fake_store.slow = True
    claims = (node.services.login.claim_first_administrator(code, n, GOOD, address=ADDRESS) for n in ("a", "b"))
    results = await asyncio.gather(*claims, return_exceptions=True)
    assert len(node.services.access.principals()) == 1
    assert sum(isinstance(result, Exception) for result in results) == 1


async def test_an_invitation_is_redeemed_once_and_in_time(node: Node, refused: Refused) -> None:
    invitation = await node.services.principals.create_person("eve", "dora", groups=["oncall"])
    late = await node.services.principals.create_person("eve", "emil", groups=[])
    with refused("login.password_length"):
        await node.services.login.set_password(invitation.code, Secret("short"), address=ADDRESS)
    await node.services.login.set_password(invitation.code, GOOD, address=ADDRESS)
    with refused("login.code"):
        await node.services.login.set_password(invitation.code, OTHER, address=ADDRESS)
    node.clock.advance(24 * HOUR_MS)
    with refused("login.code"):
        await node.services.login.set_password(late.code, GOOD, address=ADDRESS)


async def test_a_login_gives_a_token_for_twelve_hours(node: Node) -> None:
    await member(node)
    issued = await node.services.login.login("dora", GOOD, address=ADDRESS)
    await node.restart()
    principal = node.services.login.authenticate(issued.token)
    assert principal is not None and principal.name == "dora"
    node.clock.advance(12 * HOUR_MS)
    assert node.services.login.authenticate(issued.token) is None
    assert issued.token.reveal() not in repr(node.fake_store.records) + repr(node.audit.events)


@pytest.mark.parametrize("name", ["dora", "nobody", "cleo", "", "x" * 10_000])
async def test_every_failure_costs_and_says_the_same(node: Node, name: str, refused: Refused) -> None:
    await member(node)
    before = node.hashes.comparisons
    with refused("login.refused"):
        await node.services.login.login(name, OTHER, address=ADDRESS)
    assert node.hashes.comparisons == before + 1
    event = node.events(EventKind.LOGIN_REFUSED)[-1]
    assert event.fields == {"rule": "login.refused", "address": ADDRESS}
    assert len(event.sensitive["name"]) <= 128


async def test_failures_are_limited_by_name_and_by_address(refused: Refused) -> None:
    limits = AccessLimits(login_attempts_per_principal=3, login_attempts_per_address=5)
    node = await Node(limits=limits).start()
    await member(node)
    for _ in range(3):
        with refused("login.refused"):
            await node.services.login.login("dora", OTHER, address=ADDRESS)
    with refused("login.too_many"):
        await node.services.login.login("dora", GOOD, address="192.0.2.99")
    for name in ("x", "y"):
        with refused("login.refused"):
            await node.services.login.login(name, OTHER, address=ADDRESS)
    with refused("login.too_many"):
        await node.services.login.login("z", OTHER, address=ADDRESS)
    assert len(node.events(EventKind.LOGIN_REFUSED)) == 5
    node.clock.advance(limits.login_attempts_window_seconds * 1000)
    await node.services.login.login("dora", GOOD, address=ADDRESS)


async def test_logout_and_password_change(node: Node, refused: Refused) -> None:
    token = await member(node)
    with refused("login.refused"):
        await node.services.login.change_password("dora", OTHER, GOOD, address=ADDRESS)
    await node.services.login.change_password("dora", GOOD, OTHER, address=ADDRESS)
    await node.services.login.login("dora", OTHER, address=ADDRESS)
    await node.services.login.logout(token)
    assert node.services.login.authenticate(token) is None
    await node.services.login.logout(token)


async def test_tokens_are_bounded_and_the_oldest_goes_first() -> None:
    node = await Node(limits=AccessLimits(live_tokens_per_principal=2)).start()
    first = await member(node)
    node.clock.advance(1)
    second = (await node.services.login.login("dora", GOOD, address=ADDRESS)).token
    node.clock.advance(1)
    third = (await node.services.login.login("dora", GOOD, address=ADDRESS)).token
    found = [node.services.login.authenticate(token) is not None for token in (first, second, third)]
    assert found == [False, True, True]


async def test_an_agent_acts_only_while_its_sponsor_may(node: Node, refused: Refused) -> None:
    issued = await node.services.login.agent_token("ada", "bot")
    assert issued.principal.kind is PrincipalKind.AGENT
    for other in ("eve", "bob"):
        with refused("agent.sponsor"):
            await node.services.login.agent_token(other, "bot")
    with refused("agent.sponsor"):
        await node.services.login.agent_token("ada", "bob")
    await node.services.principals.disable("eve", "ada")
    assert node.services.login.authenticate(issued.token) is None
    await node.services.principals.enable("eve", "ada")
    assert node.services.login.authenticate(issued.token) is None


async def test_disabling_ends_logins_grants_and_sessions(node: Node, refused: Refused) -> None:
    grant = await node.grant()
    session = (await node.session(grant)).session
    await node.services.principals.disable("eve", "ada")
    assert node.live.ended == {session.id: "ada was disabled"}
    assert node.services.access.active_principal("ada") is None
    await node.services.principals.enable("eve", "ada")
    assert node.services.access.live_grant(grant.id, node.clock.now()) is None


async def test_who_changes_accounts(node: Node, refused: Refused) -> None:
    people = node.services.principals
    with refused("test.admin"):
        await people.create_person("ada", "dora", groups=[])
    for change in (people.set_groups("eve", "eve", ["admins"]), people.disable("eve", "eve")):
        with refused("principal.own"):
            await change
    with refused("principal.exists"):
        await people.create_person("eve", "ada", groups=[])
    for name in ("", "Ada", "a.b", "ada.x1", "a" * 32, "ada\n"):
        with refused("principal.name"):
            await people.create_person("eve", name, groups=[])
    with refused("principal.groups"):
        await people.create_person("eve", "dora", groups=["Admins"])
    for sponsor in ("bot", "nobody"):
        with refused("principal.sponsor"):
            await people.create_agent("eve", "bot2", sponsor=sponsor, groups=[])
    epoch = node.services.access.epoch.value
    changed = await people.set_groups("eve", "ada", ["oncall", "dba"])
    assert changed.groups == {"oncall", "dba"} and node.services.access.epoch.value > epoch
    assert [p.name for p in people.list("eve")] == sorted(node.services.access.principals())
