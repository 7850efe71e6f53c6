"""Session roles on real servers: leased in a moment, able to do their part and no more, gone afterwards."""

import asyncio
import functools
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from safelight.adapters.postgres_target.admin import PostgresTargetAdmin
from safelight.adapters.postgres_target.wire import ServerRefused, Wire
from safelight.dataplane.postgres.dial import dial
from safelight.domain.capability import Capability
from safelight.domain.errors import TargetUnavailable
from safelight.domain.target import TlsMode
from safelight.ports.target_admin import Account, Severity
from tests.adapters.postgres_target.conftest import SHOP, Administer, FakeSecrets, Shop, static, target_of, until
from tests.rig.accounts import create_accounts
from tests.rig.servers import Server

READ = frozenset({Capability.READ})
WRITE = frozenset({Capability.READ, Capability.WRITE})

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def in_an_hour() -> int:
    return int((time.time() + 3600) * 1000)


async def log_in(
    shop: Shop, account: Account, executor: ThreadPoolExecutor, settings: Mapping[str, str] | None = None
) -> Wire:
    parameters = {"database": shop.database, "client_encoding": "UTF8", **(settings or {})}
    link, _ = await dial(shop.target, account, parameters, executor=executor, timeout_seconds=5)
    return Wire(link)


async def refused(wire: Wire, text: str) -> str:
    with pytest.raises(ServerRefused) as caught:
        await wire.query(text)
    return caught.value.sqlstate


async def test_a_read_session_reads_and_changes_nothing(
    shop: Shop, administer: Administer, executor: ThreadPoolExecutor
) -> None:
    async with administer() as admin:
        account = await admin.lease("s1", READ, shop.database, in_an_hour())
        assert account.ephemeral
        assert account.enforced_read_only
        assert account.password is None
        wire = await log_in(shop, account, executor)
        assert await wire.query("SELECT count(*) FROM customers") == [("50",)]
        for attempt in (
            "DELETE FROM customers",
            "CREATE TABLE mine (a int)",
            "CREATE TEMP TABLE mine (a int)",
            "SELECT lo_from_bytea(0, 'x')",
            "SELECT nextval('tickets')",
            f"ALTER ROLE {account.user} PASSWORD 'x'",
            f"ALTER ROLE {account.user} SET work_mem = '1GB'",
        ):
            assert await refused(wire, attempt) in ("25006", "42501"), attempt
        await wire.query("SET default_transaction_read_only = off")
        for attempt in ("DELETE FROM customers", "CREATE TABLE mine (a int)", "CREATE TEMP TABLE mine (a int)"):
            assert await refused(wire, attempt) == "42501", attempt
        seen = "SELECT count(*) FROM pg_stat_activity WHERE usename <> current_user AND query NOT IN ('', $1)"
        assert await wire.query(seen, "<insufficient privilege>") == [("0",)]
        wire.close()
        await admin.release("s1")
        assert account.user not in shop.roles()


async def test_a_write_session_writes_and_what_it_made_stays_with_the_write_role(
    shop: Shop, administer: Administer, executor: ThreadPoolExecutor
) -> None:
    shop.sql(f"GRANT CREATE ON SCHEMA public TO {shop.accounts.write_role}")
    try:
        async with administer() as admin:
            account = await admin.lease("s1", WRITE, shop.database, in_an_hour())
            assert not account.enforced_read_only
            wire = await log_in(shop, account, executor)
            await wire.query("UPDATE customers SET note = 'seen' WHERE id = 1")
            await wire.query("CREATE TABLE made_here (a int)")
            await admin.release("s1")
        assert account.user not in shop.roles()
        owner = shop.sql("SELECT tableowner FROM pg_tables WHERE tablename = 'made_here'")
        assert owner == shop.accounts.write_role
    finally:
        shop.sql(f"DROP TABLE IF EXISTS made_here; REVOKE CREATE ON SCHEMA public FROM {shop.accounts.write_role}")


async def test_a_role_lets_nobody_in_before_its_lease_after_its_time_or_twice(
    shop: Shop, administer: Administer, executor: ThreadPoolExecutor
) -> None:
    async with administer(warm=1) as admin:
        await until(lambda: len(shop.roles()) == 2)
        assert shop.sql("SELECT count(*) FROM pg_roles WHERE rolname ~ '^safelight_[rw]_' AND rolcanlogin") == "0"
        late = await admin.lease("late", READ, shop.database, 1_000_000)
        with pytest.raises(TargetUnavailable):
            await log_in(shop, late, executor)
        account = await admin.lease("s1", READ, shop.database, in_an_hour())
        wire = await log_in(shop, account, executor)
        with pytest.raises(TargetUnavailable, match="53300"):
            await log_in(shop, account, executor)
        wire.abort()
        await admin.release("s1")
        with pytest.raises(TargetUnavailable):
            await log_in(shop, account, executor)


