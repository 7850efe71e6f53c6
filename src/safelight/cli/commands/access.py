"""``request``, ``requests``, ``approve``, ``deny``, ``grants``, ``extend``, ``give-back``."""

from enum import StrEnum
from typing import Annotated, Any

import typer

from safelight.cli.client import ApiClient, connect, segment
from safelight.cli.output import Json, print_json, print_table, say
from safelight.cli.problem import CliProblem, ExitCode
from safelight.cli.requesting import ask_reason, wait_for_decision
from safelight.cli.times import clock, length, remaining, seconds


class Capability(StrEnum):
    """What a grant can allow. The words are the API's."""

    READ = "read"
    WRITE = "write"
    DDL = "ddl"
    ADMIN = "admin"
    EXPORT = "export"
    UNMASK = "unmask"


Incident = Annotated[str | None, typer.Option("--incident", "-i", help="The incident that this is for.")]
Reason = Annotated[str | None, typer.Option("--reason", "-r", help="Why; by default the incident.")]
Capabilities = Annotated[list[Capability] | None, typer.Option("--capability", "-c", help="May be repeated.")]
Duration = Annotated[str, typer.Option("--for", metavar="TIME", help="How long, such as 30m or 2h.")]


def request(
    target: Annotated[list[str], typer.Argument(help="Targets; all are asked for together.")],
    incident: Incident = None,
    reason: Reason = None,
    capability: Capabilities = None,
    duration: Duration = "1h",
    wait: Annotated[bool, typer.Option("--wait", "-w", help="Wait until it is decided.")] = False,
    as_json: Json = False,
) -> None:
    """Ask for access. Policy may approve by itself; otherwise somebody else has to."""
    client = connect()
    body = {
        "targets": target,
        "capabilities": [one.value for one in capability or [Capability.READ]],
        "duration_seconds": seconds(duration),
        "reason": ask_reason(reason, incident),
        "incident_id": incident,
    }
    _told(client, client.post("/requests", body), wait=wait, as_json=as_json)


def requests(
    everything: Annotated[bool, typer.Option("--all", "-a", help="Decided ones too.")] = False, as_json: Json = False
) -> None:
    """List access requests: yours, and everybody's if you may see them."""
    shown = connect().get("/requests", decided="true" if everything else None)["items"]
    if as_json:
        print_json(shown)
        return
    rows = [
        (
            r["id"],
            r["requester"],
            r["targets"],
            r["capabilities"],
            length(r["duration_seconds"]),
            r["incident_id"],
            r["reason"],
            f"{len(r['approvals'])} of {r['approvals_needed']}",
            r["state"],
        )
        for r in shown
    ]
    columns = ("id", "who", "targets", "capabilities", "for", "incident", "reason", "approvals", "state")
    print_table(columns, rows, "nothing waits for a decision")


def approve(
    request_id: Annotated[list[str], typer.Argument(metavar="REQUEST", help="Requests, or held statements (h-…).")],
    as_json: Json = False,
) -> None:
    """Approve somebody else's request, or a statement that is held."""
    client = connect()
    done = [client.post(f"/{_kind(one)}/{segment(one)}/approve") for one in request_id]
    if as_json:
        print_json(done)
        return
    for one in done:
        if "approvals" not in one:
            say(f"{one['id']}: released; {one['principal']}'s statement runs now")
        elif one["state"] == "approved":
            say(f"{one['id']}: approved; {one['requester']} has grant {one['grant_id']}")
        else:
            say(f"{one['id']}: {len(one['approvals'])} of {one['approvals_needed']} approvals")


def deny(
    request_id: Annotated[str, typer.Argument(metavar="REQUEST", help="A request, or a held statement (h-…).")],
    reason: Annotated[str | None, typer.Option("--reason", "-r", help="What the requester is told.")] = None,
    as_json: Json = False,
) -> None:
    """Deny a request or a held statement; your own request is withdrawn."""
    client = connect()
    path = f"/{_kind(request_id)}/{segment(request_id)}"
    if _kind(request_id) == "requests":
        me = client.get("/whoami")["principal"]["name"]
        if client.get(path)["requester"] == me:
            done = client.post(f"{path}/withdraw")
            print_json(done) if as_json else say(f"{request_id}: withdrawn")
            return
    done = client.post(f"{path}/deny", {"because": reason or "no reason given"})
    print_json(done) if as_json else say(f"{request_id}: denied")


