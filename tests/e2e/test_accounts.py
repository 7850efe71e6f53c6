"""The account behind a session: an ephemeral role that is gone with it, also after a crash; or one static account."""

from pathlib import Path

import psycopg
import pytest

from tests.e2e.clients import eventually
from tests.e2e.conftest import STATIC_USER, Connect, MakeLogin
from tests.e2e.shop import LABELS, make_shop
from tests.rig.gateway import Gateway, Target
from tests.rig.servers import Server

ROLES = "SELECT count(*) FROM pg_roles WHERE rolname ~ '^safelight_[rw]_'"


def role_of(server: Server, pid: int) -> str:
    return server.sql(f"SELECT usename FROM pg_stat_activity WHERE pid = {pid}")


@pytest.mark.parametrize(
    ("target", "capabilities", "kind"), [("orders-db", ("read",), "r"), ("workshop", ("read", "write"), "w")]
)
def test_a_role_of_its_own_that_is_gone_afterwards(
    login: MakeLogin, postgres18: Server, target: str, capabilities: tuple[str, ...], kind: str
) -> None:
    mine = login(target, capabilities)
    with psycopg.connect(mine.dsn()) as one, psycopg.connect(mine.dsn()) as other:
        roles = [role_of(postgres18, session.info.backend_pid) for session in (one, other)]
        assert len(set(roles)) == 2 and all(role.startswith(f"safelight_{kind}_") for role in roles)
        assert one.info.user == mine.user
    known = f"SELECT count(*) FROM pg_roles WHERE rolname IN ('{roles[0]}', '{roles[1]}')"
    eventually(lambda: postgres18.sql(known) == "0")


def test_the_client_is_told_its_own_name_and_not_the_servers(connect: Connect) -> None:
    session = connect()
    assert session.info.parameter_status("session_authorization") == session.info.user
    assert session.info.parameter_status("is_superuser") == "off"


def test_one_account_for_all(connect: Connect, postgres15: Server) -> None:
    session = connect("static-15")
    assert role_of(postgres15, session.info.backend_pid) == STATIC_USER


def test_an_ephemeral_role_may_not_change_itself_or_see_its_siblings(connect: Connect) -> None:
    session, sibling = connect("orders-15"), connect("orders-15")
    sibling.execute("SELECT 'a secret of the sibling'")
    texts = session.execute("SELECT query FROM pg_stat_activity").fetchall()
    assert texts
    assert "a secret of the sibling" not in str(texts)
    for statement in ("ALTER ROLE CURRENT_USER PASSWORD 'mine'", "ALTER ROLE CURRENT_USER SET jit = off"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            session.execute(statement)


def test_after_a_crash_no_role_is_left_and_nothing_is_lost(postgres18: Server, tmp_path: Path) -> None:
    make_shop(postgres18, "e2e_crash")
    target = Target("crash-db", postgres18, ("e2e_crash",), labels=LABELS)
    with Gateway([target], directory=tmp_path / "node") as gateway:
        login = gateway.session("crash-db")
        session = psycopg.connect(login.dsn(), autocommit=True)
        session.execute("SELECT 'before the crash'")
        role = role_of(postgres18, session.info.backend_pid)
        gateway.kill()
        with pytest.raises(psycopg.OperationalError):
            session.execute("SELECT 1")
        gateway.start()
        eventually(lambda: postgres18.sql(f"SELECT count(*) FROM pg_roles WHERE rolname = '{role}'") == "0", 10)
        again = gateway.credential(login.grant, "crash-db")
        with psycopg.connect(again.dsn()) as after:
            assert after.execute("SELECT count(*) FROM stock").fetchone() == (50,)
        found = gateway.api("GET", "/audit/records?kind=statement.intent&reveal=true&limit=50", by="sam")["records"]
        assert any("before the crash" in str(record["sensitive"]) for record in found)
        gateway.stop()
        left = (
            "SELECT string_agg(rolname, ' ') FROM pg_roles r, pg_shdescription d WHERE d.objoid = r.oid"
            " AND rolname ~ '^safelight_[rw]_' AND rolname IN (SELECT usename FROM pg_stat_activity)"
        )
        assert postgres18.sql(left.replace("pg_stat_activity", "pg_stat_activity WHERE datname = 'e2e_crash'")) == ""
        gateway.start()
