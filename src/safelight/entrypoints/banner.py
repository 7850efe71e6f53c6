"""What the person who starts a node is told on standard output: where it listens, and what to do first."""

from typing import TYPE_CHECKING

from safelight.ports.secrets import Secret

if TYPE_CHECKING:
    from safelight.entrypoints.node import Node


def print_banner(node: "Node", code: Secret[str] | None) -> None:
    """``code`` is the first administrator's, while nobody exists; it is shown here and nowhere else."""
    settings = node.settings
    lines = [
        f"safelight {settings.node} is up.",
        f"  PostgreSQL  {settings.postgres.host}:{node.postgres_port}  (TLS: {settings.postgres.tls.value})",
        f"  API         {node.api_url}",
        f"  Targets     {', '.join(sorted(node.in_force.targets)) or 'none yet: see examples/targets.toml'}",
        f"  State       {settings.state_directory}",
    ]
    if code is not None:
        lines += [
            "",
            "Nobody has an account yet. Make the first administrator's, once:",
            f"  safelight login --url {node.api_url} --name NAME --code {code.reveal()}",
        ]
    print("\n".join(lines), flush=True)
