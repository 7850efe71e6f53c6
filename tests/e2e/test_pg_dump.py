"""pg_dump, 15 and 18: what it would write is refused or masked, and no file ever holds a value."""

import subprocess
from pathlib import Path

import pytest

from tests.e2e.conftest import MakeLogin
from tests.e2e.shop import leaks
from tests.rig.binaries import programs

KINDS = [(), ("--data-only", "--table=customers"), ("--schema-only",), ("--inserts", "--table=orders")]


@pytest.mark.parametrize("capabilities", [("read",), ("read", "export")], ids="+".join)
@pytest.mark.parametrize("options", KINDS, ids=lambda options: " ".join(options) or "everything")
@pytest.mark.parametrize(("major", "target"), [(18, "orders-db"), (15, "orders-15")])
def test_no_dump_holds_a_value(
    login: MakeLogin, tmp_path: Path, major: int, target: str, options: tuple[str, ...], capabilities: tuple[str, ...]
) -> None:
    file = tmp_path / "dump.sql"
    done = subprocess.run(
        [programs(major) / "pg_dump", "--no-sync", "-f", file, *options],
        env=login(target, capabilities).environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode != 0
    assert "safelight: " in done.stderr and "HINT" in done.stderr, done.stderr
    assert not leaks(file.read_text() if file.exists() else "") and not leaks(done.stderr)
