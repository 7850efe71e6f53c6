"""``login``, ``logout``, ``whoami``, ``password``."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from safelight.cli import login_file
from safelight.cli.client import ApiClient, connect
from safelight.cli.login_file import Login
from safelight.cli.output import Json, print_fields, print_json, say
from safelight.cli.problem import CliProblem, ExitCode
from safelight.cli.times import clock

DEFAULT_URL = "http://127.0.0.1:8480"


def login(
    name: Annotated[str | None, typer.Option("--name", "-n", help="Your name on the gateway.")] = None,
    url: Annotated[
        str | None,
        typer.Option("--url", envvar="SAFELIGHT_CLI_URL", help="The gateway: http(s)://host:port or unix:///path."),
    ] = None,
    code: Annotated[
        str | None, typer.Option("--code", help="A one-time code: the first administrator's, or an invitation's.")
    ] = None,
    ca: Annotated[
        Path | None, typer.Option("--ca", exists=True, dir_okay=False, help="The authority to trust for https.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Log in and keep the token in a file that only you can read.

    The password is asked for; without a terminal it is the first line of stdin.
    """
    place = url or _saved_url() or DEFAULT_URL
    client = ApiClient(place, None, ca.read_text("ascii") if ca is not None else None)
    if code is not None:
        body = {"code": code, "name": name, "password": _new_password()}
        issued = client.post("/login/code", body)
    else:
        body = {"name": name or _ask("Name: "), "password": _password("Password: ")}
        issued = client.post("/login", body)
    who = issued["principal"]["name"]
    file = login_file.save(Login(place, issued["token"], who, ca.read_text("ascii") if ca is not None else None))
    if as_json:
        print_json({"principal": issued["principal"], "expires_at_ms": issued["expires_at_ms"], "file": str(file)})
    else:
        say(f"logged in as {who} until {clock(issued['expires_at_ms'])}; the token is in {file}")


def logout() -> None:
    """Void the saved token, here and on the gateway."""
    client = connect()
    try:
        client.post("/logout")
    except CliProblem as problem:
        if problem.exit_code not in (ExitCode.NOT_LOGGED_IN, ExitCode.UNREACHABLE):
            raise
        say(f"the gateway was not told: {problem.message}")
    login_file.forget()
    say("logged out")


def whoami(as_json: Json = False) -> None:
    """Who you are to the gateway, and what you may do there."""
    me = connect().get("/whoami")
    if as_json:
        print_json(me)
        return
    principal = me["principal"]
    print_fields(
        [
            ("name", principal["name"]),
            ("kind", principal["kind"]),
            ("groups", principal["groups"]),
            ("sponsor", principal["sponsor"]),
            ("may", [action.replace("_", " ") for action in me["may"]]),
        ]
    )


def password() -> None:
    """Change your own password. Without a terminal: the old and the new one are the first two lines of stdin."""
    client = connect()
    old = _password("Old password: ")
    client.put("/password", {"old": old, "new": _new_password()})
    say("the password is changed")


def _saved_url() -> str | None:
    try:
        return login_file.load().url
    except CliProblem:
        return None


def _new_password() -> str:
    first = _password("New password: ")
    if sys.stdin.isatty() and _password("Again: ") != first:
        raise CliProblem(ExitCode.USAGE, "the two passwords differ", next_step="try again")
    return first


def _password(prompt: str) -> str:
    if sys.stdin.isatty():
        from getpass import getpass

        return getpass(prompt)
    return _line("a password")


def _ask(prompt: str) -> str:
    if sys.stdin.isatty():
        return input(prompt).strip()
    raise CliProblem(ExitCode.USAGE, "who are you?", next_step="safelight login --name NAME")


def _line(what: str) -> str:
    line = sys.stdin.readline().rstrip("\r\n")
    if not line:
        raise CliProblem(
            ExitCode.USAGE, f"{what} is needed on stdin", next_step="run it in a terminal, or pipe it in"
        )
    return line
