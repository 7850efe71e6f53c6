"""``principals``: people and agents."""

from typing import Annotated, Any

import typer

from safelight.cli.client import connect, segment
from safelight.cli.output import Json, print_json, print_table, say
from safelight.cli.times import clock

app = typer.Typer(rich_markup_mode=None)

Name = Annotated[str, typer.Argument(help="The principal's name.")]


@app.callback(invoke_without_command=True)
def _group(context: typer.Context, as_json: Json = False) -> None:
    """Create, list and disable people and agents."""
    if context.invoked_subcommand is None:
        list_principals(as_json)


@app.command("list")
def list_principals(as_json: Json = False) -> None:
    """List everybody."""
    found = connect().get("/principals")["items"]
    if as_json:
        print_json(found)
        return
    rows = [
        (p["name"], p["kind"], p["groups"], p["sponsor"], p["created_by"], "disabled" if p["disabled"] else "active")
        for p in found
    ]
    print_table(("name", "kind", "groups", "sponsor", "created by", "state"), rows, "nobody")


@app.command()
def create(
    name: Name,
    group: Annotated[list[str] | None, typer.Option("--group", "-g", help="A group; may be repeated.")] = None,
    agent: Annotated[bool, typer.Option("--agent", help="An agent instead of a person.")] = False,
    sponsor: Annotated[str | None, typer.Option("--sponsor", help="The person that the agent acts for.")] = None,
    as_json: Json = False,
) -> None:
    """Create a person, who gets a one-time code to set a password with, or an agent."""
    body = {"name": name, "kind": "agent" if agent else "person", "groups": group or [], "sponsor": sponsor}
    created = connect().post("/principals", body)
    if as_json:
        print_json(created)
    elif created["code"] is None:
        say(f"{name} exists; its sponsor gets its token with: safelight principals token {name}")
    else:
        say(f"{name} exists. Give them this command, until {clock(created['code_expires_at_ms'])}:")
        print(f"safelight login --name {name} --code {created['code']}")


@app.command()
def groups(
    name: Name,
    group: Annotated[list[str] | None, typer.Argument(help="All groups that it shall be in; none: no group.")] = None,
    as_json: Json = False,
) -> None:
    """Replace somebody's groups. Running sessions are judged by them at once."""
    _changed(connect().put(f"/principals/{segment(name)}/groups", {"groups": group or []}), as_json)


@app.command()
def disable(name: Name, as_json: Json = False) -> None:
    """Stop an account and the agents it sponsors: grants, sessions and logins end at once."""
    _changed(connect().post(f"/principals/{segment(name)}/disable"), as_json)


@app.command()
def enable(name: Name, as_json: Json = False) -> None:
    """Let an account act again. What ended stays ended."""
    _changed(connect().post(f"/principals/{segment(name)}/enable"), as_json)


@app.command()
def token(name: Name, as_json: Json = False) -> None:
    """Print a token for an agent that you sponsor."""
    issued = connect().post(f"/agents/{segment(name)}/tokens")
    if as_json:
        print_json(issued)
    else:
        say(f"good until {clock(issued['expires_at_ms'])}; for SAFELIGHT_CLI_TOKEN or an Authorization header:")
        print(issued["token"])


def _changed(principal: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(principal)
    else:
        state = "disabled" if principal["disabled"] else "active"
        say(f"{principal['name']}: {state}; groups: {', '.join(principal['groups']) or 'none'}")
