"""The story, step by step. Each step runs what a person would type and says what must come of it."""

import json
import re
import shlex
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import indent

from rich.console import Console
from rich.markup import escape
from rich.text import Text

from demo.stage import DIRECTORY, TARGET, Output, Stage

INCIDENT = "INC-4711"
JOIN = (
    "SELECT c.id, c.email, s.list FROM customers c JOIN subscribers s ON s.email = c.email "
    "WHERE c.country = 'GB' LIMIT 3"
)
UPDATE = "UPDATE orders SET status = 'paid' WHERE status = 'stuck'"
ENDLESS = "SELECT count(*) FROM orders a, orders b"


@dataclass
class Teller:
    """Shows commands and their output, and keeps count of what came out differently."""

    console: Console
    stage: Stage
    wrong: list[str] = field(default_factory=list)
    _step: int = 0
    _title: str = ""

    def step(self, title: str, words: str) -> None:
        self._step += 1
        self._title = title
        self.console.print()
        self.console.rule(f"[bold]{self._step}. {title}", align="left")
        self.console.print(words)

    def show(self, person: str | None, command: str) -> None:
        who = person or "somebody"
        self.console.print(Text.assemble("  ", (f"{who} $ ", "bold cyan"), (command, "bold")))

    def output(self, text: str) -> None:
        self.console.print(Text(indent(text.strip("\n"), "    "), style="dim"))

    def type(self, person: str | None, command: str) -> Output:
        """Run a command line as a person would type it."""
        self.show(person, command)
        output = self.stage.run(person, *shlex.split(command))
        self.output(output.text)
        return output

    def expect(self, what: str, holds: bool) -> None:
        """One thing that must be so."""
        if holds:
            self.console.print(f"    [green]✓[/green] {escape(what)}")
        else:
            self.wrong.append(f"step {self._step} ({self._title}): {what}")
            self.console.print(f"    [bold red]✗ {escape(what)}[/bold red]")


def psql(sql: str, options: str = "") -> str:
    return f'safelight connect {TARGET} {options}-c "{sql}"'


def no_access(t: Teller) -> None:
    t.step(
        "Nobody has access", "The database is in production. Ada is on call; even she cannot get in without a reason."
    )
    port = t.stage.gateway.postgres_port
    out = t.type("ada", f"psql -w 'host=localhost port={port} user=ada dbname={TARGET}' -c 'SELECT 1'")
    t.expect("the login is refused", out.code != 0 and "password" in out)
    out = t.type("ada", "safelight grants")
    t.expect("Ada has no grant", "g-" not in out.text)


def incident(t: Teller) -> None:
    t.step("An incident arrives", "The pager sends a signed webhook: forty orders are stuck in the shop.")
    t.show("pager", "curl -H 'Safelight-Signature: v1=…' …/api/v1/incidents/webhooks/pager -d @incident.json")
    made = t.stage.gateway.webhook("open", INCIDENT, title="Orders are stuck")
    t.output(json.dumps(made, indent=1))
    t.expect("the incident is open", made["state"] == "open" and made["id"] == INCIDENT)


def request(t: Teller) -> None:
    t.step(
        "Access, for this reason and for a while",
        "The policy knows: on call, a signed incident of this service, reading only. Nobody has to wake up.",
    )
    out = t.type("ada", f"safelight request {TARGET} --incident {INCIDENT} --reason 'stuck orders' --for 1h")
    t.expect("the request is approved by itself", out.code == 0 and "approved" in out.text)
    out = t.type("ada", "safelight grants")
    t.expect("there is a grant", "g-" in out.text)


def masked(t: Teller) -> None:
    t.step(
        "Real rows, masked before they leave",
        "Her own psql, the real database. Labelled columns are masked; so is what merely looks sensitive.",
    )
    out = t.type("ada", psql("SELECT id, full_name, email, phone, country, tier FROM customers ORDER BY id LIMIT 4"))
    t.expect("names are redacted, addresses are pseudonyms", "[masked:name]" in out and "@masked.invalid" in out)
    t.expect("nothing of a real address is left", "@example." not in out)
    out = t.type("ada", psql("SELECT id, body FROM support_notes ORDER BY id LIMIT 6"))
    t.expect(
        "free text is masked where it must be", "@example." not in out and "IBAN DE" not in out and "parcel is" in out
    )


def join(t: Teller) -> None:
    t.step(
        "Equal stays equal",
        "Pseudonyms are the same wherever the value is the same, so that joins and lookups still work.",
    )
    out = t.type("ada", psql(JOIN))
    t.expect("a join on the masked column finds its rows", "(3 rows)" in out and "@masked.invalid" in out)
    out = t.type("ada", psql("SELECT id, tier FROM customers WHERE email = 'amara.abbott1@example.net'"))
    t.expect("a lookup by a value one knows works", "(1 row)" in out)
    out = t.type("ada", psql("SELECT upper(email) FROM customers LIMIT 1"))
    t.expect("anything else that is computed from it is not told", "@EXAMPLE" not in out)


