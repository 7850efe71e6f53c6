"""One backend of the server for each session: the client may use its process id, and its end is the client's end."""

import itertools
import secrets
import struct

import psycopg
import pytest

from safelight.protocols.postgres.scram import ScramClient, derive
from tests.e2e.clients import eventually, psql_script
from tests.e2e.conftest import Connect, MakeLogin
from tests.proofs.peer import Peer
from tests.rig.gateway import Gateway
from tests.rig.servers import Server

LISTENING = """
CREATE OR REPLACE FUNCTION listening() RETURNS int LANGUAGE plpgsql AS $$ BEGIN LISTEN orders; RETURN 1; END $$;
CREATE OR REPLACE FUNCTION notifying() RETURNS int LANGUAGE plpgsql AS $$
BEGIN NOTIFY orders, 'a payload'; RETURN 2; END $$;
"""


@pytest.mark.parametrize("target", ["orders-db", "orders-15", "static-15"])
def test_a_client_may_end_its_own_backend(connect: Connect, target: str) -> None:
    """The process id is the server's own, and so is the FATAL that follows."""
    session = connect(target)
    with pytest.raises(psycopg.errors.AdminShutdown, match="terminating connection due to administrator command"):
        session.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    assert session.closed


def test_a_client_may_not_end_anothers_backend(connect: Connect) -> None:
    one, other = connect("static-15"), connect("static-15")
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="safelight"):
        one.execute(f"SELECT pg_terminate_backend({other.info.backend_pid})")
    assert other.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.parametrize("target", ["orders-db", "static-15"])
def test_every_session_has_a_backend_that_nobody_used_before(connect: Connect, target: str) -> None:
    first = connect(target)
    first.execute("SET timezone TO 'Asia/Tokyo'")
    pid = first.info.backend_pid
    first.close()
    second = connect(target)
    assert second.info.backend_pid != pid
    assert second.execute("SHOW timezone").fetchone() == ("UTC",)


def test_reconnecting_in_psql_gives_a_new_backend(login: MakeLogin) -> None:
    asked = "SELECT pg_backend_pid();\n"
    shown = psql_script(
        login(), f"{asked}SET timezone TO 'Asia/Tokyo';\n\\c\n{asked}SHOW timezone;\n", options=("-qAt",)
    )
    first, *_, second, zone = shown.split()
    assert first.isdigit() and second.isdigit() and first != second
    assert zone == "UTC"


def test_a_backend_that_dies_is_told_in_the_servers_words(connect: Connect, postgres18: Server) -> None:
    session = connect()
    postgres18.sql(f"SELECT pg_terminate_backend({session.info.backend_pid})")
    with pytest.raises(psycopg.errors.AdminShutdown, match="terminating connection due to administrator command"):
        session.execute("SELECT 1")


def test_a_backend_that_dies_in_a_copy_ends_the_writer(connect: Connect, postgres18: Server) -> None:
    """A writer that is not told would fill its socket and wait for ever."""
    session = connect("workshop", ("read", "write"))
    pid = session.info.backend_pid
    row = ("x" * 100_000).encode()
    with pytest.raises(psycopg.OperationalError), session.cursor().copy("COPY things FROM STDIN") as copy:
        for number in itertools.count(600_000):
            copy.write(b"%d\t%s\t1\n" % (number, row))
            if number == 600_020:
                postgres18.sql(f"SELECT pg_terminate_backend({pid})")
            assert number < 604_000, "400 MB were written to nobody"
    assert session.closed
    eventually(lambda: postgres18.sql(f"SELECT count(*) FROM pg_stat_activity WHERE pid = {pid}") == "0")
    assert postgres18.sql("SELECT count(*) FROM things WHERE id >= 600000", "e2e_workshop") == "0"


@pytest.mark.parametrize("busy", [False, True], ids=["idle", "mid-result"])
def test_notifications_do_not_reach_the_client(connect: Connect, postgres18: Server, busy: bool) -> None:
    """LISTEN is refused; a function of the database can do it all the same. Payloads are not masked."""
    postgres18.sql(LISTENING, "e2e_workshop")
    through = connect("workshop", ("read", "write"))
    seen: list[str] = []
    through.add_notify_handler(lambda told: seen.append("through"))
    with psycopg.connect(postgres18.dsn("e2e_workshop"), autocommit=True) as direct:
        direct.add_notify_handler(lambda told: seen.append("direct"))
        for session in (direct, through):
            assert session.execute("SELECT listening()").fetchone() == (1,)
        if busy:
            assert len(through.execute("SELECT notifying(), generate_series(1, 2000)").fetchall()) == 2000
        else:
            postgres18.sql("NOTIFY orders, 'a payload'", "e2e_workshop")
        for session in (direct, through):
            assert session.execute("SELECT 1").fetchone() == (1,)
    assert set(seen) == {"direct"}


def test_a_client_that_leaves_while_its_session_is_opened_leaves_no_backend(
    login: MakeLogin, gateway: Gateway, postgres15: Server
) -> None:
    mine = login("static-15")
    for _ in range(20):
        with Peer(mine.host, mine.port) as peer:
            peer.startup(user=mine.user, database=mine.database, application_name="leaves early")
            peer.next_message()
            client = ScramClient(secrets.token_urlsafe(18).encode(), endpoint=None)
            first = client.first()
            peer.message(b"p", b"SCRAM-SHA-256\0" + struct.pack("!i", len(first)) + first)
            salt, iterations = client.challenge(peer.next_message()[1][4:])
            peer.message(b"p", client.final(derive(mine.secret.encode(), salt, iterations)))
    left = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'leaves early'"
    eventually(lambda: postgres15.sql(left) == "0")
    eventually(lambda: "leaves early" not in str(gateway.api("GET", "/sessions", by="sam")))
    assert "Traceback" not in gateway.log()
