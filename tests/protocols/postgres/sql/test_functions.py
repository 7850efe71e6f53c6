"""The table of built-ins covers both servers whole, and nothing that changes or hides anything is a plain read."""

from dataclasses import replace

import postgast
import pytest

from safelight.protocols.postgres.catalog import Catalog
from safelight.protocols.postgres.sql.functions import (
    FunctionVerdict,
    Reach,
    builtin_functions,
    judge_call,
    judge_function,
    judge_operator,
    judge_type,
)
from safelight.protocols.postgres.sql.tables import sections
from tests.rig.servers import Server

EMPTY = Catalog(
    version="1",
    target="shop",
    database="shop",
    server_version_num=180000,
    relations=(),
    functions=frozenset(),
    trusted_functions=frozenset(),
    operators=frozenset(),
    trusted_operators=frozenset(),
    types=frozenset(),
    labels={},
    opaque=frozenset(),
    search_path=("app", "public"),
)


def judged(expression: str, catalog: Catalog = EMPTY) -> FunctionVerdict:
    """The verdict on the outermost call of an expression."""
    tree = postgast.parse(f"SELECT {expression}")
    return judge_call(tree.stmts[0].stmt.select_stmt.target_list[0].res_target.val.func_call, catalog)


@pytest.mark.parametrize("fixture", ["postgres15", "postgres18"])
def test_every_function_operator_and_type_of_the_servers_is_in_the_tables(
    fixture: str, request: pytest.FixtureRequest
) -> None:
    server: Server = request.getfixturevalue(fixture)
    own = "pronamespace IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)"
    functions = set(server.sql(f"SELECT DISTINCT proname FROM pg_proc WHERE {own}").splitlines())
    assert len(functions) > 2600
    assert functions - builtin_functions().keys() == set()
    operators = set(server.sql("SELECT DISTINCT oprname FROM pg_operator").splitlines())
    assert operators - set(sections("names.txt")["operators"]) == set()
    volatile = "SELECT count(*) FROM pg_operator o JOIN pg_proc p ON p.oid = o.oprcode WHERE p.provolatile = 'v'"
    assert server.sql(volatile) == "0"
    types = set(
        server.sql("SELECT typname FROM pg_type WHERE typnamespace = 'pg_catalog'::regnamespace").splitlines()
    )
    assert len(set(sections("names.txt")["types"]) - types - {"unknown"}) == 0


@pytest.mark.parametrize("fixture", ["postgres15", "postgres18"])
def test_what_public_may_not_call_is_no_plain_read(fixture: str, request: pytest.FixtureRequest) -> None:
    """The server's authors took these from PUBLIC; those few that are reads show counters only."""
    server: Server = request.getfixturevalue(fixture)
    taken = server.sql(
        "SELECT DISTINCT proname FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace AND proacl IS NOT NULL"
        " AND NOT EXISTS (SELECT FROM aclexplode(proacl) WHERE grantee = 0)"
    ).splitlines()
    counters = {"pg_stat_have_stats", "pg_get_shmem_allocations", "pg_get_shmem_allocations_numa", "pg_get_aios"}
    reads = {name for name in taken if judge_function("pg_catalog", name, EMPTY).reach is Reach.READ}
    assert reads <= counters


def test_no_name_stands_in_two_sections() -> None:
    names = [name for section in sections("functions.txt").values() for name in section]
    assert len(names) == len(set(names)) == len(builtin_functions())


@pytest.mark.parametrize(
    "name",
    [
        *("nextval", "setval", "txid_current", "pg_current_xact_id", "pg_notify", "pg_advisory_lock"),
        *("pg_try_advisory_xact_lock", "pg_logical_emit_message", "pg_export_snapshot", "gin_clean_pending_list"),
        *("brin_summarize_new_values", "pg_input_is_valid", "no_such_function", "dblink", "pg_advisory_unlock"),
    ],
)
def test_what_changes_the_server_or_is_unknown_is_a_write(name: str) -> None:
    assert judge_function(None, name, EMPTY).reach is Reach.WRITE


