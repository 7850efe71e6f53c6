"""Work on a real server ends when it is told to, whatever it does about it, and is reported truly."""

import asyncio
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest

from safelight.adapters.postgres_target.admin import PostgresTargetAdmin
from safelight.adapters.postgres_target.wire import ServerRefused, Wire
from safelight.dataplane.postgres.dial import dial
from safelight.domain.capability import Capability
from safelight.domain.errors import PeerProtocolError
from safelight.ports.secrets import Secret
from safelight.ports.target_admin import Account, Work
from tests.adapters.postgres_target.conftest import Administer, Shop, static, until

READ = frozenset({Capability.READ})

STUBBORN = """
CREATE OR REPLACE FUNCTION stubborn() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  LOOP
    BEGIN
      PERFORM pg_sleep(60);
    EXCEPTION WHEN query_canceled THEN NULL;
    END;
  END LOOP;
END $$;
"""

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@dataclass
class Busy:
    """A session that runs something."""

    wire: Wire
    work: Work
    task: "asyncio.Task[object]"


@pytest.fixture
async def admin(administer: Administer) -> AsyncIterator[PostgresTargetAdmin]:
    async with administer(warm=1) as running:
        yield running


async def begin(
    shop: Shop, admin: PostgresTargetAdmin, account: Account, session_id: str, text: str, executor: ThreadPoolExecutor
) -> Busy:
    link, ready = await dial(
        shop.target,
        account,
        {"database": shop.database, "client_encoding": "UTF8"},
        executor=executor,
        timeout_seconds=5,
    )
    wire = Wire(link)
    started = await admin.backend_start(ready.pid)
    assert started is not None
    work = Work(session_id, ready.pid, started, account.user, account.ephemeral, shop.database)
    task: asyncio.Task[object] = asyncio.get_running_loop().create_task(wire.query(text))
    running = f"SELECT count(*) FROM pg_stat_activity WHERE pid = {ready.pid} AND state = 'active'"
    await until(lambda: shop.sql(running) == "1")
    return Busy(wire, work, task)


def alive(shop: Shop, work: Work) -> bool:
    return shop.sql(f"SELECT count(*) FROM pg_stat_activity WHERE pid = {work.pid}") == "1"


async def test_a_query_that_catches_its_cancel_is_gone(
    shop: Shop, admin: PostgresTargetAdmin, executor: ThreadPoolExecutor
) -> None:
    shop.sql(STUBBORN)
    account = await admin.lease("s1", READ, shop.database, int(time.time() * 1000) + 60_000)
    busy = await begin(shop, admin, account, "s1", "SELECT stubborn()", executor)
    shop.sql(f"SELECT pg_cancel_backend({busy.work.pid})")
    assert alive(shop, busy.work)
    (end,) = await admin.terminate([busy.work])
    assert end.gone, end.detail
    assert not alive(shop, busy.work)
    with pytest.raises((PeerProtocolError, ServerRefused)):
        await busy.task
    assert shop.sql(f"SELECT rolcanlogin FROM pg_roles WHERE rolname = '{account.user}'") == "f"


async def test_many_end_together_in_well_under_a_second(
    shop: Shop, admin: PostgresTargetAdmin, executor: ThreadPoolExecutor
) -> None:
    until_ms = int(time.time() * 1000) + 60_000
    many = []
    for number in range(20):
        account = await admin.lease(f"s{number}", READ, shop.database, until_ms)
        many.append(await begin(shop, admin, account, f"s{number}", "SELECT pg_sleep(60)", executor))
    began = time.perf_counter()
    ends = await asyncio.gather(*(admin.terminate([busy.work]) for busy in many))
    took = time.perf_counter() - began
    assert all(end.gone for (end,) in ends)
    assert [end.session_id for (end,) in ends] == [busy.work.session_id for busy in many]
    assert took < 1.0
    assert not any(alive(shop, busy.work) for busy in many)
    await asyncio.gather(*(busy.task for busy in many), return_exceptions=True)


async def test_a_process_id_used_again_is_not_hit(
    shop: Shop, admin: PostgresTargetAdmin, executor: ThreadPoolExecutor
) -> None:
    superuser = Account("postgres", Secret(shop.server.password), None, ephemeral=False, enforced_read_only=False)
    busy = await begin(shop, admin, superuser, "s1", "SELECT pg_sleep(60)", executor)
    earlier = replace(busy.work, backend_start=datetime(2020, 1, 1, tzinfo=UTC))
    other_user = replace(busy.work, user="somebody")
    ends = await admin.terminate([earlier, other_user])
    assert all(end.gone for end in ends), "that work is gone: the process is another's"
    assert alive(shop, busy.work)
    busy.wire.abort()
    busy.task.cancel()
    shop.sql(f"SELECT pg_terminate_backend({busy.work.pid})")
    await asyncio.gather(busy.task, return_exceptions=True)


async def test_what_cannot_be_ended_is_not_called_gone_and_does_not_save_others(
    shop: Shop, admin: PostgresTargetAdmin, executor: ThreadPoolExecutor
) -> None:
    """Only a superuser ends a superuser's process."""
    superuser = Account("postgres", Secret(shop.server.password), None, ephemeral=False, enforced_read_only=False)
    hard = await begin(shop, admin, superuser, "hard", "SELECT pg_sleep(60)", executor)
    account = await admin.lease("easy", READ, shop.database, int(time.time() * 1000) + 60_000)
    easy = await begin(shop, admin, account, "easy", "SELECT pg_sleep(60)", executor)
    ends = await admin.terminate([hard.work, easy.work])
    assert [(end.session_id, end.gone) for end in ends] == [("hard", False), ("easy", True)]
    assert "still there" in ends[0].detail
    assert alive(shop, hard.work)
    shop.sql(f"SELECT pg_terminate_backend({hard.work.pid})")
    await asyncio.gather(hard.task, easy.task, return_exceptions=True)


async def test_work_that_is_already_gone_is_gone(shop: Shop, admin: PostgresTargetAdmin) -> None:
    work = Work("s1", 999_999, None, "safelight_r_gone", True, shop.database)
    assert [end.gone for end in await admin.terminate([work])] == [True]
    assert await admin.backend_start(999_999) is None


async def test_a_shared_account_ends_only_the_session_that_is_named(
    shop: Shop, administer: Administer, executor: ThreadPoolExecutor
) -> None:
    async with administer(static(shop)) as admin:
        account = await admin.lease("s1", READ, shop.database, 0)
        one = await begin(shop, admin, account, "s1", "SELECT pg_sleep(60)", executor)
        two = await begin(shop, admin, account, "s2", "SELECT pg_sleep(60)", executor)
        (end,) = await admin.terminate([one.work])
        assert end.gone
        assert not alive(shop, one.work)
        assert alive(shop, two.work)
        assert [end.gone for end in await admin.terminate([two.work])] == [True]
        await asyncio.gather(one.task, two.task, return_exceptions=True)
