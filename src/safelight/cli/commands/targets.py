"""``targets``: what one may ask for, and what is masked there."""

from typing import Annotated

import typer

from safelight.cli.client import connect, segment
from safelight.cli.output import Json, print_fields, print_json, print_table

app = typer.Typer(rich_markup_mode=None)


@app.callback(invoke_without_command=True)
def _group(context: typer.Context, as_json: Json = False) -> None:
    """List and show targets."""
    if context.invoked_subcommand is None:
        list_targets(as_json)


@app.command("list")
def list_targets(as_json: Json = False) -> None:
    """List the targets that there are."""
    found = connect().get("/targets")
    if as_json:
        print_json(found["items"])
        return
    rows = [
        (t["name"], t["kind"], t["service"], t["databases"], _labels(t["labels"]), len(t["columns"]))
        for t in found["items"]
    ]
    print_table(("name", "kind", "service", "databases", "labels", "masked columns"), rows, "no targets")


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="The target's name.")],
    preflight: Annotated[
        bool, typer.Option("--preflight", help="Ask the target what its account can guarantee (administrators).")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show one target and its masked columns."""
    client = connect()
    target = client.get(f"/targets/{segment(name)}")
    findings = client.get(f"/targets/{segment(name)}/preflight")["items"] if preflight else None
    if as_json:
        print_json(target | ({"preflight": findings} if findings is not None else {}))
        return
    print_fields(
        [
            ("name", target["name"]),
            ("kind", target["kind"]),
            ("service", target["service"]),
            ("databases", target["databases"]),
            ("labels", _labels(target["labels"])),
            ("account", target["account_mode"]),
            ("statement timeout", f"{target['statement_timeout_seconds']} s"),
            ("lock timeout", f"{target['lock_timeout_seconds']} s"),
            ("idle in transaction", f"{target['idle_in_transaction_timeout_seconds']} s"),
        ]
    )
    rows = [(f"{c['schema_name']}.{c['table']}", c["column"], c["label"], c["strategy"]) for c in target["columns"]]
    print()
    print_table(
        ("table", "column", "label", "leaves as"), rows, "no labelled columns; content is detected all the same"
    )
    if findings is not None:
        print()
        print_findings(findings)


def print_findings(findings: list[dict[str, str | None]]) -> None:
    """A preflight, with the SQL that gives each missing guarantee."""
    print_table(
        ("", "guarantee", "finding"),
        [(f["severity"], f["guarantee"], f["message"]) for f in findings],
        "nothing to report",
    )
    commands = [f["what_to_run"] for f in findings if f["what_to_run"]]
    if commands:
        print("\nto get more, run on the target:\n")
        print("\n".join(f"  {command}" for command in commands))


def _labels(labels: dict[str, str]) -> list[str]:
    return [f"{key}={value}" for key, value in sorted(labels.items())]
