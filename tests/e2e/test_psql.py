"""psql, 15 and 18, as people use it: one-liners, scripts, backslash commands, and a terminal with Ctrl-C and Tab."""

import pytest

from tests.e2e.clients import Terminal, eventually, psql, psql_script
from tests.e2e.conftest import MakeLogin
from tests.e2e.shop import leaks
from tests.rig.servers import Server

both = pytest.mark.parametrize("major", [15, 18])
both_targets = pytest.mark.parametrize("target", ["orders-db", "orders-15"])


@both
@both_targets
def test_a_table_with_masked_columns(login: MakeLogin, major: int, target: str) -> None:
    shown = psql(login(target), "SELECT * FROM customers ORDER BY id LIMIT 3", major=major)
    assert "(3 rows)" in shown
    assert not leaks(shown)
    assert "@masked.invalid" in shown


@both
@both_targets
@pytest.mark.parametrize(
    "command",
    ["\\d", "\\d customers", "\\d+ customers", "\\dt+", "\\dv", "\\df", "\\dn", "\\l", "\\du", "\\dp", "\\dx", "\\dT",
     "\\ds", "\\di+ customers_pkey", "\\sv mailing", "\\z customers"],
)  # fmt: skip
def test_looking_around(login: MakeLogin, major: int, target: str, command: str) -> None:
    if (major, target, command) == (15, "orders-db", "\\l"):
        pytest.skip("psql 15 asks for a column that PostgreSQL 18 no longer has, gateway or not")
    shown = psql(login(target), command, major=major)
    assert "ERROR" not in shown, shown
    assert "safelight:" not in shown


@both
def test_settings_are_not_listed_wholesale(login: MakeLogin, major: int) -> None:
    """\\dconfig reads every setting by a name from a table; some hold secrets."""
    shown = psql(login(), "\\dconfig work_mem", "SHOW work_mem", major=major)
    assert "current_setting may only be called with a literal name" in shown
    assert "4MB" in shown


@both
def test_several_statements_in_one_message(login: MakeLogin, major: int) -> None:
    shown = psql(login(), "SELECT 1 AS one; SELECT 2 AS two; SELECT 3 AS three", major=major, options=("-At",))
    assert shown.splitlines()[-3:] == ["1", "2", "3"]


@both
def test_nothing_of_a_message_runs_when_one_statement_is_refused(login: MakeLogin, major: int) -> None:
    shown = psql(login(), "SELECT 'before'; DELETE FROM stock; SELECT 'after'", "SELECT 'next'", major=major)
    assert "safelight: " in shown
    assert "before" not in shown.replace("SELECT 'before'", "")
    assert "next" in shown


@both
def test_a_refusal_names_the_rule_and_the_next_step(login: MakeLogin, major: int) -> None:
    shown = psql(login(), "DELETE FROM stock", major=major)
    assert "ERROR:  safelight: " in shown
    assert "DETAIL:  Rule: " in shown
    assert "HINT:  " in shown


@both
def test_copying_out_with_the_capability(login: MakeLogin, major: int) -> None:
    exporting = login(capabilities=("read", "export"))
    shown = psql(
        exporting, "\\copy (SELECT id, email, note FROM customers WHERE id = 1) TO STDOUT CSV HEADER", major=major
    )
    assert shown.startswith("id,email,note\n1,")
    assert not leaks(shown)
    assert "@masked.invalid" in shown


@both
def test_copying_out_without_the_capability(login: MakeLogin, major: int) -> None:
    shown = psql(login(), "\\copy customers TO STDOUT", "SELECT 'next'", major=major)
    assert "safelight: " in shown and "export" in shown
    assert not leaks(shown)
    assert "next" in shown


@both
def test_copying_in_with_the_capability(login: MakeLogin, major: int, postgres18: Server) -> None:
    changing = login("workshop", ("read", "write"))
    first = 1000 * major
    script = f"COPY things FROM STDIN;\n{first}\tnew\t1\n{first + 1}\tnewer\t2\n\\.\n"
    shown = psql_script(changing, script)
    assert "ERROR" not in shown
    count = f"SELECT count(*) FROM things WHERE id BETWEEN {first} AND {first + 1}"
    assert postgres18.sql(count, "e2e_workshop") == "2"


