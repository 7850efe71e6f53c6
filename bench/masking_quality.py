"""How well the detectors do on a labelled corpus: recall and precision per type.

    python bench/masking_quality.py --corpus DIR [--regions] [--misses]

DIR (or the environment's ``SAFELIGHT_CORPUS``) holds ``*.jsonl``: ``{"text": …, "spans": [[start, end, type], …]}``,
offsets in code points, end exclusive; a line without spans is a negative. ``"region"`` or ``"loc"`` say where it is
from, which ``--regions`` tells the detectors. National identifiers (``ID:…``) are counted together.

A labelled span counts as found when findings of its own type cover it, and as covered when findings of any type do:
that is what keeps it from a reader. A finding counts as right when it lies on a span of its type.
"""

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from safelight._native import scan

TYPES = ["EMAIL", "CARD", "IBAN", "PHONE", "US_SSN", "IP", "JWT", "PRIVATE_KEY", "SECRET", "AWS_KEY", "MAC", "CRYPTO"]
NATIONAL = "ID"

Span = tuple[int, int, str]


@dataclass
class Score:
    """Counts per type over one corpus."""

    labelled: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    covered: Counter[str] = field(default_factory=Counter)
    findings: Counter[str] = field(default_factory=Counter)
    right: Counter[str] = field(default_factory=Counter)
    negatives: int = 0
    negatives_flagged: int = 0
    notes: list[str] = field(default_factory=list)

    def add(self, text: str, spans: list[Span], region: str | None) -> None:
        findings = [_counted(finding) for finding in scan(text, [region] if region else [])[1]]
        if not spans:
            self.negatives += 1
            self.negatives_flagged += bool(findings)
        for span in spans:
            self._add_span(text, span, findings)
        for finding in findings:
            self.findings[finding[2]] += 1
            right = any(span[2] == finding[2] and _overlaps(span, finding) for span in spans)
            self.right[finding[2]] += right
            if not right:
                self.notes.append(f"wrong {finding[2]}: {text[finding[0] : finding[1]]!r} in {text[:160]!r}")

    def _add_span(self, text: str, span: Span, findings: list[Span]) -> None:
        start, end, kind = span
        own = [finding for finding in findings if finding[2] == kind]
        self.labelled[kind] += 1
        self.found[kind] += _covers(own, start, end)
        self.covered[kind] += _covers(findings, start, end)
        if kind in TYPES and not _covers(own, start, end):
            self.notes.append(f"missed {kind}: {text[start:end]!r} in {text[max(0, start - 60) : end + 60]!r}")


def _counted(span: Span) -> Span:
    """All national identifiers under one name."""
    start, end, kind = span
    return start, end, NATIONAL if kind.startswith("ID:") else kind


def _overlaps(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _covers(findings: list[Span], start: int, end: int) -> bool:
    """Whether the findings leave nothing of ``start:end``."""
    place = start
    for finding in sorted(findings):
        if finding[0] <= place < finding[1]:
            place = finding[1]
    return place >= end


def lines(directory: Path) -> Iterator[tuple[str, list[Span], str | None]]:
    """Text, labelled spans, and the region if the line tells one (``DE``; of ``de_DE`` the end)."""
    for path in sorted(directory.glob("**/*.jsonl")):
        with path.open(encoding="utf-8") as file:
            for line in file:
                entry = json.loads(line)
                region = entry.get("region") or (entry.get("loc") or "")[-2:] or None
                yield entry["text"], [_counted((start, end, kind)) for start, end, kind in entry["spans"]], region


def table(score: Score) -> Iterator[str]:
    yield f"{'type':<12} {'labelled':>8} {'recall':>7} {'covered':>8} {'findings':>9} {'precision':>10}"
    for kind in [*TYPES, NATIONAL]:
        labelled, findings = score.labelled[kind], score.findings[kind]
        recall = f"{score.found[kind] / labelled:.3f}" if labelled else "-"
        covered = f"{score.covered[kind] / labelled:.3f}" if labelled else "-"
        precision = f"{score.right[kind] / findings:.3f}" if findings else "-"
        yield f"{kind:<12} {labelled:>8} {recall:>7} {covered:>8} {findings:>9} {precision:>10}"
    share = score.negatives_flagged / score.negatives if score.negatives else 0.0
    yield f"negatives flagged: {score.negatives_flagged} of {score.negatives} ({share:.2%})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--corpus", type=Path, default=os.environ.get("SAFELIGHT_CORPUS"), help="directory with *.jsonl"
    )
    parser.add_argument("--regions", action="store_true", help="tell the detectors each line's region")
    parser.add_argument("--misses", action="store_true", help="list what was missed or wrong (shows the values)")
    arguments = parser.parse_args()
    if arguments.corpus is None:
        parser.error("no labelled corpus: name its directory with --corpus or SAFELIGHT_CORPUS")
    score = Score()
    for text, spans, region in lines(Path(arguments.corpus)):
        score.add(text, spans, region if arguments.regions else None)
    sys.stdout.write("\n".join([*table(score), *(score.notes if arguments.misses else [])]) + "\n")


if __name__ == "__main__":
    main()
