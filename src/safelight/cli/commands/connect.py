"""``connect``: from nothing to an open client in one command.

A grant is used when there is one, asked for when there is none; a fresh credential is issued; then the native client
takes this process's place, so that signals and the exit code are its own.
"""

import os
import shutil
import sys
from typing import Annotated, Any

import typer

from safelight.cli.client import ApiClient, segment
from safelight.cli.client import connect as log_in
from safelight.cli.commands.access import Capability, Duration
from safelight.cli.output import Json, print_json, say
from safelight.cli.postgres_environment import Connection, connection
from safelight.cli.problem import CliProblem, ExitCode
from safelight.cli.requesting import ask_reason, wait_for_decision
from safelight.cli.times import remaining, seconds


def connect(
    target: Annotated[str, typer.Argument(metavar="TARGET", help="The target, or target/database.")],
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar="ARGS", help="For psql; or the command with --exec.")
    ] = None,
    incident: Annotated[str | None, typer.Option("--incident", help="The incident that this is for.")] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="Why; by default the incident.")] = None,
    capability: Annotated[list[Capability] | None, typer.Option("--capability", help="May be repeated.")] = None,
    duration: Duration = "1h",
    show: Annotated[bool, typer.Option("--print", help="Print the connection string instead.")] = False,
    run: Annotated[bool, typer.Option("--exec", help="Run ARGS with PG… variables set instead of psql.")] = False,
    tunnel: Annotated[
        bool, typer.Option("--tunnel", help="Offer an owner-only local socket that needs no password.")
    ] = False,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait for an approval.")] = True,
    as_json: Json = False,
) -> None:
    """Open a target with psql, or with your own client; asks for access when you have none.

    For example: safelight connect orders-db -c "SELECT 1", or safelight connect orders-db --exec pgbench -S
    """
    if sum((show, run, tunnel)) > 1:
        raise CliProblem(ExitCode.USAGE, "--print, --exec and --tunnel exclude one another")
    if run and not arguments:
        raise CliProblem(ExitCode.USAGE, "what is to be run?", next_step="safelight connect TARGET --exec -- COMMAND")
    client = log_in()
    wanted = [one.value for one in capability or [Capability.READ]]
    name = target.partition("/")[0]
    grant = _grant_for(client, name, wanted, incident)
    if grant is None:
        grant = _request(client, name, wanted, incident, reason, seconds(duration), wait)
    credential = client.post(f"/grants/{segment(grant['id'])}/credentials")
    place = connection(client.get("/gateway"), credential, target, client.url)
    if as_json:
        print_json(place.variables() | {"grant": grant["id"], "expires_at_ms": credential["expires_at_ms"]})
    elif show:
        print(place.url())
    elif tunnel:
        from safelight.cli.tunnel import run_tunnel

        run_tunnel(place)
    else:
        say(f"{target} under grant {grant['id']}, {remaining(grant['ends_at_ms'])} left; masked and recorded")
        _become(arguments if run and arguments else ["psql", *(arguments or [])], place)


def _grant_for(
    client: ApiClient, target: str, capabilities: list[str], incident: str | None
) -> dict[str, Any] | None:
    """One's own active grant that covers this, the longest one."""
    me = client.get("/whoami")["principal"]["name"]
    fitting = [
        grant
        for grant in client.get("/grants")["items"]
        if grant["principal"] == me
        and grant["state"] == "active"
        and target in grant["targets"]
        and set(capabilities) <= set(grant["capabilities"])
        and incident in (None, grant["incident_id"])
    ]
    return max(fitting, key=lambda grant: int(grant["ends_at_ms"]), default=None)


def _request(
    client: ApiClient,
    target: str,
    capabilities: list[str],
    incident: str | None,
    reason: str | None,
    duration_seconds: int,
    wait: bool,
) -> dict[str, Any]:
    body = {
        "targets": [target],
        "capabilities": capabilities,
        "duration_seconds": duration_seconds,
        "reason": ask_reason(reason, incident),
        "incident_id": incident,
    }
    request = client.post("/requests", body)
    if wait:
        request = wait_for_decision(client, request)
    if request["state"] == "pending":
        raise CliProblem(
            ExitCode.WAITING,
            f"{request['id']} waits for somebody else's approval",
            next_step=f"safelight approve {request['id']}, by somebody else; then connect again",
        )
    if request["state"] != "approved":
        why = request["decided_because"] or "no reason was given"
        raise CliProblem(ExitCode.REFUSED, f"{request['id']} was {request['state']}: {why}")
    say(f"{request['id']}: approved ({request['decided_because']})")
    found: dict[str, Any] = next(g for g in client.get("/grants")["items"] if g["id"] == request["grant_id"])
    return found


def _become(command: list[str], place: Connection) -> None:
    """Give this process to ``command``."""
    program = shutil.which(command[0])
    if program is None:
        next_step = "install postgresql-client, or use --print or --tunnel with your own client"
        raise CliProblem(ExitCode.FAILED, f"{command[0]} is not installed here", next_step=next_step)
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(program, command, place.environment())  # noqa: S606 - no shell: an argument list from the person