@pytest.mark.parametrize(
    "name",
    [
        *("pg_reload_conf", "pg_switch_wal", "pg_promote", "pg_stat_reset", "pg_create_physical_replication_slot"),
        *("pg_drop_replication_slot", "pg_rotate_logfile", "pg_terminate_backend", "pg_restore_relation_stats"),
        *("pg_replication_origin_create", "pg_backup_start", "pg_import_system_collations", "pg_wal_replay_pause"),
    ],
)
def test_what_acts_on_the_server_or_on_others_is_administration(name: str) -> None:
    assert judge_function(None, name, EMPTY).reach is Reach.ADMIN


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("pg_read_file", "files"),
        ("pg_read_binary_file", "files"),
        ("pg_ls_dir", "files"),
        ("pg_ls_waldir", "files"),
        ("pg_stat_file", "files"),
        ("pg_current_logfile", "files"),
        ("pg_hba_file_rules", "files"),
        ("query_to_xml", "text"),
        ("table_to_xml", "text"),
        ("schema_to_xml", "text"),
        ("database_to_xml_and_xmlschema", "text"),
        ("cursor_to_xml", "text"),
        ("ts_stat", "text"),
        ("ts_rewrite", "text"),
        ("lo_import", "large_objects"),
        ("lo_get", "large_objects"),
        ("lo_create", "large_objects"),
        ("loread", "large_objects"),
        ("pg_stat_get_activity", "statements"),
        ("pg_stat_get_backend_activity", "statements"),
        ("current_query", "statements"),
        ("pg_logical_slot_peek_changes", "values"),
        ("pg_mcv_list_items", "values"),
        ("set_config", "settings"),
        ("domain_in", "internal"),
        ("record_in", "internal"),
        ("plpgsql_call_handler", "internal"),
        ("binary_upgrade_set_record_init_privs", "internal"),
    ],
)
def test_what_reads_out_of_sight_is_refused_with_a_next_step(name: str, rule: str) -> None:
    verdict = judge_function("pg_catalog", name, EMPTY)
    assert verdict.reach is Reach.REFUSED and verdict.refusal is not None
    assert verdict.refusal.rule == f"postgres.function.{rule}"
    assert name in verdict.refusal.message and verdict.refusal.next_step


@pytest.mark.parametrize(
    "name",
    [
        *("random", "clock_timestamp", "now", "gen_random_uuid", "pg_sleep", "count", "sum", "row_number", "lag"),
        *("generate_series", "to_char", "date_trunc", "json_agg", "pg_get_viewdef", "format_type", "obj_description"),
        *("pg_table_is_visible", "array_agg", "unnest", "has_table_privilege", "pg_advisory_unlock_all", "version"),
    ],
)
def test_harmless_functions_are_reads(name: str) -> None:
    verdict = judge_function(None, name, EMPTY)
    assert verdict.reach is Reach.READ and verdict.rollback_safe and not verdict.pure


def test_only_what_cannot_fail_on_a_text_is_pure() -> None:
    pure = {name for name, verdict in builtin_functions().items() if verdict.pure}
    assert {"lower", "concat", "length", "md5", "left"} <= pure
    assert not pure & {
        "repeat",
        "lpad",
        "substring",
        "split_part",
        "chr",
        "replace",
        "regexp_replace",
        "like",
        "int4",
    }
    assert judge_operator(None, "||", EMPTY).pure and judge_operator(None, "=", EMPTY).pure
    assert not judge_operator(None, "~~", EMPTY).pure and not judge_operator(None, "/", EMPTY).pure


def test_what_a_rollback_undoes_is_told_apart() -> None:
    assert judge_function(None, "pg_notify", EMPTY).rollback_safe
    assert judge_function(None, "pg_advisory_xact_lock", EMPTY).rollback_safe
    assert not judge_function(None, "pg_advisory_lock", EMPTY).rollback_safe
    assert not judge_function(None, "nextval", EMPTY).rollback_safe


def test_a_users_function_of_a_builtins_name_makes_the_call_opaque() -> None:
    shadowed = replace(EMPTY, functions=frozenset({("public", "lower")}))
    assert judge_function(None, "lower", shadowed).reach is Reach.WRITE
    assert judge_function("pg_catalog", "lower", shadowed).reach is Reach.READ
    assert judge_function("public", "lower", shadowed).reach is Reach.WRITE
    elsewhere = replace(EMPTY, functions=frozenset({("reporting", "lower")}))
    assert judge_function(None, "lower", elsewhere).reach is Reach.READ


def test_a_trusted_extensions_function_is_a_read_but_hides_no_dangerous_builtin() -> None:
    names = frozenset({("public", "lower"), ("public", "similarity"), ("public", "nextval"), ("public", "ts_stat")})
    trusting = replace(EMPTY, functions=names, trusted_functions=names)
    assert judge_function(None, "similarity", trusting).reach is Reach.READ
    assert judge_function("public", "similarity", trusting).reach is Reach.READ
    assert judge_function(None, "lower", trusting).reach is Reach.READ
    assert not judge_function(None, "lower", trusting).pure
    assert judge_function(None, "nextval", trusting).reach is Reach.WRITE
    assert judge_function(None, "ts_stat", trusting).reach is Reach.REFUSED


def test_information_schema_has_only_its_own_functions() -> None:
    assert judge_function("information_schema", "_pg_expandarray", EMPTY).reach is Reach.READ
    assert judge_function("information_schema", "lower", EMPTY).reach is Reach.WRITE


