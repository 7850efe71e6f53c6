"""Logging in: TLS, passwords, credentials, targets, settings. Each refusal says why and what to do next."""

import time
from dataclasses import replace

import psycopg
import pytest

from tests.e2e.clients import eventually, psql
from tests.e2e.conftest import MakeLogin
from tests.rig.gateway import Gateway, SessionLogin
from tests.rig.servers import Server


@pytest.fixture(scope="module")
def tls_login(tls_gateway: Gateway) -> SessionLogin:
    return tls_gateway.session("orders-db")


def refusal(login: SessionLogin, **more: str) -> str:
    """What a client is told that may not come in."""
    with pytest.raises(psycopg.OperationalError) as caught:
        psycopg.connect(login.dsn(**more))
    return str(caught.value)


# --- TLS ----------------------------------------------------------------------------------------------------------


def test_psql_comes_in_over_tls_bound_to_the_channel(tls_login: SessionLogin) -> None:
    shown = psql(tls_login, "\\conninfo", "SELECT count(*) FROM orders", channel_binding="require")
    assert "SSL connection (protocol: TLSv1.3" in shown
    assert "900" in shown


@pytest.mark.parametrize("more", [{}, {"sslnegotiation": "direct"}], ids=["asked for", "direct"])
def test_a_new_libpq_comes_in_over_tls(tls_login: SessionLogin, more: dict[str, str]) -> None:
    with psycopg.connect(tls_login.dsn(channel_binding="require", **more)) as connection:
        assert connection.pgconn.ssl_in_use
        assert connection.execute("SELECT count(*) FROM orders").fetchone() == (900,)


def test_scram_without_the_binding_is_taken_too(tls_login: SessionLogin) -> None:
    with psycopg.connect(tls_login.dsn(channel_binding="disable")) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_clear_text_is_refused_where_tls_is_required(tls_login: SessionLogin) -> None:
    told = refusal(replace(tls_login, tls=False))
    assert "TLS connections only" in told
    assert "sslmode=require" in told


def test_a_client_in_clear_cannot_ask_for_channel_binding(login: MakeLogin) -> None:
    told = refusal(login(), channel_binding="require")
    assert "channel binding" in told


@pytest.mark.parametrize("protocol", ["3.0", "3.2", "latest"])
def test_both_protocol_versions_and_their_cancel_keys(tls_login: SessionLogin, protocol: str) -> None:
    with psycopg.connect(tls_login.dsn(max_protocol_version=protocol), autocommit=True) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
        connection.cancel_safe(timeout=5)
        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.execute("SET statement_timeout = '100ms'; SELECT pg_sleep(20)")


def test_the_client_sees_the_servers_own_process_id(tls_login: SessionLogin) -> None:
    with psycopg.connect(tls_login.dsn()) as connection:
        assert connection.execute("SELECT pg_backend_pid()").fetchone() == (connection.info.backend_pid,)


# --- who ----------------------------------------------------------------------------------------------------------


def test_a_wrong_password_and_an_unknown_user_look_the_same(login: MakeLogin) -> None:
    known = login()
    wrong = refusal(replace(known, secret=known.secret + "x"))
    name = "nobody.abcdef"
    unknown = refusal(replace(known, user=name))
    assert f'password authentication failed for user "{known.user}"' in wrong
    assert wrong.replace(known.user, name) == unknown


@pytest.mark.parametrize("change", ["password", "user"])
def test_both_have_the_sqlstate_of_a_wrong_password(login: MakeLogin, change: str) -> None:
    known = login()
    wrong = replace(known, secret="not it") if change == "password" else replace(known, user="nobody.abcdef")
    shown = psql(wrong, "SELECT 1", options=("-v", "VERBOSITY=verbose"))
    assert "password authentication failed" in shown
    with pytest.raises(psycopg.errors.InvalidPassword):
        _raise_by_sqlstate(wrong)


def _raise_by_sqlstate(wrong: SessionLogin) -> None:
    """libpq keeps no SQLSTATE of a failed connection; asyncpg does."""
    import asyncio

    import asyncpg

    async def attempt() -> None:
        await asyncpg.connect(
            host=wrong.host, port=wrong.port, user=wrong.user, password=wrong.secret, database=wrong.database,
            ssl=False,
        )  # fmt: skip

    try:
        asyncio.run(attempt())
    except asyncpg.PostgresError as problem:
        raise psycopg.errors.lookup(str(problem.sqlstate))(str(problem)) from problem


def test_a_credential_of_an_ended_grant_is_refused(gateway: Gateway) -> None:
    mine = gateway.session("orders-db")
    psycopg.connect(mine.dsn()).close()
    gateway.api("POST", f"/grants/{mine.grant}/end", {}, by="ada")
    assert "the access behind this credential is over" in refusal(mine)


