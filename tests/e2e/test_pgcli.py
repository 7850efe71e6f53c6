"""pgcli: one command and done, and in a terminal, where it reads the whole catalog to complete names."""

import subprocess
import sys
from pathlib import Path

import pytest
from pgcli.completion_refresher import CompletionRefresher
from pgcli.pgcompleter import PGCompleter
from pgcli.pgexecute import PGExecute
from prompt_toolkit.document import Document

from tests.e2e.clients import Terminal, eventually
from tests.e2e.conftest import MakeLogin
from tests.e2e.shop import leaks
from tests.rig.gateway import Gateway, SessionLogin
from tests.rig.servers import Server

PROGRAM = Path(sys.executable).with_name("pgcli")
targets = pytest.mark.parametrize("target", ["orders-db", "orders-15"])


def settings(tmp_path: Path) -> dict[str, str]:
    """Nothing of the person who runs the tests, and nothing asked."""
    return {"XDG_CONFIG_HOME": str(tmp_path), "HOME": str(tmp_path), "PAGER": "cat", "TERM": "dumb"}


def pgcli(login: SessionLogin, tmp_path: Path, *commands: str) -> str:
    arguments = [PROGRAM, "--less-chatty", "--no-password", *(part for c in commands for part in ("-c", c))]
    done = subprocess.run(
        arguments,
        env=login.environment() | settings(tmp_path),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=60,
    )
    return done.stdout


@targets
def test_rows_are_masked(login: MakeLogin, tmp_path: Path, target: str) -> None:
    shown = pgcli(login(target), tmp_path, "SELECT id, email, note FROM customers WHERE id < 4 ORDER BY id")
    assert "@masked.invalid" in shown and "SELECT 3" in shown
    assert not leaks(shown)


@targets
def test_looking_around(login: MakeLogin, tmp_path: Path, target: str) -> None:
    """It stops at the first error."""
    commands = (
        "\\d",
        "\\d customers",
        "\\dt",
        "\\dv",
        "\\df",
        "\\dn",
        "\\l",
        "\\du",
        "\\dT",
        "\\di",
        "SELECT 40 + 2",
    )
    shown = pgcli(login(target), tmp_path, *commands)
    assert "42" in shown and "safelight: " not in shown, shown
    assert not leaks(shown)


def test_in_a_terminal(login: MakeLogin, gateway: Gateway, postgres18: Server, tmp_path: Path) -> None:
    """A refusal, the next statement, and Ctrl-C; behind the prompt it reads the catalog to complete names."""
    command = [PROGRAM, "--less-chatty", "--no-password", "--prompt", "ready> "]
    with Terminal(login(), command=command, variables=settings(tmp_path), prompt="ready> ") as terminal:
        eventually(lambda: len(_sessions(gateway)) == 1)  # the second one, for names, is over
        refused = f"/audit/records?session={_sessions(gateway)[0]}&kind=statement.refused"
        assert gateway.api("GET", refused, by="sam")["records"] == []
        terminal.type("INSERT INTO stock VALUES (99, 'x', 1);\r")
        assert "Rule: " in terminal.wait_for("safelight request orders-db")
        terminal.type("SELECT email FROM customers WHERE id = 1;\r")
        assert not leaks(terminal.wait_for("@masked.invalid"))
        terminal.type("SELECT 'long' || 'one', pg_sleep(50);\r")
        running = (
            "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%''long'' || ''one''%' AND state = 'active'"
        )
        eventually(lambda: postgres18.sql(f"{running} AND pid <> pg_backend_pid()") == "1")
        terminal.interrupt()
        terminal.wait_for("cancel")
        eventually(lambda: postgres18.sql(f"{running} AND pid <> pg_backend_pid()") == "0")


def _sessions(gateway: Gateway, name: str = "pgcli") -> list[str]:
    listed = gateway.api("GET", "/sessions", by="sam")["items"]
    return [session["id"] for session in listed if session["application_name"] == name]


def test_names_are_read_for_completion_without_a_refusal(login: MakeLogin, gateway: Gateway) -> None:
    """Its own queries, all of them, as its completer runs them."""
    mine, name = login(), "names for pgcli"
    executor = PGExecute(mine.database, mine.user, mine.secret, mine.host, mine.port, None, application_name=name)
    (session,) = _sessions(gateway, name)
    completer = PGCompleter()
    for refresh in CompletionRefresher.refreshers.values():
        refresh(completer, executor)
    names = {found.text for found in completer.get_completions(Document("SELECT * FROM "), None)}
    assert {"customers", "orders", "stock", "mailing"} <= names
    columns = {found.text for found in completer.get_completions(Document("SELECT  FROM orders", 7), None)}
    assert {"customer_email", "total"} <= columns
    executor.conn.close()
    recorded = f"/audit/records?session={session}&kind="
    eventually(lambda: gateway.api("GET", f"{recorded}session.ended", by="sam")["records"])
    assert gateway.api("GET", f"{recorded}statement.refused", by="sam")["records"] == []
