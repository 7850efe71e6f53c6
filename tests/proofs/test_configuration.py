"""Settings, targets and policies that do not parse: at the start a clear no, later the old ones stay in force."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from tests.proofs.audit_trail import records
from tests.proofs.neighbour import Neighbour
from tests.rig.gateway import Gateway, SessionLogin

RELOAD_SECONDS = 10.0


def _edit(name: str, edit: Callable[[str], str]) -> Callable[[Path], None]:
    def apply(directory: Path) -> None:
        file = directory / name
        file.write_text(edit(file.read_text()))

    return apply


SETTINGS, TARGETS, POLICIES = "safelight.toml", "targets.toml", "extra.cedar"
BROKEN: dict[str, tuple[Callable[[Path], None], str]] = {
    "settings that are not TOML": (_edit(SETTINGS, lambda text: text + "\n[["), SETTINGS),
    "a setting that does not exist": (_edit(SETTINGS, lambda text: 'colour = "blue"\n' + text), "colour"),
    "a setting of another type": (_edit(SETTINGS, lambda text: text.replace("port = 0", 'port = "any"')), "port"),
    "targets that are not TOML": (_edit(TARGETS, lambda text: text + "\n[targets."), TARGETS),
    "a target's key that does not exist": (_edit(TARGETS, lambda text: text + '\ncolour = "blue"\n'), "colour"),
    "a strategy that does not exist": (
        _edit(TARGETS, lambda text: text + '\n[[targets.shop-db.columns]]\ntable = "public.a"\ncolumn = "b"\n'
              'label = "c"\nstrategy = "hide"\n'),
        "strategy",
    ),
    "a policy that is not Cedar": (_edit(POLICIES, lambda text: text + "permit (everything);"), POLICIES),
    "a policy about what does not exist": (
        _edit(POLICIES, lambda text: text + "permit (principal, action, resource) when { principal.shoe > 3 };"),
        POLICIES,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_the_node_does_not_start(gateway: Gateway, tmp_path: Path, name: str) -> None:
    for file in (SETTINGS, TARGETS, POLICIES):
        (tmp_path / file).write_text((gateway.directory / file).read_text())
    damage, where = BROKEN[name]
    damage(tmp_path)
    program = Path(sys.executable).with_name("safelight")
    done = subprocess.run(
        [program, "serve", "--config", tmp_path / SETTINGS], capture_output=True, text=True, timeout=60, check=False
    )
    told = done.stderr + done.stdout
    assert done.returncode == 1 and "safelight cannot start:" in told and "Traceback" not in told, told
    assert where in told


@pytest.mark.parametrize("name", [name for name in BROKEN if "setting" not in name])
def test_the_old_configuration_stays_in_force(
    gateway: Gateway, login: SessionLogin, neighbour: Neighbour, name: str
) -> None:
    damage, _ = BROKEN[name]
    before = {file: (gateway.directory / file).read_text() for file in (TARGETS, POLICIES)}
    refused = _count(gateway, "config.refused")
    try:
        damage(gateway.directory)
        _until(lambda: _count(gateway, "config.refused") > refused)
        with psycopg.connect(login.dsn()) as connection:  # a new session, by the old rules
            [(email,)] = connection.execute("SELECT email FROM customers WHERE id = 1").fetchall()
            assert email != "person1@example.com"
    finally:
        loaded = _count(gateway, "config.loaded")
        for file, text in before.items():
            (gateway.directory / file).write_text(text + "\n")
        _until(lambda: _count(gateway, "config.loaded") > loaded)


def _count(gateway: Gateway, kind: str) -> int:
    return sum(record.kind == kind for record in records(gateway))


def _until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + RELOAD_SECONDS
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.05)