def test_a_disabled_persons_credential_is_refused(gateway: Gateway) -> None:
    made = gateway.api("POST", "/principals", {"name": "temp", "groups": ["oncall"]}, by="root")
    gateway._log_in("temp", "/login/code", {"code": made["code"]})
    mine = gateway.session("orders-db", by="temp")
    psycopg.connect(mine.dsn()).close()
    gateway.api("POST", "/principals/temp/disable", {}, by="root")
    assert "safelight" in refusal(mine)


# --- where --------------------------------------------------------------------------------------------------------


def test_an_unknown_target_is_named_with_the_ones_there_are(login: MakeLogin) -> None:
    told = refusal(login(), dbname="nowhere-db")
    assert "there is no target nowhere-db" in told
    assert "connect to one of: orders-db" in told


def test_a_target_outside_of_the_grant_is_refused(login: MakeLogin) -> None:
    told = refusal(login(), dbname="workshop")
    assert "this grant does not cover workshop" in told
    assert "safelight request workshop" in told


def test_another_database_of_the_target(login: MakeLogin) -> None:
    with psycopg.connect(login().dsn(dbname="orders-db/e2e_other")) as connection:
        assert connection.execute("SELECT current_database()").fetchone() == ("e2e_other",)


def test_a_database_that_is_not_offered_is_refused(login: MakeLogin) -> None:
    told = refusal(login(), dbname="orders-db/postgres")
    assert "this database is not offered" in told
    assert "orders-db/e2e_shop" in told


def test_a_target_that_is_down_is_said_to_be_down(gateway: Gateway, login: MakeLogin) -> None:
    begun = time.monotonic()
    told = refusal(login("down-db"))
    assert "the server cannot be reached" in told
    assert "safelight doctor" in told
    assert time.monotonic() - begun < 5
    assert not [s for s in gateway.api("GET", "/sessions", by="ada")["items"] if s["target"] == "down-db"]


# --- settings -----------------------------------------------------------------------------------------------------


def test_settings_on_the_list_are_taken_in_options_and_in_set(login: MakeLogin) -> None:
    with psycopg.connect(
        login().dsn(options="-c timezone=Europe/Vienna -c statement_timeout=5s", application_name="mine"),
        autocommit=True,
    ) as connection:
        assert connection.info.parameter_status("TimeZone") == "Europe/Vienna"
        assert connection.execute("SHOW statement_timeout").fetchone() == ("5s",)
        assert connection.info.parameter_status("application_name") == "mine"
        connection.execute("SET timezone TO 'Asia/Tokyo'")
        assert connection.info.parameter_status("TimeZone") == "Asia/Tokyo"
        connection.execute("RESET timezone")
        assert connection.execute("SHOW timezone").fetchone() == ("Europe/Vienna",)


@pytest.mark.parametrize(
    "options",
    [
        "-c role=postgres",
        "-c standard_conforming_strings=off",
        "-c session_preload_libraries=x",
        "-d 5",
        "-c row_security=off",
    ],
)
def test_other_options_are_refused_at_the_door(login: MakeLogin, options: str) -> None:
    assert "safelight: " in refusal(login(), options=options)


def test_a_timeout_can_be_shortened_but_not_lengthened(login: MakeLogin) -> None:
    with psycopg.connect(login().dsn(options="-c statement_timeout=1h"), autocommit=True) as connection:
        assert connection.execute("SHOW statement_timeout").fetchone() == ("1min",)
        connection.execute("SET statement_timeout = '2s'")
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="safelight"):
            connection.execute("SET statement_timeout = '2h'")
        assert connection.execute("SHOW statement_timeout").fetchone() == ("2s",)


@pytest.mark.parametrize(
    "statement",
    [
        "SET role postgres",
        "SET search_path TO pg_temp",
        "SET client_encoding TO 'LATIN1'",
        "SET session_replication_role = replica",
    ],
)
def test_other_settings_are_refused_and_the_session_goes_on(login: MakeLogin, statement: str) -> None:
    with psycopg.connect(login().dsn(), autocommit=True) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege) as caught:
            connection.execute(statement)
        assert caught.value.diag.message_hint
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_replication_is_refused(login: MakeLogin) -> None:
    told = refusal(login(), replication="database")
    assert "replication connections are not carried" in told


def test_a_session_is_listed_while_it_lives(gateway: Gateway, login: MakeLogin, postgres18: Server) -> None:
    def mine() -> list[str]:
        found = gateway.api("GET", "/sessions", by="ada")["items"]
        return [s["id"] for s in found if s["application_name"] == "listed here"]

    with psycopg.connect(login().dsn(application_name="listed here"), autocommit=True):
        assert len(mine()) == 1
    eventually(lambda: not mine())
