"""May this statement run: what the authorizer refuses before policy, and that every failure denies."""

from collections.abc import Awaitable, Callable

import pytest

from safelight.application.authorize_statement import StatementAuthorizer
from safelight.application.open_session import Admission
from safelight.domain.capability import Capability
from safelight.domain.decision import Effect
from safelight.domain.lock import LockScope
from safelight.domain.statement import StatementFacts
from safelight.ports.policy_fake import FakePolicy
from tests.application.node import HOUR_MS, Node

pytestmark = pytest.mark.anyio
FACTS = StatementFacts(
    form="select",
    capabilities=frozenset({Capability.READ}),
    relations=("public.orders",),
    labels=frozenset(),
    harmless_to_lose=True,
    rollback_safe=True,
    stands_alone=False,
    refusal=None,
)


async def expire(node: Node) -> None:
    node.clock.advance(HOUR_MS)


async def give_back(node: Node) -> None:
    await node.services.grants.give_back("ada", node.services.access.grants()[0].id)


async def disable(node: Node) -> None:
    await node.services.principals.disable("eve", "ada")


async def lock(node: Node) -> None:
    await node.services.kill.kill("eve", LockScope.LABEL, "env=production", reason="drill")


async def remove_target(node: Node) -> None:
    node.services.targets.replace({})


async def break_policy(node: Node) -> None:
    broken = FakePolicy()
    broken.broken = True
    node.services.statements.replace_engine(broken)


def _epoch(statements: StatementAuthorizer) -> int:
    return sum(epoch.value for epoch in statements.epochs)


@pytest.mark.parametrize(
    ("happens", "rule", "new_epoch"),
    [
        (expire, "grant.over", False),  # the session's deadline watches time
        (give_back, "grant.over", True),
        (disable, "grant.over", True),
        (lock, "lock.in_force", True),
        (remove_target, "target.gone", True),
        (break_policy, "policy.error", True),
    ],
)
async def test_what_stops_a_statement(
    node: Node, happens: Callable[[Node], Awaitable[None]], rule: str, new_epoch: bool
) -> None:
    admission: Admission = await node.session(await node.grant())
    statements = node.services.statements
    before = statements.decide(admission.session, FACTS, approved=False)
    assert before.effect is Effect.ALLOW
    epoch = _epoch(statements)
    await happens(node)
    after = statements.decide(admission.session, FACTS, approved=False)
    assert (after.effect, after.refusal.rule if after.refusal else "") == (Effect.DENY, rule)
    assert (_epoch(statements) > epoch) is new_epoch


async def test_what_cannot_alter_a_decision_leaves_the_epoch_alone(node: Node) -> None:
    grant = await node.grant()
    epoch = _epoch(node.services.statements)
    await node.session(grant)
    await node.request("cleo")
    await node.pass_time(1000)
    assert _epoch(node.services.statements) == epoch
