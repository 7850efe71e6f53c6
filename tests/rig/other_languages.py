"""Client programs in other languages, built by ``make clients`` from their sources in ``tests/e2e/clients_*``.

Each reads logins on its input and prints what it saw as JSON; the tests judge.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.rig.gateway import SessionLogin

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "tests" / "e2e"
BUILT = ROOT / "build" / "clients"
SECONDS = 90.0


class MissingClient(RuntimeError):
    """A client program is not built. The message says how to get it."""


def run(name: str, logins: Mapping[str, SessionLogin]) -> dict[str, Any]:
    """What the program ``pgx``, ``node-pg`` or ``pgjdbc`` saw.

    Raises:
        MissingClient: it is not built.
    """
    command, variables = _command(name)
    text = (
        _as_properties(logins)
        if name == "pgjdbc"
        else json.dumps({who: _as_json(mine) for who, mine in logins.items()})
    )
    done = subprocess.run(
        command, input=text, capture_output=True, text=True, check=False, timeout=SECONDS, env=os.environ | variables
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _command(name: str) -> tuple[list[str | Path], dict[str, str]]:
    if name == "pgx":
        return [_built("pgx")], {}
    if name == "node-pg":
        modules = _built("node/node_modules")
        return [_tool("node"), SOURCES / "clients_node" / "client.cjs"], {"NODE_PATH": str(modules)}
    classes = f"{_built('java/classes')}:{_built('java/jars')}/*"
    return [_tool("java"), "-XX:TieredStopAtLevel=1", "-cp", classes, "Client"], {}


def _built(path: str) -> Path:
    if not (BUILT / path).exists():
        raise MissingClient(f"{path} is not built: run `make clients`")
    return BUILT / path


def _tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise MissingClient(f"{name} is not installed: run `make clients` as root")
    return found


def _as_json(login: SessionLogin) -> dict[str, Any]:
    return {
        "host": login.host,
        "port": login.port,
        "user": login.user,
        "password": login.secret,
        "database": login.database,
        "cafile": str(login.ca_file),
    }


def _as_properties(logins: Mapping[str, SessionLogin]) -> str:
    """Java's own format: it has no JSON."""
    return "".join(f"{who}.{key}={value}\n" for who, mine in logins.items() for key, value in _as_json(mine).items())
