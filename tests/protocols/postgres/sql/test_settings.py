"""What a session may set, by which way, and what it may read."""

import re
from pathlib import Path

import postgast
import pytest

from safelight.domain.errors import Refusal
from safelight.protocols.postgres.analysis import SettingChange
from safelight.protocols.postgres.sql.settings import (
    SETTINGS,
    check_read_setting,
    check_setting,
    read_variable_set,
    timeout_milliseconds,
    transaction_modes,
    widens,
)
from safelight.protocols.postgres.sql.tables import sections
from tests.rig.servers import Server


def read(text: str) -> SettingChange | Refusal:
    return read_variable_set(postgast.parse(text).stmts[0].stmt.variable_set_stmt)


@pytest.mark.parametrize(
    ("text", "change"),
    [
        ("SET application_name = 'my tool'", SettingChange("application_name", "my tool", False)),
        ("SET LOCAL work_mem TO '64MB'", SettingChange("work_mem", "64MB", True)),
        ("SET DateStyle TO ISO, MDY", SettingChange("datestyle", "iso, mdy", False)),
        ("SET datestyle = 'ISO, DMY'", SettingChange("datestyle", "ISO, DMY", False)),
        ("SET \"TimeZone\" = 'Europe/Berlin'", SettingChange("timezone", "Europe/Berlin", False)),
        ("SET TIME ZONE -7", SettingChange("timezone", "-7", False)),
        ("SET TIME ZONE LOCAL", SettingChange("timezone", None, False)),
        ("SET timezone TO DEFAULT", SettingChange("timezone", None, False)),
        ("SET extra_float_digits = 3", SettingChange("extra_float_digits", "3", False)),
        ("SET NAMES 'utf8'", SettingChange("client_encoding", "utf8", False)),
        ("SET client_min_messages TO warning", SettingChange("client_min_messages", "warning", False)),
        ("SET statement_timeout = 5000", SettingChange("statement_timeout", "5000", False)),
        ("SET statement_timeout = '5s'", SettingChange("statement_timeout", "5s", False)),
        ("SET lock_timeout = 0", SettingChange("lock_timeout", "0", False)),
        ("SET enable_seqscan = off", SettingChange("enable_seqscan", "off", False)),
        ("SET jit TO false", SettingChange("jit", "false", False)),
        ("SET standard_conforming_strings = on", SettingChange("standard_conforming_strings", "on", False)),
        ("SET XML OPTION CONTENT", SettingChange("xmloption", "CONTENT", False)),
        ("SET random_page_cost = 1.1", SettingChange("random_page_cost", "1.1", False)),
        ("SET default_transaction_read_only = on", SettingChange("default_transaction_read_only", "on", False)),
        ("RESET ALL", SettingChange("all", None, False)),
        ("RESET search_path", SettingChange("search_path", None, False)),
        ("RESET ROLE", SettingChange("role", None, False)),
        ("SET SESSION AUTHORIZATION DEFAULT", SettingChange("session_authorization", None, False)),
        ("SET TRANSACTION READ ONLY", SettingChange("transaction_read_only", "on", True)),
        (
            "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ WRITE, DEFERRABLE",
            SettingChange("transaction_read_only", "off", True),
        ),
        (
            "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ",
            SettingChange("default_transaction_isolation", "repeatable read", False),
        ),
        (
            "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
            SettingChange("default_transaction_read_only", "off", False),
        ),
    ],
)
def test_settings_on_the_list_are_read(text: str, change: SettingChange) -> None:
    assert read(text) == change


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("SET search_path = public", "postgres.setting.search_path"),
        ("SET SCHEMA 'other'", "postgres.setting.search_path"),
        ("SET ROLE postgres", "postgres.setting.identity"),
        ("SET LOCAL ROLE postgres", "postgres.setting.identity"),
        ("SET ROLE NONE", "postgres.setting.identity"),
        ("SET SESSION AUTHORIZATION postgres", "postgres.setting.identity"),
        ("SET \"ROLE\" = 'postgres'", "postgres.setting.identity"),
        ("SET row_security = off", "postgres.setting.name"),
        ("SET session_replication_role = replica", "postgres.setting.name"),
        ("SET log_statement = 'none'", "postgres.setting.name"),
        ("SET client_connection_check_interval = 0", "postgres.setting.name"),
        ("SET array_nulls = off", "postgres.setting.name"),
        ("SET transform_null_equals = on", "postgres.setting.name"),
        ("SET backslash_quote = on", "postgres.setting.name"),
        ("SET lc_messages = 'de_DE'", "postgres.setting.name"),
        ("SET app.user_id = '5'", "postgres.setting.name"),
        ("RESET app.user_id", "postgres.setting.name"),
        ("RESET log_statement", "postgres.setting.name"),
        ("SET local_preload_libraries = 'x'", "postgres.setting.name"),
        ("SET default_tablespace = 'x'", "postgres.setting.name"),
        ("SET SEED TO 0.5", "postgres.setting.name"),
        ("SET client_encoding = 'LATIN1'", "postgres.setting.value"),
        ("SET NAMES 'SQL_ASCII'", "postgres.setting.value"),
        ("SET standard_conforming_strings = off", "postgres.setting.value"),
        ("SET datestyle = 'German'", "postgres.setting.value"),
        ("SET datestyle = 'SQL, DMY'", "postgres.setting.value"),
        ("SET client_min_messages = debug5", "postgres.setting.value"),
        ("SET client_min_messages = log", "postgres.setting.value"),
        ("SET statement_timeout = 0", "postgres.setting.value"),
        ("SET statement_timeout = '0.4us'", "postgres.setting.value"),
        ("SET idle_in_transaction_session_timeout = '0'", "postgres.setting.value"),
        ("SET statement_timeout = -1", "postgres.setting.value"),
        ("SET work_mem = '4TB'", "postgres.setting.value"),
        ("SET work_mem = '400GB'", "postgres.setting.value"),
        ("SET timezone = '../../etc/passwd'", "postgres.setting.value"),
        ("SET max_parallel_workers_per_gather = 1000", "postgres.setting.value"),
        ("SET extra_float_digits = 'x'", "postgres.setting.value"),
        ("SET TIME ZONE INTERVAL '1' HOUR TO MINUTE", "postgres.setting.form"),
        ("SET TRANSACTION SNAPSHOT '00000003-1'", "postgres.setting.form"),
        ("SET work_mem FROM CURRENT", "postgres.setting.form"),
        ("SET application_name = a, b", "postgres.setting.form"),
    ],
)
def test_everything_else_is_refused_by_its_rule(text: str, rule: str) -> None:
    refusal = read(text)
    assert isinstance(refusal, Refusal) and refusal.rule == rule
    assert refusal.message and refusal.next_step


