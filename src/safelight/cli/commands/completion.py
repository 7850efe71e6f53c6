"""``safelight completion``: the script a shell needs. The words come from the command table."""

from enum import StrEnum
from typing import Annotated

import typer

from safelight.cli.output import say


class Shell(StrEnum):
    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


_SETUP = {
    Shell.BASH: "safelight completion bash > ~/.local/share/bash-completion/completions/safelight",
    Shell.ZSH: "safelight completion zsh > ~/.zfunc/_safelight",
    Shell.FISH: "safelight completion fish > ~/.config/fish/completions/safelight.fish",
}


def completion(shell: Annotated[Shell, typer.Argument(help="The shell to write for.")]) -> None:
    """Print shell completion; where to put it is said on stderr."""
    from typer.completion import get_completion_script  # type: ignore[attr-defined]  # its documented place

    say(f"put it where your shell looks: {_SETUP[shell]}")
    print(get_completion_script(prog_name="safelight", complete_var="_SAFELIGHT_COMPLETE", shell=shell.value))
