"""What every administration of a target must do: the fake, and PostgreSQL 15 and 18."""

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from safelight.domain.capability import Capability
from safelight.domain.errors import TargetUnavailable
from safelight.ports.target_admin import Severity, TargetAdmin, Work
from safelight.ports.target_admin_fake import FakeTargetAdmin
from tests.adapters.postgres_target.conftest import Administer, Shop

READ = frozenset({Capability.READ})
WRITE = frozenset({Capability.READ, Capability.WRITE})

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@dataclass
class Subject:
    admin: TargetAdmin[Any]
    database: str


@pytest.fixture(params=["fake", "real"])
async def subject(request: pytest.FixtureRequest, shop: Shop, administer: Administer) -> AsyncIterator[Subject]:
    if request.param == "fake":
        fake: FakeTargetAdmin[object] = FakeTargetAdmin({"shop": object()})
        await fake.start()
        yield Subject(fake, "shop")
        return
    async with administer() as admin:
        yield Subject(admin, shop.database)


def in_an_hour() -> int:
    return int((time.time() + 3600) * 1000)


async def test_every_session_has_an_account_of_its_own(subject: Subject) -> None:
    one = await subject.admin.lease("s1", READ, subject.database, in_an_hour())
    two = await subject.admin.lease("s2", READ, subject.database, in_an_hour())
    assert one.user != two.user
    for account in (one, two):
        assert account.ephemeral
        assert account.keys is not None or account.password is not None
        assert "Secret(…)" in repr(account)
    await subject.admin.release("s1")
    await subject.admin.release("s2")


async def test_only_a_reading_account_is_called_read_only(subject: Subject) -> None:
    assert (await subject.admin.lease("s1", READ, subject.database, in_an_hour())).enforced_read_only
    assert not (await subject.admin.lease("s2", WRITE, subject.database, in_an_hour())).enforced_read_only


async def test_giving_back_twice_or_nothing_is_harmless(subject: Subject) -> None:
    await subject.admin.lease("s1", READ, subject.database, in_an_hour())
    for session_id in ("s1", "s1", "never leased"):
        await subject.admin.release(session_id)


async def test_ends_come_in_order_and_work_that_is_not_there_is_gone(subject: Subject) -> None:
    works = [Work(f"s{n}", 900_000 + n, None, "safelight_r_none", True, subject.database) for n in range(3)]
    ends = await subject.admin.terminate(works)
    assert [(end.session_id, end.gone) for end in ends] == [("s0", True), ("s1", True), ("s2", True)]
    assert await subject.admin.terminate([]) == []
    assert await subject.admin.backend_start(900_000) is None


async def test_a_catalog_is_the_same_object_while_nothing_changes(subject: Subject) -> None:
    assert await subject.admin.catalog(subject.database) is await subject.admin.catalog(subject.database)


async def test_a_database_that_is_not_configured_is_refused(subject: Subject) -> None:
    with pytest.raises(TargetUnavailable):
        await subject.admin.catalog("elsewhere")
    with pytest.raises(TargetUnavailable):
        await subject.admin.lease("s1", READ, "elsewhere", in_an_hour())


async def test_a_count_that_cannot_be_had_is_none(subject: Subject) -> None:
    assert await subject.admin.count_rows(subject.database, "SELECT count(*) FROM nowhere", 2.0) is None


async def test_a_preflight_says_something(subject: Subject) -> None:
    findings = await subject.admin.preflight()
    assert findings
    assert all(finding.message for finding in findings)
    assert not any(finding.severity is Severity.ERROR for finding in findings)
