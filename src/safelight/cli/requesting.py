"""What every command that asks for access shares: the reason, and waiting for the decision."""

import sys
import time
from typing import Any

from safelight.cli.client import ApiClient, segment
from safelight.cli.output import say
from safelight.cli.problem import CliProblem, ExitCode

POLL_SECONDS = 1.0


def ask_reason(given: str | None, otherwise: str | None) -> str:
    """The reason as given, else ``otherwise``, else what the person types."""
    if given or otherwise:
        return given or f"{otherwise}"
    if sys.stdin.isatty():
        return input("Why do you need access? ").strip()
    raise CliProblem(ExitCode.USAGE, "a reason is needed", next_step='add --reason "…" or --incident ID')


def wait_for_decision(client: ApiClient, request: dict[str, Any]) -> dict[str, Any]:
    """Wait while the request is pending; gives it as it was decided. Ctrl-C stops waiting, not the request."""
    if request["state"] == "pending":
        say(f"waiting for approval of {request['id']}; somebody else runs: safelight approve {request['id']}")
    try:
        while request["state"] == "pending":
            time.sleep(POLL_SECONDS)
            request = client.get(f"/requests/{segment(request['id'])}")
    except KeyboardInterrupt:
        next_step = f"safelight requests; to take it back: safelight deny {request['id']}"
        raise CliProblem(ExitCode.WAITING, f"{request['id']} still waits", next_step=next_step) from None
    return request
