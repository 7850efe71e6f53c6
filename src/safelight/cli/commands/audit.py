"""``audit``: follow, search, export, and prove an export offline."""

import base64
import json
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from safelight.cli.client import connect
from safelight.cli.output import Json, plain, print_fields, print_json, print_table, say
from safelight.cli.problem import CliProblem, ExitCode
from safelight.cli.times import clock, seconds

app = typer.Typer(rich_markup_mode=None, no_args_is_help=True)

POLL_SECONDS = 1.0

Reveal = Annotated[bool, typer.Option("--reveal", help="Open sealed fields, such as statements; that is recorded.")]
Since = Annotated[str | None, typer.Option("--since", metavar="TIME", help="Only the last 30m, 2h, 7d …")]


@app.callback()
def _group() -> None:
    """Follow, search, export and verify the audit log."""


@app.command()
def tail(
    count: Annotated[int, typer.Option("-n", min=1, max=500, help="How many records.")] = 20,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with new records.")] = False,
    reveal: Reveal = False,
    as_json: Json = False,
) -> None:
    """Show the latest records, oldest first."""
    client = connect()
    records = client.get("/audit/records", limit=count, reveal=_flag(reveal))["records"][::-1]
    try:
        while True:
            for record in records:
                print(json.dumps(record, ensure_ascii=False) if as_json else _line(record), flush=True)
            if not follow:
                return
            last = records[-1]["index"] if records else -1
            records = []
            while not records:
                time.sleep(POLL_SECONDS)
                page = client.get("/audit/records", limit=500, reveal=_flag(reveal))["records"][::-1]
                records = [record for record in page if record["index"] > last]
    except KeyboardInterrupt:
        return


@app.command()
def search(
    text: Annotated[str | None, typer.Argument(help="Text to look for.")] = None,
    kind: Annotated[list[str] | None, typer.Option("--kind", "-k", help="A kind of record; may be repeated.")] = None,
    actor: Annotated[str | None, typer.Option("--actor", help="Whose acts.")] = None,
    session: Annotated[str | None, typer.Option("--session", help="Of one session.")] = None,
    target: Annotated[str | None, typer.Option("--target", help="On one target.")] = None,
    since: Since = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=500, help="How many at most.")] = 100,
    reveal: Reveal = False,
    as_json: Json = False,
) -> None:
    """Search the log, newest first. Text is looked for in sealed fields only with --reveal."""
    page = connect().get(
        "/audit/records",
        text=text,
        kind=kind,
        actor=actor,
        session=session,
        target=target,
        since_ms=_since_ms(since),
        limit=limit,
        reveal=_flag(reveal),
    )
    if as_json:
        print_json(page)
        return
    for record in page["records"]:
        print(_line(record))
    if not page["records"]:
        say("nothing found")


@app.command()
def export(
    file: Annotated[Path, typer.Argument(help="Where the export goes.")],
    checkpoint: Annotated[
        Path | None, typer.Option("--checkpoint", help="Also write the checkpoint; keep it elsewhere.")
    ] = None,
    key: Annotated[Path | None, typer.Option("--key", help="Also write the log's public key.")] = None,
    since: Since = None,
    reveal: Reveal = False,
) -> None:
    """Write an export that `safelight audit verify` can prove, offline."""
    client = connect()
    unfinished = file.with_name(f".{file.name}.part")
    try:
        with unfinished.open("wb") as destination:
            headers = client.download("/audit/export", destination, since_ms=_since_ms(since), reveal=_flag(reveal))
        unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)
    note = base64.b64decode(headers.get("Safelight-Checkpoint", "")).decode("utf-8")
    if checkpoint is not None:
        checkpoint.write_text(note, "utf-8")
    if key is not None:
        key.write_text(client.get("/gateway")["audit_verifier_key"] + "\n", "utf-8")
    say(f"written: {file}")


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The export.")],
    key: Annotated[
        Path | None, typer.Option("--key", exists=True, dir_okay=False, help="The log's public key, from elsewhere.")
    ] = None,
    checkpoint: Annotated[
        Path | None, typer.Option("--checkpoint", exists=True, dir_okay=False, help="One that was kept elsewhere.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Prove an export, offline: 0 verified, 1 problems were found, 2 it could not be tried.

    Without --key the gateway is asked for it, which proves less: keep the key elsewhere too.
    """
    from safelight.audit import verifier

    public = key.read_text("utf-8") if key is not None else str(connect().get("/gateway")["audit_verifier_key"])
    try:
        report = verifier.verify(file, public, checkpoint.read_text("utf-8") if checkpoint is not None else None)
    except verifier.Unusable as problem:
        raise CliProblem(ExitCode.USAGE, f"this cannot be verified: {problem}") from None
    if as_json:
        from dataclasses import asdict

        print_json(asdict(report) | {"ok": report.ok})
    else:
        print(verifier.summary(report))
    raise typer.Exit(ExitCode.DONE if report.ok else ExitCode.FAILED)


@app.command()
def status(as_json: Json = False) -> None:
    """How far the log is written, on the disk, and under a signed checkpoint."""
    found = connect().get("/audit/status")
    if as_json:
        print_json(found)
        return
    print_fields(
        [
            ("records", found["size"]),
            ("on the disk", found["durable_size"]),
            ("under a checkpoint", found["checkpoint_size"]),
            ("oldest without one", f"{found['lag_ms']} ms"),
            ("failure", found["failure"] or "none"),
        ]
    )


@app.command()
def kinds(as_json: Json = False) -> None:
    """List the kinds of records there are."""
    from safelight.domain.audit_event import EventKind

    names = [kind.value for kind in EventKind]
    print_json(names) if as_json else print_table(("kind",), [(name,) for name in names], "none")


def _line(record: dict[str, Any]) -> str:
    fields = {**record["about"], **record["fields"]}
    rest = [f"{name}={plain(value)}" for name, value in fields.items() if value is not None]
    sealed = [f"{name}: {plain(value)}" for name, value in (record["sensitive"] or {}).items()]
    hidden = ["(erased)"] if record["erased"] else []
    where = [record["session_id"]] if record["session_id"] else []
    parts = [str(record["index"]).rjust(6), clock(record["at_ms"]), record["kind"].ljust(19), plain(record["actor"])]
    return "  ".join([*parts, *where, *rest, *sealed, *hidden])


def _since_ms(since: str | None) -> int | None:
    return None if since is None else int((time.time() - seconds(since)) * 1000)


def _flag(value: bool) -> str | None:
    return "true" if value else None
