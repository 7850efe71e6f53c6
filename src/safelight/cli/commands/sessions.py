"""``sessions`` and ``watch``."""

import json
from typing import Annotated, Any

import typer

from safelight.cli.client import connect, segment
from safelight.cli.output import Json, plain, print_json, print_table, say
from safelight.cli.problem import ExitCode
from safelight.cli.times import clock


def sessions(
    everything: Annotated[bool, typer.Option("--all", "-a", help="The latest ended ones too.")] = False,
    as_json: Json = False,
) -> None:
    """List live sessions: yours, and everybody's if you may see them."""
    found = connect().get("/sessions", ended="true" if everything else None)["items"]
    if as_json:
        print_json(found)
        return
    rows = [
        (
            s["id"],
            s["principal"],
            f"{s['target']}/{s['database']}",
            s["incident_id"],
            s["client_address"],
            s["application_name"],
            clock(s["started_at_ms"]),
            s["statements"],
            s["end_reason"] or s["state"],
        )
        for s in found
    ]
    columns = ("id", "who", "where", "incident", "from", "client", "since", "statements", "state")
    print_table(columns, rows, "no live session")


def watch(
    session_id: Annotated[str, typer.Argument(metavar="SESSION", help="The session's id (s-…).")],
    as_json: Json = False,
) -> None:
    """Follow the statements of a live session, with labelled values masked. That you watch is recorded."""
    client = connect()
    if not as_json:
        say(f"watching {session_id}; Ctrl-C stops watching, not the session")
    try:
        for event in client.events(f"/sessions/{segment(session_id)}/events"):
            print(json.dumps(event, ensure_ascii=False) if as_json else _line(event), flush=True)
            if event.get("event") == "refused":
                raise typer.Exit(ExitCode.REFUSED)
    except KeyboardInterrupt:
        return


def _line(event: dict[str, Any]) -> str:
    kind = str(event.get("event", ""))
    if kind == "end":
        return "the session is over"
    if kind == "refused":
        return "you may no longer watch"
    if kind == "lost":
        return f"… {event.get('count')} events were too many to show"
    rest = [f"{plain(name)}={plain(value)}" for name, value in event.items() if name not in ("event", "text")]
    return "  ".join([kind.removeprefix("statement.").ljust(8), *rest, plain(event.get("text") or "")]).rstrip()
