"""``policy``: check and test files here, list and explain what is in force on the gateway."""

from pathlib import Path
from typing import Annotated, Any

import typer

from safelight.cli.client import connect
from safelight.cli.commands.access import Capability
from safelight.cli.output import Json, plain, print_json, print_table, say
from safelight.cli.problem import CliProblem, ExitCode
from safelight.cli.times import seconds

app = typer.Typer(rich_markup_mode=None, no_args_is_help=True)
explain_app = typer.Typer(rich_markup_mode=None, no_args_is_help=True)
app.add_typer(explain_app, name="explain", help="Why policy answers as it does, and what would change that.")

Files = Annotated[list[Path] | None, typer.Argument(help="Cedar files, or directories of them.")]
Alone = Annotated[bool, typer.Option("--alone", help="Without the default policies.")]
Who = Annotated[str | None, typer.Option("--principal", help="About somebody else.")]
Incident = Annotated[str | None, typer.Option("--incident", "-i", help="Under this incident.")]


@app.callback()
def _group() -> None:
    """Check, test and explain policies."""


@app.command()
def check(files: Files = None, alone: Alone = False, as_json: Json = False) -> None:
    """Check policy files as the gateway would, here. Exit code 1 when it would refuse them."""
    engine = _load(files or [], alone, as_json)
    if as_json:
        print_json({"digest": engine.digest, "policies": [policy.id for policy in engine.policies], "problems": []})
    else:
        say(f"{len(engine.policies)} policies are good (digest {engine.digest[:12]})")


@app.command()
def test(
    cases: Annotated[
        list[Path], typer.Argument(exists=True, dir_okay=False, help="Files of cases (docs/policy.md).")
    ],
    policies: Annotated[
        list[Path] | None, typer.Option("--policies", "-p", exists=True, help="Cedar files or directories.")
    ] = None,
    alone: Alone = False,
    as_json: Json = False,
) -> None:
    """Ask the questions in files of cases, and compare the answers. Exit code 1 when one differs."""
    from safelight.policy.problems import PolicyInvalid
    from safelight.policy.testing import report, run_cases

    engine = _load(policies or [], alone, as_json)
    try:
        results = [result for file in cases for result in run_cases(engine, file.read_text("utf-8"), str(file))]
    except PolicyInvalid as error:
        raise _invalid(error, as_json) from None
    if as_json:
        print_json([{"name": r.name, "passed": r.passed, "differences": r.differences} for r in results])
    else:
        print(report(results))
    if not all(result.passed for result in results):
        raise typer.Exit(ExitCode.FAILED)


@app.command("list")
def list_policies(as_json: Json = False) -> None:
    """List the policies in force on the gateway."""
    found = connect().get("/policy")
    if as_json:
        print_json(found)
        return
    rows = [(p["effect"], p["id"], p["description"], f"{p['file']}:{p['line']}") for p in found["policies"]]
    print_table(("effect", "id", "what it says", "where"), rows, "no policy: everything is denied")


@explain_app.command("request")
def explain_request(
    target: Annotated[list[str], typer.Argument(help="Targets.")],
    capability: Annotated[list[Capability] | None, typer.Option("--capability", "-c")] = None,
    duration: Annotated[str, typer.Option("--for", metavar="TIME")] = "1h",
    incident: Incident = None,
    principal: Who = None,
    as_json: Json = False,
) -> None:
    """How many people would a request need?"""
    body = {
        "ask": "request",
        "targets": target,
        "capabilities": _names(capability),
        "duration_seconds": seconds(duration),
        "incident_id": incident,
    }
    _explain(body, principal, as_json)


@explain_app.command("statement")
def explain_statement(
    target: Annotated[str, typer.Argument(help="The target.")],
    form: Annotated[str, typer.Argument(help="The kind of statement: select, update, copy_out, create_table …")],
    capability: Annotated[list[Capability] | None, typer.Option("--capability", "-c", help="What it needs.")] = None,
    relation: Annotated[list[str] | None, typer.Option("--relation", help="schema.table; may be repeated.")] = None,
    label: Annotated[list[str] | None, typer.Option("--label", help="A label it touches; may be repeated.")] = None,
    grant: Annotated[
        str | None, typer.Option("--grant", help="Under this grant; else one that has all it needs.")
    ] = None,
    incident: Incident = None,
    approved: Annotated[bool, typer.Option("--approved", help="As if a second person had approved it.")] = False,
    principal: Who = None,
    as_json: Json = False,
) -> None:
    """What would become of a statement?"""
    body = {
        "ask": "statement",
        "target": target,
        "form": form,
        "capabilities": _names(capability),
        "relations": relation or [],
        "labels": label or [],
        "grant_id": grant,
        "incident_id": incident,
        "approved": approved,
    }
    _explain(body, principal, as_json)


@explain_app.command("action")
def explain_action(
    action: Annotated[str, typer.Argument(help="kill, read_audit, manage_principals …")],
    subject: Annotated[str | None, typer.Argument(help="What it is done to.")] = None,
    principal: Who = None,
    as_json: Json = False,
) -> None:
    """May this be done to the gateway?"""
    _explain({"ask": "administer", "action": action, "subject": subject}, principal, as_json)


def _explain(body: dict[str, Any], principal: str | None, as_json: bool) -> None:
    found = connect().post("/policy/explain", body | {"principal": principal})
    if as_json:
        print_json(found)
        return
    print(f"answer: {found['outcome']}")
    if found["refusal"]:
        print(f"  {found['refusal']['rule']}: {plain(found['refusal']['message'])}")
        print(f"  next: {plain(found['refusal']['next_step'])}")
    print("policies:" if found["policies"] else "policies: none decided this")
    for policy in found["policies"]:
        where = f"{policy['file']}:{policy['line']}"
        print(f"  {policy['effect']} {policy['id']} ({where}) {plain(policy['description'])}".rstrip())
    print("seen:")
    for name, value in found["attributes"]:
        print(f"  {name} = {plain(value)}")
    if found["would_help"]:
        print("would help:")
        for change in found["would_help"]:
            print(f"  {plain(change)}")


def _load(paths: list[Path], alone: bool, as_json: bool) -> Any:
    from safelight.policy.engine import PolicyEngine
    from safelight.policy.problems import PolicyInvalid

    files = [file for path in paths for file in (sorted(path.glob("*.cedar")) if path.is_dir() else [path])]
    try:
        sources = {str(file): file.read_text("utf-8") for file in files}
        return PolicyEngine.load(sources, defaults=not alone)
    except PolicyInvalid as error:
        raise _invalid(error, as_json) from None
    except (OSError, UnicodeDecodeError) as error:
        raise CliProblem(ExitCode.USAGE, f"a file cannot be read: {error}") from None


def _invalid(error: Any, as_json: bool) -> CliProblem:
    """Every problem on its own line, then the verdict."""
    if as_json:
        problems = [{"file": p.file, "line": p.line, "message": p.message} for p in error.problems]
        print_json({"problems": problems})
    else:
        for problem in error.problems:
            say(str(problem))
    return CliProblem(ExitCode.FAILED, f"{len(error.problems)} problems: nothing of this would be used")


def _names(capabilities: list[Capability] | None) -> list[str]:
    return [one.value for one in capabilities or [Capability.READ]]
