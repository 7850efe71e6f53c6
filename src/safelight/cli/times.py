"""Durations as people type them, and times as people read them."""

import re
from datetime import UTC, datetime

from safelight.cli.problem import CliProblem, ExitCode

_PART = re.compile(r"(\d{1,6})([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def seconds(text: str) -> int:
    """``90m``, ``1h30m``, ``45s`` as seconds.

    Raises:
        CliProblem: it is no duration.
    """
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise CliProblem(ExitCode.USAGE, f"{text!r} is no duration", next_step="write it like 45s, 30m, 1h30m or 1d")
    return sum(int(number) * _SECONDS[unit] for number, unit in parts)


def length(total_seconds: float) -> str:
    """Seconds as ``1 h 05 min``, ``12 min`` or ``40 s``."""
    whole = max(0, int(total_seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def clock(at_ms: int | None) -> str:
    """A moment in local time; without the date when it is today's."""
    if at_ms is None:
        return "-"
    moment = datetime.fromtimestamp(at_ms / 1000).astimezone()
    today = datetime.now(UTC).astimezone().date()
    return moment.strftime("%H:%M:%S" if moment.date() == today else "%Y-%m-%d %H:%M")


def remaining(until_ms: int) -> str:
    """How long until then."""
    left = until_ms / 1000 - datetime.now(UTC).timestamp()
    return length(left) if left > 0 else "over"
