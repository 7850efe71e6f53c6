"""What people do at the terminal, from the first login to the end of an incident."""

import json
import stat
from pathlib import Path
from typing import Any

from tests.cli.conftest import Safelight
from tests.controlplane.harness import PASSWORD, Node
from tests.controlplane.test_incidents import OPEN, send
from tests.controlplane.test_live_work import held


def test_the_first_administrator_invites_people(empty_node: Node, command: Safelight, home: Path) -> None:
    code = empty_node.run(empty_node.services.login.first_administrator_code())
    assert code is not None
    with empty_node.serve() as url:
        first = command("login", "--url", url, "--name", "root", "--code", code.reveal(), stdin=PASSWORD + "\n")
        assert first.code == 0, first.err
        assert stat.S_IMODE((home / "login.json").stat().st_mode) == 0o600
        assert PASSWORD not in (home / "login.json").read_text()
        assert command("whoami", "--json").json["principal"]["groups"] == ["admins"]
        invited = command("principals", "create", "ana", "--group", "oncall")
        assert "safelight login --name ana --code " in invited.out
        arguments = invited.out.split()[1:]
        joined = command(*arguments, stdin=PASSWORD + "\n")
        assert joined.code == 0, joined.err
        assert command("whoami", "--json").json["principal"]["name"] == "ana"
        command("logout")
        assert command("whoami").code == 5


def test_a_wrong_password_is_refused(served: str, command: Safelight) -> None:
    outcome = command("login", "--url", served, "--name", "ana", stdin="wrong\n")
    assert outcome.code == 5
    assert "rule: login.refused" in outcome.err


def test_logging_in_without_a_terminal_needs_the_password_on_stdin(served: str, command: Safelight) -> None:
    assert command("login", "--url", served, "--name", "ana").code == 2
    assert command("login", "--url", served, "--name", "ana", stdin=PASSWORD + "\n").code == 0


def test_changing_ones_password(as_: Safelight, served: str, command: Safelight) -> None:
    assert as_("ana", "password", stdin=f"{PASSWORD}\n{PASSWORD} more\n").code == 0
    assert command("login", "--url", served, "--name", "ana", stdin=f"{PASSWORD} more\n").code == 0


def test_a_login_that_others_can_read_is_not_used(served: str, command: Safelight, home: Path) -> None:
    command("login", "--url", served, "--name", "ana", stdin=PASSWORD + "\n")
    (home / "login.json").chmod(0o644)
    outcome = command("whoami")
    assert outcome.code == 5
    assert "chmod 600" in outcome.err


def test_asking_waiting_approving(as_: Safelight) -> None:
    asked = as_("ana", "request", "orders-db", "--reason", "a customer cannot pay", "--json")
    assert asked.code == 7
    identity = asked.json["id"]
    listed = as_("ben", "requests")
    assert identity in listed.out
    assert "a customer cannot pay" in listed.out
    own = as_("ana", "approve", identity)
    assert own.code == 3
    assert "rule: approval.own" in own.err
    assert as_("ben", "approve", identity).code == 0
    assert "orders-db" in as_("ana", "grants").out
    assert as_("ben", "requests").out == "nothing waits for a decision\n"


def test_an_incident_of_its_service_needs_nobody(as_: Safelight, node: Node) -> None:
    send(node, OPEN)
    outcome = as_("ana", "request", "orders-db", "--incident", "INC-42")
    assert outcome.code == 0
    assert "approved" in outcome.err
    assert "INC-42" in as_("ana", "incidents").out


def test_denying_says_why_and_denying_ones_own_withdraws(as_: Safelight) -> None:
    first = as_("ana", "request", "orders-db", "--reason", "x", "--json").json["id"]
    assert as_("ben", "deny", first, "--reason", "use the replica").code == 0
    assert as_("ana", "requests", "--all", "--json").json[0]["decided_because"] == "use the replica"
    second = as_("ana", "request", "orders-db", "--reason", "x", "--json").json["id"]
    assert "withdrawn" in as_("ana", "deny", second).err


