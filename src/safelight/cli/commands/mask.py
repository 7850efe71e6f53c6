"""``safelight mask scan``: JSON lines in, JSON lines out, by the detectors that traffic passes.

One line out for each line in, whatever comes in; what is available is answered before more is waited for, so that a
program may talk to it line by line.
"""

import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Any

import typer

from safelight.cli.problem import CliProblem, ExitCode

app = typer.Typer(no_args_is_help=True, help="Try the content detectors.", rich_markup_mode=None)

_READ_BYTES = 1 << 20
_MAX_LINE_BYTES = 64 << 20
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
"""No character; its replacement has the same length, so that offsets stay right."""
_TOO_LONG = b'{"error": "the line is longer than 64 MiB"}\n'

Scan = Callable[[str, Sequence[str]], tuple[str, list[tuple[int, int, str]]]]


@app.callback()
def _group() -> None:
    """Try the content detectors."""


@app.command()
def scan(
    region: Annotated[
        list[str] | None,
        typer.Option("--region", help="Expect national telephone numbers of this country (as DE); may be repeated."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Accepted for uniformity: output is JSON lines.")] = False,
) -> None:
    """Read {"text": …} per line on stdin; write {"masked": …, "findings": [{"start", "end", "type"}]} per line.

    A line may name its own country: {"text": …, "region": "DE"}.
    Offsets count code points of the text, end exclusive. A line that cannot be read gives {"error": …}.
    """
    try:
        from safelight._native import scan as native_scan
    except ImportError as error:
        raise CliProblem(ExitCode.FAILED, "the native core is not built", next_step="make install") from error
    regions = region or []
    try:
        native_scan("", regions)
    except ValueError as error:
        raise CliProblem(ExitCode.USAGE, str(error), next_step="two letters of a country, as DE") from error
    out = sys.stdout.buffer
    for lines in _batches(sys.stdin.fileno()):
        out.write(b"".join(_TOO_LONG if line is None else answer(line, native_scan, regions) for line in lines))
        out.flush()


def answer(line: bytes, native_scan: Scan, regions: Sequence[str] = ()) -> bytes:
    """The output line for one input line."""
    try:
        content: Any = json.loads(line)
    except (ValueError, RecursionError):
        return _error("not a line of JSON in UTF-8")
    text = content.get("text") if isinstance(content, dict) else None
    if not isinstance(text, str):
        return _error('expected an object with a string "text"')
    own = content.get("region")
    if isinstance(own, str) and own:
        regions = [own]
    try:
        text.encode()
    except UnicodeEncodeError:
        text = _LONE_SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)
    try:
        masked, findings = native_scan(text, regions)
    except ValueError:
        return _error("no numbering plan is known for this region")
    found = [{"start": start, "end": end, "type": kind} for start, end, kind in findings]
    return json.dumps({"masked": masked, "findings": found}, ensure_ascii=False).encode() + b"\n"


def _error(message: str) -> bytes:
    return json.dumps({"error": message}).encode() + b"\n"


def _batches(descriptor: int) -> Iterator[list[bytes | None]]:
    """Whole lines as they become available; None stands for a line that is too long."""
    pending = bytearray()
    skipping = False
    while chunk := os.read(descriptor, _READ_BYTES):
        if b"\n" not in chunk:
            skipping = _hold(pending, chunk, skipping)
            continue
        first, *rest = chunk.split(b"\n")
        skipping = _hold(pending, first, skipping)
        lines: list[bytes | None] = [None if skipping else bytes(pending), *rest[:-1]]
        pending = bytearray(rest[-1])
        skipping = False
        yield lines
    if pending or skipping:
        yield [None if skipping else bytes(pending)]


def _hold(pending: bytearray, more: bytes, skipping: bool) -> bool:
    """Add to the unfinished line; whether it is (now) too long to be kept."""
    if skipping or len(pending) + len(more) > _MAX_LINE_BYTES:
        pending.clear()
        return True
    pending += more
    return False
