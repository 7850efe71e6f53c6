"""Counting the rows that a held statement would touch.

The count is a client's text: its WHERE may call functions. It runs as a session would, under a reading account in a
read-only transaction, never with the administrator's rights; it is bounded in time, and any failure is "not known".
"""

import asyncio
import math
import re
from collections.abc import Mapping

from safelight.adapters.postgres_target.standing import OURS
from safelight.adapters.postgres_target.wire import Dial, ServerRefused, Wire
from safelight.domain.errors import PeerProtocolError, TargetUnavailable
from safelight.domain.target import Target
from safelight.ports.target_admin import Account

_COUNT = re.compile(r"[0-9]{1,18}")


async def count_rows(
    dial: Dial, target: Target, account: Account, database: str, query: str, timeout_seconds: float
) -> int | None:
    """None when it cannot be had in time."""
    settings = {name: value for name, value in OURS.items() if name != "search_path"}
    parameters: Mapping[str, str] = settings | {
        "database": database,
        "application_name": "safelight-count",
        "default_transaction_read_only": "on",
        "statement_timeout": str(math.ceil(timeout_seconds * 1000)),
    }
    try:
        async with asyncio.timeout(timeout_seconds):
            link, _ = await dial(target, account, parameters)
            wire = Wire(link)
            try:
                rows = await wire.query(query)
            finally:
                wire.abort()
    except (TimeoutError, TargetUnavailable, ServerRefused, PeerProtocolError):
        return None
    value = rows[0][0] if len(rows) == 1 and len(rows[0]) == 1 else None
    return int(value) if value is not None and _COUNT.fullmatch(value) else None
