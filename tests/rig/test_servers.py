"""The rig itself: servers answer, log, stop, crash and come back; the accounts hold what they promise."""

import psycopg
import pytest

from tests.rig.accounts import create_accounts
from tests.rig.servers import Server, ServerFailed


@pytest.fixture(params=["postgres15", "postgres18", "postgres15_tls"])
def server(request: pytest.FixtureRequest) -> Server:
    found: Server = request.getfixturevalue(request.param)
    return found


def test_a_server_answers_over_scram_and_logs_what_it_is_asked(server: Server) -> None:
    with psycopg.connect(server.dsn()) as connection:
        version = connection.execute("SELECT current_setting('server_version_num')::int, 'a mark'").fetchone()
        assert version is not None and version[0] // 10000 == server.major
        assert (connection.pgconn.ssl_in_use == 1) is (server.ca_file is not None)
    assert "a mark" in server.log_text()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(server.dsn(user=server.superuser, password="not it"))


def test_a_new_database_is_empty_and_its_own(server: Server) -> None:
    name = server.create_database()
    server.sql("CREATE TABLE only_here (a int)", name)
    with pytest.raises(ServerFailed, match="only_here"):
        server.sql("TABLE only_here")


@pytest.mark.parametrize("major", [15, 18])
def test_a_server_comes_back_after_a_stop_and_after_a_crash(major: int) -> None:
    with Server(major) as server:
        server.sql("CREATE TABLE kept (a int)")
        server.stop()
        assert not server.running
        server.start()
        server.sql("INSERT INTO kept VALUES (1); CHECKPOINT")
        server.kill()
        server.start()
        assert server.sql("SELECT count(*) FROM kept") == "1"
        directory = server.directory
    assert not directory.exists()


@pytest.mark.parametrize("major", ["postgres15", "postgres18"])
def test_the_accounts_can_do_their_work_and_no_more(major: str, request: pytest.FixtureRequest) -> None:
    server: Server = request.getfixturevalue(major)
    database = server.create_database()
    server.sql("CREATE TABLE orders (id serial, note text)", database)
    accounts = create_accounts(server, database)
    with psycopg.connect(server.dsn(database, accounts.admin, accounts.admin_password), autocommit=True) as admin:
        admin.execute("CREATE ROLE reader LOGIN PASSWORD 'r' CONNECTION LIMIT 1 VALID UNTIL 'tomorrow'")
        admin.execute(f"GRANT {accounts.read_role} TO reader")
        admin.execute("ALTER ROLE reader SET default_transaction_read_only = on")
        assert admin.execute("SELECT count(*) FROM orders").fetchone() == (0,)
        with psycopg.connect(server.dsn(database, "reader", "r"), autocommit=True) as reader:
            assert reader.execute("SELECT count(*) FROM orders").fetchone() == (0,)
            reader.execute("SET default_transaction_read_only = off")
            for attempt in (
                "INSERT INTO orders (note) VALUES ('x')",
                "CREATE TEMP TABLE t (a int)",
                "CREATE TABLE t (a int)",
                "SELECT lo_create(0)",
                "SELECT nextval('orders_id_seq')",
            ):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    reader.execute(attempt)
            pid = reader.info.backend_pid
            admin.execute("ALTER ROLE reader NOLOGIN")
            assert admin.execute("SELECT pg_terminate_backend(%s)", [pid]).fetchone() == (True,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            admin.execute("ALTER ROLE postgres PASSWORD 'mine'")
        admin.execute("DROP ROLE reader")
