"""``make demo``: the story, then all of it stays up to be tried. ``--check``: unattended; fails if a step differs."""

import argparse
import sys
import time

from rich.console import Console
from rich.markup import escape

from demo.shop.load import Size
from demo.stage import DIRECTORY, TARGET, Stage
from demo.story import Teller, steps


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--check", action="store_true")
    check = arguments.parse_args().check
    console = Console(highlight=False, soft_wrap=True)
    started = time.monotonic()
    with Stage(console, Size()) as stage:
        teller = Teller(console, stage)
        for step in steps():
            step(teller)
        console.print()
        if teller.wrong:
            console.print(f"[bold red]{len(teller.wrong)} things came out differently:[/bold red]")
            for wrong in teller.wrong:
                console.print(f"  [red]✗[/red] {escape(wrong)}")
        else:
            console.print(
                f"[bold green]All of it came out as told[/bold green], in {time.monotonic() - started:.0f} s."
            )
        if not check:
            _stay(console, stage)
    return 1 if teller.wrong else 0


def _stay(console: Console, stage: Stage) -> None:
    console.rule("[bold]Try it yourself", align="left")
    people = DIRECTORY / "environment"
    people.write_text(
        f"export SAFELIGHT_CLI_URL={stage.gateway.url}\n"
        f"as() {{ case $1 in\n"
        + "".join(
            f"  {name}) export SAFELIGHT_CLI_TOKEN={stage.gateway.token(name)};;\n" for name in stage.gateway.people
        )
        + "esac; echo you are $1; }\n"
        f"export PATH={stage.environment(None)['PATH']}\n"
    )
    people.chmod(0o600)
    console.print(
        f"In another terminal:\n\n  . {people}\n  as ada\n  safelight connect {TARGET}\n"
        f"  as sam\n  safelight sessions\n  safelight audit tail -f\n\n"
        f"People: {', '.join(stage.gateway.people)}. The gateway's state is in {DIRECTORY / 'gateway'}.\n"
        "Ctrl-C ends everything."
    )
    try:
        while stage.gateway.process is not None and stage.gateway.process.poll() is None:
            time.sleep(0.5)
    except KeyboardInterrupt:
        console.print("ending …")


if __name__ == "__main__":
    sys.exit(main())
