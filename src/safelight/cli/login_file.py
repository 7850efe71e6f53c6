"""The saved login: which gateway, with which token. One file that only its owner can read.

``SAFELIGHT_CLI_URL`` and ``SAFELIGHT_CLI_TOKEN`` take precedence (for automation); ``SAFELIGHT_CLI_DIRECTORY`` moves
the file. The file is written whole under another name and renamed, so that it is never half there.
"""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from safelight.cli.problem import CliProblem, ExitCode


@dataclass(frozen=True, slots=True)
class Login:
    """``url`` is ``http(s)://host:port`` or ``unix:///path``. ``ca_pem`` is trusted besides the system's roots."""

    url: str
    token: str
    principal: str
    ca_pem: str | None


def directory() -> Path:
    """Where this user's login and the gateway's CA are kept."""
    chosen = os.environ.get("SAFELIGHT_CLI_DIRECTORY")
    if chosen:
        return Path(chosen)
    base = os.environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "safelight"


def load() -> Login:
    """The login to use.

    Raises:
        CliProblem: there is none, or others could read its file.
    """
    url, token = os.environ.get("SAFELIGHT_CLI_URL"), os.environ.get("SAFELIGHT_CLI_TOKEN")
    if url and token:
        return Login(url, token, "", None)
    file = directory() / "login.json"
    try:
        if file.stat().st_mode & 0o077:
            raise CliProblem(ExitCode.NOT_LOGGED_IN, f"{file} can be read by others", next_step=f"chmod 600 {file}")
        saved = Login(**json.loads(file.read_text("utf-8")))
    except FileNotFoundError:
        raise CliProblem(ExitCode.NOT_LOGGED_IN, "you are not logged in", next_step="safelight login") from None
    except (ValueError, TypeError):
        raise CliProblem(
            ExitCode.NOT_LOGGED_IN, f"{file} is not a saved login", next_step="safelight login"
        ) from None
    return Login(url or saved.url, token or saved.token, saved.principal, saved.ca_pem)


def save(login: Login) -> Path:
    """Keep ``login`` for later commands."""
    return write_private("login.json", json.dumps(asdict(login), indent=2) + "\n")


def forget() -> None:
    (directory() / "login.json").unlink(missing_ok=True)


def write_private(name: str, text: str) -> Path:
    """Write a file with mode 0600 into the directory, whole or not at all."""
    place = directory()
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    new = place / f".{name}.{os.getpid()}"
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
        handle.write(text)
    return new.replace(place / name)