@both
def test_gexec_and_watch(login: MakeLogin, major: int) -> None:
    script = "SELECT 'SELECT ' || g FROM generate_series(7, 8) g \\gexec\n"
    assert psql_script(login(), script, major=major).split() == ["7", "8"]
    times = "i=0.1 c=2" if major == 18 else "0.1"
    if major == 18:
        shown = psql_script(login(), f"SELECT 'seen' \\watch {times}\n", major=major)
        assert shown.count("seen") == 2


@both
def test_fetching_in_parts_is_refused_with_what_to_do(login: MakeLogin, major: int) -> None:
    """psql's FETCH_COUNT declares an SQL cursor in 15, and uses the protocol's own chunks in 18."""
    script = (
        "\\set FETCH_COUNT 10\nSELECT id FROM customers ORDER BY id LIMIT 25;\n\\unset FETCH_COUNT\nSELECT 'next';\n"
    )
    shown = psql_script(login(), script, major=major)
    if major == 15:
        assert "cursors of SQL are not carried yet" in shown
    else:
        assert shown.split()[:25] == [str(number) for number in range(1, 26)]
    assert "next" in shown


def test_extended_protocol_from_psql_18(login: MakeLogin) -> None:
    script = """
        SELECT id FROM customers WHERE id = $1 \\bind 5 \\g
        SELECT $1 || ' parsed' \\parse one
        \\bind_named one mine \\g
        \\close_prepared one
        \\startpipeline
        SELECT 1 \\bind \\sendpipeline
        SELECT 2 \\bind \\sendpipeline
        \\endpipeline
    """
    assert psql_script(login(), script, major=18).split() == ["5", "mine", "parsed", "1", "2"]


@both
def test_transactions_and_their_status(login: MakeLogin, major: int) -> None:
    script = """
        BEGIN;
        SELECT 1;
        DELETE FROM stock;
        SELECT 2;
        ROLLBACK;
        SELECT 3;
    """
    shown = psql_script(login(), script, major=major)
    assert "safelight: " in shown
    assert "current transaction is aborted" in shown
    assert shown.split()[-2:] == ["ROLLBACK", "3"]


@both
def test_ctrl_c_cancels_on_the_server(login: MakeLogin, major: int, postgres18: Server) -> None:
    with Terminal(login(), major) as terminal:
        terminal.type("SELECT 'long' || 'one', pg_sleep(50);\r")
        asked = "query LIKE '%''long'' || ''one''%' AND pid <> pg_backend_pid() AND state = 'active'"
        running = f"SELECT count(*) FROM pg_stat_activity WHERE {asked}"
        eventually(lambda: postgres18.sql(running) == "1")
        terminal.interrupt()
        terminal.wait_for("canceling statement due to user request")
        assert postgres18.sql(running) == "0"
        terminal.type("SELECT 40 + 2;\r")
        terminal.wait_for("42")


def test_tab_completes_names(login: MakeLogin) -> None:
    """Debian's psql: the wheel's has no line editing."""
    with Terminal(login()) as terminal:
        terminal.type("SELECT count(*) FROM custo\t")
        terminal.wait_for("customers")
        terminal.type(";\r")
        terminal.wait_for("300")


@both
def test_reconnecting_within_psql(login: MakeLogin, major: int) -> None:
    shown = psql_script(login(), "SELECT 'one';\n\\c orders-db/e2e_other\nSELECT current_database();\n", major=major)
    assert "e2e_other" in shown


@both
def test_large_results(login: MakeLogin, major: int) -> None:
    shown = psql(
        login(), "SELECT g, repeat('x', 50) FROM generate_series(1, 200000) g", major=major, options=("-At",)
    )
    assert shown.count("\n") == 200000
