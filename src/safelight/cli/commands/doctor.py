"""``doctor``: what works between this machine and the targets, and what to do about what does not."""

import shutil
import socket
import ssl
import struct
from collections.abc import Callable, Generator, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import typer

from safelight.cli import login_file
from safelight.cli.client import ApiClient, segment
from safelight.cli.output import Json, print_json, print_table, say
from safelight.cli.postgres_environment import reachable_host
from safelight.cli.problem import CliProblem, ExitCode

_SSL_REQUEST = struct.pack("!ii", 8, 80877103)
_TIMEOUT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Check:
    """``state`` is ok, warning or error. ``next_step`` is what mends it."""

    state: str
    what: str
    finding: str
    next_step: str = ""


def doctor(as_json: Json = False) -> None:
    """Check the login, the gateway, its listener, the client and, for administrators, every target.

    Exit code 1 when something does not work.
    """
    checks = list(_checks())
    if as_json:
        print_json([asdict(check) for check in checks])
    else:
        print_table(("", "what", "finding"), [(c.state, c.what, c.finding) for c in checks], "nothing to check")
        for check in checks:
            if check.next_step:
                say(f"{check.what}: {check.next_step}")
    if any(check.state == "error" for check in checks):
        raise typer.Exit(ExitCode.FAILED)


def _checks() -> Iterator[Check]:
    psql = shutil.which("psql")
    yield (
        Check("ok", "psql", psql)
        if psql
        else Check("warning", "psql", "not installed here", "install postgresql-client, or use connect --print")
    )
    try:
        login = login_file.load()
        client = ApiClient(login.url, login.token, login.ca_pem, timeout_seconds=_TIMEOUT_SECONDS)
    except CliProblem as problem:
        yield Check("error", "login", problem.message, problem.next_step)
        return
    me = yield from _tried("login", lambda: client.get("/whoami"), lambda me: f"as {me['principal']['name']}")
    if me is None:
        return
    gateway = yield from _tried("gateway", lambda: client.get("/gateway"), lambda g: f"{g['node']} at {login.url}")
    for listener in (gateway or {}).get("listeners", []):
        host = reachable_host(listener["host"], login.url)
        yield _listener(host, listener["port"], gateway["ca_pem"])
    if "read_audit" in me["may"]:
        yield from _tried("audit log", lambda: client.get("/audit/status"), _log_state)
    if "reload_config" in me["may"]:
        yield from _targets(client)


def _tried(what: str, ask: Callable[[], Any], say_so: Callable[[Any], str]) -> Generator[Check, None, Any]:
    """A check that is one question; returns the answer, or None."""
    try:
        answer = ask()
    except CliProblem as problem:
        yield Check("error", what, problem.message, problem.next_step)
        return None
    finding = say_so(answer)
    yield Check("error" if finding.startswith("FAILED") else "ok", what, finding)
    return answer


def _log_state(status: dict[str, Any]) -> str:
    return f"FAILED: {status['failure']}" if status["failure"] else f"{status['size']} records"


def _listener(host: str, port: int, ca_pem: str) -> Check:
    """Ask for TLS as a PostgreSQL client does, and check the certificate."""
    what = f"listener {host}:{port}"
    try:
        context = ssl.create_default_context(cadata=ca_pem)
        with socket.create_connection((host, port), _TIMEOUT_SECONDS) as plain:
            plain.sendall(_SSL_REQUEST)
            if plain.recv(1) != b"S":
                return Check("error", what, "offers no TLS", "see [postgres] in the gateway's settings")
            with context.wrap_socket(plain, server_hostname=host) as secure:
                return Check("ok", what, f"{secure.version()}, the certificate is good")
    except ssl.SSLCertVerificationError as error:
        next_step = "add the name to [tls] server_names, or set [postgres] advertised_host"
        return Check("error", what, f"the certificate is not good for it: {error.verify_message}", next_step)
    except OSError as error:
        return Check("error", what, f"cannot be reached: {error.strerror or error}", "is a firewall in between?")


def _targets(client: ApiClient) -> Iterator[Check]:
    for target in client.get("/targets")["items"]:
        name = target["name"]
        try:
            findings = client.get(f"/targets/{segment(name)}/preflight")["items"]
        except CliProblem as problem:
            yield Check("error", f"target {name}", problem.message, problem.next_step)
            continue
        for finding in findings:
            state = {"note": "ok"}.get(finding["severity"], finding["severity"])
            run = f"run on the target: {finding['what_to_run']}" if finding["what_to_run"] else ""
            yield Check(state, f"target {name}: {finding['guarantee']}", finding["message"], run)
