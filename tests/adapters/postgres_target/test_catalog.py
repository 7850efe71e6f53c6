"""Catalogs read from real servers: complete, stable, cheap while nothing changes, with every label in its place."""

import time
from dataclasses import replace

import pytest

from safelight.domain.masking import Strategy
from safelight.protocols.postgres.catalog import Catalog, CatalogRelation
from tests.adapters.postgres_target.conftest import Administer, Shop, label, static

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def relation(catalog: Catalog, name: str, schema: str = "public") -> CatalogRelation:
    return next(r for r in catalog.relations if (r.schema, r.name) == (schema, name))


def labelled(catalog: Catalog) -> dict[str, str]:
    """``table.column`` → label."""
    by_oid = {r.oid: r for r in catalog.relations}
    return {
        f"{by_oid[oid].name}.{next(c.name for c in by_oid[oid].columns if c.number == number)}": value.label
        for (oid, number), value in catalog.labels.items()
    }


async def test_it_says_what_is_there(shop: Shop, administer: Administer) -> None:
    async with administer() as admin:
        catalog = await admin.catalog(shop.database)
    assert catalog.server_version_num // 10000 == shop.server.major
    assert catalog.search_path == ("public",)
    customers = relation(catalog, "customers")
    assert customers.kind == "r"
    assert [(c.number, c.name, c.type_oid) for c in customers.columns] == [
        (1, "id", 23),
        (2, "name", 25),
        (3, "email", 25),
        (4, "note", 25),
    ]
    assert [c.name for c in customers.columns if c.unique] == ["id"]
    view = relation(catalog, "customer_view")
    assert view.kind == "v"
    assert view.definition is not None
    assert "FROM public.customers" in view.definition
    assert relation(catalog, "tickets").kind == "S"
    assert relation(catalog, "orders_2024").parents == (relation(catalog, "orders").oid,)
    assert relation(catalog, "pg_stat_activity", "pg_catalog").columns
    assert relation(catalog, "pg_stat_activity", "pg_catalog").definition is None
    assert ("public", "shout") in catalog.functions
    assert ("public", "shout") not in catalog.trusted_functions
    assert ("public", "customers") in catalog.types
    assert labelled(catalog) == {"customers.email": "email"}


async def test_it_is_the_same_object_until_something_changes(shop: Shop, administer: Administer) -> None:
    async with administer() as admin:
        first = await admin.catalog(shop.database)
        shop.sql("ANALYZE customers; INSERT INTO customers VALUES (1000); DELETE FROM customers WHERE id = 1000")
        assert not await admin.catalog_changed(shop.database)
        assert await admin.catalog(shop.database) is first
        shop.sql("ALTER TABLE customers ADD COLUMN phone text")
        try:
            assert await admin.catalog_changed(shop.database)
            second = await admin.catalog(shop.database)
            assert second.version != first.version
            assert [c.name for c in relation(second, "customers").columns][-1] == "phone"
        finally:
            shop.sql("ALTER TABLE customers DROP COLUMN phone")
        third = await admin.catalog(shop.database)
        assert third.version == first.version, "equal content, equal version"


@pytest.mark.parametrize(
    ("change", "undo"),
    [
        ("CREATE TABLE fresh (a int)", "DROP TABLE fresh"),
        (
            "CREATE OR REPLACE VIEW customer_view AS SELECT id, note AS email FROM customers",
            "CREATE OR REPLACE VIEW customer_view AS SELECT id, email FROM customers",
        ),
        ("ALTER TABLE customers RENAME COLUMN note TO remark", "ALTER TABLE customers RENAME COLUMN remark TO note"),
        ("CREATE FUNCTION lower(int) RETURNS int LANGUAGE sql AS 'SELECT 1'", "DROP FUNCTION lower(int)"),
        ("CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq)", "DROP OPERATOR === (int, int)"),
        ("CREATE TYPE mood AS ENUM ('ok')", "DROP TYPE mood"),
        (
            "ALTER TABLE orders DETACH PARTITION orders_2024",
            "ALTER TABLE orders ATTACH PARTITION orders_2024 FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')",
        ),
        ("ALTER TABLE customers ALTER COLUMN id TYPE bigint", "ALTER TABLE customers ALTER COLUMN id TYPE int"),
    ],
)
async def test_every_change_that_matters_is_noticed(
    shop: Shop, administer: Administer, change: str, undo: str
) -> None:
    if "bigint" in change:
        undo = f"DROP VIEW customer_view; {undo}; CREATE VIEW customer_view AS SELECT id, email FROM customers"
        change = f"DROP VIEW customer_view; {change}; CREATE VIEW customer_view AS SELECT id, email FROM customers"
    async with administer() as admin:
        first = await admin.catalog(shop.database)
        shop.sql(change)
        try:
            assert await admin.catalog_changed(shop.database)
            assert (await admin.catalog(shop.database)).version != first.version
        finally:
            shop.sql(undo)


async def test_labels_follow_partitions_both_ways(shop: Shop, administer: Administer) -> None:
    whole = {"orders.email": "mail", "orders_2024.email": "mail", "orders_2025.email": "mail"}
    for table in ("orders", "orders_2025"):
        async with administer(replace(shop.target, columns=(label(table, "email", "mail"),))) as admin:
            assert labelled(await admin.catalog(shop.database)) == whole


async def test_a_partitions_own_label_stands_before_its_parents(shop: Shop, administer: Administer) -> None:
    own = replace(label("orders_2024", "email", "own"), strategy=Strategy.NULL)
    for columns in ((label("orders", "email", "mail"), own), (own, label("orders", "email", "mail"))):
        async with administer(replace(shop.target, columns=columns)) as admin:
            found = labelled(await admin.catalog(shop.database))
            assert (found["orders.email"], found["orders_2024.email"]) == ("mail", "own")


