"""Every command, where it lives and its one-line help, so that ``safelight --help`` imports none of them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CommandEntry:
    """``module`` is imported when the command runs; ``attribute`` is a function, or a Typer app for a group."""

    section: str
    module: str
    attribute: str
    help: str
    takes_arguments_of_others: bool = False
    """Options that the command does not know are arguments of what it starts (``connect … -c "SELECT 1"``)."""


_COMMANDS = "safelight.cli.commands."
_ACCESS, _LIVE, _RECORD, _SETUP = "Access", "Live work", "Record and rules", "Account and setup"


def _entry(section: str, module: str, attribute: str, text: str, others: bool = False) -> CommandEntry:
    return CommandEntry(section, _COMMANDS + module, attribute, text, others)


COMMANDS: dict[str, CommandEntry] = {
    "connect": _entry(
        _ACCESS, "connect", "connect", "Open a target with your own client; asks for access if needed.", True
    ),
    "request": _entry(_ACCESS, "access", "request", "Ask for access to targets."),
    "requests": _entry(_ACCESS, "access", "requests", "List access requests."),
    "approve": _entry(_ACCESS, "access", "approve", "Approve somebody else's request."),
    "deny": _entry(_ACCESS, "access", "deny", "Deny a request, or withdraw your own."),
    "grants": _entry(_ACCESS, "access", "grants", "List grants."),
    "extend": _entry(_ACCESS, "access", "extend", "Ask for more time under a grant."),
    "give-back": _entry(_ACCESS, "access", "give_back", "End a grant of yours now."),
    "targets": _entry(_ACCESS, "targets", "app", "List and show targets."),
    "incidents": _entry(_ACCESS, "incidents", "app", "List, open, confirm and close incidents."),
    "sessions": _entry(_LIVE, "sessions", "sessions", "List live sessions."),
    "watch": _entry(_LIVE, "sessions", "watch", "Follow the statements of a live session, masked."),
    "holds": _entry(_LIVE, "holds", "app", "List, approve and deny statements that wait for a second person."),
    "kill": _entry(_LIVE, "kill", "kill", "End work at once, and lock it out."),
    "locks": _entry(_LIVE, "kill", "locks_app", "List and lift locks."),
    "audit": _entry(_RECORD, "audit", "app", "Follow, search, export and verify the audit log."),
    "policy": _entry(_RECORD, "policy", "app", "Check, test and explain policies."),
    "mask": _entry(_RECORD, "mask", "app", "Try the content detectors."),
    "login": _entry(_SETUP, "account", "login", "Log in to a gateway."),
    "logout": _entry(_SETUP, "account", "logout", "Revoke the saved login."),
    "whoami": _entry(_SETUP, "account", "whoami", "Who you are to the gateway."),
    "password": _entry(_SETUP, "account", "password", "Change your password."),
    "principals": _entry(_SETUP, "principals", "app", "Create, list and disable people and agents."),
    "doctor": _entry(_SETUP, "doctor", "doctor", "Say what works between here and the targets, and what does not."),
    "completion": _entry(_SETUP, "completion", "completion", "Print shell completion."),
}
