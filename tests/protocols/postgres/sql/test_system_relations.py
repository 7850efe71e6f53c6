"""The catalog may be read for finding one's way; what holds values, passwords or statements may not."""

import pytest

from safelight.protocols.postgres.sql.system_relations import (
    SystemRelation,
    hidden_columns,
    judge_system_relation,
)
from safelight.protocols.postgres.sql.tables import sections
from tests.rig.servers import Server

REFUSED = [
    "pg_authid",
    "pg_shadow",
    "pg_statistic",
    "pg_statistic_ext_data",
    "pg_stats",
    "pg_stats_ext",
    "pg_stats_ext_exprs",
    "pg_largeobject",
    "pg_user_mapping",
    "pg_user_mappings",
    "pg_subscription",
    "pg_file_settings",
    "pg_hba_file_rules",
    "pg_ident_file_mappings",
    "pg_config",
    "pg_db_role_setting",
    "pg_stat_wal_receiver",
    "pg_backend_memory_contexts",
    "pg_stat_statements",
    "pg_shmem_allocations",
    "pg_replication_origin_status",
    "pg_toast_1234",
    "no_such_relation",
]


@pytest.mark.parametrize("name", REFUSED)
def test_what_holds_values_or_secrets_is_refused(name: str) -> None:
    assert judge_system_relation("pg_catalog", name) is SystemRelation.REFUSED


def test_other_schemas_have_no_system_relations() -> None:
    assert judge_system_relation("public", "pg_class") is SystemRelation.REFUSED
    assert judge_system_relation("pg_toast", "pg_toast_2619") is SystemRelation.REFUSED
    assert judge_system_relation("information_schema", "user_mapping_options") is SystemRelation.REFUSED
    assert judge_system_relation("information_schema", "_pg_user_mappings") is SystemRelation.REFUSED
    assert judge_system_relation("information_schema", "pg_class") is SystemRelation.REFUSED


def test_tools_find_their_way() -> None:
    for name in ("pg_class", "pg_attribute", "pg_proc", "pg_type", "pg_namespace", "pg_settings", "pg_locks"):
        assert judge_system_relation("pg_catalog", name) is SystemRelation.OPEN
    for name in ("tables", "columns", "key_column_usage", "table_constraints"):
        assert judge_system_relation("information_schema", name) is SystemRelation.OPEN


def test_statements_and_where_clients_are_leave_as_constants() -> None:
    assert judge_system_relation("pg_catalog", "pg_stat_activity") is SystemRelation.STATEMENT_TEXT
    assert {"query", "client_addr", "client_port"} <= hidden_columns("pg_catalog", "pg_stat_activity")
    assert judge_system_relation("pg_catalog", "pg_roles") is SystemRelation.STATEMENT_TEXT
    assert hidden_columns("pg_catalog", "pg_class") == frozenset()


@pytest.mark.parametrize("fixture", ["postgres15", "postgres18"])
def test_every_relation_of_the_servers_is_judged_on_purpose(fixture: str, request: pytest.FixtureRequest) -> None:
    """A new relation of a new major is refused until somebody has looked at it: this test says which."""
    server: Server = request.getfixturevalue(fixture)
    rows = server.sql(
        "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname IN ('pg_catalog', 'information_schema') AND c.relkind IN ('r', 'v')"
    ).splitlines()
    refused = {tuple(r.split("|")) for r in rows if judge_system_relation(*r.split("|")) is SystemRelation.REFUSED}
    inner = {name for schema, name in refused if schema == "information_schema"}
    assert inner == {
        "user_mapping_options",
        "_pg_foreign_data_wrappers",
        "_pg_foreign_servers",
        "_pg_foreign_table_columns",
        "_pg_foreign_tables",
        "_pg_user_mappings",
    }
    looked_at = set(REFUSED) | {"pg_shmem_allocations_numa", "pg_aios"}
    assert {name for schema, name in refused if schema == "pg_catalog"} <= looked_at
    assert len(rows) > 190


@pytest.mark.parametrize("fixture", ["postgres15", "postgres18"])
def test_hidden_columns_exist(fixture: str, request: pytest.FixtureRequest) -> None:
    server: Server = request.getfixturevalue(fixture)
    for name in (
        "pg_stat_activity",
        "pg_stat_replication",
        "pg_prepared_statements",
        "pg_cursors",
        "pg_roles",
        "pg_user",
    ):
        query = f"SELECT attname FROM pg_attribute WHERE attrelid = 'pg_catalog.{name}'::regclass AND attnum > 0"
        assert hidden_columns("pg_catalog", name) <= set(server.sql(query).splitlines())
    assert set(sections("names.txt")["pg_catalog relations"]) & hidden_columns("pg_catalog", "pg_roles") == set()
