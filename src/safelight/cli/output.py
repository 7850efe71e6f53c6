"""What commands print: JSON for programs, tables for people. Text from elsewhere is stripped of control characters,
so that no name or reason can drive the terminal."""

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import typer

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]

_STYLES = {
    "active": "green", "approved": "green", "live": "green", "open": "green", "ok": "green", "allow": "green",
    "pending": "yellow", "hold": "yellow", "closing": "yellow", "warning": "yellow", "held": "yellow",
    "denied": "red", "deny": "red", "error": "red", "refused": "red", "locked": "red",
    "ended": "dim", "expired": "dim", "withdrawn": "dim", "closed": "dim", "lifted": "dim",
}  # fmt: skip


def print_json(content: Any) -> None:
    print(json.dumps(content, ensure_ascii=False, indent=2 if sys.stdout.isatty() else None))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], empty: str) -> None:
    """A table without borders; ``empty`` is said instead when there are no rows."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(text := plain(cell), style=_STYLES.get(text, "")) for cell in row))
    if not table.row_count:
        print(empty)
        return
    Console(width=None if sys.stdout.isatty() else 200, highlight=False, soft_wrap=False).print(table)


def print_fields(fields: Iterable[tuple[str, object]]) -> None:
    """Name and value, a line each."""
    pairs = [(name, plain(value)) for name, value in fields]
    width = max((len(name) for name, _ in pairs), default=0)
    for name, value in pairs:
        print(f"{name.ljust(width)}  {value}")


def say(text: str) -> None:
    """A sentence for people, on stderr: stdout stays clean for what was asked."""
    print(plain(text), file=sys.stderr)


def plain(value: object) -> str:
    """``value`` in one line, harmless to a terminal."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(plain(item) for item in value) or "-"
    return "".join(c if c.isprintable() else "�" for c in str(value).replace("\n", " ").replace("\t", " "))
