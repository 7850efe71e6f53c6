"""What went wrong, for the person at the terminal: one sentence, the rule, the next step, and an exit code."""

import json
import sys
from enum import IntEnum


class ExitCode(IntEnum):
    """Documented in ``safelight --help`` and the user guide; scripts rely on them."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    REFUSED = 3
    NOT_FOUND = 4
    NOT_LOGGED_IN = 5
    UNREACHABLE = 6
    WAITING = 7
    INCOMPLETE = 8


class CliProblem(Exception):
    """Ends the command. ``rule`` is empty when no rule of the gateway refused."""

    def __init__(self, exit_code: ExitCode, message: str, rule: str = "", next_step: str = "") -> None:
        super().__init__(message)
        self.exit_code = exit_code
        self.message = message
        self.rule = rule
        self.next_step = next_step


def print_problem(problem: CliProblem, *, as_json: bool) -> None:
    """To stderr; with ``--json`` as one JSON object."""
    if as_json:
        content = {"error": problem.message, "rule": problem.rule or None, "next_step": problem.next_step or None}
        print(json.dumps(content, ensure_ascii=False), file=sys.stderr)
        return
    red, dim, plain = ("\x1b[31m", "\x1b[2m", "\x1b[0m") if sys.stderr.isatty() else ("", "", "")
    print(f"{red}safelight: {problem.message}{plain}", file=sys.stderr)
    if problem.rule:
        print(f"  {dim}rule:{plain} {problem.rule}", file=sys.stderr)
    if problem.next_step:
        print(f"  {dim}next:{plain} {problem.next_step}", file=sys.stderr)
