"""``safelight serve``: one process, one loop, from settings to a node that listens, until it is told to stop."""

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog
import uvloop

from safelight.adapters.config_files import ConfigSource
from safelight.adapters.file_problems import FilesInvalid
from safelight.adapters.keys import KeysUnusable, load_or_create
from safelight.adapters.secret_files import SecretFiles
from safelight.adapters.target_url import TargetFromUrl, UrlInvalid, target_from_url
from safelight.domain.errors import SafelightError
from safelight.entrypoints import log_format
from safelight.entrypoints.configuration import Configuration
from safelight.entrypoints.node import Node, NodeFailed
from safelight.entrypoints.open_files import allow_many
from safelight.entrypoints.settings import LogFormat, Settings, SettingsInvalid, load_settings
from safelight.policy.problems import PolicyInvalid
from safelight.ports.audit import AuditUnavailable

log = structlog.get_logger(__name__)


class CannotStart(SafelightError):
    """The node cannot start. The message says what to do."""


def main(*, config: Path | None, target_env: str | None) -> None:
    """Serve until SIGTERM or Ctrl-C. Exits with 1 and a plain message when it cannot start, or not go on."""
    try:
        settings = load_settings(config)
        logging = settings.logging
        log_format.configure(json=logging.format is LogFormat.JSON, level=logging.level.value)
        allow_many()
        with _only_one(settings.state_directory):
            uvloop.run(_serve(settings, target_env))
    except (SettingsInvalid, FilesInvalid, PolicyInvalid, UrlInvalid, KeysUnusable, CannotStart) as problem:
        _explain(problem)
    except NodeFailed as problem:
        log.error("node.failed", why=str(problem))
        sys.exit(1)
    except (AuditUnavailable, SafelightError, OSError) as problem:
        log.error("node.failed", why=str(problem))
        _explain(problem)


async def _serve(settings: Settings, target_env: str | None) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    extra = _target_from_environment(target_env)
    secrets = SecretFiles(settings.secrets_directory, os.environ, extra.secrets if extra is not None else None)
    configuration = Configuration(
        ConfigSource(settings.files.targets, settings.files.policies, settings.masking.default_strategy),
        extra.target if extra is not None else None,
        default_policies=settings.files.default_policies,
    )
    keys = load_or_create(settings.state_directory / "keys")
    async with Node(settings, configuration, secrets, keys) as node:
        await node.announce()
        await node.run(stop)


def _target_from_environment(variable: str | None) -> TargetFromUrl | None:
    """The variable is removed at once: child processes do not inherit the password."""
    if variable is None:
        return None
    url = os.environ.pop(variable, None)
    if url is None:
        raise CannotStart(f"the variable {variable} is not set; run: export {variable}=postgresql://…")
    return target_from_url(variable, url)


@contextmanager
def _only_one(state: Path) -> Iterator[None]:
    """Two nodes on one state directory would write one database and one log."""
    import fcntl

    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(state / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotStart(f"another safelight already runs on {state}; stop it, or use another one") from None
        yield
    finally:
        os.close(descriptor)


def _explain(problem: BaseException) -> None:
    problems = getattr(problem, "problems", None)
    file = f"{problem.file}: " if isinstance(problem, SettingsInvalid) and problem.file is not None else ""
    lines = [f"{file}{one}" for one in problems] if problems else [str(problem)]
    print("safelight cannot start:", file=sys.stderr)
    for line in lines:
        print(f"  {line}", file=sys.stderr)
    sys.exit(1)
