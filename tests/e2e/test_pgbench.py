"""pgbench in its three protocols, its own tables behind the gateway."""

import subprocess

import pytest

from tests.e2e.conftest import MakeLogin
from tests.rig.binaries import programs
from tests.rig.servers import Server

WORK = "\\set id random(1, 20)\nSELECT name FROM things WHERE id = :id;\n"
CHANGE = """
\\set id random(1, 20)
BEGIN;
UPDATE things SET size = size + 1 WHERE id = :id;
SELECT size FROM things WHERE id = :id;
END;
"""


@pytest.mark.parametrize("major", [15, 18])
@pytest.mark.parametrize("protocol", ["simple", "extended", "prepared"])
@pytest.mark.parametrize("script", [WORK, CHANGE], ids=["reads", "changes"])
def test_pgbench(
    login: MakeLogin, major: int, protocol: str, script: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("pgbench") / "work.sql"
    file.write_text(script)
    done = subprocess.run(
        [programs(major) / "pgbench", "-n", "-c", "4", "-j", "2", "-t", "25", "-M", protocol, "-f", file],
        env=login("workshop", ("read", "write")).environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "number of transactions actually processed: 100/100" in done.stdout
    assert "number of failed transactions: 0" in done.stdout


def test_the_built_in_select_on_its_own_tables(login: MakeLogin, postgres18: Server) -> None:
    if not postgres18.sql("SELECT to_regclass('pgbench_accounts')", "e2e_workshop"):
        postgres18.run("pgbench", "-i", "-q", "-s", "1", postgres18.dsn("e2e_workshop"))
    done = subprocess.run(
        [programs(15) / "pgbench", "-n", "-S", "-c", "2", "-t", "50", "-M", "prepared"],
        env=login("workshop", ("read", "write")).environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
