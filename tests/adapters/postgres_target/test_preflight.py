"""The preflight says in plain words what is missing, and what it says to run really mends it."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from safelight.adapters.postgres_target import preflight
from safelight.adapters.postgres_target.privileges import Attributes
from safelight.domain.target import AccountMode
from safelight.ports.target_admin import Finding, Severity
from tests.adapters.postgres_target.conftest import Administer, Shop, static
from tests.policy.cast import ORDERS
from tests.rig.accounts import database_sql

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def told(findings: Sequence[Finding], *words: str) -> Finding:
    """The one finding whose message has all ``words``."""
    found = [finding for finding in findings if all(word in finding.message for word in words)]
    assert len(found) == 1, [finding.message for finding in findings]
    return found[0]


def but_encryption(findings: Sequence[Finding]) -> list[Finding]:
    """The test servers are reached in clear, which is always told."""
    return [finding for finding in findings if finding.guarantee != "encryption"]


async def test_the_accounts_of_the_guide_lack_nothing(shop: Shop, administer: Administer) -> None:
    async with administer() as admin:
        findings = await admin.preflight()
    assert [finding.guarantee for finding in findings] == ["encryption"]
    assert findings[0].severity is Severity.WARNING


async def test_what_the_public_may_do_is_told_and_mended(shop: Shop, administer: Administer) -> None:
    fresh = shop.server.create_database()
    target = replace(shop.target, databases=(fresh,))
    async with administer(target) as admin:
        findings = but_encryption(await admin.preflight())
        told(findings, "temporary tables")
        if shop.server.major == 15:
            assert not any("schema" in finding.message for finding in findings)
        for finding in findings:
            assert finding.severity is Severity.WARNING
            assert finding.what_to_run is not None
            shop.server.sql(finding.what_to_run, fresh)
        assert but_encryption(await admin.preflight()) == []
    shop.server.sql(f'DROP DATABASE "{fresh}" WITH (FORCE)')


async def test_large_object_functions_are_told_and_mended(shop: Shop, administer: Administer) -> None:
    shop.sql("GRANT EXECUTE ON FUNCTION lo_create(oid) TO PUBLIC")
    try:
        async with administer() as admin:
            finding = told(await admin.preflight(), "large objects")
            assert finding.what_to_run is not None
            shop.sql(finding.what_to_run)
            assert but_encryption(await admin.preflight()) == []
    finally:
        shop.sql("REVOKE EXECUTE ON FUNCTION lo_create(oid) FROM PUBLIC")


async def test_a_reading_role_that_writes_is_told(shop: Shop, administer: Administer) -> None:
    role = shop.accounts.read_role
    shop.sql(f"GRANT UPDATE (note) ON customers TO {role}; GRANT USAGE ON SEQUENCE tickets TO {role}")
    try:
        async with administer() as admin:
            findings = await admin.preflight()
            assert "1 table" in told(findings, "may write to").message
            assert "1 sequence" in told(findings, "may advance").message
            lease = await admin.lease("s1", frozenset(), shop.database, 0)
            assert not lease.enforced_read_only
    finally:
        shop.sql(f"REVOKE UPDATE (note) ON customers FROM {role}; REVOKE USAGE ON SEQUENCE tickets FROM {role}")


async def test_an_administrator_that_lacks_rights_is_told_what_to_grant(shop: Shop, administer: Administer) -> None:
    password = "pw-" + shop.database
    shop.server.sql(f"CREATE ROLE weak LOGIN PASSWORD '{password}'")
    target = replace(shop.target, admin_user="weak", admin_secret="weak", read_role="nobody_made_it")
    try:
        async with administer(target, secrets={"weak": password}) as admin:
            findings = but_encryption(await admin.preflight())
            assert {finding.severity for finding in findings} == {Severity.ERROR, Severity.WARNING}
            assert told(findings, "CREATEROLE").what_to_run == 'ALTER ROLE "weak" CREATEROLE;'
            assert told(findings, "may not end").what_to_run == 'GRANT pg_signal_backend TO "weak";'
            assert told(findings, "does not see").what_to_run == 'GRANT pg_read_all_stats TO "weak";'
            told(findings, "nobody_made_it does not exist")
            members = told(findings, "may not make members of", shop.accounts.write_role)
            for finding in findings:
                if finding.what_to_run is not None and "nobody_made_it" not in finding.what_to_run:
                    shop.server.sql(finding.what_to_run)
            assert members.what_to_run is not None
            left = but_encryption(await admin.preflight())
            assert [finding.message for finding in left] == ["the role nobody_made_it does not exist"]
    finally:
        shop.server.sql("DROP OWNED BY weak; DROP ROLE weak")


async def test_a_superuser_shared_by_all_is_told(shop: Shop, administer: Administer) -> None:
    async with administer(static(shop)) as admin:
        findings = await admin.preflight()
    told(findings, "administrator account postgres is a superuser")
    told(findings, "postgres is a superuser: the server itself")
    told(findings, "all sessions share the account postgres")
    assert not any(finding.severity is Severity.ERROR for finding in findings)


async def test_the_owner_of_the_tables_is_told(shop: Shop, administer: Administer) -> None:
    password = "pw-" + shop.database
    shop.sql(f"CREATE ROLE owner_of_it LOGIN PASSWORD '{password}'; ALTER TABLE customers OWNER TO owner_of_it")
    try:
        target = static(shop, account_user="owner_of_it", account_secret="o")
        async with administer(target, secrets={"o": password}) as admin:
            findings = await admin.preflight()
            told(findings, "owner_of_it owns 1 object")
            assert not any("may not end" in finding.message for finding in findings), "one's own work can be ended"
            assert not (await admin.lease("s1", frozenset(), shop.database, 0)).enforced_read_only
    finally:
        shop.sql("ALTER TABLE customers OWNER TO postgres; DROP OWNED BY owner_of_it; DROP ROLE owner_of_it")
        shop.server.sql(database_sql(shop.accounts, shop.database), shop.database)


async def test_a_target_that_cannot_be_reached_is_a_finding(shop: Shop, administer: Administer) -> None:
    async with administer() as admin:
        shop.server.stop()
        try:
            (finding,) = await admin.preflight()
            assert finding.severity is Severity.ERROR
            assert "cannot be used now" in finding.message
        finally:
            shop.server.start()


async def test_a_standby_and_an_old_version_are_errors() -> None:
    seen = preflight.Observed(
        version_num=130011,
        standby=True,
        administrator="admin",
        administrator_attributes=Attributes(False, True, False, False, False, False),
        may_signal=True,
        sees_activity=True,
        account="readers",
        account_attributes=Attributes(False, False, False, False, False, False),
        privileges={},
        may_grant={"readers": True},
        missing_roles=(),
    )
    target = replace(ORDERS, account_mode=AccountMode.EPHEMERAL, read_role="readers", write_role="writers")
    found = preflight.findings(target, seen)
    assert [finding.severity for finding in found] == [Severity.ERROR, Severity.ERROR]
    told(found, "13 is too old")
    told(found, "standby")
    assert preflight.findings(target, replace(seen, version_num=190000, standby=False))[0].severity is Severity.NOTE
