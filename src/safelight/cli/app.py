"""The root of the command line: a table of commands, each loaded when it is called."""

import os
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Annotated, Any, ClassVar

import typer
from typer.core import TyperGroup
from typer.main import get_command, get_group

from safelight import __version__
from safelight.cli.command_table import COMMANDS, CommandEntry


class LazyGroup(TyperGroup):
    """Looks commands up in :attr:`table` and imports only the one that is called."""

    table: ClassVar[Mapping[str, CommandEntry]] = COMMANDS

    def list_commands(self, ctx: Any) -> list[str]:
        return list(self.table)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        entry = self.table.get(cmd_name)
        return None if entry is None else _load(cmd_name, entry)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Suggest what was meant: the parent class proposes from ``commands``, which stays empty here."""
        if args and args[0] not in self.table and not args[0].startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(args[0], self.table)
            hint = f" Did you mean {' or '.join(near)}?" if near else " See safelight --help."
            ctx.fail(f"There is no command {args[0]!r}.{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        sections: dict[str, list[tuple[str, str]]] = {}
        for name, entry in self.table.items():
            sections.setdefault(entry.section, []).append((name, entry.help))
        width = max(len(name) for name in self.table)
        for section, rows in sections.items():
            with formatter.section(section):
                formatter.write_dl([(name.ljust(width), text) for name, text in rows])


def _load(name: str, entry: CommandEntry) -> Any:
    thing = getattr(import_module(entry.module), entry.attribute)
    if isinstance(thing, typer.Typer):
        group = get_group(thing)
        group.name = name
        group.help = group.help or entry.help
        return group
    single = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    settings = {"ignore_unknown_options": True, "help_option_names": ["--help"]}
    single.command(name, context_settings=settings if entry.takes_arguments_of_others else None)(thing)
    return get_command(single)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"safelight {__version__}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """See production without exposing it: access for as long as an incident needs it, masked, recorded, revocable.

    Exit codes: 0 done · 1 failed · 2 wrong usage · 3 refused · 4 not found · 5 not logged in · 6 gateway not
    reachable · 7 still waiting · 8 not everything ended.
    """


def make_app(extra: Mapping[str, CommandEntry] | None = None) -> Callable[..., Any]:
    """The command line with ``extra`` commands (what the composition root adds, such as ``serve``)."""

    class Root(LazyGroup):
        table: ClassVar[Mapping[str, CommandEntry]] = {**COMMANDS, **(extra or {})}

    app = typer.Typer(
        name="safelight",
        cls=Root,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        no_args_is_help=True,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    return app


def run(extra: Mapping[str, CommandEntry] | None = None) -> None:
    """Run the command in ``sys.argv``. Errors go to stderr with the rule and the next step."""
    from safelight.cli.problem import CliProblem, ExitCode, print_problem

    if "_SAFELIGHT_COMPLETE" in os.environ:
        from typer.completion import completion_init  # type: ignore[attr-defined]  # its documented place

        completion_init()
    try:
        make_app(extra)(prog_name="safelight")
    except CliProblem as problem:
        print_problem(problem, as_json="--json" in sys.argv)
        sys.exit(problem.exit_code)
    except BrokenPipeError:
        sys.stderr.close()  # whoever read our output has left; there is nobody to tell
        sys.exit(ExitCode.FAILED)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        print_problem(CliProblem(ExitCode.FAILED, f"{place}{error.strerror or error}"), as_json="--json" in sys.argv)
        sys.exit(ExitCode.FAILED)
