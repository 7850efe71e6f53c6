"""The ``safelight`` command: the command line, and ``serve``, which only the composition root may offer."""

from pathlib import Path
from typing import Annotated

import typer

from safelight.cli import app as command_line
from safelight.cli.command_table import CommandEntry

_SERVE = CommandEntry("Account and setup", __name__, "serve", "Run the gateway.")


def serve(
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="The settings file; see safelight.example.toml.")
    ] = None,
    target_env: Annotated[
        str | None,
        typer.Option("--target-env", metavar="NAME", help="Serve the database whose URL is in this variable."),
    ] = None,
) -> None:
    """Run the gateway: the PostgreSQL listener and the API, until SIGTERM or Ctrl-C."""
    from safelight.entrypoints.serve import main

    main(config=config, target_env=target_env)


def run() -> None:
    """The console script."""
    command_line.run({"serve": _SERVE})