def refused(t: Teller) -> None:
    t.step(
        "A DELETE is refused, and says why",
        "The grant covers reading. The refusal names the rule and the command that asks for more.",
    )
    out = t.type("ada", psql("DELETE FROM orders WHERE status = 'stuck'"))
    t.expect("refused, with the rule and the next step", "grant.capability" in out and "safelight request" in out)
    out = t.type("ada", psql("WITH gone AS (DELETE FROM orders RETURNING id) SELECT count(*) FROM gone"))
    t.expect("dressed as a SELECT it is refused too", "grant.capability" in out)
    left = t.stage.server.sql("SELECT count(*) FROM orders WHERE status = 'stuck'", "shop")
    t.expect("nothing was deleted", left == "40")


def held(t: Teller) -> None:
    t.step(
        "A change waits for a second person",
        "Ada asks for writing, and Lin approves. The UPDATE is held all the same, until somebody has seen just it.",
    )
    t.type(
        "ada", f"safelight request {TARGET} -c read -c write --incident {INCIDENT} --reason 'release stuck orders'"
    )
    waiting = t.stage.gateway.api("GET", "/requests", by="lin")["items"]
    pending = next(r["id"] for r in waiting if r["state"] == "pending")
    out = t.type("lin", f"safelight approve {pending}")
    t.expect("Lin approves the request", out.code == 0)
    command = psql(UPDATE, "--capability write ")
    t.show("ada", f"{command} &")
    running = t.stage.begin("ada", *shlex.split(command))
    said = running.wait_for("holds approve")
    t.output(said)
    t.expect("the UPDATE waits, and says how many rows it would touch", "40 rows" in said)
    found = re.search(r"h-\w+", said)
    hold = found[0] if found else "h-none"
    out = t.type("ada", f"safelight holds approve {hold}")
    t.expect("nobody approves their own", out.code != 0)
    out = t.type("lin", "safelight holds list")
    t.expect("Lin sees the statement", "UPDATE orders" in out)
    t.type("lin", f"safelight holds approve {hold}")
    done = running.finish()
    t.output(done.text)
    t.expect("the UPDATE ran", "UPDATE 40" in done)


def kill(t: Teller) -> None:
    t.step(
        "The kill switch",
        "A query runs wild. Sam from security takes it all back at once: the session, and the work on the server.",
    )
    command = psql(ENDLESS)
    t.show("ada", f"{command} &")
    running = t.stage.begin("ada", *shlex.split(command))
    _wait(lambda: _busy(t) > 0)
    t.expect("the query runs on the server", _busy(t) > 0)
    out = t.type("sam", "safelight kill principal ada --reason 'runaway query'")
    t.expect("the kill reports what ended", out.code == 0)
    done = running.finish()
    t.output(done.text)
    t.expect("Ada's psql is told", "runaway query" in done)
    t.expect("the query is gone from the server", _busy(t) == 0)
    out = t.type("ada", psql("SELECT 1"))
    t.expect("and she does not get back in", out.code != 0)
    locks = [lock["id"] for lock in t.stage.gateway.api("GET", "/locks", by="sam")["items"]]
    t.type("sam", f"safelight locks lift {' '.join(locks)}")


def audit(t: Teller) -> None:
    t.step(
        "The record proves itself",
        "Every statement was in the log before it ran. The export is verified offline; then somebody removes a line.",
    )
    export, key, checkpoint = (DIRECTORY / name for name in ("audit.jsonl", "audit.key", "checkpoint"))
    t.type("sam", f"safelight audit export {export} --key {key} --checkpoint {checkpoint}")
    verify = f"safelight audit verify {export} --key {key} --checkpoint {checkpoint}"
    out = t.type("sam", verify)
    t.expect("the log is whole", out.code == 0)
    t.show("mallory", f"sed -i '…d' {export.name}     # the held UPDATE never happened")
    _remove_a_record(export)
    out = t.type("sam", verify)
    t.expect("the missing record is found", out.code == 1)


def _remove_a_record(export: Path) -> None:
    lines = export.read_text().splitlines(keepends=True)
    at = next(number for number, line in enumerate(lines) if "statement.released" in line)
    export.write_text("".join(lines[:at] + lines[at + 1 :]))


def _busy(t: Teller) -> int:
    """How many session roles run something on the server."""
    counted = t.stage.server.sql(
        "SELECT count(*) FROM pg_stat_activity WHERE usename LIKE 'safelight%' AND state = 'active' "
        "AND query LIKE '%orders a, orders b%'"
    )
    return int(counted)


def _wait(holds: Callable[[], bool], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.05)


def steps() -> Iterator[Callable[[Teller], None]]:
    yield from (no_access, incident, request, masked, join, refused, held, kill, audit)
