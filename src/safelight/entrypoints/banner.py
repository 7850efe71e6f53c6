"""What the person who starts a node is told on standard output: where it listens, what the targets' accounts can and
cannot guarantee, and what to do first."""

from collections.abc import Mapping, Sequence
from textwrap import fill, indent
from typing import TYPE_CHECKING

from safelight.ports.secrets import Secret
from safelight.ports.target_admin import Finding, Severity

if TYPE_CHECKING:
    from safelight.entrypoints.node import Node

WIDTH = 110
_SIGNS = {Severity.ERROR: "✗", Severity.WARNING: "!", Severity.NOTE: "·"}


def print_banner(node: "Node", found: Mapping[str, Sequence[Finding]], code: Secret[str] | None) -> None:
    """``found`` is each target's preflight. ``code`` is the first administrator's, while nobody exists; it is shown
    here and nowhere else."""
    settings = node.settings
    lines = [
        f"safelight {settings.node} is up.",
        f"  PostgreSQL  {settings.postgres.host}:{node.postgres_port}  (TLS: {settings.postgres.tls.value})",
        f"  API         {node.api_url}",
        f"  Targets     {', '.join(sorted(found)) or 'none yet: see examples/targets.toml'}",
        f"  State       {settings.state_directory}",
    ]
    for name in sorted(found):
        lines += _preflight(name, found[name])
    if code is not None:
        lines += [
            "",
            "Nobody has an account yet. Make the first administrator's, once:",
            f"  safelight login --url {node.api_url} --name NAME --code {code.reveal()}",
        ]
    print("\n".join(lines), flush=True)


def _preflight(name: str, findings: Sequence[Finding]) -> list[str]:
    """In plain words, with what to run to get more."""
    told = [finding for finding in findings if finding.severity is not Severity.OK]
    if not told:
        return ["", f"{name}: its account gives every guarantee."]
    lines = ["", f"{name}: what its account cannot guarantee"]
    for finding in told:
        lines.append(
            fill(
                f"{_SIGNS[finding.severity]} {finding.message}", WIDTH, initial_indent="  ", subsequent_indent="    "
            )
        )
        if finding.what_to_run:
            lines.append(indent(finding.what_to_run.strip(), "      "))
    return lines
