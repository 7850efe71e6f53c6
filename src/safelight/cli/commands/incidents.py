"""``incidents``: list, open, confirm, close."""

from typing import Annotated, Any

import typer

from safelight.cli.client import connect, segment
from safelight.cli.output import Json, print_json, print_table, say
from safelight.cli.times import clock

app = typer.Typer(rich_markup_mode=None)

Identity = Annotated[str, typer.Argument(metavar="INCIDENT", help="The incident's id.")]
All = Annotated[bool, typer.Option("--all", "-a", help="Closed ones too.")]


@app.callback(invoke_without_command=True)
def _group(context: typer.Context, everything: All = False, as_json: Json = False) -> None:
    """List, open, confirm and close incidents."""
    if context.invoked_subcommand is None:
        list_incidents(everything, as_json)


@app.command("list")
def list_incidents(everything: All = False, as_json: Json = False) -> None:
    """List the incidents that are not over."""
    found = connect().get("/incidents", closed="true" if everything else None)["items"]
    if as_json:
        print_json(found)
        return
    rows = [
        (i["id"], i["title"], i["service"], _vouched(i), i["opener"], clock(i["opened_at_ms"]), i["state"])
        for i in found
    ]
    print_table(("id", "title", "service", "vouched for by", "opener", "since", "state"), rows, "no open incident")


@app.command("open")
def open_incident(
    title: Annotated[str, typer.Argument(help="What is wrong.")],
    service: Annotated[str | None, typer.Option("--service", "-s", help="The service it is about.")] = None,
    as_json: Json = False,
) -> None:
    """Open an incident by hand. It counts once a second person has confirmed it."""
    incident = connect().post("/incidents", {"title": title, "service": service})
    if as_json:
        print_json(incident)
    else:
        say(f"{incident['id']} is open; somebody else confirms it: safelight incidents confirm {incident['id']}")


@app.command()
def confirm(incident_id: Identity, as_json: Json = False) -> None:
    """Vouch for an incident that somebody else opened by hand."""
    incident = connect().post(f"/incidents/{segment(incident_id)}/confirm")
    print_json(incident) if as_json else say(f"{incident['id']} counts now")


@app.command()
def close(incident_id: Identity, as_json: Json = False) -> None:
    """Close an incident: its sessions are warned, its grants end when the warning has passed."""
    incident = connect().post(f"/incidents/{segment(incident_id)}/close")
    if as_json:
        print_json(incident)
    else:
        say(f"{incident['id']} is closed; its grants end at {clock(incident['grants_end_at_ms'])}")


def _vouched(incident: dict[str, Any]) -> str | None:
    if incident["origin"] == "webhook":
        return f"{incident['source']} (signed)"
    return incident["confirmed_by"] or "nobody yet"
