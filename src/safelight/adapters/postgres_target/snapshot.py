"""Reading the server's own records in one snapshot, where a name can mean nothing but a built-in.

Without it, whoever may make a function in a schema on the search_path could answer for PostgreSQL's own.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from safelight.adapters.postgres_target.wire import ServerRefused, Wire

ResultT = TypeVar("ResultT")

BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL search_path = pg_catalog"
END = "ROLLBACK"


def in_snapshot(work: Callable[[Wire], Awaitable[ResultT]]) -> Callable[[Wire], Awaitable[ResultT]]:
    """``work``, inside a transaction that reads one snapshot. Raises: as ``work`` does."""

    async def inside(wire: Wire) -> ResultT:
        await wire.script(BEGIN)
        try:
            result = await work(wire)
        except ServerRefused:
            await wire.script(END)
            raise
        await wire.script(END)
        return result

    return inside
