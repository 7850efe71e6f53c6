"""``kill`` and ``locks``."""

import sys
from enum import StrEnum
from typing import Annotated, Any

import typer

from safelight.cli.client import connect, segment
from safelight.cli.output import Json, plain, print_json, print_table, say
from safelight.cli.problem import CliProblem, ExitCode
from safelight.cli.times import clock

locks_app = typer.Typer(rich_markup_mode=None)


class Scope(StrEnum):
    """What is ended. The words are the API's."""

    SESSION = "session"
    GRANT = "grant"
    PRINCIPAL = "principal"
    GROUP = "group"
    TARGET = "target"
    LABEL = "label"
    INCIDENT = "incident"
    ALL = "all"


def kill(
    scope: Annotated[Scope, typer.Argument(help="What to end.")],
    subject: Annotated[str, typer.Argument(help="Its name or id; key=value for a label; nothing for all.")] = "",
    reason: Annotated[str, typer.Option("--reason", "-r", help="Why; for the record.")] = "killed by hand",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would end.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before ending everything.")] = False,
    as_json: Json = False,
) -> None:
    """End work at once, on the gateway and on the targets, and lock it out until the lock is lifted.

    Exit code 8: something may still run, or the lock is not stored; the report says what.
    """
    if (scope is Scope.ALL) != (subject == ""):
        wrong = "all takes no name" if scope is Scope.ALL else f"which {scope.value}?"
        raise CliProblem(ExitCode.USAGE, wrong, next_step="safelight kill --help")
    if scope is Scope.ALL and not (dry_run or yes):
        _confirm()
    body = {"scope": scope.value, "subject": subject, "reason": reason, "dry_run": dry_run}
    report = connect().post("/kills", body)
    if as_json:
        print_json(report)
    else:
        _tell(report)
    if not dry_run and (report["remaining"] or not report["recorded"]):
        raise typer.Exit(ExitCode.INCOMPLETE)


def _confirm() -> None:
    if not sys.stdin.isatty():
        raise CliProblem(ExitCode.USAGE, "this ends everything", next_step="add --yes, or look first: --dry-run")
    if input("This ends every session on every target. Type yes: ").strip() != "yes":
        raise typer.Exit(ExitCode.FAILED)


def _tell(report: dict[str, Any]) -> None:
    if report["lock"] is None:
        say(f"{len(report['matching'])} sessions would end; nothing was done")
        rows = [(s["id"], s["principal"], s["target"], s["incident_id"]) for s in report["matching"]]
        print_table(("session", "who", "target", "incident"), rows, "no live session matches")
        return
    lock = report["lock"]
    say(f"locked: {lock['scope']} {lock['subject']} ({lock['id']}); lift it with: safelight locks lift {lock['id']}")
    outcomes = [
        (
            e["session_id"],
            e["principal"],
            e["target"],
            "ended" if e in report["ended"] else "NOT CONFIRMED",
            e["detail"],
        )
        for e in [*report["ended"], *report["remaining"]]
    ]
    print_table(("session", "who", "target", "result", "detail"), outcomes, "no live session matched")
    if report["grants_ended"]:
        say(f"grants ended: {', '.join(report['grants_ended'])}")
    if not report["recorded"]:
        say(f"THE LOCK IS NOT STORED, it holds until this node stops: {plain(report['problem'])}")


@locks_app.callback(invoke_without_command=True)
def _group(
    context: typer.Context,
    everything: Annotated[bool, typer.Option("--all", "-a", help="Lifted ones too.")] = False,
    as_json: Json = False,
) -> None:
    """List and lift locks."""
    if context.invoked_subcommand is None:
        list_locks(everything, as_json)


@locks_app.command("list")
def list_locks(
    everything: Annotated[bool, typer.Option("--all", "-a", help="Lifted ones too.")] = False, as_json: Json = False
) -> None:
    """List the locks in force."""
    found = connect().get("/locks", lifted="true" if everything else None)["items"]
    if as_json:
        print_json(found)
        return
    rows = [
        (
            lock["id"],
            lock["scope"],
            lock["subject"],
            lock["reason"],
            lock["created_by"],
            clock(lock["created_at_ms"]),
            f"lifted by {lock['lifted_by']}" if lock["lifted_by"] else "locked",
        )
        for lock in found
    ]
    print_table(("id", "scope", "subject", "reason", "by", "since", "state"), rows, "no lock is in force")


@locks_app.command()
def lift(
    lock_id: Annotated[str, typer.Argument(metavar="LOCK", help="The lock's id (l-…).")], as_json: Json = False
) -> None:
    """Take a lock away. What it ended stays ended."""
    lock = connect().post(f"/locks/{segment(lock_id)}/lift")
    print_json(lock) if as_json else say(f"{lock['id']} is lifted: {lock['scope']} {lock['subject']}")