def test_more_time_and_giving_back(as_: Safelight, node: Node) -> None:
    assert as_("ana", "give-back").code == 2
    grant = node.granted("ana", "ben")
    more = as_("ana", "extend", "--for", "10m", "--json").json
    assert more["grant_id"] == grant
    assert "has ended: given back" in as_("ana", "give-back").err
    assert as_("ana", "grants").out == "no grants\n"
    assert "given back" in as_("ana", "grants", "--all").out


def test_a_duration_that_is_none(as_: Safelight) -> None:
    outcome = as_("ana", "request", "orders-db", "--reason", "x", "--for", "soon")
    assert outcome.code == 2
    assert "1h30m" in outcome.err


def test_a_refusal_in_json_goes_to_stderr(as_: Safelight) -> None:
    outcome = as_("ana", "request", "nothing-db", "--reason", "x", "--json")
    assert (outcome.code, outcome.out) == (4, "")
    assert json.loads(outcome.err)["rule"] == "target.unknown"


def test_targets(as_: Safelight) -> None:
    assert "orders-db" in as_("eve", "targets").out
    shown = as_("eve", "targets", "show", "orders-db")
    assert "public.customers" in shown.out
    assert "pseudonym" in shown.out
    assert as_("eve", "targets", "show", "orders-db", "--preflight").code == 3
    assert "REVOKE …" in as_("root", "targets", "show", "orders-db", "--preflight").out


def test_a_hand_made_incident(as_: Safelight) -> None:
    opened = as_("ana", "incidents", "open", "payments fail", "--service", "orders", "--json").json["id"]
    assert as_("ana", "incidents", "confirm", opened).code == 3
    assert as_("ben", "incidents", "confirm", opened).code == 0
    assert "its grants end at" in as_("ana", "incidents", "close", opened).err


def test_the_kill_switch(as_: Safelight, node: Node) -> None:
    node.session("ana", node.granted("ana", "ben"))
    assert "s-1" in as_("sam", "sessions").out
    assert "nothing was done" in as_("sam", "kill", "principal", "ana", "--dry-run").err
    killed = as_("sam", "kill", "principal", "ana", "--reason", "stolen laptop")
    assert killed.code == 0
    assert "ended" in killed.out
    lock = as_("sam", "locks", "--json").json[0]
    assert lock["reason"] == "stolen laptop"
    assert as_("ana", "request", "orders-db", "--reason", "x").code == 3
    assert as_("sam", "locks", "lift", lock["id"]).code == 0
    assert as_("sam", "locks").out == "no lock is in force\n"


def test_a_kill_that_could_not_be_confirmed_is_not_a_success(as_: Safelight, node: Node) -> None:
    node.session("ana", node.granted("ana", "ben"))
    node.live.stubborn.add("s-1")
    outcome = as_("sam", "kill", "session", "s-1")
    assert outcome.code == 8
    assert "NOT CONFIRMED" in outcome.out


def test_killing_everything_asks_first(as_: Safelight) -> None:
    assert as_("sam", "kill", "all").code == 2
    assert as_("sam", "kill", "all", "--dry-run").code == 0
    assert as_("sam", "kill", "all", "--yes").code == 0
    assert as_("sam", "kill", "target").code == 2


def test_held_statements(as_: Safelight, node: Node) -> None:
    hold = held(node)
    listed = as_("ben", "holds").out
    assert "1 rows" in listed
    assert "UPDATE orders" in listed
    assert as_("ana", "approve", hold).code == 3
    assert "released" in as_("ben", "approve", hold).err
    assert as_("ben", "holds").out == "no statement waits\n"


def test_text_from_elsewhere_cannot_drive_the_terminal(as_: Safelight, node: Node) -> None:
    session = node.session("ana", node.granted("ana", "ben"))
    from dataclasses import replace

    node.live.add(replace(session, application_name="psql\x1b]0;owned\x07\x1b[2J"))
    assert "\x1b" not in as_("sam", "sessions").out