@pytest.mark.parametrize("path", ["reporting", 'reporting, public, "Odd Name"', '"$user", public', "a,b"])
def test_a_search_path_may_be_given_at_startup(path: str) -> None:
    assert check_setting("search_path", path, at_startup=True) is None
    assert check_setting("search_path", path, at_startup=False) is not None


@pytest.mark.parametrize(
    "path",
    [
        "public, pg_catalog",
        "pg_temp",
        '"pg_catalog"',
        "PG_CATALOG",
        "",
        "a,,b",
        "a b",
        "$user",
        '"a""b"',
        "a" + ",a" * 16,
    ],
)
def test_a_search_path_that_names_the_systems_schemas_or_is_not_plain_is_refused(path: str) -> None:
    assert check_setting("search_path", path, at_startup=True) is not None


def test_a_startup_packet_cannot_switch_read_only_off() -> None:
    assert check_setting("default_transaction_read_only", "on", at_startup=True) is None
    assert check_setting("default_transaction_read_only", "off", at_startup=True) is not None
    assert check_setting("Application_Name", "psql", at_startup=True) is None
    assert check_setting("role", "postgres", at_startup=True) is not None


def test_leaving_read_only_widens() -> None:
    for text in (
        "SET TRANSACTION READ WRITE",
        "SET transaction_read_only = 0",
        "SET default_transaction_read_only = no",
    ):
        change = read(text)
        assert isinstance(change, SettingChange) and widens(change), text
    for text in ("SET TRANSACTION READ ONLY", "RESET default_transaction_read_only", "SET jit = off"):
        change = read(text)
        assert isinstance(change, SettingChange) and not widens(change), text


def test_the_modes_of_begin_are_read() -> None:
    def modes(text: str) -> dict[str, str] | Refusal:
        return transaction_modes(postgast.parse(text).stmts[0].stmt.transaction_stmt.options)

    assert modes("BEGIN") == {}
    assert modes("BEGIN READ WRITE") == {"transaction_read_only": "off"}
    assert modes("START TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ ONLY, NOT DEFERRABLE") == {
        "transaction_isolation": "serializable",
        "transaction_read_only": "on",
        "transaction_deferrable": "off",
    }


@pytest.mark.parametrize(
    ("value", "milliseconds"),
    [
        ("5000", 5000),
        ("5s", 5000),
        ("1.5 s", 1500),
        ("2min", 120_000),
        ("1h", 3_600_000),
        ("1d", 86_400_000),
        ("900us", 0),
        ("5S", None),
        ("-1", None),
        ("", None),
        ("1e3", None),
        ("0x10", None),
    ],
)
def test_timeouts_are_read_as_the_server_reads_them(value: str, milliseconds: int | None) -> None:
    assert timeout_milliseconds(value) == milliseconds