async def test_a_renamed_column_closes_its_whole_family_and_a_missing_table_nothing(
    shop: Shop, administer: Administer
) -> None:
    columns = (label("orders", "e_mail"), label("not_yet", "email"), label("customer_view", "email"))
    async with administer(replace(shop.target, columns=columns)) as admin:
        catalog = await admin.catalog(shop.database)
    names = {r.name for r in catalog.relations if r.oid in catalog.opaque}
    assert names == {"orders", "orders_2024", "orders_2025"}
    assert labelled(catalog) == {"customer_view.email": "email"}


async def test_enums_and_trusted_types_are_harmless_and_domains_are_not(shop: Shop, administer: Administer) -> None:
    shop.sql(
        "CREATE EXTENSION IF NOT EXISTS citext; CREATE TYPE mood AS ENUM ('calm', 'cross');"
        "CREATE DOMAIN checked AS text CHECK (length(value) < 9)"
    )
    async with administer() as admin:
        catalog = await admin.catalog(shop.database)
    assert {("public", "mood"), ("public", "citext")} <= catalog.harmless_types
    assert not {("public", "checked"), ("public", "customers")} & catalog.harmless_types


async def test_other_sessions_temporary_objects_are_not_seen(shop: Shop, administer: Administer) -> None:
    async with administer() as admin:
        before = await admin.catalog(shop.database)
        after_sql = "CREATE TEMP TABLE customers (secret text); SELECT 1"
        shop.sql(after_sql)
        assert await admin.catalog(shop.database) is before
        assert not any(r.schema.startswith("pg_temp") for r in before.relations)


async def test_the_search_path_is_what_a_session_gets(shop: Shop, administer: Administer) -> None:
    async with administer() as admin:
        shop.sql(f'ALTER DATABASE "{shop.database}" SET search_path = shop, "Odd, one", nowhere, public, hidden')
        shop.sql(f"""
            CREATE SCHEMA shop; CREATE SCHEMA "Odd, one"; CREATE SCHEMA hidden;
            GRANT USAGE ON SCHEMA shop, "Odd, one" TO {shop.accounts.read_role}
        """)
        try:
            assert (await admin.catalog(shop.database)).search_path == ("shop", "Odd, one", "public")
        finally:
            shop.sql(f'ALTER DATABASE "{shop.database}" RESET search_path')
            shop.sql('DROP SCHEMA shop, "Odd, one", hidden')
        assert (await admin.catalog(shop.database)).search_path == ("public",)


async def test_a_static_accounts_own_search_path_and_schema_count(shop: Shop, administer: Administer) -> None:
    password = "pw-" + shop.database
    shop.sql(f"""
        CREATE ROLE clerk LOGIN PASSWORD '{password}';
        CREATE SCHEMA clerk AUTHORIZATION clerk;
        CREATE SCHEMA desk;
        GRANT USAGE ON SCHEMA desk TO clerk;
    """)
    target = static(shop, account_user="clerk", admin_user="postgres", admin_secret="superuser")
    try:
        async with administer(target) as admin:
            assert (await admin.catalog(shop.database)).search_path == ("clerk", "public")
            shop.sql("ALTER ROLE clerk SET search_path = desk")
            assert (await admin.catalog(shop.database)).search_path == ("desk",)
            shop.sql(f'ALTER ROLE clerk IN DATABASE "{shop.database}" SET search_path = public, desk')
            assert (await admin.catalog(shop.database)).search_path == ("public", "desk")
    finally:
        shop.sql(f'ALTER ROLE clerk IN DATABASE "{shop.database}" RESET ALL')
        shop.sql("DROP SCHEMA clerk, desk; DROP ROLE clerk")


async def test_a_function_that_shadows_a_built_in_does_not_answer_for_it(shop: Shop, administer: Administer) -> None:
    """Whoever may make functions must not be able to lie to the gateway about the catalog."""
    shop.sql("""
        CREATE FUNCTION public.pg_get_viewdef(oid) RETURNS text LANGUAGE sql AS $$ SELECT 'SELECT 1' $$;
        CREATE FUNCTION public.concat(oid, text, xid) RETURNS text LANGUAGE sql AS $$ SELECT 'x' $$;
    """)
    try:
        async with administer() as admin:
            definition = relation(await admin.catalog(shop.database), "customer_view").definition
            assert definition is not None
            assert "customers" in definition
    finally:
        shop.sql("DROP FUNCTION public.pg_get_viewdef(oid); DROP FUNCTION public.concat(oid, text, xid)")


async def test_a_big_catalog_is_read_in_seconds_and_checked_in_moments(shop: Shop, administer: Administer) -> None:
    columns = ", ".join(f"c{number} text" for number in range(20))
    make = f"FOR n IN 1..600 LOOP EXECUTE format('CREATE TABLE big.t%s ({columns})', n); END LOOP"
    shop.sql(f"CREATE SCHEMA big; DO $$ BEGIN {make}; END $$")
    try:
        async with administer() as admin:
            began = time.perf_counter()
            catalog = await admin.catalog(shop.database)
            loaded = time.perf_counter()
            assert await admin.catalog(shop.database) is catalog
            checked = time.perf_counter()
        assert sum(r.schema == "big" for r in catalog.relations) == 600
        assert loaded - began < 5
        assert checked - loaded < 1
    finally:
        shop.sql("SET client_min_messages = error; DROP SCHEMA big CASCADE")