@pytest.mark.parametrize(
    ("expression", "reach"),
    [
        ("set_config('application_name', 'me', false)", Reach.READ),
        ("pg_catalog.set_config('work_mem', '64MB', true)", Reach.READ),
        ("set_config('search_path', '', false)", Reach.REFUSED),
        ("set_config('role', 'postgres', false)", Reach.REFUSED),
        ("set_config('statement_timeout', '1s', false)", Reach.REFUSED),
        ("set_config('default_transaction_read_only', 'off', false)", Reach.REFUSED),
        ("set_config('appli' || 'cation_name', 'me', false)", Reach.REFUSED),
        ("set_config($1, 'me', false)", Reach.REFUSED),
        ("set_config('application_name', (SELECT 'me'), false)", Reach.REFUSED),
        ("set_config(is_local => false, setting_name => 'application_name', new_value => 'a')", Reach.REFUSED),
        ("set_config(VARIADIC ARRAY['application_name', 'me'])", Reach.REFUSED),
        ("set_config('application_name', 'me')", Reach.REFUSED),
        ("current_setting('TimeZone')", Reach.READ),
        ("current_setting('work_mem'::text, true)", Reach.READ),
        ("current_setting('app.jwt_secret')", Reach.REFUSED),
        ("current_setting('PRIMARY_CONNINFO')", Reach.REFUSED),
        ("current_setting(lower('APP.SECRET'))", Reach.REFUSED),
        ("pg_cancel_backend(pg_backend_pid())", Reach.READ),
        ("pg_terminate_backend(pg_catalog.pg_backend_pid())", Reach.READ),
        ("pg_terminate_backend(1234)", Reach.ADMIN),
        ("pg_terminate_backend(pid => pg_backend_pid())", Reach.ADMIN),
        ("pg_terminate_backend((SELECT pg_backend_pid()))", Reach.ADMIN),
        ("pg_terminate_backend(pg_backend_pid() + 1)", Reach.ADMIN),
        ("shop.public.lower('a')", Reach.WRITE),
        ("trim('a')", Reach.READ),
        ("extract(epoch from now())", Reach.READ),
    ],
)
def test_arguments_decide_where_they_must(expression: str, reach: Reach) -> None:
    assert judged(expression).reach is reach


def test_a_shadowed_pg_backend_pid_is_not_ones_own() -> None:
    shadowed = replace(EMPTY, functions=frozenset({("public", "pg_backend_pid")}))
    assert judged("pg_terminate_backend(pg_backend_pid())", shadowed).reach is Reach.ADMIN
    shadowed = replace(EMPTY, functions=frozenset({("public", "set_config")}))
    assert judged("set_config('application_name', 'me', false)", shadowed).reach is Reach.WRITE


def test_operators_of_users_are_opaque_unless_trusted() -> None:
    theirs = replace(EMPTY, operators=frozenset({"=", "<~>", "%%"}), trusted_operators=frozenset({"%%"}))
    assert judge_operator(None, "=", theirs).reach is Reach.WRITE
    assert judge_operator("pg_catalog", "=", theirs).reach is Reach.READ
    assert judge_operator("public", "=", theirs).reach is Reach.WRITE
    assert judge_operator(None, "<~>", theirs).reach is Reach.WRITE
    assert judge_operator(None, "%%", theirs).reach is Reach.READ
    assert judge_operator("public", "%%", theirs).reach is Reach.READ
    assert judge_operator(None, "+", theirs).reach is Reach.READ
    assert judge_operator(None, "@#@", EMPTY).reach is Reach.WRITE


def test_only_builtin_types_and_known_harmless_ones_may_be_named() -> None:
    types = frozenset({("public", "mood"), ("public", "positive"), ("public", "customers"), ("reporting", "mood2")})
    catalog = replace(EMPTY, types=types, harmless_types=frozenset({("public", "mood"), ("reporting", "mood2")}))
    for schema, name in [
        (None, "text"),
        ("pg_catalog", "int4"),
        (None, "_text"),
        (None, "regclass"),
        (None, "mood"),
        ("public", "mood"),
        ("reporting", "mood2"),
        ("information_schema", "sql_identifier"),
    ]:
        assert judge_type(schema, name, catalog) is None, name
    for schema, name in [
        (None, "positive"),
        (None, "mood2"),
        ("public", "customers"),
        (None, "pg_authid"),
        ("pg_catalog", "pg_mcv_list"),
        (None, "record"),
        (None, "refcursor"),
        ("public", "text"),
        ("pg_temp", "mood"),
    ]:
        refusal = judge_type(schema, name, catalog)
        assert refusal is not None and refusal.rule == "postgres.type", name
