"""Secrets by name, from the environment or from files that only their owner can read.

``orders-db-admin`` is the variable ``SAFELIGHT_SECRET_ORDERS_DB_ADMIN``, else the file ``orders-db-admin`` in the
secrets directory. The environment is read once and the variables are removed from it, so that children do not inherit
them. A file is read at each use: a rotated secret needs no restart.
"""

import os
import re
import stat
from collections.abc import Mapping, MutableMapping
from pathlib import Path

from safelight.domain.errors import SafelightError
from safelight.ports.secrets import Secret

PREFIX = "SAFELIGHT_SECRET_"
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_MAX_BYTES = 64 * 1024


class SecretUnreadable(SafelightError):
    """The secret's file exists and may not be used as it is."""


class SecretFiles:
    """The secrets port for a node that keeps its secrets itself. ``extra`` are answered first."""

    def __init__(
        self, directory: Path, environment: MutableMapping[str, str], extra: Mapping[str, Secret[str]] | None = None
    ) -> None:
        self._directory = directory
        self._given: dict[str, Secret[str]] = dict(extra or {})
        self._variables = {
            name: Secret(environment.pop(name)) for name in sorted(environment) if name.startswith(PREFIX)
        }

    def get(self, name: str) -> Secret[str]:
        """The secret of this name, without a line end at its end.

        Raises:
            KeyError: there is none.
            SecretUnreadable: its file can be read by others, or is no file.
        """
        if not _NAME.fullmatch(name):
            raise KeyError(name)
        if name in self._given:
            return self._given[name]
        variable = self._variables.get(PREFIX + name.upper().replace("-", "_"))
        return variable if variable is not None else _read(self._directory / name, name)


def _read(file: Path, name: str) -> Secret[str]:
    try:
        # O_NONBLOCK: opening a pipe must not wait for a writer.
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        raise KeyError(name) from None
    except OSError as error:
        raise SecretUnreadable(f"the secret {name} cannot be read: {error.strerror}") from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise SecretUnreadable(f"the secret {name} is not a plain file")
        if status.st_mode & 0o077:
            raise SecretUnreadable(f"the secret {name} can be read by others: chmod 600 {file}")
        data = os.read(descriptor, _MAX_BYTES + 1)
    finally:
        os.close(descriptor)
    if len(data) > _MAX_BYTES:
        raise SecretUnreadable(f"the secret {name} is larger than {_MAX_BYTES} bytes")
    try:
        return Secret(data.decode("utf-8").rstrip("\r\n"))
    except UnicodeDecodeError:
        raise SecretUnreadable(f"the secret {name} is not UTF-8") from None