def test_what_may_hold_secrets_is_not_shown() -> None:
    for name in ("TimeZone", "server_version", "transaction_isolation", "plpgsql.variable_conflict", "all"):
        assert check_read_setting(name) is None, name
    for secret in ("app.jwt_secret", "primary_conninfo", "Archive_Command", "my.password", None):
        assert check_read_setting(secret) is not None, secret


@pytest.mark.parametrize("fixture", ["postgres15", "postgres18"])
def test_every_boolean_setting_of_the_list_is_one_that_any_user_may_set(
    fixture: str, request: pytest.FixtureRequest
) -> None:
    server: Server = request.getfixturevalue(fixture)
    known = dict(
        line.split("|") for line in server.sql("SELECT name, context || vartype FROM pg_settings").splitlines()
    )
    for name in sections("names.txt")["boolean settings"]:
        assert known.get(name, "userbool") == "userbool", name
    assert sum(name in known for name in sections("names.txt")["boolean settings"]) >= 25


GIVEN = {
    "application_name": ["my tool", "", "x" * 63],
    "bytea_output": ["hex", "escape"],
    "client_encoding": ["UTF8", "utf-8", "''utf-8''", "unicode"],
    "client_min_messages": ["notice", "warning", "error"],
    "cpu_index_tuple_cost": ["0.1"],
    "cpu_operator_cost": ["0.1"],
    "cpu_tuple_cost": ["0.1"],
    "cursor_tuple_fraction": ["0.5", "1"],
    "datestyle": ["ISO", "iso, mdy", "DMY", "ISO, European"],
    "default_text_search_config": ["pg_catalog.english", "pg_catalog.simple"],
    "default_transaction_isolation": ["read committed", "serializable"],
    "extra_float_digits": ["-15", "3"],
    "from_collapse_limit": ["1", "100"],
    "idle_in_transaction_session_timeout": ["5s", "60000"],
    "idle_session_timeout": ["1min"],
    "intervalstyle": ["postgres", "postgres_verbose", "sql_standard", "iso_8601"],
    "join_collapse_limit": ["1", "100"],
    "lock_timeout": ["0", "2s"],
    "max_parallel_workers_per_gather": ["0", "8"],
    "parallel_setup_cost": ["10"],
    "parallel_tuple_cost": ["10"],
    "plan_cache_mode": ["auto", "force_generic_plan", "force_custom_plan"],
    "random_page_cost": ["1.1"],
    "seq_page_cost": ["1"],
    "standard_conforming_strings": ["on", "yes"],
    "statement_timeout": ["5000", "5s", "1.5 min", "1h", "1d"],
    "timezone": ["UTC", "Europe/Berlin", "-7", "<+03>-03"],
    "transaction_isolation": ["repeatable read"],
    "transaction_timeout": ["5s"],
    "work_mem": ["64", "64kB", "256MB", "100 MB"],
    "xmlbinary": ["base64", "hex"],
    "xmloption": ["content", "document"],
}


@pytest.mark.parametrize("fixture", ["postgres15", "postgres18"])
def test_what_may_be_set_is_taken_by_the_server_from_anybody(fixture: str, request: pytest.FixtureRequest) -> None:
    server: Server = request.getfixturevalue(fixture)
    switches = set(sections("names.txt")["boolean settings"]) | {
        "default_transaction_read_only",
        "transaction_read_only",
    }
    given = (
        GIVEN
        | {name: ["on", "off"] for name in switches - {"transaction_read_only"}}
        | {"transaction_read_only": ["on"]}
    )
    assert set(given) == set(SETTINGS)
    known = set(server.sql("SELECT lower(name) FROM pg_settings").splitlines())
    server.sql("DROP ROLE IF EXISTS anybody; CREATE ROLE anybody LOGIN PASSWORD 'anybody'")
    statements = ["BEGIN ISOLATION LEVEL SERIALIZABLE"]
    for name, values in sorted(given.items()):
        for value in values:
            assert check_setting(name, value.replace("''", "'"), at_startup=False) is None, (name, value)
            if name in known:
                statements.append(f"SET LOCAL {name} = '{value}'")
    server.sql(";\n".join([*statements, "ROLLBACK"]), user="anybody", password="anybody")
    server.sql("DROP ROLE anybody")
    newer = {"enable_distinct_reordering", "enable_group_by_reordering", "enable_presorted_aggregate"}
    newer |= {"enable_self_join_elimination", "transaction_timeout"}
    assert set(given) - known == (newer if server.major == 15 else set())


def test_the_documentation_lists_them_all() -> None:
    page = (Path(__file__).parents[4] / "docs" / "settings.md").read_text()
    listed = set(re.findall(r"`([a-z_]+)`", page))
    assert set(SETTINGS) | {"search_path"} <= listed
