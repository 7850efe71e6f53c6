"""Loads the sample shop by COPY, with a progress bar."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from itertools import islice

import psycopg
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from demo.shop import rows

CHUNK_ROWS = 5_000


@dataclass(frozen=True, slots=True)
class Size:
    customers: int = 100_000
    orders: int = 1_000_000
    notes: int = 20_000

    @property
    def rows(self) -> int:
        return self.customers * 3 + len(range(0, self.customers, 5)) + self.orders + self.notes


def load(dsn: str, size: Size, console: Console) -> None:
    """Create the tables in an empty database and fill them."""
    made = rows.people(size.customers)
    tables: dict[str, Iterator[str]] = {
        "customers": rows.customer_rows(made),
        "cards": rows.card_rows(made),
        "addresses": rows.address_rows(made),
        "subscribers": rows.subscriber_rows(made),
        "orders": rows.order_rows(made, size.orders),
        "support_notes": rows.note_rows(made, size.notes),
    }
    columns = (
        TextColumn("{task.description:32}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("rows"),
        TimeElapsedColumn(),
    )
    with psycopg.connect(dsn) as connection, Progress(*columns, console=console) as progress:
        task = progress.add_task("sample shop", total=size.rows)
        connection.execute(_sql("schema.sql"))
        for table, lines in tables.items():
            progress.update(task, description=f"sample shop: {table}")
            with connection.cursor().copy(f"COPY {table} FROM STDIN") as copy:
                while chunk := list(islice(lines, CHUNK_ROWS)):
                    copy.write("".join(chunk))
                    progress.advance(task, len(chunk))
        progress.update(task, description="sample shop: indexes")
        connection.execute(_sql("indexes.sql"))


def _sql(name: str) -> str:
    return files("demo.shop").joinpath(name).read_text("utf-8")
