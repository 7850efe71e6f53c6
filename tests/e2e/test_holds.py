"""A statement that changes something waits for a second person: told with the number of rows, approved by somebody
else, withdrawn, denied, timed out; never inside of a transaction."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import psycopg
import pytest

from tests.e2e.clients import Terminal, eventually
from tests.e2e.conftest import MakeLogin
from tests.e2e.shop import LABELS, make_shop, real_email
from tests.rig.gateway import Gateway, SessionLogin, Target
from tests.rig.servers import Server

WRITES = ("read", "write")


class Held:
    """One statement sent in a thread of its own, and what became of it."""

    def __init__(self, login: SessionLogin, statement: str, *parameters: Any) -> None:
        self.notices: list[str] = []
        self.result: Any = None
        self.session = psycopg.connect(login.dsn(), autocommit=True)
        self.session.add_notice_handler(lambda told: self.notices.append(told.message_primary or ""))
        self._work = (statement, parameters or None)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.result = self.session.execute(*self._work).rowcount
        except psycopg.Error as problem:
            self.result = problem

    def waited(self) -> Any:
        self._thread.join(10)
        assert not self._thread.is_alive(), "the statement still waits"
        return self.result

    def leave(self) -> None:
        """Withdraw what still waits, and go."""
        if self._thread.is_alive():
            self.session.cancel()
        self._thread.join(10)
        self.session.close()


Hold = Callable[..., Held]


@pytest.fixture
def hold(login: MakeLogin) -> Iterator[Hold]:
    made: list[Held] = []

    def begin(statement: str, *parameters: Any) -> Held:
        made.append(Held(login("orders-db", WRITES), statement, *parameters))
        return made[-1]

    yield begin
    for one in made:
        one.leave()


def waiting(gateway: Gateway, by: str = "sam") -> dict[str, Any]:
    """The one statement that waits."""
    found: list[dict[str, Any]] = eventually(lambda: gateway.api("GET", "/holds", by=by)["items"])
    assert len(found) == 1
    return found[0]


def quantity(server: Server, item: int) -> str:
    return server.sql(f"SELECT quantity FROM stock WHERE id = {item}", "e2e_shop")


def test_approved_by_a_second_person(gateway: Gateway, hold: Hold, postgres18: Server) -> None:
    held = hold("UPDATE stock SET quantity = 3 WHERE id BETWEEN 1 AND 4")
    found = waiting(gateway)
    assert found["rows"] == 4 and found["capabilities"] == ["write"]
    assert any("It would touch 4 rows" in told and found["id"] in told for told in held.notices)
    assert quantity(postgres18, 1) == "10"
    gateway.api("POST", f"/holds/{found['id']}/approve", by="sam")
    assert held.waited() == 4
    assert "approved by sam" in str(held.notices)
    assert quantity(postgres18, 1) == "3"


def test_nobody_approves_their_own(gateway: Gateway, hold: Hold, postgres18: Server) -> None:
    held = hold("DELETE FROM stock WHERE id = 20")
    found = waiting(gateway, by="ada")
    with pytest.raises(httpx.HTTPStatusError, match="nobody approves their own") as caught:
        gateway.api("POST", f"/holds/{found['id']}/approve", by="ada")
    assert caught.value.response.status_code == 403
    assert quantity(postgres18, 20) == "10"
    gateway.api("POST", f"/holds/{found['id']}/deny", {"because": "not tonight"}, by="sam")
    refusal = held.waited()
    assert isinstance(refusal, psycopg.errors.InsufficientPrivilege)
    assert "sam denied the statement: not tonight" in str(refusal)
    assert quantity(postgres18, 20) == "10"
    assert held.session.execute("SELECT 1").fetchone() == (1,)


def test_values_are_bound_and_shown_masked(gateway: Gateway, hold: Hold, postgres18: Server) -> None:
    held = hold("UPDATE stock SET name = %s WHERE id = %s", "ask " + real_email(3), 30)
    found = waiting(gateway)
    assert real_email(3) not in str(found)
    gateway.api("POST", f"/holds/{found['id']}/approve", by="lin")
    assert held.waited() == 1
    assert postgres18.sql("SELECT name FROM stock WHERE id = 30", "e2e_shop") == "ask " + real_email(3)


def test_an_approval_is_for_one_run(gateway: Gateway, hold: Hold) -> None:
    statement = "UPDATE stock SET quantity = 8 WHERE id = 31"
    held = hold(statement)
    gateway.api("POST", f"/holds/{waiting(gateway)['id']}/approve", by="sam")
    assert held.waited() == 1
    again = hold(statement)
    found = waiting(gateway)
    gateway.api("POST", f"/holds/{found['id']}/deny", {"because": "once is enough"}, by="sam")
    assert isinstance(again.waited(), psycopg.Error)


def test_ctrl_c_withdraws(gateway: Gateway, login: MakeLogin, postgres18: Server) -> None:
    with Terminal(login("orders-db", WRITES)) as terminal:
        terminal.type("UPDATE stock SET quantity = 1 WHERE id = 40;\r")
        assert "It would touch 1 row" in terminal.wait_for("Ctrl-C withdraws it")
        found = waiting(gateway)
        terminal.interrupt()
        terminal.wait_for("the held statement was withdrawn")
        with pytest.raises(httpx.HTTPStatusError):
            gateway.api("POST", f"/holds/{found['id']}/approve", by="sam")
        terminal.type("SELECT 40 + 2;\r")
        terminal.wait_for("42")
    assert quantity(postgres18, 40) == "10"


def test_in_a_transaction_it_is_refused_with_what_to_do(login: MakeLogin) -> None:
    with psycopg.connect(login("orders-db", WRITES).dsn()) as session:
        session.execute("SELECT 1")
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="a transaction is open already") as caught:
            session.execute("UPDATE stock SET quantity = 1 WHERE id = 41")
        assert "outside of BEGIN" in (caught.value.diag.message_hint or "")


def test_several_statements_in_one_message_wait_together(gateway: Gateway, hold: Hold, postgres18: Server) -> None:
    held = hold("UPDATE stock SET quantity = 2 WHERE id = 42; UPDATE stock SET quantity = 2 WHERE id = 43")
    found = waiting(gateway)
    assert "id = 42" in found["masked_text"] and "id = 43" in found["masked_text"]
    assert quantity(postgres18, 42) == "10"
    gateway.api("POST", f"/holds/{found['id']}/approve", by="sam")
    held.waited()
    assert (quantity(postgres18, 42), quantity(postgres18, 43)) == ("2", "2")


def test_nobody_answers(postgres18: Server) -> None:
    make_shop(postgres18, "e2e_slow")
    target = Target("slow-db", postgres18, ("e2e_slow",), labels=LABELS)
    with Gateway([target], settings="[access]\nhold_timeout_seconds = 1\n") as gateway:
        held = Held(gateway.session("slow-db", capabilities=WRITES), "DELETE FROM stock WHERE id = 1")
        refusal = held.waited()
        assert isinstance(refusal, psycopg.errors.QueryCanceled)
        assert "nobody approved the statement in time" in str(refusal)
        assert held.session.execute("SELECT count(*) FROM stock").fetchone() == (50,)
        held.leave()
