"""``holds``: statements that wait for a second person."""

from typing import Annotated

import typer

from safelight.cli.client import connect, segment
from safelight.cli.output import Json, plain, print_json, say
from safelight.cli.times import remaining

app = typer.Typer(rich_markup_mode=None)

Identity = Annotated[str, typer.Argument(metavar="HOLD", help="The held statement's id (h-…).")]


@app.callback(invoke_without_command=True)
def _group(context: typer.Context, as_json: Json = False) -> None:
    """List, approve and deny statements that wait for a second person."""
    if context.invoked_subcommand is None:
        list_holds(as_json)


@app.command("list")
def list_holds(as_json: Json = False) -> None:
    """List the statements that you may decide on, and your own."""
    found = connect().get("/holds")["items"]
    if as_json:
        print_json(found)
        return
    if not found:
        print("no statement waits")
    for hold in found:
        rows = "an unknown number of rows" if hold["rows"] is None else f"{hold['rows']} rows"
        print(f"{hold['id']}  {hold['principal']} on {hold['target']}/{hold['database']}, {rows}, ", end="")
        print(f"{remaining(hold['expires_at_ms'])} left")
        print(f"    {plain(hold['masked_text'])}")
        print(f"    safelight approve {hold['id']}    or    safelight deny {hold['id']} --reason …")


@app.command()
def approve(hold_id: Identity, as_json: Json = False) -> None:
    """Release exactly this statement, once."""
    hold = connect().post(f"/holds/{segment(hold_id)}/approve")
    print_json(hold) if as_json else say(f"{hold['id']}: released; {hold['principal']}'s statement runs now")


@app.command()
def deny(
    hold_id: Identity,
    reason: Annotated[str, typer.Option("--reason", "-r", help="What they are told.")] = "no reason given",
    as_json: Json = False,
) -> None:
    """Refuse the statement."""
    hold = connect().post(f"/holds/{segment(hold_id)}/deny", {"because": reason})
    print_json(hold) if as_json else say(f"{hold['id']}: denied")