async def test_a_wrong_key_is_refused(shop: Shop, administer: Administer, executor: ThreadPoolExecutor) -> None:
    async with administer() as admin:
        one = await admin.lease("s1", READ, shop.database, in_an_hour())
        two = await admin.lease("s2", READ, shop.database, in_an_hour())
        with pytest.raises(TargetUnavailable):
            await log_in(shop, replace(one, keys=two.keys), executor)


async def test_the_servers_log_sees_verifiers_and_no_secret(shop: Shop, administer: Administer) -> None:
    async with administer() as admin:
        account = await admin.lease("s1", READ, shop.database, in_an_hour())
    assert account.keys is not None
    log = shop.server.log_text()
    assert account.user in log
    assert "SCRAM-SHA-256$4096:" in log
    assert account.keys.client_key.reveal().hex() not in log
    assert shop.accounts.admin_password not in log.replace(f"PASSWORD '{shop.accounts.admin_password}'", "")


async def test_a_lease_from_the_warm_pool_takes_milliseconds(shop: Shop, administer: Administer) -> None:
    async with administer(warm=8) as admin:
        await until(lambda: len(shop.roles()) == 16)
        await admin.lease("first", READ, shop.database, in_an_hour())
        times = []
        for number in range(6):
            began = time.perf_counter()
            await admin.lease(f"s{number}", READ, shop.database, in_an_hour())
            times.append(time.perf_counter() - began)
    assert sorted(times)[len(times) // 2] < 0.05


async def test_an_empty_pool_makes_roles_at_once_and_fills_again(shop: Shop, administer: Administer) -> None:
    async with administer(warm=2) as admin:
        leases = (admin.lease(f"s{number}", READ, shop.database, in_an_hour()) for number in range(12))
        accounts = await asyncio.gather(*leases)
        assert len({account.user for account in accounts}) == 12
        await until(lambda: len(shop.roles()) == 12 + 4)
        await asyncio.gather(*(admin.release(f"s{number}") for number in range(12)))
        await until(lambda: len(shop.roles()) == 4)
    assert shop.roles() == []


async def test_leftovers_of_an_earlier_process_are_swept_and_only_those(shop: Shop, administer: Administer) -> None:
    left = "safelight_r_" + "0" * 16
    foreign = "safelight_r_" + "1" * 16
    shop.sql(f"""
        CREATE ROLE {left} LOGIN;
        COMMENT ON ROLE {left} IS 'safelight session role; node test; process gone';
        CREATE ROLE {foreign} LOGIN;
        COMMENT ON ROLE {foreign} IS 'safelight session role; node test2; process gone';
        CREATE ROLE safelight_other;
        COMMENT ON ROLE safelight_other IS 'safelight session role; node test; process gone';
        GRANT {left}, {foreign} TO {shop.accounts.admin} WITH ADMIN OPTION;
    """)
    try:
        async with administer(node="test"), administer(node="test") as second:
            await second.lease("s1", READ, shop.database, in_an_hour())
            await until(lambda: left not in shop.roles())
            assert foreign in shop.roles()
            await until(lambda: len(shop.roles()) == 1 + 2 * 4 + 1)
        assert shop.sql("SELECT count(*) FROM pg_roles WHERE rolname = 'safelight_other'") == "1"
    finally:
        shop.sql(f"DROP ROLE {foreign}; DROP ROLE safelight_other")


async def test_a_role_that_somebody_dropped_is_replaced(shop: Shop, administer: Administer) -> None:
    async with administer(warm=1) as admin:
        await until(lambda: len(shop.roles()) == 2)
        for name in shop.roles():
            shop.sql(f"DROP ROLE {name}")
        account = await admin.lease("s1", READ, shop.database, in_an_hour())
        assert account.user in shop.roles()


async def test_a_static_account_is_lent_as_it_is(shop: Shop, administer: Administer) -> None:
    async with administer(static(shop)) as admin:
        account = await admin.lease("s1", READ, shop.database, in_an_hour())
        assert account.user == "postgres"
        assert not account.ephemeral
        assert not account.enforced_read_only
        await admin.release("s1")


async def test_a_static_account_that_only_reads_is_known_to(shop: Shop, administer: Administer) -> None:
    password = "pw-" + shop.database
    shop.sql(f"CREATE ROLE reader LOGIN PASSWORD '{password}' IN ROLE {shop.accounts.read_role}")
    try:
        async with administer(
            static(shop, account_user="reader", admin_user="postgres", admin_secret="superuser")
        ) as admin:
            account = await admin.lease("s1", READ, shop.database, in_an_hour())
            assert account.enforced_read_only
    finally:
        shop.sql("DROP ROLE reader")


async def test_what_is_not_configured_is_said(shop: Shop, administer: Administer) -> None:
    async with administer(replace(shop.target, write_role=None)) as admin:
        with pytest.raises(TargetUnavailable, match="no write_role"):
            await admin.lease("s1", WRITE, shop.database, in_an_hour())
        with pytest.raises(TargetUnavailable, match="not configured"):
            await admin.catalog("template1")
    with pytest.raises(TargetUnavailable, match="no secret named"):
        async with administer(replace(shop.target, admin_secret="missing")):
            pass


async def test_rows_are_counted_as_a_session_would_and_never_as_the_administrator(
    shop: Shop, administer: Administer
) -> None:
    async with administer() as admin:
        count = admin.count_rows
        assert await count(shop.database, "SELECT count(*) FROM customers WHERE id <= 7", 5) == 7
        assert await count(shop.database, "SELECT count(*) FROM nowhere", 5) is None
        assert await count(shop.database, "SELECT count(*) FROM customers, pg_sleep(30)", 0.3) is None
        is_admin = f"SELECT count(*) FROM customers WHERE id = 1 AND current_user = '{shop.accounts.admin}'"
        assert await count(shop.database, is_admin, 5) == 0
        assert await count(shop.database, "SELECT count(*) FROM (SELECT set_config('role', 'none', false)) x", 5) == 1
        write = "WITH gone AS (DELETE FROM customers RETURNING 1) SELECT count(*) FROM gone"
        assert await count(shop.database, write, 5) is None
        assert shop.sql("SELECT count(*) FROM customers") == "50"


async def test_the_connection_comes_back_after_a_crash_of_the_server(shop: Shop, administer: Administer) -> None:
    async with administer() as admin:
        first = await admin.lease("s1", READ, shop.database, in_an_hour())
        shop.server.kill()
        with pytest.raises(TargetUnavailable):
            await admin.lease("s2", READ, shop.database, in_an_hour())
        with pytest.raises(TargetUnavailable):
            await admin.catalog(shop.database)
        shop.server.start()
        account = None
        for _ in range(100):
            try:
                account = await admin.lease("s3", READ, shop.database, in_an_hour())
                break
            except TargetUnavailable:
                await asyncio.sleep(0.05)
        assert account is not None
        await admin.release("s1")
        assert first.user not in shop.roles()


async def test_where_nothing_can_be_written_session_roles_cannot_be_made(shop: Shop, administer: Administer) -> None:
    shop.sql(f"ALTER ROLE {shop.accounts.admin} SET default_transaction_read_only = on")
    try:
        async with administer() as admin:
            with pytest.raises(TargetUnavailable, match=r"standby or read-only.*static account"):
                await admin.lease("s1", READ, shop.database, in_an_hour())
            assert await admin.catalog(shop.database), "everything else works"
    finally:
        shop.sql(f"ALTER ROLE {shop.accounts.admin} RESET default_transaction_read_only")


async def test_everything_goes_over_tls_where_the_target_has_it(
    postgres15_tls: Server, executor: ThreadPoolExecutor
) -> None:
    database = postgres15_tls.create_database()
    postgres15_tls.sql(SHOP, database)
    accounts = create_accounts(postgres15_tls, database)
    target = target_of(postgres15_tls, database, accounts)
    assert target.tls is TlsMode.VERIFY_FULL
    dialer = functools.partial(dial, executor=executor, timeout_seconds=5.0)
    secrets = FakeSecrets(admin=accounts.admin_password)
    admin = PostgresTargetAdmin(target, secrets, node="test", warm=1, dial=dialer)
    await admin.start()
    try:
        account = await admin.lease("s1", READ, database, in_an_hour())
        link, _ = await dialer(target, account, {"database": database})
        wire = Wire(link)
        encrypted = "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = $1"
        assert await wire.query(encrypted, account.user) == [("t",)]
        wire.close()
        assert postgres15_tls.sql(encrypted.replace("$1", f"'{accounts.admin}'")) == "t"
        assert (await admin.preflight())[0].severity is Severity.OK
    finally:
        await admin.close()