def grants(
    everything: Annotated[bool, typer.Option("--all", "-a", help="Ended ones too.")] = False, as_json: Json = False
) -> None:
    """List grants: yours, and everybody's if you may see them."""
    shown = connect().get("/grants", ended="true" if everything else None)["items"]
    if as_json:
        print_json(shown)
        return
    rows = [
        (
            g["id"],
            g["principal"],
            g["targets"],
            g["capabilities"],
            g["incident_id"],
            clock(g["ends_at_ms"]),
            remaining(g["ends_at_ms"]) if g["state"] == "active" else g["end_reason"],
            g["state"],
        )
        for g in shown
    ]
    print_table(("id", "who", "targets", "capabilities", "incident", "until", "left", "state"), rows, "no grants")


def extend(
    grant_id: Annotated[str | None, typer.Argument(metavar="GRANT", help="By default your only grant.")] = None,
    duration: Annotated[str, typer.Option("--for", metavar="TIME", help="How much longer.")] = "30m",
    reason: Annotated[str | None, typer.Option("--reason", "-r", help="Why.")] = None,
    wait: Annotated[bool, typer.Option("--wait", "-w", help="Wait until it is decided.")] = False,
    as_json: Json = False,
) -> None:
    """Ask for more time under a grant. Sessions go on without reconnecting."""
    client = connect()
    identity = grant_id or _only_grant(client)
    body = {"seconds": seconds(duration), "reason": ask_reason(reason, f"more time for {identity}")}
    _told(client, client.post(f"/grants/{segment(identity)}/extend", body), wait=wait, as_json=as_json)


def give_back(
    grant_id: Annotated[str | None, typer.Argument(metavar="GRANT", help="By default your only grant.")] = None,
    reason: Annotated[str | None, typer.Option("--reason", "-r", help="Needed for somebody else's.")] = None,
    as_json: Json = False,
) -> None:
    """End a grant, and its sessions, now."""
    client = connect()
    ended = client.post(f"/grants/{segment(grant_id or _only_grant(client))}/end", {"because": reason})
    print_json(ended) if as_json else say(f"{ended['id']} has ended: {ended['end_reason']}")


def _told(client: ApiClient, made: dict[str, Any], *, wait: bool, as_json: bool) -> None:
    """Say what became of a request. Exit code 7 while it waits, 3 when it is refused."""
    decided = wait_for_decision(client, made) if wait else made
    if as_json:
        print_json(decided)
    elif decided["state"] == "approved":
        ends = client.get("/grants")["items"]
        until = next((g["ends_at_ms"] for g in ends if g["id"] == decided["grant_id"]), None)
        say(f"{decided['id']}: approved ({decided['decided_because']})")
        say(f"grant {decided['grant_id']} until {clock(until)}")
    elif decided["state"] == "pending":
        needed = decided["approvals_needed"] - len(decided["approvals"])
        people = "one other person" if needed == 1 else f"{needed} other people"
        say(f"{decided['id']}: waits for {people}: safelight approve {decided['id']}")
    else:
        say(f"{decided['id']}: {decided['state']}: {decided['decided_because'] or ''}")
    if decided["state"] != "approved":
        raise typer.Exit(ExitCode.WAITING if decided["state"] == "pending" else ExitCode.REFUSED)


def _only_grant(client: ApiClient) -> str:
    me = client.get("/whoami")["principal"]["name"]
    own = [g["id"] for g in client.get("/grants")["items"] if g["state"] == "active" and g["principal"] == me]
    if len(own) != 1:
        raise CliProblem(
            ExitCode.USAGE,
            "you have no active grant" if not own else f"you have {len(own)} grants: {', '.join(own)}",
            next_step="safelight request TARGET" if not own else "name one of them",
        )
    return str(own[0])


def _kind(identity: str) -> str:
    return "holds" if identity.startswith("h-") else "requests"
