"""PostgreSQL 14, 16 and 17 as targets, as 15 and 18 are in the other tests."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import asyncpg
import psycopg
import pytest

from safelight.protocols.postgres.sql.functions import Reach, builtin_functions, judge_function
from tests.e2e.clients import eventually, psql
from tests.e2e.conftest import FREE_HANDS, SETTINGS
from tests.e2e.shop import LABELS, leaks, make_shop, make_workshop
from tests.protocols.postgres.sql.test_functions import EMPTY
from tests.rig.gateway import Gateway, SessionLogin, Target
from tests.rig.servers import Server

Login = Callable[..., SessionLogin]


@pytest.fixture(scope="module")
def login(another_major: Server) -> Iterator[Login]:
    make_shop(another_major, "e2e_shop")
    make_workshop(another_major, "e2e_workshop")
    targets = [
        Target("orders-db", another_major, ("e2e_shop",), labels=LABELS),
        Target("workshop", another_major, ("e2e_workshop",)),
    ]
    with Gateway(targets, settings=SETTINGS, policies=FREE_HANDS) as running:
        yield lambda target="orders-db", capabilities=("read",): running.session(target, capabilities=capabilities)


@pytest.fixture
def connect(login: Login) -> Iterator[Callable[..., "psycopg.Connection[Any]"]]:
    opened: list[psycopg.Connection[Any]] = []

    def make(*wish: Any) -> Any:
        opened.append(psycopg.connect(login(*wish).dsn(max_protocol_version="latest"), autocommit=True))
        return opened[-1]

    yield make
    for session in opened:
        session.close()


@pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
def test_rows_are_masked(connect: Any, another_major: Server, binary: bool) -> None:
    session = connect()
    assert session.info.server_version // 10_000 == another_major.major
    found = session.cursor(binary=binary).execute("SELECT * FROM customers ORDER BY id").fetchall()
    assert len(found) == 300 and not leaks(found)
    assert all(row[2].endswith("@masked.invalid") for row in found)


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_asyncpg_reads_types_and_rows(login: Login) -> None:
    mine = login()
    session = await asyncpg.connect(
        host=mine.host, port=mine.port, user=mine.user, password=mine.secret, database=mine.database, ssl=False
    )
    rows = await session.fetch("SELECT id, emails, profile, ROW(1, 'a') AS pair FROM customers WHERE id < $1", 4)
    assert len(rows) == 3 and not leaks(rows)
    await session.close()


@pytest.mark.parametrize("major", [15, 18])
def test_psql_looks_around(login: Login, another_major: Server, major: int) -> None:
    commands = [
        "\\d",
        "\\d+ customers",
        "\\dt+",
        "\\df",
        "\\dn",
        "\\du",
        "\\dp",
        "\\dx",
        "\\dT",
        "\\di+",
        "\\sv mailing",
    ]
    if not (major == 15 and another_major.major >= 17):
        commands.append("\\l")  # psql 15 asks for a column that 17 no longer has, gateway or not
    shown = psql(login(), *commands, major=major)
    assert "ERROR" not in shown and "safelight:" not in shown, shown


def test_a_read_session_changes_nothing_and_goes_on(connect: Any) -> None:
    session = connect()
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="safelight"):
        session.execute("UPDATE stock SET quantity = 0")
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="safelight"):
        session.execute("SELECT id FROM customers ORDER BY email")
    assert session.execute("SELECT min(quantity) FROM stock").fetchone() == (10,)


def test_a_write_session_writes(connect: Any, another_major: Server) -> None:
    session = connect("workshop", ("read", "write"))
    with session.transaction():
        session.execute("UPDATE things SET size = %s WHERE id = 2", (222,))
    with session.pipeline(), pytest.raises(psycopg.errors.InsufficientPrivilege):
        session.execute("UPDATE things SET size = 333 WHERE id = 2")
        session.execute("CREATE TABLE refused_here (a int)").fetchall()
    with session.cursor().copy("COPY things FROM STDIN") as copy:
        copy.write_row((900_000, "copied", 1))
    asked = "SELECT size FROM things WHERE id IN (2, 900000) ORDER BY id"
    assert another_major.sql(asked, "e2e_workshop").split() == ["222", "1"]


def test_cancelling(connect: Any) -> None:
    session = connect()
    timer = threading.Timer(0.3, session.cancel_safe)
    timer.start()
    with pytest.raises(psycopg.errors.QueryCanceled):
        session.execute("SELECT pg_sleep(30)")
    timer.join()
    assert session.execute("SELECT 1").fetchone() == (1,)


def test_the_sessions_role_is_gone_afterwards(connect: Any, another_major: Server) -> None:
    session = connect()
    (role,) = another_major.sql(
        f"SELECT usename FROM pg_stat_activity WHERE pid = {session.info.backend_pid}"
    ).splitlines()
    assert role.startswith("safelight_r_")
    session.close()
    eventually(lambda: another_major.sql(f"SELECT count(*) FROM pg_roles WHERE rolname = '{role}'") == "0")


def test_every_function_of_the_server_is_known_or_no_plain_read(another_major: Server) -> None:
    own = "pronamespace IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)"
    functions = set(another_major.sql(f"SELECT DISTINCT proname FROM pg_proc WHERE {own}").splitlines())
    assert len(functions) > 2500
    unknown = functions - builtin_functions().keys()
    assert len(unknown) < 20, "only what 15 no longer has"
    assert not [name for name in unknown if judge_function("pg_catalog", name, EMPTY).reach is Reach.READ]
