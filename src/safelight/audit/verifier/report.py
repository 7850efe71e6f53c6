"""What a verification found, and how it is told."""

import datetime
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Problem:
    """``index`` is the first record that can be concerned; ``line`` is where in the export it was noticed."""

    message: str
    index: int | None
    line: int | None


@dataclass(slots=True)
class Report:
    """What an export proves. Records ``first`` to ``size`` (excluded) were read; those before ``proven_size`` are
    under a checkpoint signed by the key, those before ``anchored_size`` under the checkpoint that was kept
    elsewhere."""

    origin: str = ""
    first: int = 0
    size: int = 0
    proven_size: int = 0
    proven_until_ms: int | None = None
    anchored_size: int | None = None
    anchored_until_ms: int | None = None
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    open_intents: list[int] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.problems


def summary(report: Report) -> str:
    """The report for people."""
    lines = [
        f"log {report.origin}: records {report.first} to {report.size - 1} ({report.size - report.first} in all)"
    ]
    lines += [
        f"PROBLEM: {problem.message}" + (f" (line {problem.line})" if problem.line else "")
        for problem in report.problems
    ]
    if report.proven_size > report.first:
        lines.append(f"signed: up to record {report.proven_size - 1}, {_when(report.proven_until_ms)}")
    if report.anchored_size is not None:
        lines.append(
            f"anchored: the first {report.anchored_size} records are those of the checkpoint that was kept elsewhere "
            f"(until {_when(report.anchored_until_ms)})"
        )
    if report.anchored_size is None or report.anchored_size < report.size:
        after = "all of it" if not report.anchored_size else f"after {_when(report.anchored_until_ms)}"
        lines.append(f"UNANCHORED ({after}): whoever holds the signing key could have cut or rewritten this part")
    if report.open_intents:
        shown = ", ".join(map(str, report.open_intents[:20])) + (" …" if len(report.open_intents) > 20 else "")
        lines.append(f"open: {len(report.open_intents)} statements have no outcome (records {shown})")
    lines += [f"note: {note}" for note in report.notes]
    lines.append("VERIFIED" if report.ok else "NOT VERIFIED")
    return "\n".join(lines)


def _when(at_ms: int | None) -> str:
    if at_ms is None or not 0 <= at_ms < 253402300800000:
        return "an unknown time"
    return datetime.datetime.fromtimestamp(at_ms / 1000, datetime.UTC).isoformat(timespec="milliseconds")
