"""A target from a database URL, for trying safelight on one's own database in one command.

The URL comes from an environment variable, never from the command line, where every process could read it.
"""

from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import parse_qs, unquote, urlsplit

from safelight.domain.errors import SafelightError
from safelight.domain.target import AccountMode, Target, TargetKind, TlsMode
from safelight.ports.secrets import Secret

_CLEAR_TEXT_MODES = {"disable", "allow", "prefer"}


class UrlInvalid(SafelightError):
    """The URL cannot be used. The message never repeats it: it carries a password."""


@dataclass(frozen=True, slots=True)
class TargetFromUrl:
    """``secrets`` are to be answered by the secrets port beside the configured ones."""

    target: Target
    secrets: dict[str, Secret[str]]


def target_from_url(variable: str, url: str) -> TargetFromUrl:
    """Read a ``postgresql://user:password@host:port/database?sslmode=…`` URL; the target is named after the
    database.

    Raises:
        UrlInvalid: naming the variable and what is missing.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or 5432
    except ValueError:
        raise UrlInvalid(f"{variable} is not a URL") from None
    if parts.scheme not in ("postgres", "postgresql"):
        raise UrlInvalid(f"{variable} must begin with postgresql://")
    database = unquote(parts.path.lstrip("/"))
    if not parts.hostname or not parts.username or not database:
        raise UrlInvalid(
            f"{variable} must name user, host and database: postgresql://user:password@host:5432/database"
        )
    query = parse_qs(parts.query)
    name = _name_of(database)
    secret = f"{name}-account"
    user = unquote(parts.username)
    target = Target(
        name=name,
        kind=TargetKind.POSTGRES,
        host=parts.hostname,
        port=port,
        databases=(database,),
        tls=_tls_of(variable, query, parts.hostname),
        tls_ca_file=query.get("sslrootcert", [None])[0],
        account_mode=AccountMode.STATIC,
        account_user=user,
        account_secret=secret if parts.password else None,
        admin_user=user,
        admin_secret=secret if parts.password else None,
        read_role=None,
        write_role=None,
        service=None,
        labels=MappingProxyType({}),
        columns=(),
        statement_timeout_seconds=60,
    )
    return TargetFromUrl(target, {secret: Secret(unquote(parts.password))} if parts.password else {})


def _tls_of(variable: str, query: dict[str, list[str]], host: str) -> TlsMode:
    mode = query.get("sslmode", [None])[0]
    if mode is None:
        return TlsMode.DISABLE if host in ("localhost", "127.0.0.1", "::1") else TlsMode.VERIFY_FULL
    if mode == "verify-full":
        return TlsMode.VERIFY_FULL
    if mode in _CLEAR_TEXT_MODES and host in ("localhost", "127.0.0.1", "::1"):
        return TlsMode.DISABLE
    if mode == "disable":
        return TlsMode.DISABLE
    raise UrlInvalid(f"{variable}: sslmode must be verify-full, or disable where that is meant")


def _name_of(database: str) -> str:
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "_-") else "-" for c in database.lower()).strip("-_")
    return (kept if kept[:1].isalpha() else f"db-{kept}")[:40]