def test_the_audit_log(as_: Safelight, node: Node) -> None:
    node.refused("POST", "/login", json={"name": "typo", "password": "wrong"})
    assert "login.refused" in as_("sam", "audit", "tail").out
    assert as_("ana", "audit", "tail").code == 3
    closed = as_("sam", "audit", "search", "--kind", "login.refused").out
    assert "typo" not in closed
    assert "name: typo" in as_("sam", "audit", "search", "--kind", "login.refused", "--reveal").out
    assert "nothing found" in as_("sam", "audit", "search", "--actor", "nobody").err
    assert as_("sam", "audit", "status", "--json").json["failure"] is None
    assert "statement.intent" in as_("sam", "audit", "kinds").out


def test_an_export_with_what_proves_it(as_: Safelight, tmp_path: Path) -> None:
    files: list[Any] = [tmp_path / name for name in ("export.jsonl", "checkpoint", "key")]
    export, checkpoint, key = files
    outcome = as_("sam", "audit", "export", str(export), "--checkpoint", str(checkpoint), "--key", str(key))
    assert outcome.code == 0
    assert "principal.created" in export.read_text()
    assert checkpoint.read_text().startswith("fake\n")
    assert key.read_text() == "fake\n"
    assert as_("sam", "audit", "verify", str(export), "--key", str(key)).code == 2


def test_policies(as_: Safelight, tmp_path: Path) -> None:
    assert "administration.admins" in as_("eve", "policy", "list").out
    explained = as_("ana", "policy", "explain", "request", "orders-db").out
    assert explained.startswith("answer: 1 approval\n")
    assert "would help:" in explained
    assert "answer: hold" in as_("ana", "policy", "explain", "statement", "orders-db", "update", "-c", "write").out
    assert "answer: deny" in as_("eve", "policy", "explain", "action", "kill").out
    good, bad = tmp_path / "good.cedar", tmp_path / "bad.cedar"
    good.write_text('@id("own.rule")\nforbid (principal, action == Action::"export", resource);')
    bad.write_text("permit (principal, action, nonsense);")
    assert as_("eve", "policy", "check", str(good)).code == 0
    refused = as_("eve", "policy", "check", str(good), str(bad))
    assert refused.code == 1
    assert "bad.cedar:1" in refused.err


def test_policy_tests(command: Safelight, tmp_path: Path) -> None:
    cases = tmp_path / "cases.toml"
    cases.write_text(
        '[people.ana]\ngroups = ["oncall"]\n[targets.orders-db]\nservice = "orders"\n'
        '[[case]]\nname = "no incident"\nprincipal = "ana"\ntarget = "orders-db"\nrequest = ["read"]\n'
        'expect = "1 approval"\n'
    )
    assert command("policy", "test", str(cases)).out == "1 of 1 cases as expected\n"
    cases.write_text(cases.read_text().replace("1 approval", "approved"))
    failed = command("policy", "test", str(cases))
    assert failed.code == 1
    assert "FAILED no incident" in failed.out


def test_the_example_policy_is_good(command: Safelight) -> None:
    example = Path(__file__).parents[2] / "examples" / "policies.cedar"
    outcome = command("policy", "check", str(example))
    assert outcome.code == 0, outcome.err


def test_doctor_says_what_does_not_work(as_: Safelight, node: Node) -> None:
    outcome = as_("root", "doctor", "--json")
    checks = {check["what"]: check for check in outcome.json}
    assert checks["login"]["state"] == "ok"
    assert checks["listener 127.0.0.1:5433"]["state"] == "error"
    assert checks["target orders-db: read only"]["next_step"] == "run on the target: REVOKE …"
    assert outcome.code == 1


def test_an_agent_with_its_sponsors_token(as_: Safelight, node: Node) -> None:
    as_("root", "principals", "create", "bot", "--agent", "--sponsor", "ana")
    node.tokens["bot"] = as_("ana", "principals", "token", "bot").out.strip()
    assert "sponsor  ana" in as_("bot", "whoami").out
    assert as_("bot", "principals").code == 3
    as_("root", "principals", "disable", "ana")
    assert as_("bot", "whoami").code == 5
