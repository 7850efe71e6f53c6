"""A streaming standby as a target: it is read like the primary, and told apart from it."""

import secrets
from collections.abc import Iterator

import psycopg
import pytest

from tests.e2e.clients import eventually
from tests.e2e.conftest import FREE_HANDS, SETTINGS
from tests.e2e.elsewhere import Elsewhere
from tests.e2e.shop import LABELS, leaks, make_shop
from tests.rig.gateway import Gateway, Target
from tests.rig.servers import Server
from tests.rig.standby import Standby

DATABASE = "e2e_shop"


@pytest.fixture(scope="module")
def primary() -> Iterator[Server]:
    with Server(15) as running:
        make_shop(running, DATABASE)
        yield running


@pytest.fixture(scope="module")
def standby(primary: Server) -> Iterator[Standby]:
    with Standby(primary) as running:
        yield running


@pytest.fixture(scope="module")
def gateway(primary: Server, standby: Standby) -> Iterator[Gateway]:
    """``workshop`` has one account for all, which may write on a primary; ``roles`` needs accounts of its own."""
    password = secrets.token_urlsafe(18)
    primary.sql(f"CREATE ROLE reporter LOGIN PASSWORD '{password}'; GRANT pg_read_all_data TO reporter")
    primary.sql("GRANT INSERT, UPDATE ON stock TO reporter", DATABASE)
    here = Elsewhere(primary, standby.port)  # what must be changed is changed on the primary
    targets = [
        Target("workshop", here, (DATABASE,), labels=LABELS, account=("reporter", password)),
        Target("roles", here, (DATABASE,), labels=LABELS),
    ]
    running = Gateway(targets, settings=SETTINGS, policies=FREE_HANDS)
    standby.caught_up()
    with running:
        yield running


def test_it_is_read_and_masked_like_the_primary(gateway: Gateway, primary: Server, standby: Standby) -> None:
    with psycopg.connect(gateway.session("workshop").dsn(), autocommit=True) as session:
        assert session.execute("SELECT pg_is_in_recovery()").fetchone() == (True,)
        found = session.execute("SELECT * FROM customers ORDER BY id").fetchall()
        assert len(found) == 300 and not leaks(found)
        primary.sql("INSERT INTO stock VALUES (501, 'new on the primary', 1)", DATABASE)
        standby.caught_up()
        asked = session.execute("SELECT name FROM stock WHERE id = %s", (501,))
        assert asked.fetchone() == ("new on the primary",)


@pytest.mark.parametrize("wanted", ["standby", "read-only"])
def test_a_client_that_looks_for_a_standby_takes_it(gateway: Gateway, wanted: str) -> None:
    with psycopg.connect(gateway.session("workshop").dsn(target_session_attrs=wanted)) as session:
        assert session.info.parameter_status("in_hot_standby") == "on"


def test_a_client_that_looks_for_a_primary_does_not(gateway: Gateway) -> None:
    with pytest.raises(psycopg.OperationalError, match="hot standby"):
        psycopg.connect(gateway.session("workshop").dsn(target_session_attrs="primary"))


def test_a_change_is_refused_by_the_server_in_its_own_words(gateway: Gateway) -> None:
    login = gateway.session("workshop", capabilities=("read", "write"))
    with psycopg.connect(login.dsn(), autocommit=True) as session:
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction, match="read-only transaction"):
            session.execute("UPDATE stock SET quantity = 5 WHERE id = 1")
        assert session.execute("SELECT quantity FROM stock WHERE id = 1").fetchone() == (10,)


def test_session_roles_cannot_be_made_there_and_the_client_is_told(gateway: Gateway) -> None:
    with pytest.raises(
        psycopg.OperationalError, match="it is a standby or read-only: session roles are made on the pri"
    ):
        psycopg.connect(gateway.session("roles").dsn())


def test_a_kill_ends_the_work_there(gateway: Gateway, standby: Standby) -> None:
    login = gateway.session("workshop")
    with psycopg.connect(login.dsn(application_name="killed there"), autocommit=True) as session:
        session.execute("SELECT 1")
        pid = session.info.backend_pid
        listed = gateway.api("GET", "/sessions", by="sam")["items"]
        mine = next(one["id"] for one in listed if one["application_name"] == "killed there")
        report = gateway.api("POST", "/kills", {"scope": "session", "subject": mine, "reason": "enough"}, by="sam")
        assert [ended["session_id"] for ended in report["ended"]] == [mine] and report["remaining"] == []
        with pytest.raises(psycopg.errors.AdminShutdown, match="enough"):
            session.execute("SELECT 1")
    eventually(lambda: standby.sql(f"SELECT count(*) FROM pg_stat_activity WHERE pid = {pid}") == "0")


def test_a_promotion_reaches_the_session(gateway: Gateway, standby: Standby) -> None:
    """Last: afterwards it is a primary."""
    login = gateway.session("workshop", capabilities=("read", "write"))
    with psycopg.connect(login.dsn(), autocommit=True) as session:
        assert standby.sql("SELECT pg_promote()") == "t"
        eventually(lambda: session.execute("SELECT pg_is_in_recovery()").fetchone() == (False,))
        eventually(lambda: session.execute("SELECT 1") and session.info.parameter_status("in_hot_standby") == "off")
        session.execute("UPDATE stock SET quantity = 5 WHERE id = 1")
        assert session.execute("SELECT quantity FROM stock WHERE id = 1").fetchone() == (5,)
