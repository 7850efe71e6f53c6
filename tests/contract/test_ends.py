"""However a session ends: no byte after it, the client is told why, and the work on the target is gone."""

import time
from typing import Any

import pytest

from tests.contract.conftest import CAPABILITIES, Connect
from tests.contract.harness import MAY_TELL_NOTHING, Busy, Client, Harness, SessionOver
from tests.e2e.clients import eventually

REASON = "they copied too much"
busy = pytest.mark.parametrize("busy", list(Busy), ids=lambda kind: kind.name.lower())


def kill(harness: Harness, scope: str, subject: str, **more: Any) -> Any:
    body = {"scope": scope, "subject": subject, "reason": REASON} | more
    return harness.gateway.api("POST", "/kills", body, by="sam")


def is_over(harness: Harness, client: Client, reason: str, kind: Busy, *, since: float, within: float) -> None:
    """The client was told, nothing came late, and the target has nothing left."""
    ending = client.ending(5)
    if ending.told or kind not in MAY_TELL_NOTHING:
        assert harness.says_ended(ending.told, reason), ending.told
    if kind is not Busy.STALLED_CLIENT:
        assert ending.last_byte - since < within
    eventually(lambda: not client.working(), 2)
    listed = harness.gateway.api("GET", "/sessions", by="sam")["items"]
    assert client.session not in [session["id"] for session in listed]


# --- the kill switch ------------------------------------------------------------------------------------------------


@busy
def test_killing_a_session_at_whatever_it_is_at(harness: Harness, connect: Connect, busy: Busy, lifted: None) -> None:
    client = connect(harness.gateway.session(harness.target, capabilities=CAPABILITIES))
    client.begin(busy)
    sent = time.monotonic()
    report = kill(harness, "session", client.session)
    assert [ended["session_id"] for ended in report["ended"]] == [client.session]
    assert report["remaining"] == [] and report["recorded"]
    assert not client.working()
    is_over(harness, client, REASON, busy, since=sent, within=1.0)


@pytest.mark.parametrize("scope", ["session", "grant", "principal", "group", "target", "incident", "all"])
def test_each_scope_ends_what_it_names_and_keeps_it_out(
    harness: Harness, connect: Connect, scope: str, lifted: None
) -> None:
    gateway = harness.gateway
    incident = f"INC-{time.monotonic_ns()}"
    incident = gateway.webhook("open", incident)["id"]
    login = gateway.session(harness.target, by="ada", incident=incident)
    client = connect(login)
    other = connect(gateway.session(harness.target, by="lin"))
    client.ask()
    subject = {
        "session": client.session, "grant": login.grant, "principal": "ada", "group": "oncall",
        "target": harness.target, "incident": incident, "all": "",
    }[scope]  # fmt: skip
    sent = time.monotonic()
    report = kill(harness, scope, subject)
    assert report["remaining"] == []
    is_over(harness, client, REASON, Busy.IDLE, since=sent, within=1.0)
    with pytest.raises(SessionOver):
        harness.connect(login)
    if scope in ("target", "all"):
        is_over(harness, other, REASON, Busy.IDLE, since=sent, within=1.0)
    else:
        other.ask()
    gateway.api("POST", f"/locks/{report['lock']['id']}/lift", by="sam")
    if scope in ("session", "grant"):  # the credential, or the grant, is gone for good
        with pytest.raises(SessionOver):
            harness.connect(login)
    else:
        connect(login).ask()


def test_a_dry_run_ends_nothing(harness: Harness, connect: Connect) -> None:
    client = connect(harness.gateway.session(harness.target))
    report = kill(harness, "session", client.session, dry_run=True)
    assert [session["id"] for session in report["matching"]] == [client.session]
    assert report["lock"] is None
    client.ask()


def test_many_at_once(harness: Harness, connect: Connect, lifted: None) -> None:
    login = harness.gateway.session(harness.target, capabilities=CAPABILITIES)
    kinds = (Busy.RUNNING, Busy.STREAMING, Busy.IDLE, Busy.STUBBORN, Busy.OPEN, Busy.HELD)
    clients = [connect(login) for _ in kinds]
    for client, kind in zip(clients, kinds, strict=True):
        client.begin(kind)
    sent = time.monotonic()
    report = kill(harness, "grant", login.grant)
    assert len(report["ended"]) == len(kinds) and report["remaining"] == []
    for client, kind in zip(clients, kinds, strict=True):
        is_over(harness, client, REASON, kind, since=sent, within=1.0)


