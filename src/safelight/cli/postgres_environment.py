"""What a native PostgreSQL client needs to reach a target through the gateway, as libpq's variables and as a URL.

The password goes through the environment of the client that is started, never through an argument list. Settings that
the person's own environment has for other servers are left out.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from safelight.cli import login_file
from safelight.cli.problem import CliProblem, ExitCode

_KEPT = ("PGAPPNAME", "PGCONNECT_TIMEOUT", "PGTZ")


@dataclass(frozen=True, slots=True)
class Connection:
    """``ca_file`` is the authority that the gateway's certificate is checked against."""

    host: str
    port: int
    user: str
    password: str
    database: str
    ca_file: Path

    def variables(self) -> dict[str, str]:
        return {
            "PGHOST": self.host,
            "PGPORT": str(self.port),
            "PGUSER": self.user,
            "PGPASSWORD": self.password,
            "PGDATABASE": self.database,
            "PGSSLMODE": "verify-full",
            "PGSSLROOTCERT": str(self.ca_file),
        }

    def environment(self) -> dict[str, str]:
        """This process's environment, with our settings in the place of all others of libpq."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PG") or name in _KEPT}
        return kept | self.variables()

    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        login = f"{quote(self.user, safe='')}:{quote(self.password, safe='')}"
        options = f"sslmode=verify-full&sslrootcert={quote(str(self.ca_file))}"
        return f"postgresql://{login}@{host}:{self.port}/{quote(self.database, safe='')}?{options}"


def reachable_host(host: str, gateway_url: str) -> str:
    """``host``, or the API's own where the gateway listens on every address and named none."""
    return host if host not in ("", "0.0.0.0", "::") else urlsplit(gateway_url).hostname or "localhost"  # noqa: S104


def connection(gateway: dict[str, Any], credential: dict[str, Any], database: str, gateway_url: str) -> Connection:
    """Where and as whom to connect; the gateway's authority is kept in a file of one's own.

    Raises:
        CliProblem: the gateway has no PostgreSQL listener.
    """
    listener = next((one for one in gateway["listeners"] if one["protocol"] == "postgres"), None)
    if listener is None:
        raise CliProblem(ExitCode.FAILED, "this gateway has no PostgreSQL listener")
    ca_file = login_file.write_private(f"ca-{_word(gateway['node'])}.pem", gateway["ca_pem"])
    return Connection(
        host=reachable_host(listener["host"], gateway_url),
        port=listener["port"],
        user=credential["user"],
        password=credential["secret"],
        database=database,
        ca_file=ca_file.absolute(),
    )


def _word(text: str) -> str:
    return "".join(c if c.isascii() and c.isalnum() else "-" for c in text)[:40]