# --- time -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "busy",
    [Busy.IDLE, Busy.RUNNING, Busy.STREAMING, Busy.STUBBORN, Busy.HELD, Busy.STALLED_CLIENT],
    ids=lambda k: k.name.lower(),
)
def test_a_grant_runs_out(harness: Harness, connect: Connect, busy: Busy) -> None:
    login = harness.gateway.session(harness.target, capabilities=CAPABILITIES, seconds=2)
    ends_at = _ends_at(harness, login.grant)
    client = connect(login)
    client.begin(busy)
    is_over(harness, client, "the grant is over", busy, since=ends_at, within=0.1)
    with pytest.raises(SessionOver):
        harness.connect(login)


def _ends_at(harness: Harness, grant: str) -> float:
    """On the monotonic clock, in seconds."""
    found = next(g for g in harness.gateway.api("GET", "/grants", by="ada")["items"] if g["id"] == grant)
    return time.monotonic() + found["ends_at_ms"] / 1000 - time.time()


def test_a_warning_before_the_end_and_more_time_without_reconnecting(harness: Harness, connect: Connect) -> None:
    gateway = harness.gateway
    incident = gateway.webhook("open", f"INC-{time.monotonic_ns()}")["id"]
    login = gateway.session(harness.target, seconds=3, incident=incident)
    client = connect(login)
    eventually(lambda: any("ends in" in told for told in client.notices()), 3)
    assert sum("safelight:" in told for told in client.notices()) == 1
    assert "safelight: safelight:" not in str(client.notices())
    gateway.api("POST", f"/grants/{login.grant}/extend", {"seconds": 60, "reason": "not done"}, by="ada")
    before = _ends_at(harness, login.grant)
    assert before - time.monotonic() > 50
    time.sleep(max(0.0, 3.2 - (before - time.monotonic() - 60)))
    client.ask()


def test_giving_a_grant_back_ends_its_sessions(harness: Harness, connect: Connect) -> None:
    login = harness.gateway.session(harness.target)
    client = connect(login)
    client.begin(Busy.RUNNING)
    sent = time.monotonic()
    harness.gateway.api("POST", f"/grants/{login.grant}/end", {}, by="ada")
    is_over(harness, client, "given back", Busy.RUNNING, since=sent, within=1.0)


def test_ending_somebodys_grant_tells_them_why(harness: Harness, connect: Connect) -> None:
    login = harness.gateway.session(harness.target)
    client = connect(login)
    sent = time.monotonic()
    harness.gateway.api("POST", f"/grants/{login.grant}/end", {"because": "the rota changed"}, by="sam")
    is_over(harness, client, "the rota changed", Busy.IDLE, since=sent, within=1.0)


def test_closing_the_incident_warns_then_ends(harness: Harness, connect: Connect) -> None:
    gateway = harness.gateway
    name = f"INC-{time.monotonic_ns()}"
    incident = gateway.webhook("open", name)["id"]
    client = connect(gateway.session(harness.target, incident=incident))
    client.ask()
    closed = time.monotonic()
    gateway.webhook("close", name)
    eventually(lambda: client.notices(), 1)
    client_was_told = client.notices()
    assert any("safelight" in told for told in client_was_told)
    is_over(harness, client, "", Busy.IDLE, since=closed + 1.0, within=0.5)


# --- peers that are gone --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "busy",
    [Busy.RUNNING, Busy.STUBBORN, Busy.STREAMING, Busy.STALLED_CLIENT, Busy.OPEN, Busy.HELD, Busy.UPLOADING],
    ids=lambda kind: kind.name.lower(),
)
def test_a_lost_client_takes_its_work_with_it(harness: Harness, busy: Busy) -> None:
    client = harness.connect(harness.gateway.session(harness.target, capabilities=CAPABILITIES))
    client.begin(busy)
    client.vanish()
    eventually(lambda: not client.working(), 5)
    eventually(
        lambda: client.session not in [s["id"] for s in harness.gateway.api("GET", "/sessions", by="sam")["items"]]
    )
    client_holds = [
        h for h in harness.gateway.api("GET", "/holds", by="sam")["items"] if h["session_id"] == client.session
    ]
    assert client_holds == []
